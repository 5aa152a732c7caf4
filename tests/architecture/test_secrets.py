"""Secrets are encrypted where they are stored, and neither logs nor the text of an object show them."""

import ast
import dataclasses
import inspect
import pkgutil
import re
from importlib import import_module
from pathlib import Path
from typing import TypeGuard

from django.apps import apps

import apps as rooms
from apps.core.crypto import EncryptedJSONField, EncryptedTextField

ROOT = Path(__file__).resolve().parents[2]
SECRET = re.compile(r"(^|_)(password|secret|token|credentials?|api_key|authorization|totp|otp)(_|$)")
# Names that sound like secrets and are none: digests, sizes, counts, public keys and booleans.
HARMLESS = re.compile(r"(_key|_hash|_tokens|_seconds|_set|_step|_at)$|^(is|has|needs)_|^max_|tokens$|^lease_token$")
LOG_METHODS = {"debug", "info", "warning", "error", "exception", "critical", "log"}


def is_secret(name: str) -> bool:
    return bool(SECRET.search(name.lower())) and not HARMLESS.search(name.lower())


def test_no_log_line_is_given_a_secret():
    guilty = []
    for path in sorted([*(ROOT / "apps").rglob("*.py"), *(ROOT / "config").rglob("*.py")]):
        for node in ast.walk(ast.parse(path.read_text())):
            if is_log_call(node):
                guilty += [
                    f"{path.relative_to(ROOT)}:{node.lineno}: {name}" for name in names_in(node) if is_secret(name)
                ]

    assert guilty == []


def test_no_dataclass_shows_a_secret_in_its_text():
    shown = sorted(
        f"{kind.__module__}.{kind.__name__}.{field.name}"
        for kind in dataclasses_of_the_product()
        for field in dataclasses.fields(kind)
        if is_secret(field.name) and field.repr
    )

    assert shown == []


def test_what_models_keep_secret_is_encrypted_or_hashed():
    plain = [
        f"{model.__name__}.{field.name}"
        for model in apps.get_models()
        if model.__module__.startswith("apps.")
        for field in model._meta.concrete_fields
        if is_secret(field.name) and not isinstance(field, EncryptedTextField | EncryptedJSONField)
    ]

    # Django hashes passwords itself.
    assert plain == ["User.password"]


def is_log_call(node: ast.AST) -> TypeGuard[ast.Call]:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in LOG_METHODS
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in {"log", "logger", "logging"}
    )


def names_in(call: ast.Call) -> list[str]:
    """Variables, attributes and dictionary keys that the call hands to the log; its own words are not among them."""
    names: list[str] = []
    for argument in [*call.args, *(keyword.value for keyword in call.keywords)]:
        for node in ast.walk(argument):
            if isinstance(node, ast.Name):
                names.append(node.id)
            elif isinstance(node, ast.Attribute):
                names.append(node.attr)
            elif isinstance(node, ast.Dict):
                names += [str(key.value) for key in node.keys if isinstance(key, ast.Constant)]
    return names


def dataclasses_of_the_product() -> list[type]:
    found: dict[str, type] = {}
    for module in pkgutil.walk_packages(rooms.__path__, "apps."):
        if ".migrations" in module.name or ".management" in module.name:
            continue
        for _name, kind in inspect.getmembers(import_module(module.name), inspect.isclass):
            is_ours = kind.__module__.startswith("apps.") and not kind.__name__.startswith("_")
            if is_ours and dataclasses.is_dataclass(kind):
                found[f"{kind.__module__}.{kind.__qualname__}"] = kind
    return list(found.values())
