"""Room that becomes free is filled."""

from apps.conversations.events import ConversationChanged
from apps.conversations.types import ConversationStatus
from apps.core.events import subscribe
from apps.queues.actions import ask_for_routing
from apps.queues.queries import queues_of


@subscribe(ConversationChanged)
def route_when_an_agent_becomes_free(event: ConversationChanged) -> None:
    """An agent who closed or lost a conversation may take the next one that waits."""
    is_released = event.previous_agent_id is not None and (
        event.agent_id != event.previous_agent_id or event.status == ConversationStatus.CLOSED
    )
    if not is_released or event.previous_agent_id is None:
        return
    for queue_id in queues_of(event.previous_agent_id):
        ask_for_routing(queue_id)
