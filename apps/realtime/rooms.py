"""Who may see an event: rooms that events name and sockets stand in.

`all` is everybody who sees everything, `team` everybody of the broker, `user:N` one person, `queue:N` the agents of a
queue, `conversation:N` those who look at one thread now, `visitor:N:address` the browser of a web chat's visitor.
"""

from collections.abc import Iterable

from apps.conversations.models import Conversation
from apps.conversations.types import ConversationStatus

ALL, TEAM = "all", "team"
_SEE_EVERYTHING = frozenset({"superadmin", "admin", "supervisor"})


def user_room(user_id: int) -> str:
    return f"user:{user_id}"


def queue_room(queue_id: int) -> str:
    return f"queue:{queue_id}"


def conversation_room(conversation_id: int) -> str:
    return f"conversation:{conversation_id}"


def visitor_room(account_id: int, address: str) -> str:
    return f"visitor:{account_id}:{address}"


def rooms_of_user(*, user_id: int, role: str, queue_ids: Iterable[int], is_open_to_agents: bool) -> frozenset[str]:
    """Where a person's sockets stand."""
    rooms = {TEAM, user_room(user_id)}
    if role in _SEE_EVERYTHING or is_open_to_agents:
        rooms.add(ALL)
    rooms.update(queue_room(queue_id) for queue_id in queue_ids)
    return frozenset(rooms)


def rooms_of_conversation(
    conversation: Conversation, *, previous_agent_id: int | None = None, previous_status: str = ""
) -> list[str]:
    """Supervisors, the agent who has it, and the queue's agents while it waits; also those it was just taken from."""
    rooms = {ALL, conversation_room(conversation.pk)}
    rooms.update(
        user_room(user_id) for user_id in (conversation.assigned_agent_id, previous_agent_id) if user_id is not None
    )
    is_waiting = ConversationStatus.QUEUED in {conversation.status, previous_status}
    if is_waiting and conversation.queue_id is not None:
        rooms.add(queue_room(conversation.queue_id))
    return sorted(rooms)


def rooms_of_lead(*agent_ids: int | None) -> list[str]:
    """Supervisors and the agents it is, or was, assigned to."""
    return sorted({ALL, *(user_room(agent_id) for agent_id in agent_ids if agent_id is not None)})
