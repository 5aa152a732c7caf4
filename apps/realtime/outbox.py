"""What waits to be written to one socket. It is bounded: who reads slower than things happen is disconnected, and comes
back asking for what was missed, instead of filling our memory."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

MOST_WAITING = 500


class Outbox:
    """Items are written in order by one task; overflow and a broken connection end in `on_end`, once."""

    def __init__(self, write: Callable[[Any], Awaitable[None]], on_end: Callable[[], None]) -> None:
        self._write = write
        self._on_end = on_end
        self._waiting: asyncio.Queue[Any] = asyncio.Queue(maxsize=MOST_WAITING)
        self._task = asyncio.get_running_loop().create_task(self._keep_writing())
        self._is_over = False

    def put(self, item: Any) -> None:
        """Queue an item; nothing happens once the outbox has ended."""
        if self._is_over:
            return
        try:
            self._waiting.put_nowait(item)
        except asyncio.QueueFull:
            self._end()

    def stop(self) -> None:
        """Write nothing more."""
        self._is_over = True
        self._task.cancel()

    async def drained(self) -> None:
        """Wait until everything queued was written."""
        await self._waiting.join()

    def _end(self) -> None:
        if not self._is_over:
            self._is_over = True
            self._on_end()

    async def _keep_writing(self) -> None:
        while True:
            item = await self._waiting.get()
            try:
                await self._write(item)
            except (OSError, RuntimeError):  # the connection went away in the middle of a frame
                self._end()
                return
            finally:
                self._waiting.task_done()
