"""Waiting for what other processes do, and looking at what they stored."""

import time
from collections.abc import Callable
from typing import TypeVar

from tests.stack import Stack

PATIENCE_SECONDS = 20.0
Found = TypeVar("Found")


def until(look: Callable[[], Found], *, seconds: float = PATIENCE_SECONDS, what: str = "it") -> Found:
    """The first answer of `look` that is true. Fails when none comes in time."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"{what} did not come true in {seconds:g} s"
        time.sleep(0.1)
    return found


def events_with(stack: Stack, marker: str) -> int:
    """How many stored webhooks carry the marker in their bytes."""
    sql = "SELECT count(*) AS n FROM public.messaging_rawevent WHERE position(%s::bytea IN body) > 0"
    count: int = stack.rows(sql, marker.encode())[0]["n"]
    return count
