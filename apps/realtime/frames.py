"""Frames of our own making on a socket, and reading what clients send."""

from typing import Any

import orjson
from django.utils import timezone

from apps.realtime.payloads import moment

MOST_CHARACTERS = 16_384


class BadFrame(ValueError):
    """Not a JSON object with a `type`."""


def frame(kind: str, payload: dict[str, Any] | None = None, *, seq: int | None = None) -> str:
    """A frame as text, in the same shape as events."""
    return orjson.dumps({"type": kind, "data": payload or {}, "timestamp": moment(timezone.now()), "seq": seq}).decode()


def read_frame(text: str | None) -> dict[str, Any]:
    """What a client sent. Raises BadFrame."""
    if not text or len(text) > MOST_CHARACTERS:
        raise BadFrame
    try:
        loaded = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadFrame from error
    if not isinstance(loaded, dict) or not isinstance(loaded.get("type"), str):
        raise BadFrame
    return loaded


def number_in(frame_read: dict[str, Any], key: str) -> int:
    """A whole number of at most 63 bits, 0 where there is none."""
    value = frame_read.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        return 0
    return value
