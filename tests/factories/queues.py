"""Queues, their members and agents' presence."""

from apps.accounts.models import User
from apps.queues.models import AgentState, Queue, QueueMember
from apps.queues.types import PresenceState
from tests.factories.people import make_user
from tests.factories.sequence import next_number


def make_queue(*members: User, **fields) -> Queue:
    """An active queue with these people in it."""
    queue = Queue.objects.create(**{"name": f"Cola {next_number()}", **fields})
    for user in members:
        make_member(queue, user)
    return queue


def make_member(queue: Queue, user: User | None = None, **fields) -> QueueMember:
    """A person's place in the queue."""
    return QueueMember.objects.create(queue=queue, user=user or make_user(), **fields)


def make_agent_state(user: User | None = None, *, presence: str = PresenceState.AVAILABLE, **fields) -> AgentState:
    """An agent who is there."""
    return AgentState.objects.create(user=user or make_user(), presence=presence, **fields)
