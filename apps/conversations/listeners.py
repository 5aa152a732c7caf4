"""What a conversation's events set in motion within the room and below it."""

from typing import Any

from apps.conversations import merging as merging  # what merging two people means here
from apps.conversations import timeline as timeline  # its sentences are known from the start
from apps.conversations.events import ConversationChanged, ConversationEvent, ConversationRead, ConversationStarted
from apps.conversations.models import Message
from apps.conversations.types import ConversationStatus, Direction
from apps.core.events import subscribe
from apps.core.work import schedule
from apps.leads.models import Activity


@subscribe(ConversationStarted, ConversationChanged)
def write_activity(event: ConversationEvent) -> None:
    """The lead's timeline says when conversations began, changed hands and ended."""
    line = _line(event)
    if line is None:
        return
    kind, details = line
    Activity.objects.create(
        lead_id=event.lead_id,
        kind=kind,
        details={"conversation_id": event.conversation_id, **details},
        actor_kind=event.actor.kind,
        actor_name=event.actor.name,
        actor_user_id=event.actor.user_id,
    )


def _line(event: ConversationEvent) -> tuple[str, dict[str, Any]] | None:
    if isinstance(event, ConversationStarted):
        return "conversation_started", {"channel": event.channel}
    if not isinstance(event, ConversationChanged):
        return None
    if event.status == ConversationStatus.CLOSED != event.previous_status:
        return "conversation_closed", {"reason": event.reason}
    if event.agent_id != event.previous_agent_id and event.agent_id is not None:
        return "conversation_assigned", {"agent_id": event.agent_id, "reason": event.reason}
    if event.status == ConversationStatus.QUEUED != event.previous_status:
        return "conversation_queued", {"queue_id": event.queue_id, "reason": event.reason}
    return None


@subscribe(ConversationRead)
def send_read_receipt(event: ConversationRead) -> None:
    """Only the newest inbound message needs one: it covers those before it."""
    newest = (
        Message.objects.filter(conversation_id=event.conversation_id, direction=Direction.IN)
        .order_by("-sent_at", "-order", "-id")
        .values_list("pk", flat=True)
        .first()
    )
    if newest is not None:
        schedule(
            "conversations.read_receipt",
            {"message_id": newest},
            broker_id=event.broker_id,
            key=f"{event.broker_id}:{event.conversation_id}",
        )
