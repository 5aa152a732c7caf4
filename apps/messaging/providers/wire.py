"""Reading JSON that somebody else wrote: any shape, any size of number, NULs and broken surrogates included.

PostgreSQL stores neither NUL nor a lone surrogate, and jsonb knows no NaN or infinity, so they are taken out here,
once, before anything is looked at.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from apps.messaging.types import WireDict

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# Outside these a timestamp is a mistake (milliseconds, zero), and the time of arrival is nearer to the truth.
_EARLIEST, _LATEST = 946_684_800, 4_102_444_800  # 2000-01-01, 2100-01-01
_MAX_DEPTH = 64


class NotJson(ValueError):
    """The body is no JSON that can be kept."""


def load_json(body: bytes) -> Any:
    """The JSON value in `body`, safe to store. Raises NotJson."""
    try:
        value = json.loads(bytes(body), parse_constant=lambda _name: None, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise NotJson(type(error).__name__) from None
    return _storable(value, _MAX_DEPTH)


def _finite(literal: str) -> float | None:
    number = float(literal)
    return number if math.isfinite(number) else None


def _storable(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return storable_text(value)
    if not isinstance(value, dict | list):
        return value
    if depth == 0:
        raise NotJson("nested too deeply")
    if isinstance(value, list):
        return [_storable(item, depth - 1) for item in value]
    return {storable_text(key): _storable(item, depth - 1) for key, item in value.items()}


def storable_text(text: str) -> str:
    """`text` without what PostgreSQL cannot store."""
    return _UNSTORABLE.sub("", text) if not text.isascii() or "\x00" in text else text


def readable_start(body: bytes) -> str:
    """What a person can see of a body that is no JSON."""
    return storable_text(bytes(body[:2000]).decode("utf-8", "replace"))


def as_dict(value: Any) -> WireDict:
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def dicts_in(value: Any) -> Iterator[WireDict]:
    """The objects of a list; whatever else is in it is passed over."""
    return (item for item in as_list(value) if isinstance(item, dict))


def as_text(value: Any) -> str:
    """Strings as they are, whole numbers in digits, everything else as nothing."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return int_text(value)
    return ""


def int_text(number: int) -> str:
    # str() of an enormous int raises; no id is longer than 64 bits.
    return str(number) if -(2**63) <= number < 2**64 else ""


def as_int(value: Any) -> int | None:
    """A whole number, also when written as a string of digits."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else None
    if isinstance(value, str) and len(value) <= 19 and value.isascii() and value.removeprefix("-").isdigit():
        number = int(value)
        return number if -(2**63) <= number < 2**63 else None
    return None


def as_number(value: Any) -> float | int | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def as_time(value: Any, fallback: datetime) -> datetime:
    """Unix seconds, as number or string; `fallback` when it is no believable time."""
    seconds = as_int(value)
    if seconds is None and isinstance(value, float):
        seconds = int(value)
    if seconds is None or not _EARLIEST <= seconds < _LATEST:
        return fallback
    return datetime.fromtimestamp(seconds, UTC)
