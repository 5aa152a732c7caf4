"""The documentation names what exists: variables, commands, verbs, files."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from config.devtools.__main__ import HELP, VERBS

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
SHOWN = [pytest.param(page, id=str(page.relative_to(ROOT))) for page in PAGES]
# Set by tools for their own children, not by people.
_INTERNAL = {"DJANGO_SETTINGS_MODULE", "PIP_INDEX_URL", "NO_COLOR", "SOFIA_DATA_ROOT"}


def documented_variables() -> set[str]:
    """The variables of .env.example, set or commented out."""
    return set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))


def variables_read() -> set[str]:
    """The variables that the settings and the tools of a clone read from the environment."""
    found: set[str] = set()
    for path in [*(ROOT / "config").rglob("*.py"), *(ROOT / "apps").rglob("*.py")]:
        source = path.read_text()
        found |= set(re.findall(r"""\benv(?:\.\w+)?\(\s*["']([A-Z][A-Z0-9_]+)["']""", source))
        found |= set(re.findall(r"""environ(?:\.get)?[\[(]\s*["']([A-Z][A-Z0-9_]+)["']""", source))
    return {name for name in found if name not in _INTERNAL and not name.startswith("SOFIA_TEST_")}


def test_every_variable_that_is_read_is_in_the_example():
    assert sorted(variables_read() - documented_variables()) == []


def test_every_variable_of_the_example_is_explained():
    explained = (ROOT / "docs/configuration.md").read_text()

    assert sorted(name for name in documented_variables() if f"`{name}`" not in explained) == []


def test_every_variable_that_is_explained_exists():
    explained = set(re.findall(r"`([A-Z][A-Z0-9]*_[A-Z0-9_]+)`", (ROOT / "docs/configuration.md").read_text()))

    assert sorted(explained - documented_variables()) == []


@pytest.mark.parametrize("page", SHOWN)
def test_links_lead_somewhere(page):
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text())
    missing = [
        target
        for target in targets
        if not target.startswith(("http://", "https://")) and not (page.parent / target).exists()
    ]

    assert missing == []


@pytest.mark.parametrize("page", SHOWN)
def test_the_verbs_and_commands_that_a_page_names_exist(page):
    text = page.read_text()
    verbs = set(re.findall(r"\./dev ([a-z][a-z0-9]*)", text))
    commands = set(re.findall(r"(?:manage\.py|\./dev manage) ([a-z][a-z_]+)", text))

    assert sorted(verbs - set(VERBS)) == []
    assert sorted(commands - set(get_commands())) == []


def test_the_readme_names_every_verb():
    readme = (ROOT / "README.md").read_text()

    assert [verb for verb in VERBS if f"./dev {verb}" not in readme] == []
    assert [verb for verb in VERBS if f"./dev {verb}" not in HELP] == []


def test_every_decision_is_in_the_list():
    folder = ROOT / "docs/decisions"
    listed = set(re.findall(r"\(([\w-]+\.md)\)", (folder / "README.md").read_text()))

    assert listed == {path.name for path in folder.glob("*.md")} - {"README.md"}


def test_the_pages_that_the_code_refers_to_exist():
    named = {
        match
        for folder in ("apps", "config", "tests")
        for path in (ROOT / folder).rglob("*.py")
        if "node_modules" not in path.parts
        for match in re.findall(r"docs/[\w/-]+\.md", path.read_text())
    }

    assert sorted(name for name in named if not (ROOT / name).exists()) == []


def test_the_logins_of_the_readme_are_those_of_the_demo():
    from apps.operations.demo.logins import CHAT_KEY, DEMO_PASSWORD, SUPERADMIN_EMAIL, TEAM

    readme = (ROOT / "README.md").read_text()

    assert f"`{DEMO_PASSWORD}`" in readme
    assert f"/chat/{CHAT_KEY}" in readme
    named = set(re.findall(r"`([\w.]+@demo\.cl)`", readme))
    assert {"admin@demo.cl", "supervisor@demo.cl", "agente@demo.cl"} <= named
    assert named <= {SUPERADMIN_EMAIL, *(person.email for person in TEAM)}
