"""One place where a conversation's status, handler, agent and queue change, and are announced."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.conversations.events import ConversationChanged
from apps.conversations.models import Conversation
from apps.conversations.types import TRANSITIONS, ConversationStatus, Handler
from apps.core.access import Actor
from apps.core.errors import IllegalTransition
from apps.core.events import publish

_KEEP = object()


def change_state(
    conversation: Conversation,
    *,
    actor: Actor,
    status: str | None = None,
    handler: str | None = None,
    agent_id: Any = _KEEP,
    queue_id: Any = _KEEP,
    reason: str = "",
    extra: dict[str, Any] | None = None,
) -> None:
    """Change a locked conversation and publish the change; nothing happens where nothing differs.

    `extra` holds further columns to set with it. Raises IllegalTransition where the status may not follow.
    """
    before = (conversation.status, conversation.handler, conversation.assigned_agent_id, conversation.queue_id)
    previous_status, _handler, previous_agent, _queue = before
    new_status = status or previous_status
    if new_status != previous_status and new_status not in TRANSITIONS[previous_status]:
        raise IllegalTransition(
            _("A conversation that is “%(now)s” cannot become “%(then)s”.")
            % {
                "now": ConversationStatus(previous_status).label,
                "then": ConversationStatus(new_status).label,
            },
            field="status",
        )
    conversation.status = new_status
    conversation.handler = handler or conversation.handler
    if agent_id is not _KEEP:
        conversation.assigned_agent_id = agent_id
    if queue_id is not _KEEP:
        conversation.queue_id = queue_id
    fields = {"status", "handler", "assigned_agent", "queue", *_stamp(conversation, previous_status, previous_agent)}
    for name, value in (extra or {}).items():
        setattr(conversation, name, value)
        fields.add(name)
    after = (conversation.status, conversation.handler, conversation.assigned_agent_id, conversation.queue_id)
    if before == after and not extra:
        return

    conversation.save(update_fields=sorted(fields))
    if before != after:
        publish(
            ConversationChanged(
                broker_id=actor.broker_id,
                actor=actor,
                conversation_id=conversation.pk,
                lead_id=conversation.lead_id,
                status=conversation.status,
                previous_status=previous_status,
                handler=conversation.handler,
                agent_id=conversation.assigned_agent_id,
                previous_agent_id=previous_agent,
                queue_id=conversation.queue_id,
                reason=reason,
            )
        )


def _stamp(conversation: Conversation, previous_status: str, previous_agent: int | None) -> set[str]:
    """The times that reports are made of."""
    now = timezone.now()
    stamped: set[str] = set()
    if conversation.status == ConversationStatus.QUEUED and previous_status != ConversationStatus.QUEUED:
        conversation.queued_at = now
        stamped.add("queued_at")
    if conversation.assigned_agent_id and conversation.assigned_agent_id != previous_agent:
        conversation.assigned_at = now
        stamped.add("assigned_at")
    if conversation.status == ConversationStatus.CLOSED and previous_status != ConversationStatus.CLOSED:
        conversation.closed_at = now
        conversation.handler = Handler.NOBODY
        stamped.add("closed_at")
    return stamped
