"""Sofía's words as server-sent events: a thread runs the conversation, a coroutine hands its words to the client.

The thread has its own database connection and goes on to the end also when the client hangs up: what Sofía said is in
the lead's thread either way.
"""

import asyncio
import logging
import queue
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextvars import copy_context
from dataclasses import dataclass, field
from threading import Lock, Thread
from typing import Any

import orjson
from django.db import connections
from rest_framework.renderers import BaseRenderer

from apps.api.kit.problems import fault, problem_of
from apps.core.errors import Unavailable
from apps.core.tenancy import in_broker
from apps.reception.actions import ChatAnswer

log = logging.getLogger(__name__)
OnToken = Callable[[str], None]
# Longer than any model may take: settings.LLM_TIMEOUT_SECONDS ends the call before.
FIRST_WORD_SECONDS = 120.0
WORD_PAUSE_SECONDS = 0.015
_WORD = re.compile(r"\s*\S+\s*")


@dataclass(frozen=True)
class Token:
    """A piece of the answer."""

    text: str


@dataclass(frozen=True)
class Done:
    """The answer is complete and stored."""

    answer: ChatAnswer


@dataclass(frozen=True)
class Failed:
    """It did not work out."""

    error: Exception


Item = Token | Done | Failed


@dataclass
class Feed:
    """What the thread puts and the coroutine takes."""

    _items: "queue.SimpleQueue[Item]" = field(default_factory=queue.SimpleQueue)
    _lock: Lock = field(default_factory=Lock)
    _wake: Callable[[], object] | None = None

    def put(self, item: Item) -> None:
        self._items.put(item)
        with self._lock:
            if self._wake is not None:
                self._wake()

    def first(self) -> Item:
        """Wait for the first item, in a thread that may wait.

        Raises Unavailable where none comes.
        """
        try:
            return self._items.get(timeout=FIRST_WORD_SECONDS)
        except queue.Empty as error:
            raise Unavailable() from error

    async def rest(self) -> AsyncIterator[Item]:
        """The items after the first, until the last one."""
        loop, ready = asyncio.get_running_loop(), asyncio.Event()
        self._listen(lambda: loop.call_soon_threadsafe(ready.set))
        try:
            while True:
                ready.clear()
                while not self._items.empty():
                    item = self._items.get_nowait()
                    yield item
                    if not isinstance(item, Token):
                        return
                await ready.wait()
        finally:
            self._listen(None)  # the loop may end before the thread

    def _listen(self, wake: Callable[[], object] | None) -> None:
        with self._lock:
            self._wake = wake


def start(broker_id: int, run: Callable[[OnToken], ChatAnswer]) -> Feed:
    """Run the conversation in a thread, inside the broker, in the caller's language."""
    feed = Feed()

    def work() -> None:
        try:
            with in_broker(broker_id):
                feed.put(Done(run(lambda text: feed.put(Token(text)))))
        except Exception as error:  # noqa: BLE001 - whatever it is, the client hears of it; faults are logged there
            feed.put(Failed(error))
        finally:
            connections.close_all()

    Thread(target=copy_context().run, args=(work,), name="chat-stream", daemon=True).start()
    return feed


async def events_of(first: Item, feed: Feed) -> AsyncIterator[bytes]:
    """Every item as an event; an answer that came in one piece is split into words."""
    has_spoken = False
    async for item in _chained(first, feed):
        match item:
            case Token(text):
                has_spoken = True
                yield event({"token": text})
            case Done(answer):
                if not has_spoken:
                    for word in words_of(answer.text):
                        yield event({"token": word})
                        await asyncio.sleep(WORD_PAUSE_SECONDS)
                yield event(
                    {
                        "done": True,
                        "lead_id": answer.lead_id,
                        "lead_score": answer.score,
                        "lead_status": answer.status,
                        "conversation_state": answer.state,
                    }
                )
            case Failed(error):
                yield event(failure_of(error))


async def _chained(first: Item, feed: Feed) -> AsyncIterator[Item]:
    yield first
    if isinstance(first, Token):
        async for item in feed.rest():
            yield item


def words_of(text: str) -> list[str]:
    """The words with the spaces around them: joined they are the text."""
    return _WORD.findall(text) or ([text] if text else [])


def failure_of(error: Exception) -> dict[str, str]:
    """What the client is told in the middle of a stream."""
    problem = problem_of(error)
    if problem is None:
        log.error("a chat stream failed", exc_info=error)
        problem = fault()
    return {"error": problem.message, "code": code_of(problem.status, problem.code)}


def code_of(status: int, code: str) -> str:
    """The document's word for a wrong value; the rest by our codes, in its lower case."""
    return "validation_error" if status == 422 else code.lower()


def event(values: Mapping[str, object]) -> bytes:
    """One frame."""
    return b"data: " + orjson.dumps(values) + b"\n\n"


class EventStreamRenderer(BaseRenderer):
    """A refusal before the first word: one event, with the status of the refusal."""

    media_type = "text/event-stream"
    format = "event-stream"
    charset = None

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        return b"" if data is None else event(data)
