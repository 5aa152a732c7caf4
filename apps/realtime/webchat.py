"""The web chat's WebSocket for visitors: /ws/webchat/{public_key}/. No cookie, no login; the page may be anywhere.

Client → server: `hello` first ({token?, since, locale, page}), then `message` {text, client_id}, `reply` {message_id,
reply_id, title, client_id}, `typing`, `read` {seq}, `ping`.
Server → client: `welcome` {token, config, messages, seq}, `message`, `ack` {client_id, message}, `status` {id, status},
`typing` {who}, `pong`, `error` {code, client_id?}.
A message is acknowledged when it is committed to the ledger, under the id that the browser gave it, so sending it again
changes nothing. Closed with 4404 when the chat is gone and 4403 when the page's site may not use it.
"""

import asyncio
import contextlib
import logging
import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import orjson
from asgiref.sync import sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import InterfaceError, OperationalError

from apps.conversations.models import Message
from apps.conversations.statuses import apply_status
from apps.conversations.types import Direction, MessageStatus
from apps.core import limits
from apps.core.errors import DomainError, RateLimited, Unavailable
from apps.core.tenancy import call_in_broker, call_in_public
from apps.messaging.ingress import Accepted
from apps.messaging.ingress.deliveries import Wanted
from apps.messaging.ingress.receiving import find_accounts, keep
from apps.messaging.queries import webchat_config
from apps.messaging.types import AccountRef, Channel, DeliveryStatus, StatusUpdate
from apps.realtime import visitors
from apps.realtime.access import Standing
from apps.realtime.events import SocketEvent
from apps.realtime.feed import Feed, feed_of
from apps.realtime.frames import BadFrame, number_in, read_frame
from apps.realtime.outbox import Outbox
from apps.realtime.relays import relay_visitor_typing
from apps.realtime.rooms import visitor_room
from apps.realtime.scopes import address_of, header_of

log = logging.getLogger(__name__)
GONE, FORBIDDEN_SITE, TRY_AGAIN_LATER = 4404, 4403, 1013
MOST_CHARACTERS = 4000
MOST_ID = 64
HELLO_SECONDS = 15.0
TYPING_SECONDS = 2.0


class WebchatConsumer(AsyncWebsocketConsumer):
    """One page of one visitor."""

    channel_layer_alias = "none"  # the feed listens once for all sockets of the process
    standing: Standing | None = None

    def __init__(self) -> None:
        super().__init__()
        self.rooms: set[str] = set()
        self.account: AccountRef | None = None
        self.visitor = ""
        self._profile: dict[str, Any] = {}
        self._page: dict[str, Any] = {}
        self._feed: Feed | None = None
        self._outbox: Outbox | None = None
        self._patience: asyncio.Task[None] | None = None
        self._count = 0
        self._last_seq = 0
        self._typed_at = 0.0
        self._background: set[asyncio.Task[None]] = set()

    async def connect(self) -> None:
        """Take the connection; whose it is comes with `hello`."""
        self._outbox = Outbox(self._write, lambda: self.shut(TRY_AGAIN_LATER, "too slow"))
        await self.accept()
        account = await self._open_account()
        if account is None:
            self.shut(GONE, "this chat is not available")
        elif not _is_allowed_site(account, header_of(self.scope, "origin")):
            self.shut(FORBIDDEN_SITE, "this site may not use the chat")
        else:
            self.account = account
            self._patience = asyncio.get_running_loop().create_task(self._await_hello())

    async def disconnect(self, _code: int) -> None:
        """Let go of everything; what was received stays received."""
        if self._patience is not None:
            self._patience.cancel()
        if self._feed is not None:
            self._feed.detach(self)
        if self._outbox is not None:
            self._outbox.stop()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """One frame of the widget; whatever it holds, the answer is a frame."""
        if self.account is None:
            return
        try:
            asked = read_frame(text_data)
        except BadFrame:
            self._say("error", code="bad_frame")
            return
        client_id = asked.get("client_id")
        about = {"client_id": client_id} if isinstance(client_id, str) and len(client_id) <= MOST_ID else {}
        try:
            await self._answer(asked)
        except RateLimited as error:
            self._say("error", code="rate_limited", retry_after=error.retry_after, **about)
        except (Unavailable, OperationalError, InterfaceError):
            # Not an answer: the widget keeps what has none, and sends it again when it is back.
            self.shut(TRY_AGAIN_LATER, "try again in a moment")
        except DomainError as error:
            self._say("error", code=error.code.lower(), **about)

    def offer(self, event: SocketEvent) -> None:
        """Queue what concerns this visitor."""
        match event.name:
            case visitors.MESSAGE:
                self._deliver(event.payload)
            case visitors.STATUS:
                for shown_id in event.payload["ids"]:
                    self._say("status", id=shown_id, status=event.payload["status"])
            case visitors.TYPING:
                self._say("typing", who=event.payload["who"])

    def shut(self, code: int, reason: str) -> None:
        """Close soon, from wherever this is called."""
        if self._feed is not None:
            self._feed.detach(self)
        if self._outbox is not None:
            self._outbox.stop()
            self._outbox = None
            self._later(self._close(code, reason))

    async def _answer(self, asked: dict[str, Any]) -> None:
        account = await self._open_account()
        if account is None:
            self.shut(GONE, "this chat is not available")
            return
        self.account = account
        kind = asked["type"]
        if kind == "hello":
            await self._welcome(account, asked)
        elif not self.visitor:
            self._say("error", code="hello_first")
        elif kind in {"message", "reply"}:
            await self._take_message(account, asked)
        elif kind == "typing":
            await self._relay_typing(account)
        elif kind == "read":
            await call_in_broker(account.broker_id, _mark_read, account, self.visitor, number_in(asked, "seq"))
        elif kind == "ping":
            self._say("pong")
            await self._catch_up(account)
        else:
            self._say("error", code="unknown_type")

    async def _welcome(self, account: AccountRef, asked: dict[str, Any]) -> None:
        """Know the visitor again, or make one; give what they missed, and from now on what comes."""
        await _spend("webchat.connect", f"{account.id}:{address_of(self.scope)}")
        token = asked.get("token")
        visitor = visitors.visitor_of(token, account.id) if token else visitors.new_visitor()
        if visitor is None:
            self._say("error", code="token_invalid")
            return
        if self.visitor and self.visitor != visitor:
            self._say("error", code="already_known")
            return
        self.visitor = visitor
        self._profile, self._page = _profile_in(asked), _page_in(asked)
        if self._patience is not None:
            self._patience.cancel()
        self.rooms = {visitor_room(account.id, visitor)}
        self._feed = feed_of(account.broker_id)
        await self._feed.attach(self)
        since = min(number_in(asked, "since"), visitors.seq_of(datetime.now(UTC)))
        thread = await call_in_broker(account.broker_id, _thread, account, visitor, since)
        self._last_seq = max([since, *(int(message["seq"]) for message in thread)])
        self._say(
            "welcome",
            token=visitors.token_for(account.id, visitor),
            config=await call_in_public(webchat_config, account),
            messages=thread,
            seq=self._last_seq,
        )
        self._acknowledge(account, [message["id"] for message in thread if _is_undelivered(message)])

    async def _take_message(self, account: AccountRef, asked: dict[str, Any]) -> None:
        """Store what the visitor wrote, then say so."""
        client_id = asked.get("client_id")
        if not isinstance(client_id, str) or not 1 <= len(client_id) <= MOST_ID or "\x00" in client_id:
            self._say("error", code="bad_client_id")
            return
        content = _content_in(asked)
        if content is None:
            self._say("error", code="bad_message", client_id=client_id)
            return
        await _spend("webchat.visitor", self.visitor)
        await _spend("webchat.address", address_of(self.scope))
        self._count += 1
        received_at = datetime.now(UTC)
        stored = {
            "visitor": self.visitor,
            "id": client_id,
            "seq": self._count,
            "profile": self._profile,
            "page": self._page,
            **content,
        }
        await keep([Accepted(account=account, body=orjson.dumps(stored), received_at=received_at)])
        self._say("ack", client_id=client_id, message=_acknowledged(client_id, content, received_at))

    async def _relay_typing(self, account: AccountRef) -> None:
        now = time.monotonic()
        if self._feed is not None and now - self._typed_at > TYPING_SECONDS:
            self._typed_at = now
            await relay_visitor_typing(self._feed, account.id, self.visitor)

    async def _catch_up(self, account: AccountRef) -> None:
        """Whatever Redis lost on the way is found at the next quiet moment's ping."""
        for message in await call_in_broker(account.broker_id, _thread, account, self.visitor, self._last_seq):
            if int(message["seq"]) > self._last_seq:
                self._deliver(message)

    async def _open_account(self) -> AccountRef | None:
        key = str(self.scope["url_route"]["kwargs"]["public_key"])
        try:
            found = await find_accounts(Wanted(channel=Channel.WEBCHAT, public_key=key))
        except Unavailable:
            log.warning("a web chat frame came while the database was away")
            return self.account
        return found[0] if found else None

    def _deliver(self, message: dict[str, Any]) -> None:
        self._last_seq = max(self._last_seq, int(message["seq"]))
        self._say("message", message=message)
        if self.account is not None and _is_undelivered(message):
            self._acknowledge(self.account, [message["id"]])

    def _acknowledge(self, account: AccountRef, ids: list[str]) -> None:
        """The browser has them: delivered."""
        if ids:
            self._later(call_in_broker(account.broker_id, _mark, account, ids, DeliveryStatus.DELIVERED))

    def _later(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _await_hello(self) -> None:
        await asyncio.sleep(HELLO_SECONDS)
        self.shut(TRY_AGAIN_LATER, "no hello came")

    async def _close(self, code: int, reason: str) -> None:
        with contextlib.suppress(OSError, RuntimeError):  # it may be gone already
            await self.close(code, reason)

    async def _write(self, text: str) -> None:
        await self.send(text_data=text)

    def _say(self, kind: str, **parts: Any) -> None:
        if self._outbox is not None:
            self._outbox.put(orjson.dumps({"type": kind, **parts}).decode())


async def _spend(limit: str, subject: str) -> None:
    await sync_to_async(limits.spend, thread_sensitive=False)(limit, subject)


def _is_allowed_site(account: AccountRef, origin: str) -> bool:
    """Any site may show the chat unless the account names its sites."""
    allowed = account.settings.get("allowed_origins") or []
    if not allowed:
        return True
    parts = urlsplit(origin)
    return f"{parts.scheme}://{parts.netloc}".lower() in allowed


def _content_in(asked: dict[str, Any]) -> dict[str, Any] | None:
    """What was written or chosen, in the adapter's words; None for what is neither."""
    if asked["type"] == "reply":
        title, reply_id = asked.get("title"), asked.get("reply_id")
        if not isinstance(reply_id, str) or not 1 <= len(reply_id) <= 256:
            return None
        title = title if isinstance(title, str) and len(title) <= 256 else reply_id
        return {"type": "button_reply", "reply": {"id": reply_id, "title": title}}
    text = asked.get("text")
    if not isinstance(text, str) or not text.strip() or len(text) > MOST_CHARACTERS:
        return None
    return {"type": "text", "text": text}


def _acknowledged(client_id: str, content: dict[str, Any], at: datetime) -> dict[str, Any]:
    text = content["text"] if content["type"] == "text" else content["reply"]["title"]
    return {
        "id": client_id,
        "client_id": client_id,
        "seq": visitors.seq_of(at),
        "direction": Direction.IN,
        "text": text,
        "created_at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "status": MessageStatus.SENT,
    }


def _profile_in(asked: dict[str, Any]) -> dict[str, Any]:
    locale = asked.get("locale")
    return {"language": locale[:12]} if isinstance(locale, str) else {}


def _page_in(asked: dict[str, Any]) -> dict[str, Any]:
    page = asked.get("page")
    if not isinstance(page, dict):
        return {}
    return {key: page[key][:2000] for key in ("url", "title", "referrer") if isinstance(page.get(key), str)}


def _is_undelivered(message: dict[str, Any]) -> bool:
    return message["direction"] == Direction.OUT and message["status"] == MessageStatus.SENT


def _thread(account: AccountRef, visitor: str, since: int) -> list[dict[str, Any]]:
    found = visitors.thread_for_visitor(account, visitor, since=since)
    return [visitors.message_for_visitor(message) for message in found]


def _mark(account: AccountRef, uids: list[str], status: DeliveryStatus) -> None:
    for uid in uids:
        update = StatusUpdate(provider_message_id=uid, status=status, at=datetime.now(UTC), tracker=uid)
        apply_status(account, update)


def _mark_read(account: AccountRef, visitor: str, seq: int) -> None:
    """Ours up to that moment were read."""
    unread: list[Message] = [
        message
        for message in visitors.thread_for_visitor(account, visitor)
        if message.direction == Direction.OUT
        and message.status != MessageStatus.READ
        and visitors.seq_of(message.sent_at) <= seq
    ]
    _mark(account, [str(message.uid) for message in unread], DeliveryStatus.READ)
