"""Reading queues and presence."""

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from apps.conversations.models import Conversation
from apps.conversations.types import OPEN_STATUSES, ConversationStatus
from apps.core.access import Actor
from apps.core.errors import NotFound
from apps.queues.models import AgentState, Queue
from apps.queues.types import PresenceState


def active_queues() -> QuerySet[Queue]:
    """The queues in use, by name."""
    return Queue.objects.filter(is_active=True).order_by("name")


def get_queue(queue_id: int | None) -> Queue:
    """A queue in use; None means the default one.

    Raises NotFound where there is none.
    """
    rows = active_queues()
    queue = rows.filter(pk=queue_id).first() if queue_id is not None else default_queue()
    if queue is None:
        raise NotFound(_("There is no such queue."), field="queue_id")
    return queue


def default_queue() -> Queue | None:
    """Where conversations go that name no queue."""
    return active_queues().order_by("-is_default", "id").first()


def queues_of(user_id: int) -> list[int]:
    """The queues an agent works in."""
    return list(Queue.objects.filter(is_active=True, members__user_id=user_id).values_list("pk", flat=True))


def agent_states() -> QuerySet[AgentState]:
    """Every agent's presence and, as `open_count`, how many open conversations they have, with their users."""
    own = Conversation.objects.filter(assigned_agent=OuterRef("user_id"), status__in=OPEN_STATUSES)
    count = own.order_by().values("assigned_agent").annotate(open=Count("id")).values("open")
    return (
        AgentState.objects.select_related("user")
        .annotate(open_count=Coalesce(Subquery(count), 0))
        .order_by("user__first_name", "user_id")
    )


def presence_of(user_id: int) -> str:
    """The agent's presence; offline where it was never set."""
    found = AgentState.objects.filter(user_id=user_id).values_list("presence", flat=True).first()
    return found or PresenceState.OFFLINE


def waiting_counts(_actor: Actor) -> dict[int, int]:
    """How many conversations wait in each queue."""
    rows = (
        Conversation.objects.filter(status=ConversationStatus.QUEUED, queue__isnull=False)
        .values("queue_id")
        .annotate(waiting=Count("id", filter=Q(assigned_agent__isnull=True)))
    )
    return {row["queue_id"]: row["waiting"] for row in rows}
