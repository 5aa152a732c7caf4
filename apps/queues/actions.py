"""Waiting, presence, and who gets a waiting conversation."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.accounts.types import UserStatus
from apps.conversations.models import Conversation
from apps.conversations.queries import lock_conversation
from apps.conversations.state import change_state
from apps.conversations.types import ConversationStatus, Handler
from apps.core.access import Actor
from apps.core.errors import Conflict, InvalidInput
from apps.core.events import publish
from apps.core.tenancy import current_broker_id
from apps.core.work import schedule
from apps.queues.events import PresenceChanged
from apps.queues.models import AgentState, PresenceInterval
from apps.queues.queries import get_queue, queues_of
from apps.queues.types import PresenceState


@transaction.atomic
def enqueue(
    *, actor: Actor, conversation_id: int, queue_id: int | None = None, reason: str = "", summary: str = ""
) -> Conversation:
    """Put the conversation to wait for a person; routing is asked for on commit.

    Raises NotFound for the conversation or the queue, Forbidden, Conflict on a closed one.
    """
    conversation = lock_conversation(actor, conversation_id)
    actor.require("chats.transfer")
    queue = get_queue(queue_id)
    if not conversation.is_open:
        raise Conflict(_("The conversation is closed. Reopen it first."), code="CONVERSATION_CLOSED")

    change_state(
        conversation,
        actor=actor,
        status=ConversationStatus.QUEUED,
        handler=Handler.NOBODY,
        agent_id=None,
        queue_id=queue.pk,
        reason=reason or "queued",
        extra={"handover_summary": summary} if summary else None,
    )
    ask_for_routing(queue.pk)
    return conversation


def ask_for_routing(queue_id: int) -> None:
    """Have a worker look who can take the queue's waiting conversations."""
    broker_id = current_broker_id()
    schedule("queues.route", {"queue_id": queue_id}, broker_id=broker_id, key=f"{broker_id}:{queue_id}")


def note_seen(*, user_id: int) -> None:
    """The agent's browser or program is here now; nothing for somebody who attends nobody."""
    AgentState.objects.filter(user_id=user_id).update(last_seen_at=timezone.now())


@transaction.atomic
def set_presence(*, actor: Actor, user_id: int, presence: str, reason: str = "") -> AgentState:
    """Change an agent's presence: their own, or another's by a supervisor; kept as an interval.

    Raises Forbidden, InvalidInput for an unknown state or a user outside the broker.
    """
    if actor.user_id != user_id:
        actor.require("queues.manage")
    if presence not in PresenceState.values:
        raise InvalidInput(_("Choose one of: %(states)s") % {"states": ", ".join(PresenceState.values)}, field="status")
    if not User.objects.filter(pk=user_id, broker_id=actor.broker_id, status=UserStatus.ACTIVE).exists():
        raise InvalidInput(_("Choose an active agent of your team."), field="user_id")
    AgentState.objects.get_or_create(user_id=user_id)
    state = AgentState.objects.select_for_update().get(user_id=user_id)
    if state.presence == presence and state.reason == reason:
        return state

    now = timezone.now()
    previous = state.presence
    PresenceInterval.objects.filter(user_id=user_id, ended_at__isnull=True).update(ended_at=now)
    PresenceInterval.objects.create(user_id=user_id, presence=presence, reason=reason[:120], started_at=now)
    state.presence, state.reason, state.since = presence, reason[:120], now
    state.save(update_fields=["presence", "reason", "since"])
    publish(
        PresenceChanged(
            broker_id=actor.broker_id,
            actor=actor,
            user_id=user_id,
            presence=presence,
            previous=previous,
            reason=reason[:120],
        )
    )
    if presence == PresenceState.AVAILABLE:
        for queue_id in queues_of(user_id):
            ask_for_routing(queue_id)
    return state
