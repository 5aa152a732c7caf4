"""Waking a worker after raw events were stored. Redis is only a bell: without it the sweep finds the events."""

import asyncio
import weakref
from concurrent.futures import ThreadPoolExecutor

from celery import current_app

from apps.core.work import ring

TASK = "conversations.receive_raw_events"
# Rings closer together than this become one: a worker that is awake takes everything that waits, and a task that finds
# nothing costs it three milliseconds.
QUIET_SECONDS = 0.05

_ringers = ThreadPoolExecutor(max_workers=1, thread_name_prefix="bell")


class Bell:
    """One event loop's bell. Ringing never blocks the loop and never fails the caller."""

    def __init__(self) -> None:
        self._is_wanted = False
        self._ringing: asyncio.Task[None] | None = None

    def ring(self) -> None:
        """Ring now, or once more after the ring under way."""
        self._is_wanted = True
        if self._ringing is None or self._ringing.done():
            self._ringing = asyncio.get_running_loop().create_task(self._keep_ringing())

    async def _keep_ringing(self) -> None:
        loop = asyncio.get_running_loop()
        while self._is_wanted:
            self._is_wanted = False
            await loop.run_in_executor(_ringers, ring_now)
            await asyncio.sleep(QUIET_SECONDS)


_bells: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Bell] = weakref.WeakKeyDictionary()


def bell_of_loop() -> Bell:
    """The bell of the running event loop."""
    loop = asyncio.get_running_loop()
    bell = _bells.get(loop)
    if bell is None:
        bell = _bells[loop] = Bell()
    return bell


def ring_now() -> None:
    """Ask a worker to read the waiting events."""
    ring(current_app.signature(TASK))
