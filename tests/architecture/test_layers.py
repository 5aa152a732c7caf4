"""The arrows of the design: import-linter holds them, these tests hold import-linter's list and what it cannot see."""

import ast
import tomllib
from pathlib import Path

import pytest
from django.apps import apps as django_apps

ROOT = Path(__file__).resolve().parents[2]
APPS = ROOT / "apps"
PYTHON = sorted(path for path in APPS.rglob("*.py") if "migrations" not in path.parts)


def layers() -> list[list[str]]:
    """The rooms of each layer, the highest first."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    contract = next(each for each in contracts if each["id"] == "layers")
    return [[room.strip() for room in line.split("|")] for line in contract["layers"]]


def test_every_app_stands_in_one_layer():
    on_disk = sorted(path.parent.name for path in APPS.glob("*/__init__.py"))

    assert sorted(room for layer in layers() for room in layer) == on_disk


def test_the_list_of_layers_must_stay_complete():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]

    assert next(each for each in contracts if each["id"] == "layers")["exhaustive"] is True


def test_every_app_is_installed_or_named_as_an_empty_room():
    from config.settings import EMPTY_ROOMS

    on_disk = {f"apps.{path.parent.name}" for path in APPS.glob("*/__init__.py")}

    installed = {config.name for config in django_apps.get_app_configs() if config.name.startswith("apps.")}
    assert on_disk == installed | set(EMPTY_ROOMS)


def test_nothing_below_the_api_knows_http_statuses_or_rest_framework():
    guilty = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in PYTHON
        if path.parts[len(APPS.parts)] not in {"api", "dashboard", "realtime", "operations", "messaging", "core"}
        for name in imported_modules(path)
        if name.split(".")[0] == "rest_framework"
    ]

    assert guilty == []


def test_adapters_know_no_orm():
    guilty = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in sorted((APPS / "messaging/providers").rglob("*.py"))
        for name in imported_modules(path)
        if name in {"django.db", "django.db.models"} or name.endswith(".models")
    ]

    assert guilty == []


def test_only_the_tenancy_module_and_what_makes_schemas_touch_the_search_path():
    allowed = {"apps/core/tenancy.py", "apps/brokers/provisioning/clone.py", "apps/brokers/provisioning/migration.py"}
    guilty = [
        str(path.relative_to(ROOT))
        for path in PYTHON
        if str(path.relative_to(ROOT)) not in allowed
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and called_name(node) in {"set_schema", "set_schema_to_public", "set_tenant"}
    ]

    assert guilty == []


@pytest.mark.parametrize("name", ["utils", "helpers", "common", "misc", "services"])
def test_no_module_is_a_drawer_for_everything(name):
    assert [path for path in PYTHON if name in {path.stem, path.parent.name}] == []


def test_only_actions_and_what_they_are_made_of_publish_events():
    """Views, serializers, admin, tasks and consumers translate and call."""
    guilty = [
        str(path.relative_to(ROOT))
        for path in PYTHON
        if path.stem in {"admin", "views", "tasks", "consumers", "queries", "models"} or "api" in path.parts
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "publish"
    ]

    assert guilty == []


def imported_modules(path: Path) -> list[str]:
    """The dotted names that the file imports, anywhere in it."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.append(node.module)
    return names


def called_name(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
