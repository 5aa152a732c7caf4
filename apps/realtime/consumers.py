"""The team's WebSocket: /ws/{broker_id}/{user_id}.

Server → client: {type, data, timestamp, seq}. `hello` comes first with the newest number; `heartbeat` every 25 seconds.
Client → server: {"type": "ping"}; {"type": "resume", "since": N} for what was missed (answered by the events and
`resumed`, or by `resync` where the log no longer has them); {"type": "watch", "conversation_id": N}, also `unwatch` and
`typing`.
A client that may be refused is accepted first and then closed with 1008, which is the only way a browser learns why.
"""

import asyncio
import contextlib
import time
from typing import Any

from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.db import InterfaceError, OperationalError

from apps.core.access import Actor
from apps.core.errors import DomainError
from apps.core.tenancy import call_in_broker
from apps.realtime.access import Entry, Standing, enter, is_own_origin
from apps.realtime.events import SocketEvent
from apps.realtime.feed import Feed, feed_of
from apps.realtime.frames import BadFrame, frame, number_in, read_frame
from apps.realtime.log import missed_events, newest_seq
from apps.realtime.outbox import Outbox
from apps.realtime.relays import relay_typing
from apps.realtime.rooms import conversation_room
from apps.realtime.scopes import bearer_of, cookie_of, header_of
from apps.realtime.threads import find_conversation

POLICY_VIOLATION, TRY_AGAIN_LATER = 1008, 1013
HEARTBEAT_SECONDS = 25.0
# A browser tab sends a frame now and then; this is for programs that went wild.
FRAMES_PER_SECOND, FRAMES_AT_ONCE = 20.0, 60.0
# The server below buffers without telling us. A client that answers pings and then takes this much in silence is stuck.
MOST_UNANSWERED_BYTES = 4 * 1024 * 1024
UNKNOWN_TYPE = "unknown_type"


class EventsConsumer(AsyncWebsocketConsumer):
    """One browser tab or program of one person. Events come from the broker's feed, not from a channel of its own."""

    channel_layer_alias = "none"  # the feed listens once for all sockets of the process

    standing: Standing | None = None

    def __init__(self) -> None:
        super().__init__()
        self.rooms: set[str] = set()
        self._feed: Feed | None = None
        self._outbox: Outbox | None = None
        self._heart: asyncio.Task[None] | None = None
        self._last_seq = 0
        self._unanswered = 0
        self._has_spoken = False
        self._allowance = FRAMES_AT_ONCE
        self._allowed_at = time.monotonic()

    async def connect(self) -> None:
        """Let the person in, or accept and close with 1008."""
        path = self.scope["url_route"]["kwargs"]
        self.broker_id, user_id = int(path["broker_id"]), int(path["user_id"])
        token, protocol = bearer_of(self.scope)
        # Before anything slow: after a restart a thousand browsers come back at once, and none should time out.
        await self.accept(subprotocol=protocol)
        entry = await self._enter(token, user_id)
        if entry is None:
            await self.close(POLICY_VIOLATION, "not allowed here")
            return
        self.standing, self.rooms = entry.standing, set(entry.rooms)
        self.actor: Actor = entry.actor(self.broker_id)
        self._outbox = Outbox(self._write, lambda: self.shut(TRY_AGAIN_LATER, "too slow"))
        self._feed = feed_of(self.broker_id)
        await self._feed.attach(self)
        self._last_seq = self._feed.newest
        self._outbox.put(frame("hello", {"user_id": user_id, "broker_id": self.broker_id}, seq=self._last_seq))
        self._heart = asyncio.get_running_loop().create_task(self._beat())

    async def disconnect(self, _code: int) -> None:
        """Let go of everything."""
        if self._heart is not None:
            self._heart.cancel()
        if self._feed is not None:
            self._feed.detach(self)
        if self._outbox is not None:
            self._outbox.stop()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """One frame of the client; what cannot be read is answered with an error, not with a broken connection."""
        self._unanswered, self._has_spoken = 0, True
        if not self._is_within_allowance():
            self.shut(POLICY_VIOLATION, "too many frames")
            return
        try:
            asked = read_frame(text_data)
        except BadFrame:
            self._say("error", {"code": "bad_frame"})
            return
        try:
            await self._answer(asked)
        except DomainError as error:
            self._say("error", {"code": error.code.lower(), "message": error.message, "about": asked["type"]})
        except (OperationalError, InterfaceError):
            self.shut(TRY_AGAIN_LATER, "try again in a moment")

    def offer(self, event: SocketEvent) -> None:
        """Queue an event of the feed."""
        if event.sender and event.sender == self._sender():
            return
        text = event.frame
        if text is None or self._outbox is None:
            return
        self._unanswered += len(text)
        if self._has_spoken and self._unanswered > MOST_UNANSWERED_BYTES:
            self.shut(TRY_AGAIN_LATER, "too slow")
            return
        self._last_seq = max(self._last_seq, event.seq or 0)
        self._outbox.put(text)

    def shut(self, code: int, reason: str) -> None:
        """Close soon, from wherever this is called."""
        if self._feed is not None:
            self._feed.detach(self)
        if self._outbox is not None:
            self._outbox.stop()
            self._outbox = None
            self._closing = asyncio.get_running_loop().create_task(self._close(code, reason))

    async def _close(self, code: int, reason: str) -> None:
        with contextlib.suppress(OSError, RuntimeError):  # it may be gone already
            await self.close(code, reason)

    async def _enter(self, token: str, user_id: int) -> Entry | None:
        session_key = ""
        if not token and is_own_origin(header_of(self.scope, "origin"), header_of(self.scope, "host")):
            session_key = cookie_of(self.scope, settings.SESSION_COOKIE_NAME)
        try:
            entry = await call_in_broker(self.broker_id, enter, self.broker_id, token=token, session_key=session_key)
        except DomainError:
            return None
        return entry if entry.user.pk == user_id else None

    async def _answer(self, asked: dict[str, Any]) -> None:
        match asked["type"]:
            case "ping":
                self._say("pong", {}, seq=self._last_seq)
            case "pong":
                return
            case "resume":
                await self._resume(asked)
            case "watch":
                thread = await call_in_broker(
                    self.broker_id, find_conversation, self.actor, asked.get("conversation_id")
                )
                self.rooms.add(conversation_room(thread.pk))
                self._say("watching", {"conversation_id": thread.pk})
            case "unwatch":
                self.rooms.discard(conversation_room(number_in(asked, "conversation_id")))
            case "typing":
                await relay_typing(feed_of(self.broker_id), self.actor, asked.get("conversation_id"), self._sender())
            case _:
                self._say("error", {"code": UNKNOWN_TYPE})

    async def _resume(self, asked: dict[str, Any]) -> None:
        missed = await call_in_broker(self.broker_id, missed_events, number_in(asked, "since"), frozenset(self.rooms))
        if missed is None:
            self._say("resync", {}, seq=await call_in_broker(self.broker_id, newest_seq))
            return
        for event in missed:
            self.offer(event)
        self._say("resumed", {"count": len(missed)}, seq=self._last_seq)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            self._say("heartbeat", {}, seq=self._last_seq)

    async def _write(self, text: str) -> None:
        await self.send(text_data=text)

    def _say(self, kind: str, payload: dict[str, Any], *, seq: int | None = None) -> None:
        if self._outbox is not None:
            self._outbox.put(frame(kind, payload, seq=seq))

    def _sender(self) -> str:
        return f"user:{self.actor.user_id}"

    def _is_within_allowance(self) -> bool:
        now = time.monotonic()
        earned = (now - self._allowed_at) * FRAMES_PER_SECOND
        self._allowance, self._allowed_at = min(FRAMES_AT_ONCE, self._allowance + earned) - 1, now
        return self._allowance >= 0
