"""The files around the product say the same as the product."""

import re
import tomllib

import pytest
import yaml

from config.devtools import __main__ as door
from config.embedded.places import ROOT

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
EXAMPLE = (ROOT / ".env.example").read_text()
ONE_SHOT = {"migrate", "citus-join"}


def named_in_example() -> set[str]:
    return set(re.findall(r"^#?([A-Z][A-Z_]+)=", EXAMPLE, re.MULTILINE))


def test_every_variable_that_the_settings_read_is_in_the_example():
    sources = "".join((ROOT / "config" / name).read_text() for name in ("settings.py", "logging.py"))
    read = set(re.findall(r'env(?:\.\w+)?\(\s*"([A-Z_]+)"', sources))

    assert read - named_in_example() == set()


def test_every_variable_of_the_compose_file_is_in_the_example():
    used = set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text()))

    assert used - named_in_example() == set()


def test_every_line_of_the_example_says_why():
    lines = [line for line in EXAMPLE.splitlines() if re.match(r"#?[A-Z][A-Z_]+=", line)]

    assert [line for line in lines if not re.search(r"\s# \S", line.removeprefix("#"))] == []


@pytest.mark.parametrize("name", sorted(set(COMPOSE["services"]) - ONE_SHOT))
def test_every_lasting_service_has_a_health_check(name):
    assert COMPOSE["services"][name]["healthcheck"]["test"]


def test_the_pooler_carries_the_search_path():
    settings = COMPOSE["configs"]["pgbouncer"]["content"]

    assert re.search(r"^pool_mode = transaction$", settings, re.MULTILINE)
    assert re.search(r"^track_extra_parameters = .*\bsearch_path$", settings, re.MULTILINE)


def test_the_image_does_not_run_as_root():
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    last_stage = lines[max(number for number, line in enumerate(lines) if line.startswith("FROM ")) :]

    assert "USER sofia" in last_stage


def test_the_layers_name_every_app():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract for contract in contracts if contract["id"] == "layers")["layers"]
    named = {name.strip() for layer in layers for name in layer.split("|")}

    assert named == {path.parent.name for path in (ROOT / "apps").glob("*/__init__.py")}


def test_every_verb_is_explained():
    explained = set(re.findall(r"^  \./dev (\w+)", door.HELP, re.MULTILINE))

    assert explained == set(door.VERBS)
