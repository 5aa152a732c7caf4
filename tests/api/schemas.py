"""The generated OpenAPI schema, made once, and small ways to look into it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.urls import get_resolver

from apps.api.kit.routing import Mounted, mounted_operations
from apps.api.kit.schema import DocumentedGenerator


@dataclass(frozen=True)
class Described:
    """One operation of the schema."""

    id: str
    method: str
    path: str
    content: dict[str, Any]

    @property
    def path_parameters(self) -> list[str]:
        return re.findall(r"{(\w+)}", self.path)

    @property
    def is_open(self) -> bool:
        """Whether it is served without a token."""
        return {} in self.content.get("security", [])

    def parameters(self, where: str) -> dict[str, dict[str, Any]]:
        return {each["name"]: each for each in self.content.get("parameters", []) if each["in"] == where}

    def body(self) -> dict[str, Any]:
        """The schema of the request body; {} where there is none."""
        contents = self.content.get("requestBody", {}).get("content", {})
        return resolved(next(iter(contents.values()))["schema"]) if contents else {}

    def answer(self, status: int) -> dict[str, Any]:
        contents = self.content["responses"].get(str(status), {}).get("content", {})
        return resolved(contents["application/json"]["schema"]) if "application/json" in contents else {}


@lru_cache(maxsize=1)
def schema() -> dict[str, Any]:
    load_urls()
    made: dict[str, Any] = DocumentedGenerator().get_schema(request=None, public=True)
    return made


def load_urls() -> None:
    """The operations are known once the root urls are."""
    assert get_resolver().url_patterns


def operations() -> list[Described]:
    return [
        Described(content["operationId"], method.upper(), path, content)
        for path, methods in schema()["paths"].items()
        for method, content in methods.items()
    ]


def mounted_by_id() -> dict[str, Mounted]:
    load_urls()
    return {contract_id: each for each in mounted_operations() for contract_id in each.operation.ids}


def resolved(content: dict[str, Any]) -> dict[str, Any]:
    """The schema with its reference followed; allOf and oneOf are merged, so that `properties` holds every key."""
    if "$ref" in content:
        return resolved(schema()["components"]["schemas"][content["$ref"].rsplit("/", 1)[1]])
    parts = [resolved(part) for key in ("allOf", "oneOf", "anyOf") for part in content.get(key, [])]
    if not parts:
        return content
    merged = {**content, "properties": dict(content.get("properties", {}))}
    for part in parts:
        merged["properties"].update(part.get("properties", {}))
        merged.setdefault("type", part.get("type"))
        if "enum" in part:
            merged["enum"] = [*merged.get("enum", []), *part["enum"]]
    return merged


def property_names(content: dict[str, Any]) -> set[str]:
    return set(content.get("properties", {}))


def each_property(content: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, inner in content.get("properties", {}).items():
        yield name, resolved(inner)
