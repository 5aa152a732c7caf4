"""Reading threads, always through the eyes of an actor."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.brokers.models import Broker
from apps.conversations.models import Conversation, Message
from apps.conversations.types import ConversationStatus
from apps.core.access import Actor
from apps.core.errors import NotFound
from apps.messaging.types import Channel

MESSAGING_WINDOW = timedelta(hours=24)
_RELATED = ("lead", "account", "assigned_agent", "queue", "identity")


def visible_conversations(actor: Actor, *, is_open_to_agents: bool = False) -> QuerySet[Conversation]:
    """The conversations in the actor's sight: agents see their own and the waiting ones of their queues.

    `is_open_to_agents` is the broker's setting that shows everything to agents.
    """
    rows = Conversation.objects.select_related(*_RELATED)
    if actor.sees_everything or is_open_to_agents:
        return rows
    own = Q(assigned_agent_id=actor.user_id)
    waiting = Q(status=ConversationStatus.QUEUED, queue__members__user_id=actor.user_id)
    return rows.filter(Q(pk__in=Conversation.objects.filter(own | waiting).values("pk")))


def is_open_to_agents(actor: Actor) -> bool:
    """Whether the broker shows every conversation to its agents; asked only for those whom it concerns."""
    if actor.sees_everything:
        return True
    return Broker.objects.filter(pk=actor.broker_id, is_open_to_agents=True).exists()


def get_conversation(actor: Actor, conversation_id: int) -> Conversation:
    """One conversation in the actor's sight.

    Raises NotFound for any other.
    """
    rows = visible_conversations(actor, is_open_to_agents=is_open_to_agents(actor))
    conversation = rows.filter(pk=conversation_id).first()
    if conversation is None:
        raise NotFound(_("There is no such conversation."), field="conversation_id")
    return conversation


def lock_conversation(actor: Actor, conversation_id: int) -> Conversation:
    """The conversation, locked until the transaction ends.

    Raises NotFound for one out of the actor's sight.
    """
    get_conversation(actor, conversation_id)
    return Conversation.objects.select_for_update(of=("self",)).get(pk=conversation_id)


@dataclass(frozen=True)
class ThreadPage:
    """Messages oldest first; `has_more`: older ones exist before the first."""

    messages: list[Message]
    has_more: bool


def thread_page(actor: Actor, conversation_id: int, *, before: Message | None = None, limit: int = 50) -> ThreadPage:
    """The newest messages, or those before one, in the provider's order; two queries and the conversation's.

    Raises NotFound.
    """
    conversation = get_conversation(actor, conversation_id)
    rows = conversation.messages.select_related("sender_user", "file").order_by("-sent_at", "-order", "-id")
    if before is not None:
        rows = rows.filter(
            Q(sent_at__lt=before.sent_at)
            | Q(sent_at=before.sent_at, order__lt=before.order)
            | Q(sent_at=before.sent_at, order=before.order, id__lt=before.pk)
        )
    found = list(rows[: limit + 1])
    return ThreadPage(messages=found[:limit][::-1], has_more=len(found) > limit)


def conversations_of_lead(actor: Actor, lead_id: int) -> QuerySet[Conversation]:
    """The person's conversations in the actor's sight, the newest first."""
    rows = visible_conversations(actor, is_open_to_agents=is_open_to_agents(actor))
    return rows.filter(lead_id=lead_id).order_by("-id")


def conversations_per_lead(actor: Actor, lead_ids: Sequence[int]) -> dict[int, int]:
    """How many conversations in the actor's sight each of these people has; those without any are left out."""
    rows = visible_conversations(actor, is_open_to_agents=is_open_to_agents(actor)).select_related(None)
    counted = rows.filter(lead_id__in=lead_ids).order_by().values_list("lead_id").annotate(number=Count("pk"))
    return dict(counted)


def messages_of_lead(lead_id: int) -> QuerySet[Message]:
    """Everything said with a person, on all channels, oldest first; notes are not part of it."""
    return (
        Message.objects.filter(conversation__lead_id=lead_id)
        .exclude(status="note")
        .select_related("conversation")
        .order_by("sent_at", "order", "id")
    )


def window_closes_at(conversation: Conversation) -> datetime | None:
    """When WhatsApp's 24 hours since the customer's last message end; None on channels without a window."""
    if conversation.channel != Channel.WHATSAPP_META:
        return None
    if conversation.last_inbound_at is None:
        return timezone.now() - timedelta(seconds=1)
    return conversation.last_inbound_at + MESSAGING_WINDOW


def is_window_open(conversation: Conversation) -> bool:
    """Whether a message that is no template may go out now."""
    closes = window_closes_at(conversation)
    return closes is None or closes > timezone.now()
