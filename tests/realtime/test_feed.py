"""A broker's feed lives as long as it has sockets, whatever the Redis client does meanwhile."""

import asyncio
from typing import Any

from apps.brokers.models import Broker
from apps.operations.metrics import sockets
from apps.realtime import feed as feed_module
from apps.realtime.access import Standing
from apps.realtime.events import SocketEvent
from apps.realtime.feed import Feed
from tests.realtime.sockets import tell_story


class Listener:
    """A socket that only attaches."""

    def __init__(self) -> None:
        self.rooms: set[str] = set()
        self.standing: Standing | None = None

    def offer(self, event: SocketEvent) -> None: ...

    def shut(self, code: int, reason: str) -> None: ...


class SwallowingLayer:
    """Finishes what it was doing when it is cancelled, as `asyncio.wait_for` may before Python 3.12."""

    def __init__(self) -> None:
        self.is_joining = asyncio.Event()
        self.has_left = False

    async def new_channel(self) -> str:
        return "channel"

    async def group_add(self, _group: str, _channel: str) -> None:
        self.is_joining.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return

    async def group_discard(self, _group: str, _channel: str) -> None:
        self.has_left = True

    async def receive(self, _channel: str) -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError("nothing is ever sent")


def test_a_socket_that_leaves_while_the_feed_still_connects_leaves_no_listener(
    broker: Broker, monkeypatch: Any
) -> None:
    async def story() -> None:
        layer, socket, feed = SwallowingLayer(), Listener(), Feed(broker.pk)
        monkeypatch.setattr(feed_module, "get_channel_layer", lambda: layer)
        before = asyncio.all_tasks()
        await feed.attach(socket)
        await layer.is_joining.wait()

        feed.detach(socket)

        await asyncio.wait(asyncio.all_tasks() - before, timeout=5)
        assert asyncio.all_tasks() - before == set()
        assert layer.has_left

    tell_story(story)


def test_open_sockets_are_counted_once_until_they_leave(broker: Broker) -> None:
    def told() -> dict[str, float]:
        return {sample.labels["kind"]: sample.value for sample in next(iter(sockets.collect())).samples}

    async def story() -> None:
        feed, visitor, agent = Feed(broker.pk), Listener(), Listener()
        agent.standing = Standing(user_id=1)
        for socket in (visitor, agent, agent):
            await feed.attach(socket)
        assert told() == {"agent": before["agent"] + 1, "visitor": before["visitor"] + 1}

        for socket in (visitor, agent, agent):
            feed.detach(socket)

        assert told() == before

    for kind in ("agent", "visitor"):
        sockets.labels(kind)
    before = told()
    tell_story(story)
