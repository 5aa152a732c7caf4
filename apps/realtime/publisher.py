"""From the code that changes rows to the processes that hold sockets.

A change must neither wait for Redis nor fail with it: what is published goes into a queue, and one thread of the
process sends it through the channel layer. What is lost on the way is found by the sockets' own look at the log.
"""

import asyncio
import atexit
import logging
import os
import queue
import threading
import time
from typing import Any

import redis
from channels.layers import get_channel_layer

log = logging.getLogger(__name__)
MOST_WAITING = 10_000
FLUSH_SECONDS = 2.0


def group_of(broker_id: int) -> str:
    """The channel layer's group that every process with sockets of the broker listens to."""
    return f"broker.{broker_id}"


def publish_to_sockets(broker_id: int, message: dict[str, Any]) -> None:
    """Hand a message to the thread; returns at once and never raises."""
    _publisher().offer(group_of(broker_id), message)


def flush() -> None:
    """Wait until what was published has left, two seconds at most; for the end of a process, and for tests."""
    if _current is not None and _current.pid == os.getpid():
        _current.flush()


class _Publisher:
    def __init__(self) -> None:
        self.pid = os.getpid()
        self._queue: queue.Queue[tuple[str, dict[str, Any]]] = queue.Queue(maxsize=MOST_WAITING)
        self._thread = threading.Thread(target=self._run, name="realtime-publisher", daemon=True)
        self._thread.start()

    def offer(self, group: str, message: dict[str, Any]) -> None:
        try:
            self._queue.put_nowait((group, message))
        except queue.Full:
            log.warning("a frame was dropped: the publisher is behind; sockets will find it in the log")

    def flush(self) -> None:
        deadline = time.monotonic() + FLUSH_SECONDS
        while self._queue.unfinished_tasks and time.monotonic() < deadline:
            time.sleep(0.01)

    def _run(self) -> None:
        with asyncio.Runner() as runner:
            while True:
                group, message = self._queue.get()
                try:
                    runner.run(_send(group, message))
                finally:
                    self._queue.task_done()


_lock = threading.Lock()
_current: _Publisher | None = None


def _publisher() -> _Publisher:
    """This process' publisher; a forked child starts its own."""
    global _current
    with _lock:
        if _current is None or _current.pid != os.getpid():
            _current = _Publisher()
        return _current


async def _send(group: str, message: dict[str, Any]) -> None:
    layer = get_channel_layer()
    try:
        async with asyncio.timeout(3):
            await layer.group_send(group, message)
    except (redis.RedisError, OSError, TimeoutError) as error:
        log.warning("sockets were not told; they will look in the log", extra={"error": type(error).__name__})


atexit.register(flush)
