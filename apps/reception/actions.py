"""Who attends a conversation now: an agent, a queue, or Sofía. A crash leaves a message unhandled, never half-handled.

`advance` takes the conversation's lease, lets Sofía think outside any transaction, and then writes everything she
decided in one: what she learned, what she says, whom she calls, and which messages that dealt with.
"""

import logging
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.assistant.engine import answer
from apps.assistant.types import Brief, Reply
from apps.assistant.usage import record_usage
from apps.conversations.inbound import unhandled_messages
from apps.conversations.models import Conversation, Message
from apps.conversations.outbound import NewMessage, OutsideMessagingWindow, add_outbound
from apps.conversations.state import change_state
from apps.conversations.types import CloseReason, ConversationStatus, Handler
from apps.core.access import Actor, assistant_actor
from apps.core.errors import Unavailable
from apps.core.tenancy import entered_broker_id
from apps.core.work import Retry, schedule
from apps.leads.actions import move_stage, update_lead
from apps.leads.settling import ask_to_settle
from apps.leads.stages import StageNeedsFields
from apps.leads.types import STAGE_ORDER
from apps.messaging.types import ContentType
from apps.queues.actions import enqueue
from apps.reception.brief import brief_of, broker_config
from apps.reception.scoring import rescore

log = logging.getLogger(__name__)
LEASE = timedelta(seconds=45)
# A burst of messages is answered together: this long we wait after the first of them.
BURST = timedelta(seconds=1)
OnToken = Callable[[str], None]


def ask_to_advance(conversation_id: int, *, wait: timedelta = BURST) -> None:
    """Have a worker look at the conversation; asked many times, it looks once."""
    broker_id = entered_broker_id()
    schedule(
        "reception.advance",
        {"conversation_id": conversation_id},
        broker_id=broker_id,
        due_at=timezone.now() + wait,
        key=f"{broker_id}:{conversation_id}",
    )


def advance(conversation_id: int) -> None:
    """Deal with the conversation's unhandled messages, if nobody else is doing so.

    Raises Retry where another worker holds the lease.
    """
    lease = _take_lease(conversation_id)
    if lease is None:
        if unhandled_messages(conversation_id).exists():
            raise Retry("another worker attends the conversation", after=1.0, counts=False)
        return
    try:
        _attend(conversation_id, lease, on_token=None)
    finally:
        _give_lease_back(conversation_id, lease)


@dataclass(frozen=True)
class ChatAnswer:
    """What one message to Sofía came to."""

    text: str
    lead_id: int
    score: float
    status: str
    state: str


def answer_held(conversation_id: int, lease: uuid.UUID, *, on_token: OnToken | None = None) -> ChatAnswer:
    """Answer at once, in the caller's thread, for an API that waits for the words (chat/test, chat/stream).

    The caller took the lease. The reply is in the thread like any other; `text` is empty where a person attends.
    """
    try:
        text = _attend(conversation_id, lease, on_token=on_token)
    finally:
        _give_lease_back(conversation_id, lease)
    conversation = Conversation.objects.select_related("lead").get(pk=conversation_id)
    return ChatAnswer(
        text=text,
        lead_id=conversation.lead_id,
        score=float(conversation.lead.score),
        status=conversation.lead.status,
        state=str(conversation.assistant_state.get("intent") or conversation.status),
    )


def take_lease_of_new(conversation_id: int) -> uuid.UUID:
    """The lease, taken in the transaction that stores the message, so that no worker is quicker.

    Raises Unavailable where a worker is answering an earlier message right now.
    """
    lease = _take_lease(conversation_id)
    if lease is None:
        raise Unavailable(_("Sofía is answering the previous message. Try again in a moment."))
    return lease


def _attend(conversation_id: int, lease: uuid.UUID, *, on_token: OnToken | None) -> str:
    """One round; returns what Sofía said, or nothing where somebody else attends."""
    conversation = Conversation.objects.select_related("lead", "account").get(pk=conversation_id)
    waiting = list(unhandled_messages(conversation_id))
    if not waiting:
        return ""
    if not _is_sofias(conversation):
        _leave_to_people(conversation, waiting)
        return ""
    brief = brief_of(conversation)
    reply = answer(brief, on_token=on_token)
    return _write_down(conversation_id, lease, waiting, brief, reply)


def _is_sofias(conversation: Conversation) -> bool:
    """Whether Sofía may answer: nobody else attends, she is on, and the person wants to be written to."""
    return (
        conversation.status in {ConversationStatus.NEW, ConversationStatus.BOT}
        and conversation.handler in {Handler.NOBODY, Handler.ASSISTANT}
        and broker_config().is_assistant_on
        and not conversation.lead.is_blocked
    )


@transaction.atomic
def _leave_to_people(conversation: Conversation, waiting: Sequence[Message]) -> None:
    """A person attends or will: the messages are theirs. With Sofía off, a new conversation goes to the queue."""
    _mark_handled(waiting)
    locked = Conversation.objects.select_for_update().get(pk=conversation.pk)
    if locked.status in {ConversationStatus.NEW, ConversationStatus.BOT} and not conversation.lead.is_blocked:
        enqueue(actor=_sofia(conversation), conversation_id=conversation.pk, reason="assistant_off")
    elif locked.status == ConversationStatus.PENDING:
        change_state(locked, actor=_sofia(conversation), status=ConversationStatus.ACTIVE, reason="customer_wrote")
    # Who writes is more engaged, whoever answers.
    ask_to_settle(conversation.lead_id)


@transaction.atomic
def _write_down(conversation_id: int, lease: uuid.UUID, waiting: Sequence[Message], brief: Brief, reply: Reply) -> str:
    """Everything Sofía decided, at once; nothing of it where the lease was lost or a person took over meanwhile."""
    conversation = (
        Conversation.objects.select_for_update(of=("self",)).select_related("lead", "account").get(pk=conversation_id)
    )
    actor = _sofia(conversation)
    record_usage(brief.broker_id, reply.usage, lead_id=conversation.lead_id, conversation_id=conversation.pk)
    if conversation.lease_token != lease:
        return ""
    if not _is_sofias(conversation):
        _mark_handled(waiting)
        return ""
    _learn(conversation, brief, reply, actor=actor)
    if conversation.status == ConversationStatus.NEW:
        change_state(
            conversation, actor=actor, status=ConversationStatus.BOT, handler=Handler.ASSISTANT, reason="answered"
        )
    said = _say(conversation, reply, actor=actor)
    if reply.opt_out:
        _stop_writing(conversation, actor=actor)
    elif reply.handover is not None:
        enqueue(
            actor=actor,
            conversation_id=conversation.pk,
            reason=reply.handover.reason.value,
            summary=reply.handover.summary,
        )
    _mark_handled(waiting)
    return said


def _learn(conversation: Conversation, brief: Brief, reply: Reply, *, actor: Actor) -> None:
    """What was understood goes on the lead: slots, name, e-mail, stage and score."""
    lead_id = conversation.lead_id
    known = reply.slots.to_attributes()
    before = brief.slots.to_attributes()
    fields: dict[str, Any] = {}
    attributes = {key: known.get(key) for key in {*known, *before} if known.get(key) != before.get(key)}
    if attributes:
        fields["attributes"] = attributes
    if reply.slots.name and reply.slots.name != brief.slots.name:
        fields["name"] = reply.slots.name
    if reply.slots.email and not conversation.lead.email:
        fields["email"] = reply.slots.email
    if reply.slots.location and not conversation.lead.city:
        fields["city"] = reply.slots.location[0][:120]
    if fields:
        update_lead(actor=actor, lead_id=lead_id, **fields)
    if _is_ahead(reply.stage_hint, conversation.lead.stage):
        _move(actor, lead_id, str(reply.stage_hint))
    rescore(actor, lead_id)
    conversation.assistant_state = {
        **conversation.assistant_state,
        "asked": reply.asked,
        "intent": reply.intent,
        "engine": reply.engine,
        "language": reply.language,
        "turns_without_progress": reply.turns_without_progress,
    }
    conversation.save(update_fields=["assistant_state"])


def _move(actor: Actor, lead_id: int, stage: str) -> None:
    """As far as Sofía thinks; where the stage asks for more than she knows, the lead stays and she goes on asking."""
    try:
        move_stage(actor=actor, lead_id=lead_id, stage=stage, reason="Sofía")
    except StageNeedsFields:
        log.info("the lead lacks what the stage asks for", extra={"lead_id": lead_id, "stage": stage})


def _is_ahead(hint: str | None, stage: str) -> bool:
    """Sofía only moves a lead forward, and only within her stages."""
    return hint in STAGE_ORDER and STAGE_ORDER.index(str(hint)) > STAGE_ORDER.index(stage)


def _say(conversation: Conversation, reply: Reply, *, actor: Actor) -> str:
    if not reply.text.strip():
        return ""
    content = NewMessage(text=reply.text)
    if reply.buttons:
        buttons = [{"id": f"b{number}", "title": title} for number, title in enumerate(reply.buttons, start=1)]
        content = NewMessage(type=ContentType.BUTTONS, text=reply.text, payload={"buttons": buttons})
    try:
        add_outbound(conversation, content, actor=actor)
    except OutsideMessagingWindow:
        # The customer's messages waited for more than a day: only a person with a template can answer now.
        if reply.handover is None and not reply.opt_out:
            enqueue(actor=actor, conversation_id=conversation.pk, reason="outside_messaging_window")
        return ""
    return reply.text


def _stop_writing(conversation: Conversation, *, actor: Actor) -> None:
    update_lead(actor=actor, lead_id=conversation.lead_id, is_opted_out=True)
    conversation.refresh_from_db()
    change_state(
        conversation,
        actor=actor,
        status=ConversationStatus.CLOSED,
        reason=CloseReason.OPTED_OUT,
        extra={"close_reason": CloseReason.OPTED_OUT, "unread_count": 0},
    )


def _mark_handled(messages: Sequence[Message]) -> None:
    Message.objects.filter(pk__in=[message.pk for message in messages], handled_at__isnull=True).update(
        handled_at=timezone.now()
    )


def _sofia(conversation: Conversation) -> Actor:
    return assistant_actor(entered_broker_id(), name=broker_config().agent_name)


def _take_lease(conversation_id: int) -> uuid.UUID | None:
    """The right to attend, for a while; None where another has it."""
    lease = uuid.uuid4()
    now = timezone.now()
    taken = Conversation.objects.filter(
        Q(lease_until__isnull=True) | Q(lease_until__lt=now), pk=conversation_id
    ).update(lease_until=now + LEASE, lease_token=lease)
    return lease if taken else None


def _give_lease_back(conversation_id: int, lease: uuid.UUID) -> None:
    Conversation.objects.filter(pk=conversation_id, lease_token=lease).update(lease_until=None, lease_token=None)
