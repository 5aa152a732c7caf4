"""The door for providers' webhooks, in front of Django: a plain ASGI application, because this path carries the load.

It reads the body with a cap, lets `apps.messaging.ingress` find the account, prove the sender and store the bytes, and
answers in the envelope of the document that names the path. It parses nothing.
"""

import logging
import re
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import orjson
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from prometheus_client import Counter, Histogram

from apps.api.crm_whatsapp.dialect import DIALECT as CRM_WHATSAPP
from apps.api.inmo.dialect import DIALECT as INMO
from apps.api.kit.dialects import Dialect
from apps.api.kit.problems import Problem, fault, problem_of
from apps.core.errors import DomainError, NotFound, PayloadTooLarge
from apps.messaging.ingress import Delivery, receive, verify_challenge
from apps.messaging.types import Channel

log = logging.getLogger(__name__)
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[Any], Awaitable[None]]

WEBHOOKS = Counter("sofia_webhooks_total", "Webhook calls by channel and answer.", ["channel", "status"])
SECONDS = Histogram(
    "sofia_webhook_seconds",
    "From the first byte of a webhook to its answer.",
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
)
PROVIDERS: Mapping[str, Channel] = {"telegram": Channel.TELEGRAM, "whatsapp": Channel.WHATSAPP_META}
_REQUEST_ID = re.compile(r"[\w.\-]{8,64}")
_JSON = (b"content-type", b"application/json")
_TEXT = (b"content-type", b"text/plain; charset=utf-8")


@dataclass(frozen=True, slots=True)
class Target:
    """What a path says: which channel, perhaps whose, and how its document answers."""

    channel: Channel | None
    answer: bytes
    dialect: Dialect = INMO
    broker_id: int | None = None
    account_id: int | None = None
    is_verified_by_get: bool = True


_STATUS_RECEIVED = b'{"status":"received"}'
_FIXED: Mapping[str, Target] = {
    "/webhooks/whatsapp": Target(Channel.WHATSAPP_META, _STATUS_RECEIVED),
    "/webhooks/telegram": Target(Channel.TELEGRAM, b'{"ok":true}', is_verified_by_get=False),
}
_OF_BROKER = re.compile(r"/webhooks/chat/(\d{1,9})/([\w.\-]{1,40})")
_OF_NUMBER = re.compile(r"/v1/webhooks/whatsapp/meta/(\d{1,18})")


def target_of(path: str) -> Target | None:
    """The webhook that the path names, with or without a slash at its end; None: the path is not ours."""
    bare = path.removesuffix("/")
    if (fixed := _FIXED.get(bare)) is not None:
        return fixed
    if (match := _OF_BROKER.fullmatch(bare)) is not None:
        return Target(PROVIDERS.get(match[2]), _STATUS_RECEIVED, broker_id=int(match[1]))
    if (match := _OF_NUMBER.fullmatch(bare)) is not None:
        return Target(Channel.WHATSAPP_META, _STATUS_RECEIVED, dialect=CRM_WHATSAPP, account_id=int(match[1]))
    return None


async def answer_webhook(target: Target, scope: Scope, receive_message: Receive, send: Send) -> None:
    """Serve one call to a webhook path."""
    started = time.perf_counter()
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    request_id = _request_id(headers)
    try:
        status, kind, body = await _respond(target, scope, headers, receive_message)
    except DomainError as error:
        problem = problem_of(error) or fault()
        status, kind, body = problem.status, _JSON, orjson.dumps(target.dialect.envelope(problem))
    more = [(b"allow", b"GET, POST")] if status == 405 else [(b"retry-after", b"5")] if status == 503 else []
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                kind,
                (b"content-length", str(len(body)).encode()),
                (b"x-request-id", request_id.encode()),
                (b"x-content-type-options", b"nosniff"),
                *more,
            ],
        }
    )
    await send({"type": "http.response.body", "body": body})
    _record(target, scope, status, request_id, time.perf_counter() - started)


async def _respond(
    target: Target, scope: Scope, headers: Mapping[str, str], receive_message: Receive
) -> tuple[int, tuple[bytes, bytes], bytes]:
    if target.channel is None:
        raise NotFound(_("This provider is not supported here. Use telegram or whatsapp."), code="UNKNOWN_PROVIDER")
    method = scope["method"]
    if method == "POST":
        body = await read_body(headers, receive_message)
        await receive(
            Delivery(
                channel=target.channel,
                headers=headers,
                body=body,
                broker_id=target.broker_id,
                account_id=target.account_id,
            )
        )
        return 200, _JSON, target.answer
    if method == "GET" and target.is_verified_by_get:
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        challenge = await verify_challenge(query, broker_id=target.broker_id, account_id=target.account_id)
        return 200, _TEXT, challenge.encode()
    refusal = Problem(405, "METHOD_NOT_ALLOWED", str(_("This address takes POST.")))
    return 405, _JSON, orjson.dumps(target.dialect.envelope(refusal))


async def read_body(headers: Mapping[str, str], receive_message: Receive) -> bytes:
    """The whole body.

    Raises PayloadTooLarge as soon as more is announced, or comes, than WEBHOOK_MAX_BYTES; NotFound where the client
    hung up in the middle (nobody reads that answer).
    """
    most: int = settings.WEBHOOK_MAX_BYTES
    announced = headers.get("content-length", "")
    if announced.isascii() and announced.isdigit() and int(announced[:18]) > most:
        raise PayloadTooLarge
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive_message()
        if message["type"] == "http.disconnect":
            raise NotFound(code="CLIENT_DISCONNECTED")
        part = message.get("body", b"")
        size += len(part)
        if size > most:
            raise PayloadTooLarge
        parts.append(part)
        if not message.get("more_body"):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def _request_id(headers: Mapping[str, str]) -> str:
    given = headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _record(target: Target, scope: Scope, status: int, request_id: str, seconds: float) -> None:
    channel = target.channel.value if target.channel else "unknown"
    WEBHOOKS.labels(channel, str(status)).inc()
    SECONDS.observe(seconds)
    level = logging.INFO if status < 400 else logging.WARNING
    log.log(
        level,
        "webhook",
        extra={
            "path": scope["path"][:120],
            "method": scope["method"],
            "status": status,
            "ms": round(seconds * 1000, 1),
            "request_id": request_id,
            "address": (scope.get("client") or ("",))[0],
        },
    )
