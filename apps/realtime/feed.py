"""The broker's events inside one process: heard once, handed to every socket that may see them.

Each process listens to one group of the channel layer per broker that it has sockets of. Redis is only the quick way:
every few seconds the feed reads the end of the log itself, so that a frame that Redis lost still arrives, once, because
events are known by their number.
"""

import asyncio
import contextlib
import logging
import time
import weakref
from collections import OrderedDict
from typing import Any, Protocol

import redis
from channels.layers import get_channel_layer
from django.db import Error as DatabaseError

from apps.brokers.queries import is_open
from apps.conversations.types import ConversationStatus
from apps.core.tenancy import call_in_broker
from apps.operations.metrics import sockets as open_sockets
from apps.realtime.access import Standing, standings
from apps.realtime.events import SocketEvent, from_wire
from apps.realtime.log import LATE_COMMIT, newest_seq, recent_events, recent_numbers
from apps.realtime.publisher import group_of
from apps.realtime.rooms import ALL, conversation_room, queue_room, user_room

log = logging.getLogger(__name__)
LOOK_SECONDS = 5.0
DOORS_SECONDS = 20.0
# More than a look reads in its twenty seconds, or what was forgotten would be told again.
MOST_REMEMBERED = 65_536
_LAYER_TROUBLE = (redis.RedisError, OSError, TimeoutError, RuntimeError)


class Socket(Protocol):
    """What a feed needs of a connection: a person's (`standing`) or, without one, a visitor's."""

    rooms: set[str]
    standing: Standing | None

    def offer(self, event: SocketEvent) -> None:
        """Take an event to be sent; never blocks, never raises."""

    def shut(self, code: int, reason: str) -> None:
        """Close the connection soon."""


class Feed:
    """One broker's events in one event loop."""

    def __init__(self, broker_id: int) -> None:
        self.broker_id = broker_id
        self.sockets: set[Socket] = set()
        self.newest = 0
        self._seen: OrderedDict[int, None] = OrderedDict()
        self._looked_at: float | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._starting = asyncio.Lock()
        self._doors = asyncio.Event()

    async def attach(self, socket: Socket) -> None:
        """Let the socket hear the events of its rooms from now on."""
        async with self._starting:
            if not self._tasks:
                self.newest = await call_in_broker(self.broker_id, newest_seq)
                await self._look(is_first=True)
                loop = asyncio.get_running_loop()
                self._tasks = [
                    loop.create_task(work()) for work in (self._listen, self._keep_looking, self._watch_doors)
                ]
            if socket not in self.sockets:
                self.sockets.add(socket)
                open_sockets.labels(_kind_of(socket)).inc()

    def detach(self, socket: Socket) -> None:
        """The socket is gone; the last one takes the feed with it."""
        if socket in self.sockets:
            self.sockets.remove(socket)
            open_sockets.labels(_kind_of(socket)).dec()
        if not self.sockets:
            for task in self._tasks:
                task.cancel()
            self._tasks = []
            self._looked_at = None

    def dispatch(self, event: SocketEvent) -> None:
        """Hand an event to the sockets that may see it, the first time it comes."""
        if event.seq is not None:
            if event.seq in self._seen:
                return
            self._remember(event.seq)
        for socket in list(self.sockets):
            if not socket.rooms.isdisjoint(event.rooms):
                socket.offer(event)
        if event.name == "conversation.changed":
            self._close_to_others(event)

    async def broadcast(self, event: SocketEvent) -> None:
        """Tell the sockets of all processes what is not worth keeping (typing)."""
        try:
            await get_channel_layer().group_send(group_of(self.broker_id), event.wire())
        except _LAYER_TROUBLE:
            self.dispatch(event)

    def _close_to_others(self, event: SocketEvent) -> None:
        """Agents who look at a thread that is no longer theirs stop hearing it, after hearing that it moved."""
        thread = event.payload["conversation"]
        room = conversation_room(thread["id"])
        still = {ALL}
        if thread["assigned_agent"]:
            still.add(user_room(thread["assigned_agent"]["id"]))
        if thread["status"] == ConversationStatus.QUEUED and thread["queue"]:
            still.add(queue_room(thread["queue"]["id"]))
        for socket in self.sockets:
            if room in socket.rooms and socket.rooms.isdisjoint(still):
                socket.rooms.discard(room)

    async def _listen(self) -> None:
        """Hear the channel layer for as long as there are sockets, also after Redis was away."""
        while True:
            try:
                await self._listen_once(get_channel_layer())
            except _LAYER_TROUBLE as error:
                log.warning("sockets hear from the log alone: redis is away", extra={"error": type(error).__name__})
                await asyncio.sleep(1)

    async def _listen_once(self, layer: Any) -> None:
        group, channel = group_of(self.broker_id), await layer.new_channel()
        try:
            await layer.group_add(group, channel)
            _heed_cancellation()
            # A door that closed while nobody listened yet was not heard.
            self._doors.set()
            while True:
                self._hear(await layer.receive(channel))
        finally:
            with contextlib.suppress(*_LAYER_TROUBLE):
                await layer.group_discard(group, channel)

    def _hear(self, message: dict[str, Any]) -> None:
        if message["type"] == "doors":
            self._doors.set()
        else:
            self.dispatch(from_wire(message))

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self._look(is_first=False)
            except DatabaseError as error:
                log.warning("the event log cannot be read now", extra={"error": type(error).__name__})

    async def _look(self, *, is_first: bool) -> None:
        """Read the end of the log; on the first look everything there counts as known."""
        started = time.monotonic()
        seconds = LATE_COMMIT.total_seconds() + (started - self._looked_at if self._looked_at is not None else 0.0)
        if is_first:
            for number in await call_in_broker(self.broker_id, recent_numbers, seconds):
                self._remember(number)
        else:
            for event in await call_in_broker(self.broker_id, recent_events, seconds, frozenset(self._seen)):
                self.dispatch(event)
        self._looked_at = started

    async def _watch_doors(self) -> None:
        """Look again at who the sockets belong to: at once when told to, and every twenty seconds."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(DOORS_SECONDS):
                    await self._doors.wait()
            self._doors.clear()
            try:
                await self._check_doors()
            except DatabaseError as error:
                log.warning("sockets' rights cannot be checked now", extra={"error": type(error).__name__})

    async def _check_doors(self) -> None:
        people = {socket: socket.standing for socket in self.sockets if socket.standing is not None}
        visitors = [socket for socket in self.sockets if socket.standing is None]
        allowed = await call_in_broker(self.broker_id, standings, self.broker_id, set(people.values()))
        if visitors and not await call_in_broker(self.broker_id, is_open, self.broker_id):
            for socket in visitors:
                socket.shut(4404, "this chat is not available")
        for socket, standing in people.items():
            rooms = allowed.get(standing)
            if rooms is None:
                socket.shut(1008, "signed out")
            else:
                joined = {room for room in socket.rooms if room.startswith("conversation:")}
                # Threads that were opened stay so, unless the person no longer sees everything.
                socket.rooms = {*rooms, *joined} if ALL in rooms or ALL not in socket.rooms else set(rooms)

    def _remember(self, seq: int) -> None:
        self.newest = max(self.newest, seq)
        self._seen[seq] = None
        if len(self._seen) > MOST_REMEMBERED:
            self._seen.popitem(last=False)


def _kind_of(socket: Socket) -> str:
    return "visitor" if socket.standing is None else "agent"


def _heed_cancellation() -> None:
    """End a task that was told to end while `asyncio.wait_for` finished, which before Python 3.12 hides that from it.

    The Redis client writes through it: a socket that leaves as soon as it came would leave a listener for ever.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


_feeds: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[int, Feed]] = weakref.WeakKeyDictionary()


def feed_of(broker_id: int) -> Feed:
    """The broker's feed in the running event loop."""
    feeds = _feeds.setdefault(asyncio.get_running_loop(), {})
    feed = feeds.get(broker_id)
    if feed is None:
        feed = feeds[broker_id] = Feed(broker_id)
    return feed
