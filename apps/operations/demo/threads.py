"""Scripts become conversations with messages, in every state, as if they had been lived."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from apps.accounts.models import User
from apps.conversations.models import Conversation, Message
from apps.conversations.preview import preview_of
from apps.conversations.types import (
    CloseReason,
    ConversationStatus,
    Direction,
    Handler,
    MessageStatus,
    Priority,
    SenderType,
)
from apps.leads.models import Activity, Lead, LeadIdentity
from apps.leads.types import ContactStatus, IdentityKind
from apps.messaging.models import ChannelAccount
from apps.messaging.types import Channel
from apps.operations.demo.dialogues import Line, Script
from apps.operations.demo.pipeline import Person
from apps.queues.models import Queue

_KIND_OF_CHANNEL = {
    Channel.WHATSAPP_META: IdentityKind.WA_ID,
    Channel.TELEGRAM: IdentityKind.TELEGRAM,
    Channel.WEBCHAT: IdentityKind.WEBCHAT,
}
_OPEN_WITH_AGENT = frozenset({ConversationStatus.ASSIGNED, ConversationStatus.ACTIVE, ConversationStatus.PENDING})
_SENDER = {
    "customer": SenderType.CUSTOMER,
    "sofia": SenderType.BOT,
    "agent": SenderType.AGENT,
    "note": SenderType.AGENT,
}
_RECENT = timedelta(hours=6)


@dataclass(kw_only=True)
class Thread:
    """One conversation to be: who with whom, in which state, and what was said."""

    person: Person
    script: Script
    status: ConversationStatus
    ended_at: datetime
    account: ChannelAccount
    agent: User | None = None
    queue: Queue | None = None
    priority: str = Priority.NORMAL
    close_reason: str = ""
    unread: int = 0
    row: Conversation = field(init=False)
    messages: list[Message] = field(init=False, default_factory=list)


def store_threads(rng: random.Random, threads: Sequence[Thread]) -> None:
    """Store the conversations in the broker entered now. None of it is work: all is handled, nothing is pending."""
    numbers = count(1)
    identities = [_identity(rng, thread) for thread in threads]
    LeadIdentity.objects.bulk_create(identities)
    for thread, identity in zip(threads, identities, strict=True):
        thread.row = _conversation(thread, identity)
        thread.messages = list(_messages(rng, thread, numbers))
        _settle_row(thread)
    Conversation.objects.bulk_create([thread.row for thread in threads])
    Message.objects.bulk_create([message for thread in threads for message in thread.messages])
    _touch_leads(threads)
    Activity.objects.bulk_create(line for thread in threads for line in _activities(thread))


def mark_exceptions(threads: Sequence[Thread]) -> None:
    """What goes wrong in real life: a few messages that failed, and one of which nobody knows."""
    sent = [
        message
        for thread in threads
        if thread.row.channel == Channel.WHATSAPP_META
        for message in thread.messages
        if message.sender_type == SenderType.AGENT and message.status != MessageStatus.NOTE
    ]
    changed = []
    for message, (status, code, text) in zip(sent[:: max(1, len(sent) // len(_EXCEPTIONS))], _EXCEPTIONS, strict=False):
        message.status, message.error_code, message.error_text = status, code, text
        message.delivered_at = message.read_at = None
        message.attempts = 1
        if status == MessageStatus.UNCERTAIN:
            message.provider_message_id = None
        changed.append(message)
    Message.objects.bulk_update(
        changed, ["status", "error_code", "error_text", "delivered_at", "read_at", "attempts", "provider_message_id"]
    )


_EXCEPTIONS = (
    (MessageStatus.FAILED, "131026", "El mensaje no se pudo entregar: ese número no recibe mensajes de WhatsApp."),
    (
        MessageStatus.UNCERTAIN,
        "UNCERTAIN",
        "Se perdió la respuesta del proveedor: no sabemos si el cliente lo recibió. No se volvió a enviar.",
    ),
    (
        MessageStatus.FAILED,
        "OUTSIDE_MESSAGING_WINDOW",
        "Pasaron más de 24 horas desde el último mensaje del cliente. Envía una plantilla aprobada.",
    ),
    (MessageStatus.FAILED, "131053", "El archivo no se pudo enviar: el formato no es compatible."),
)


def _identity(rng: random.Random, thread: Thread) -> LeadIdentity:
    lead = thread.person.lead
    kind = _KIND_OF_CHANNEL[Channel(thread.account.channel)]
    number = rng.randint(100_000_000, 7_999_999_999)
    values = {
        IdentityKind.WA_ID: (lead.phone or thread.person.profile.phone).removeprefix("+"),
        IdentityKind.TELEGRAM: str(number),
        IdentityKind.WEBCHAT: f"demo-{rng.getrandbits(64):016x}",
    }
    return LeadIdentity(
        lead=lead,
        kind=kind,
        scope="" if kind == IdentityKind.WA_ID else thread.account.external_id,
        external_id=values[kind],
        display_name=lead.first_name or thread.person.profile.first_name,
        language="es",
        created_at=lead.created_at,
    )


def _conversation(thread: Thread, identity: LeadIdentity) -> Conversation:
    script = thread.script
    is_ai = any(line.who == "sofia" for line in script.lines)
    return Conversation(
        lead=thread.person.lead,
        identity=identity,
        account=thread.account,
        address=identity.external_id,
        address_kind=identity.kind,
        channel=thread.account.channel,
        status=thread.status,
        handler=_handler(thread),
        priority=thread.priority,
        assigned_agent=thread.agent,
        queue=thread.queue,
        handover_summary=script.summary,
        unread_count=thread.unread,
        assistant_state={"asked": script.asked, "intent": "inform", "engine": "rules", "language": "es"}
        if is_ai
        else {},
        close_reason=thread.close_reason,
    )


def _handler(thread: Thread) -> str:
    if thread.status == ConversationStatus.BOT:
        return Handler.ASSISTANT
    return Handler.AGENT if thread.status in _OPEN_WITH_AGENT else Handler.NOBODY


def _messages(rng: random.Random, thread: Thread, numbers: Iterator[int]) -> Iterator[Message]:
    """The lines with their times: the pauses, counted back from the end."""
    lines = thread.script.lines
    at = thread.ended_at - timedelta(seconds=sum(line.pause for line in lines[1:]))
    unread_from = _unread_from(lines, thread.unread)
    for position, line in enumerate(lines):
        at += timedelta(seconds=line.pause) if position else timedelta()
        message = Message(
            conversation=thread.row,
            account=thread.account,
            direction=Direction.IN if line.who == "customer" else Direction.OUT,
            type="note" if line.who == "note" else line.type,
            sender_type=_SENDER[line.who],
            sender_user=thread.agent if line.who in {"agent", "note"} else None,
            text=line.text,
            payload={**line.payload, **_referral(thread, position)},
            provider_message_id=None if line.who == "note" else f"demo.{thread.account.pk}.{next(numbers)}",
            sent_at=at,
            is_ai=line.who == "sofia",
            created_at=at,
        )
        _set_status(rng, message, is_read=position < unread_from, is_last=position == len(lines) - 1)
        yield message


def _referral(thread: Thread, position: int) -> dict[str, object]:
    """The ad comes with the first message."""
    referral = thread.person.profile.referral
    return {"referral": referral} if referral and position == 0 else {}


def _unread_from(lines: Sequence[Line], unread: int) -> int:
    """The position of the first message that nobody has read; all of the customer's before it are."""
    inbound = [position for position, line in enumerate(lines) if line.who == "customer"]
    return inbound[-unread] if 0 < unread <= len(inbound) else len(lines)


def _set_status(rng: random.Random, message: Message, *, is_read: bool, is_last: bool) -> None:
    at = message.sent_at
    if message.type == "note":
        message.status = MessageStatus.NOTE
    elif message.direction == Direction.IN:
        message.status = MessageStatus.RECEIVED
        message.handled_at = at + timedelta(seconds=3)
        message.read_at = at + timedelta(seconds=rng.uniform(5, 240)) if is_read else None
    elif message.account.channel == Channel.TELEGRAM:
        message.status = MessageStatus.SENT  # bots are told nothing more
    else:
        message.attempts = 1
        message.delivered_at = at + timedelta(seconds=rng.uniform(1, 5))
        is_seen = not is_last or rng.random() < 0.6
        message.status = MessageStatus.READ if is_seen else MessageStatus.DELIVERED
        message.read_at = at + timedelta(seconds=rng.uniform(6, 90)) if is_seen else None


def _settle_row(thread: Thread) -> None:
    """What the conversation keeps of its messages, and the times that reports are made of."""
    row, spoken = thread.row, [message for message in thread.messages if message.type != "note"]
    inbound = [message for message in spoken if message.direction == Direction.IN]
    by_agent = [message for message in spoken if message.sender_type == SenderType.AGENT]
    row.created_at = spoken[0].sent_at
    row.last_message_at = spoken[-1].sent_at
    row.last_message_preview = preview_of(spoken[-1])
    row.last_message_direction = spoken[-1].direction
    row.last_inbound_at = inbound[-1].sent_at
    was_queued = thread.queue is not None
    if was_queued:
        before_agent = [message for message in spoken if not by_agent or message.sent_at < by_agent[0].sent_at]
        row.queued_at = before_agent[-1].sent_at + timedelta(seconds=1)
    if thread.agent is not None and row.queued_at is not None:
        wait = by_agent[0].sent_at - row.queued_at if by_agent else timedelta(seconds=12)
        row.assigned_at = row.queued_at + wait * 0.3
    if by_agent:
        row.first_response_at = by_agent[0].sent_at
    if thread.status == ConversationStatus.CLOSED:
        row.closed_at = thread.ended_at + timedelta(minutes=20)


def _touch_leads(threads: Sequence[Thread]) -> None:
    leads = []
    for thread in threads:
        lead = thread.person.lead
        outbound = [message.sent_at for message in thread.messages if message.direction == Direction.OUT]
        lead.last_inbound_at = thread.row.last_inbound_at
        lead.inbound_count = len(thread.messages) - len(outbound)
        lead.last_contacted_at = outbound[-1] if outbound else None
        if outbound and lead.contact_status == ContactStatus.NEW:
            lead.contact_status = ContactStatus.CONTACTED
        lead.is_opted_out = lead.is_opted_out or thread.close_reason == CloseReason.OPTED_OUT
        leads.append(lead)
    Lead.objects.bulk_update(
        leads,
        ["assigned_agent", "last_inbound_at", "inbound_count", "last_contacted_at", "contact_status", "is_opted_out"],
    )


def _activities(thread: Thread) -> Iterator[Activity]:
    """The lines that the conversation's events write (apps.conversations.listeners)."""
    row = thread.row
    line: Callable[..., Activity] = _line_of(thread)
    yield line("conversation_started", row.created_at, "customer", str(thread.person.lead), channel=row.channel)
    if row.queued_at and thread.queue:
        yield line(
            "conversation_queued", row.queued_at, "assistant", "Sofía", queue_id=thread.queue.pk, reason="qualified"
        )
    if row.assigned_at and thread.agent and thread.queue:
        yield line(
            "conversation_assigned",
            row.assigned_at,
            "system",
            thread.queue.name,
            agent_id=thread.agent.pk,
            reason="routed",
        )
    if row.closed_at:
        closer = thread.agent.name if thread.agent else "Sofía"
        kind = "user" if thread.agent else "assistant"
        yield line("conversation_closed", row.closed_at, kind, closer, reason=thread.close_reason)


def _line_of(thread: Thread) -> Callable[..., Activity]:
    def make(kind: str, at: datetime, actor_kind: str, actor_name: str, **details: object) -> Activity:
        return Activity(
            lead=thread.person.lead,
            kind=kind,
            details={"conversation_id": thread.row.pk, **details},
            actor_kind=actor_kind,
            actor_name=actor_name,
            actor_user=thread.agent if actor_kind == "user" else None,
            created_at=at,
        )

    return make
