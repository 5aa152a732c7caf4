"""The web chat as its visitor sees it: which messages, in which words, from when."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core import signing

from apps.conversations.models import Message
from apps.conversations.types import Direction, MessageStatus
from apps.files.signing import signed_path
from apps.leads.identities import channel_id
from apps.leads.models import LeadIdentity
from apps.messaging.types import AccountRef, ContentType

MESSAGE, STATUS, TYPING = "visitor.message", "visitor.status", "visitor.typing"
HISTORY = 50
# A message that was written before the last one seen may have been sent after it.
OVERLAP = timedelta(seconds=60)
_SALT = "webchat.visitor"
_SHOWN = frozenset({MessageStatus.RECEIVED, MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ})


def new_visitor() -> str:
    """An unguessable address for a visitor who has none yet."""
    return f"v_{secrets.token_urlsafe(18)}"


def token_for(account_id: int, visitor: str) -> str:
    """What the visitor's browser keeps instead of a cookie."""
    return signing.dumps([account_id, visitor], salt=_SALT, compress=True)


def visitor_of(token: object, account_id: int) -> str | None:
    """The visitor of a token that this widget gave out; None for any other."""
    if not isinstance(token, str) or len(token) > 500:
        return None
    try:
        owner, visitor = signing.loads(token, salt=_SALT)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return visitor if owner == account_id and isinstance(visitor, str) else None


def seq_of(at: datetime) -> int:
    """The order of a thread as one number: microseconds, which JavaScript still counts exactly."""
    return int(at.astimezone(UTC).timestamp() * 1_000_000)


def id_for_visitor(message: Message) -> str:
    """A visitor's own message keeps the id its browser gave it; ours have our uid."""
    if message.direction == Direction.IN and message.provider_message_id:
        return message.provider_message_id.partition(":")[2]
    return str(message.uid)


def is_shown(message: Message) -> bool:
    """Notes are ours alone, and what was not sent yet may still fail."""
    return message.status in _SHOWN and message.type != ContentType.NOTE and not message.is_deleted


def message_for_visitor(message: Message) -> dict[str, Any]:
    """One message in the widget's words; from a row with `file`, `sender_user` and `conversation`."""
    shown: dict[str, Any] = {
        "id": id_for_visitor(message),
        "seq": seq_of(message.sent_at),
        "direction": message.direction,
        "text": message.text,
        "created_at": message.sent_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "status": _status(message),
    }
    if message.direction == Direction.IN:
        shown["client_id"] = id_for_visitor(message)
    elif message.sender_user is not None:
        shown["sender_name"] = message.sender_user.first_name
    if message.file is not None:
        shown["media"] = {"url": signed_path(message.file), "mime": message.file.mime_type, "name": message.file.name}
    buttons = [
        {"id": button["id"], "title": button.get("title", "")}
        for button in message.payload.get("buttons", [])
        if isinstance(button, dict) and button.get("id")
    ]
    if buttons:
        shown["buttons"] = buttons
    return shown


def thread_for_visitor(account: AccountRef, visitor: str, *, since: int = 0) -> list[Message]:
    """The visitor's newest messages after a moment (`seq_of`), oldest first: two queries."""
    key = channel_id("webchat", visitor, account_key=account.external_id)
    identity = LeadIdentity.objects.filter(kind=key.kind, scope=key.scope, external_id=key.value).first()
    if identity is None:
        return []
    rows = Message.objects.filter(
        conversation__identity=identity,
        conversation__account_id=account.id,
        status__in=sorted(_SHOWN),
        is_deleted=False,
    ).exclude(type=ContentType.NOTE)
    if since:
        rows = rows.filter(sent_at__gt=datetime.fromtimestamp(since / 1_000_000, UTC) - OVERLAP)
    newest = rows.select_related("file", "sender_user", "conversation").order_by("-sent_at", "-order", "-id")
    return list(newest[:HISTORY])[::-1]


def _status(message: Message) -> str:
    if message.direction == Direction.IN:
        return "read" if message.read_at else "delivered"
    return message.status
