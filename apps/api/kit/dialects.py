"""What makes a dialect: where it is mounted, how it numbers things, how it says no."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from apps.api.kit.problems import Problem

Envelope = Callable[[Problem], dict[str, Any]]

_declared: list["Dialect"] = []


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """One document's conventions.

    `document` is the contract's name. `prefixes`, without a leading slash, are the paths whose errors speak this
    dialect. `error_schema` is the envelope as JSON schema. `id_type` is what an unannotated path parameter holds.
    `malformed_status` answers a body that is no JSON. `statuses` are the error codes that this document answers
    otherwise than the kit.
    """

    document: str
    title: str
    prefixes: tuple[str, ...]
    envelope: Envelope
    error_schema: Mapping[str, Any]
    id_type: str = "int"
    malformed_status: int = 422
    statuses: Mapping[str, int] = field(default_factory=dict)


def declare(dialect: Dialect) -> Dialect:
    """Make the dialect known, so that an unknown address below its prefixes is answered in its words."""
    _declared.append(dialect)
    return dialect


def declared_dialects() -> tuple[Dialect, ...]:
    """All dialects, in the order of declaration."""
    return tuple(_declared)


def dialect_of_path(path: str) -> Dialect | None:
    """The dialect with the longest prefix of the path; None outside the API."""
    bare = path.strip("/")
    best: tuple[int, Dialect | None] = (-1, None)
    for dialect in _declared:
        for prefix in dialect.prefixes:
            if (bare == prefix or bare.startswith(prefix + "/")) and len(prefix) > best[0]:
                best = (len(prefix), dialect)
    return best[1]
