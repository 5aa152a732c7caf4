"""Somebody is typing: told to those who see the thread, and to a web chat's visitor; kept nowhere."""

import orjson
from django.utils import timezone

from apps.core.access import Actor
from apps.core.tenancy import call_in_broker
from apps.realtime import visitors
from apps.realtime.events import SocketEvent
from apps.realtime.feed import Feed
from apps.realtime.payloads import Json, moment
from apps.realtime.threads import typing_in, typing_of_visitor


async def relay_typing(feed: Feed, actor: Actor, named: object, sender: str) -> None:
    """An agent types in a conversation, named by number or uuid. Raises NotFound."""
    payload, rooms, visitor_room = await call_in_broker(feed.broker_id, typing_in, actor, named)
    await feed.broadcast(_event("typing", payload, rooms, sender))
    if visitor_room:
        await feed.broadcast(_event(visitors.TYPING, {"who": actor.name.partition(" ")[0]}, [visitor_room], sender))


async def relay_visitor_typing(feed: Feed, account_id: int, address: str) -> None:
    """A visitor types."""
    found = await call_in_broker(feed.broker_id, typing_of_visitor, account_id, address)
    if found is not None:
        payload, rooms = found
        await feed.broadcast(_event("typing", payload, rooms, ""))


def _event(name: str, payload: Json, rooms: list[str], sender: str) -> SocketEvent:
    return SocketEvent(
        seq=None,
        name=name,
        at=str(moment(timezone.now())),
        rooms=frozenset(rooms),
        body=orjson.dumps(payload),
        sender=sender,
    )
