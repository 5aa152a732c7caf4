"""Socket.IO at /socket.io for the two documents that speak it.

Both name the same address and namespace and differ in their events' names, so every client gets both documents' events
and may send both documents' requests (docs/decisions/realtime.md). Events reach these clients through the same feed as
the WebSockets: once, numbered, also when Redis was away.
"""

import asyncio
import contextlib
from typing import Any

import socketio
from socketio.exceptions import ConnectionRefusedError as Refused

from apps.accounts.tokens import session_of_access_token
from apps.core.access import Actor
from apps.core.errors import DomainError
from apps.core.tenancy import call_in_broker, call_in_public
from apps.realtime.access import Entry, Standing, enter
from apps.realtime.dialects import Emit, crm_whatsapp, whatsapp_odoo
from apps.realtime.events import SocketEvent
from apps.realtime.feed import Feed, feed_of
from apps.realtime.outbox import Outbox
from apps.realtime.relays import relay_typing
from apps.realtime.rooms import conversation_room
from apps.realtime.scopes import without_scheme
from apps.realtime.threads import find_conversation, read_conversation

DIALECTS = (whatsapp_odoo, crm_whatsapp)

# Clients prove themselves with a token and never with a cookie, so a page of any site may connect.
server = socketio.AsyncServer(
    async_mode="asgi",
    cors_allowed_origins="*",
    cors_credentials=False,
    max_http_buffer_size=64 * 1024,
    ping_interval=25,
    ping_timeout=20,
    logger=False,
    engineio_logger=False,
)
application = socketio.ASGIApp(server, socketio_path="socket.io")


class Client:
    """One Socket.IO connection of one person."""

    def __init__(self, sid: str, broker_id: int, entry: Entry) -> None:
        self.sid = sid
        self.broker_id = broker_id
        self.standing: Standing | None = entry.standing
        self.actor: Actor = entry.actor(broker_id)
        self.rooms: set[str] = set(entry.rooms)
        self.feed: Feed = feed_of(broker_id)
        self._outbox = Outbox(self._write, lambda: self.shut(1013, "too slow"))
        self._closing: asyncio.Task[None] | None = None

    def offer(self, event: SocketEvent) -> None:
        """Queue what the documents tell of an event."""
        if event.sender and event.sender == self.sender:
            return
        for dialect in DIALECTS:
            for emit in dialect.emits_of(event):
                if emit.only_to is None or emit.only_to == self.actor.user_id:
                    self._outbox.put(emit)

    def shut(self, code: int, reason: str) -> None:
        """Disconnect soon."""
        self.forget()
        if self._closing is None:
            self._closing = asyncio.get_running_loop().create_task(self._close())

    def forget(self) -> None:
        """Hear and write nothing more."""
        self.feed.detach(self)
        self._outbox.stop()

    @property
    def sender(self) -> str:
        """How what this person does is marked, so that it does not come back to them."""
        return f"user:{self.actor.user_id}"

    async def _write(self, emit: Emit) -> None:
        await server.emit(emit.name, emit.payload, to=self.sid)

    async def _close(self) -> None:
        with contextlib.suppress(KeyError):  # it left by itself
            await server.disconnect(self.sid)


_clients: dict[str, Client] = {}


@server.event
async def connect(sid: str, _environ: dict[str, Any], auth: object = None) -> None:
    """Let a client in by `auth.token`, with or without the word Bearer."""
    given = auth.get("token") if isinstance(auth, dict) else None
    wanted = auth.get("broker_id") if isinstance(auth, dict) else None
    if not isinstance(given, str) or not given:
        raise Refused("unauthorized")
    token = without_scheme(given)
    try:
        broker_id = await call_in_public(_broker_of, token, wanted)
        entry = await call_in_broker(broker_id, enter, broker_id, token=token)
    except DomainError as error:
        raise Refused("unauthorized") from error
    client = Client(sid, broker_id, entry)
    await client.feed.attach(client)
    _clients[sid] = client


@server.event
async def disconnect(sid: str, _reason: str = "") -> None:
    """The client left."""
    client = _clients.pop(sid, None)
    if client is not None:
        client.forget()


async def join(sid: str, asked: object = None) -> dict[str, Any]:
    """Hear all of one conversation, if it is in sight. The acknowledgement says whether."""
    client = _clients.get(sid)
    if client is None:
        return _refusal("UNAUTHORIZED")
    try:
        thread = await call_in_broker(client.broker_id, find_conversation, client.actor, _named(asked))
    except DomainError as error:
        return _refusal(error.code)
    client.rooms.add(conversation_room(thread.pk))
    return {"ok": True}


async def type_in(sid: str, asked: object = None) -> dict[str, Any]:
    """The agent types in a conversation."""
    client = _clients.get(sid)
    if client is None:
        return _refusal("UNAUTHORIZED")
    try:
        await relay_typing(client.feed, client.actor, _named(asked), client.sender)
    except DomainError as error:
        return _refusal(error.code)
    return {"ok": True}


async def read(sid: str, asked: object = None) -> dict[str, Any]:
    """What the customer wrote was read."""
    client = _clients.get(sid)
    if client is None:
        return _refusal("UNAUTHORIZED")
    try:
        await call_in_broker(client.broker_id, read_conversation, client.actor, _named(asked))
    except DomainError as error:
        return _refusal(error.code)
    return {"ok": True}


for _name, _handler in {
    "join_conversation": join,
    "chat.join": join,
    "typing": type_in,
    "chat.typing": type_in,
    "chat.read": read,
}.items():
    server.on(_name, handler=_handler)


def _broker_of(token: str, wanted: object) -> int:
    """The broker of the token's user; a superadmin names one. Raises DomainError."""
    user = session_of_access_token(token).user
    if user.broker_id is not None:
        return user.broker_id
    if isinstance(wanted, int) and not isinstance(wanted, bool) and 0 < wanted < 2**31:
        return wanted
    raise DomainError(code="BROKER_NEEDED")


def _named(asked: object) -> object:
    """Which conversation a request is about, in either document's words."""
    if not isinstance(asked, dict):
        return None
    return asked.get("conversation_id", asked.get("chatId"))


def _refusal(code: str) -> dict[str, Any]:
    return {"ok": False, "code": code}
