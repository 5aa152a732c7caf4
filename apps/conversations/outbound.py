"""What goes out: every message is a row first, is sent by a worker, and is never sent twice because of us.

A worker marks the row `sending` and commits before it calls the provider. If it dies then, the next one finds
`sending` and marks the row `uncertain`: it is shown to a person, or reconciled by a status that carries our tracker.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.conversations.events import MessageAdded, MessageStatusChanged
from apps.conversations.models import Conversation, Message
from apps.conversations.preview import preview_of
from apps.conversations.queries import is_window_open
from apps.conversations.statuses import claim_parked, lock_provider_id
from apps.conversations.types import Direction, MessageStatus, SenderType
from apps.core.access import Actor, system_actor
from apps.core.errors import Conflict, InvalidInput
from apps.core.events import publish
from apps.core.tenancy import current_broker_id
from apps.core.work import Retry, backoff_seconds, schedule
from apps.files.storage import read_bytes
from apps.leads.actions import mark_contacted
from apps.messaging.health import stop_account
from apps.messaging.providers import adapter_for
from apps.messaging.types import (
    ContentType,
    ErrorAction,
    Outgoing,
    OutgoingMedia,
    SendOutcome,
    SendResult,
)

MAX_TEXT = 4096
MAX_ATTEMPTS = 8
SEND_LEASE = timedelta(seconds=45)
# WhatsApp takes these at any time; everything else needs the customer's message of the last 24 hours.
_ANY_TIME = frozenset({ContentType.TEMPLATE})


class OutsideMessagingWindow(Conflict):
    """WhatsApp lets only templates through 24 hours after the customer's last message."""

    default_code = "OUTSIDE_MESSAGING_WINDOW"
    default_message = _(
        "More than 24 hours have passed since the customer's last message. Send an approved template to write again."
    )


@dataclass(frozen=True, kw_only=True)
class NewMessage:
    """What to send. `payload` by type as `apps.messaging.types.Outgoing` says."""

    type: ContentType = ContentType.TEXT
    text: str = ""
    payload: dict[str, Any] = field(default_factory=dict)
    file_id: int | None = None
    media_url: str = ""
    reply_to: str = ""


def add_outbound(
    conversation: Conversation, content: NewMessage, *, actor: Actor, client_id: str | None = None
) -> Message:
    """Put a message into a locked conversation's thread and have it sent on commit.

    The same `client_id` again returns the message it made before. Raises InvalidInput for an empty or too long text,
    OutsideMessagingWindow.
    """
    if client_id:
        earlier = Message.objects.filter(conversation=conversation, client_id=client_id).first()
        if earlier is not None:
            return earlier
    _check_content(content)
    if content.type not in _ANY_TIME and not is_window_open(conversation):
        raise OutsideMessagingWindow()

    now = timezone.now()
    message = Message.objects.create(
        conversation=conversation,
        account_id=conversation.account_id,
        direction=Direction.OUT,
        type=content.type,
        sender_type=SenderType.AGENT if actor.kind in {"user", "integration"} else SenderType.BOT,
        sender_user_id=actor.user_id,
        text=content.text,
        payload={**content.payload, **({"media_url": content.media_url} if content.media_url else {})},
        file_id=content.file_id,
        reply_to_provider_id=content.reply_to,
        client_id=client_id,
        sent_at=_after_last(conversation, now),
        status=MessageStatus.PENDING,
        is_ai=actor.kind == "assistant",
    )
    Conversation.objects.filter(pk=conversation.pk).update(
        last_message_at=message.sent_at,
        last_message_preview=preview_of(message),
        last_message_direction=Direction.OUT,
    )
    mark_contacted(actor=actor, lead_id=conversation.lead_id)
    _announce_added(conversation, message, actor=actor)
    _schedule_send(message)
    return message


def add_note(conversation: Conversation, text: str, *, actor: Actor, client_id: str | None = None) -> Message:
    """Put an internal note into the thread: the team sees it, it is never sent."""
    if client_id:
        earlier = Message.objects.filter(conversation=conversation, client_id=client_id).first()
        if earlier is not None:
            return earlier
    _check_content(NewMessage(text=text))
    message = Message.objects.create(
        conversation=conversation,
        account_id=conversation.account_id,
        direction=Direction.OUT,
        type=ContentType.NOTE,
        sender_type=SenderType.AGENT if actor.kind == "user" else SenderType.SYSTEM,
        sender_user_id=actor.user_id,
        text=text,
        client_id=client_id,
        sent_at=_after_last(conversation, timezone.now()),
        status=MessageStatus.NOTE,
    )
    _announce_added(conversation, message, actor=actor)
    return message


def deliver(message_id: int) -> None:
    """Send one pending message now; the work handler calls this. Safe to call twice.

    Raises Retry where an earlier message of the thread must go first or the provider asks for patience.
    """
    message = _start_sending(message_id)
    if message is None:
        return
    account = message.account.ref()
    result = adapter_for(account.channel).send(account, _outgoing_of(message))
    again_after = _apply_result(message_id, result)
    if again_after is not None:
        raise Retry(str(result.error.code if result.error else "retry"), after=again_after)


@transaction.atomic
def _start_sending(message_id: int) -> Message | None:
    """Mark the row `sending`, or settle it where it cannot be sent any more."""
    message = (
        Message.objects.select_for_update(of=("self",))
        .select_related("conversation__lead", "account")
        .filter(pk=message_id)
        .first()
    )
    if message is None or message.status not in {MessageStatus.PENDING, MessageStatus.SENDING}:
        return None
    actor = system_actor(current_broker_id())
    if message.status == MessageStatus.SENDING:
        _settle(message, MessageStatus.UNCERTAIN, actor=actor, code="UNCERTAIN", text=_UNCERTAIN)
        return None
    if message.type not in _ANY_TIME and not is_window_open(message.conversation):
        error = OutsideMessagingWindow()
        _settle(message, MessageStatus.FAILED, actor=actor, code=error.code, text=error.message)
        return None
    if message.account.deleted_at is not None or not message.account.is_active:
        _settle(message, MessageStatus.FAILED, actor=actor, code="CHANNEL_REMOVED", text=str(_CHANNEL_REMOVED))
        return None
    if _has_earlier_unsent(message):
        raise Retry("an earlier message of the thread goes first", after=0.5, counts=False)
    message.status = MessageStatus.SENDING
    message.sending_at = timezone.now()
    message.attempts += 1
    message.save(update_fields=["status", "sending_at", "attempts"])
    return message


_UNCERTAIN = _("The provider's answer was lost, so we do not know whether the customer got it. It was not sent again.")
_CHANNEL_REMOVED = _("The channel was removed or switched off before this message was sent.")
_GAVE_UP = _("It could not be sent after several attempts.")


def _has_earlier_unsent(message: Message) -> bool:
    """Order within a thread: a message waits for those before it, but not for long ones that rest after an error."""
    return Message.objects.filter(
        conversation_id=message.conversation_id,
        direction=Direction.OUT,
        status__in=[MessageStatus.PENDING, MessageStatus.SENDING],
        id__lt=message.pk,
        created_at__gt=timezone.now() - timedelta(minutes=2),
    ).exists()


def _outgoing_of(message: Message) -> Outgoing:
    conversation = message.conversation
    media = None
    if message.file is not None:
        media = OutgoingMedia(
            content=read_bytes(message.file), mime_type=message.file.mime_type, filename=message.file.name
        )
    elif message.payload.get("media_url"):
        media = OutgoingMedia(url=str(message.payload["media_url"]), filename=str(message.payload.get("filename", "")))
    return Outgoing(
        to=conversation.address,
        to_kind=conversation.address_kind,  # type: ignore[arg-type]  # the identity's kind, by construction
        type=ContentType(message.type),
        text=message.text,
        media=media,
        payload={key: value for key, value in message.payload.items() if key not in {"media_url", "reactions"}},
        reply_to=message.reply_to_provider_id,
        tracker=str(message.uid),
    )


def _apply_result(message_id: int, result: SendResult) -> float | None:
    """Write down what became of the call; returns the seconds after which to try again, or None."""
    with transaction.atomic():
        peek = Message.objects.only("account_id").get(pk=message_id)
        if result.provider_message_id:
            lock_provider_id(peek.account_id, result.provider_message_id)
        message = (
            Message.objects.select_for_update(of=("self",)).select_related("conversation", "account").get(pk=message_id)
        )
        actor = system_actor(current_broker_id())
        if result.outcome == SendOutcome.ACCEPTED:
            _accept(message, result, actor=actor)
            return None
        if message.status not in {MessageStatus.SENDING, MessageStatus.UNCERTAIN}:
            return None  # a status of the provider told us more than this answer
        if result.outcome == SendOutcome.UNKNOWN:
            _settle(message, MessageStatus.UNCERTAIN, actor=actor, code="UNCERTAIN", text=str(_UNCERTAIN))
            return None
        if result.outcome == SendOutcome.RETRY and message.attempts < MAX_ATTEMPTS:
            message.status = MessageStatus.PENDING
            message.error_code = result.error.code[:60] if result.error else ""
            message.save(update_fields=["status", "error_code"])
            return result.retry_after if result.retry_after is not None else backoff_seconds(message.attempts)
        _refuse(message, result, actor=actor)
        return None


def _accept(message: Message, result: SendResult, *, actor: Actor) -> None:
    """The provider has it. A status that was quicker keeps its higher rank."""
    message.provider_message_id = message.provider_message_id or result.provider_message_id or None
    if result.part_ids:
        message.payload = {**message.payload, "part_ids": list(result.part_ids)}
    message.error_code = message.error_text = ""
    message.save(update_fields=["provider_message_id", "payload", "error_code", "error_text"])
    if message.status in {MessageStatus.SENDING, MessageStatus.UNCERTAIN, MessageStatus.PENDING}:
        _settle(message, MessageStatus.SENT, actor=actor)
    if message.provider_message_id:
        claim_parked(message, actor=actor)


def _refuse(message: Message, result: SendResult, *, actor: Actor) -> None:
    code = result.error.code if result.error else "FAILED"
    text = str(result.error.message) if result.error else str(_GAVE_UP)
    _settle(message, MessageStatus.FAILED, actor=actor, code=code, text=text)
    if result.error is not None and result.error.action == ErrorAction.STOP_CHANNEL:
        stop_account(message.account_id, text)


def _settle(message: Message, status: str, *, actor: Actor, code: str = "", text: object = "") -> None:
    previous = message.status
    message.status = status
    message.error_code, message.error_text = code[:60], str(text)[:400]
    message.save(update_fields=["status", "error_code", "error_text"])
    publish(
        MessageStatusChanged(
            broker_id=actor.broker_id,
            actor=actor,
            conversation_id=message.conversation_id,
            lead_id=message.conversation.lead_id,
            message_id=message.pk,
            status=status,
            previous=previous,
            error_text=message.error_text,
        )
    )


def send_again(message: Message, *, actor: Actor) -> None:
    """A person decided to send a failed or uncertain message again.

    Raises Conflict for any other message, OutsideMessagingWindow.
    """
    if message.status not in {MessageStatus.FAILED, MessageStatus.UNCERTAIN}:
        raise Conflict(_("Only a message that failed or is uncertain can be sent again."))
    if message.type not in _ANY_TIME and not is_window_open(message.conversation):
        raise OutsideMessagingWindow()
    message.attempts = 0
    message.save(update_fields=["attempts"])
    _settle(message, MessageStatus.PENDING, actor=actor)
    _schedule_send(message)


def settle_uncertain(message: Message, *, actor: Actor) -> None:
    """A person saw that an uncertain message did arrive.

    Raises Conflict for any other message.
    """
    if message.status != MessageStatus.UNCERTAIN:
        raise Conflict(_("Only an uncertain message can be marked as sent."))
    _settle(message, MessageStatus.SENT, actor=actor)


def _schedule_send(message: Message) -> None:
    broker_id = current_broker_id()
    schedule("conversations.send", {"message_id": message.pk}, broker_id=broker_id, key=f"{broker_id}:{message.pk}")


def _announce_added(conversation: Conversation, message: Message, *, actor: Actor) -> None:
    publish(
        MessageAdded(
            broker_id=actor.broker_id,
            actor=actor,
            conversation_id=conversation.pk,
            lead_id=conversation.lead_id,
            message_id=message.pk,
            is_note=message.status == MessageStatus.NOTE,
        )
    )


def _after_last(conversation: Conversation, now: Any) -> Any:
    """A message of ours is never sorted before what it answers, even where a provider's clock runs ahead of ours."""
    last = Conversation.objects.filter(pk=conversation.pk).values_list("last_message_at", flat=True).first()
    return max(now, last) if last is not None and last - now < timedelta(minutes=5) else now


def _check_content(content: NewMessage) -> None:
    has_body = bool(content.text.strip()) or content.type != ContentType.TEXT
    if not has_body:
        raise InvalidInput(_("Write a message first."), field="content")
    if len(content.text) > MAX_TEXT:
        raise InvalidInput(
            _("The message is too long: %(length)d characters of at most %(most)d.")
            % {"length": len(content.text), "most": MAX_TEXT},
            field="content",
        )
    if "\x00" in content.text:
        raise InvalidInput(_("The message holds a character that cannot be sent."), field="content")


def unread_reset(conversation: Conversation) -> None:
    """Everything inbound was read."""
    Conversation.objects.filter(pk=conversation.pk).update(unread_count=0)
    conversation.messages.filter(direction=Direction.IN, read_at__isnull=True).update(read_at=timezone.now())


def first_human_response(conversation: Conversation) -> None:
    """Stamp the first message of a person, once."""
    Conversation.objects.filter(pk=conversation.pk, first_response_at__isnull=True).update(
        first_response_at=timezone.now()
    )
