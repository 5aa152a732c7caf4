"""Who gets a waiting conversation: one transaction, under locks, so that nothing is assigned twice."""

from django.db import transaction
from django.db.models import Case, Count, IntegerField, QuerySet, Value, When
from django.utils import timezone

from apps.conversations.models import Conversation
from apps.conversations.state import change_state
from apps.conversations.types import OPEN_STATUSES, ConversationStatus, Handler, Priority
from apps.core.access import Actor, system_actor
from apps.core.tenancy import current_broker_id
from apps.leads.actions import assign_lead
from apps.queues.models import AgentState, Queue, QueueMember
from apps.queues.types import PresenceState, Strategy

_PRIORITY_RANK = Case(
    When(priority=Priority.URGENT, then=Value(3)),
    When(priority=Priority.HIGH, then=Value(2)),
    When(priority=Priority.NORMAL, then=Value(1)),
    default=Value(0),
    output_field=IntegerField(),
)


def route_queue(queue_id: int) -> int:
    """Assign waiting conversations while somebody can take them; returns how many were assigned."""
    assigned = 0
    while _assign_next(queue_id):
        assigned += 1
    return assigned


@transaction.atomic
def _assign_next(queue_id: int) -> bool:
    """Give the first waiting conversation to the next eligible agent, if there are both."""
    queue = Queue.objects.select_for_update().filter(pk=queue_id, is_active=True).first()
    if queue is None or queue.strategy == Strategy.MANUAL:
        return False
    conversation = (
        Conversation.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(queue_id=queue_id, status=ConversationStatus.QUEUED, assigned_agent__isnull=True)
        .order_by(_PRIORITY_RANK.desc(), "queued_at", "id")
        .first()
    )
    if conversation is None:
        return False
    member = _next_member(queue, conversation)
    if member is None:
        return False

    actor = system_actor(current_broker_id(), name=queue.name)
    now = timezone.now()
    QueueMember.objects.filter(pk=member.pk).update(last_assigned_at=now)
    AgentState.objects.filter(user_id=member.user_id).update(last_assigned_at=now)
    change_state(
        conversation,
        actor=actor,
        status=ConversationStatus.ASSIGNED,
        handler=Handler.AGENT,
        agent_id=member.user_id,
        reason="routed",
    )
    _assign_lead_too(actor, conversation, member.user_id)
    return True


def _next_member(queue: Queue, conversation: Conversation) -> QueueMember | None:
    """The strategy's choice among those who are available, on auto-assign and below both limits."""
    members = list(_available(queue))
    # Locked before anything is counted, so that two queues cannot fill one agent twice.
    states = {
        state.user_id: state
        for state in AgentState.objects.select_for_update()
        .filter(user_id__in=[member.user_id for member in members])
        .order_by("user_id")
    }
    open_in_queue = _open_by_agent(queue_id=queue.pk)
    open_in_all = _open_by_agent(queue_id=None)
    eligible = [
        member
        for member in members
        if (state := states.get(member.user_id)) is not None
        and state.presence == PresenceState.AVAILABLE
        and state.is_auto_assigned
        and open_in_all.get(member.user_id, 0) < state.max_concurrent
        and open_in_queue.get(member.user_id, 0) < queue.max_per_agent
    ]
    people = [member for member in eligible if not member.is_supervisor] or eligible
    if queue.strategy == Strategy.SKILL_BASED and conversation.required_skills:
        needed = set(conversation.required_skills)
        people = [member for member in people if needed <= set(member.skills)] or people
    if not people:
        return None
    if queue.strategy == Strategy.ROUND_ROBIN:
        return min(people, key=lambda one: (-one.priority, _moment(one.last_assigned_at), one.pk))
    return min(
        people,
        key=lambda one: (-one.priority, open_in_all.get(one.user_id, 0), _moment(one.last_assigned_at), one.pk),
    )


def _available(queue: Queue) -> QuerySet[QueueMember]:
    return QueueMember.objects.filter(
        queue=queue,
        user__status="active",
        user_id__in=AgentState.objects.filter(presence="available").values("user_id"),
    ).order_by("pk")


def _open_by_agent(*, queue_id: int | None) -> dict[int, int]:
    """Open conversations per agent, in one queue or in all."""
    rows = Conversation.objects.filter(status__in=OPEN_STATUSES, assigned_agent__isnull=False)
    if queue_id is not None:
        rows = rows.filter(queue_id=queue_id)
    return dict(rows.values_list("assigned_agent_id").annotate(open=Count("id")))


def _moment(value: object) -> str:
    return str(value or "")


def _assign_lead_too(actor: Actor, conversation: Conversation, agent_id: int) -> None:
    if conversation.lead.assigned_agent_id is None:
        assign_lead(actor=actor, lead_id=conversation.lead_id, agent_id=agent_id)
