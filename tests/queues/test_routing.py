"""Who gets a waiting conversation."""

import pytest

from apps.conversations.models import Conversation
from apps.conversations.types import ConversationStatus
from apps.core.access import system_actor
from apps.core.errors import Forbidden, InvalidInput
from apps.core.tenancy import in_broker
from apps.queues import actions
from apps.queues.models import PresenceInterval
from apps.queues.routing import route_queue
from tests.factories import make_agent_state, make_conversation, make_member, make_queue, make_user


@pytest.fixture(autouse=True)
def entered(broker):
    with in_broker(broker.pk):
        yield


def _agent(queue, *, presence="available", max_concurrent=5, **member):
    user = make_user()
    make_agent_state(user, presence=presence, max_concurrent=max_concurrent)
    make_member(queue, user, **member)
    return user


def _wait(queue, **fields):
    conversation = make_conversation(**fields)
    return actions.enqueue(actor=system_actor(1), conversation_id=conversation.pk, queue_id=queue.pk)


def test_a_waiting_conversation_goes_to_the_least_busy_agent(broker):
    queue = make_queue()
    busy, free = _agent(queue), _agent(queue)
    make_conversation(status="active", assigned_agent=busy)
    conversation = _wait(queue)

    assert route_queue(queue.pk) == 1

    conversation.refresh_from_db()
    assert conversation.assigned_agent == free
    assert conversation.status == ConversationStatus.ASSIGNED
    assert conversation.assigned_at is not None


@pytest.mark.parametrize("presence", ["busy", "paused", "offline"])
def test_nobody_who_is_away_gets_one(broker, presence):
    queue = make_queue()
    _agent(queue, presence=presence)
    _wait(queue)

    assert route_queue(queue.pk) == 0


def test_both_limits_hold(broker):
    queue = make_queue(max_per_agent=2)
    _agent(queue, max_concurrent=3)
    for _number in range(4):
        _wait(queue)

    assert route_queue(queue.pk) == 2
    assert Conversation.objects.filter(status="queued").count() == 2


def test_in_turn_means_in_turn(broker):
    queue = make_queue(strategy="round_robin")
    agents = [_agent(queue) for _number in range(3)]
    for _number in range(6):
        _wait(queue)

    route_queue(queue.pk)

    counts = [Conversation.objects.filter(assigned_agent=agent).count() for agent in agents]
    assert counts == [2, 2, 2]


def test_the_urgent_and_the_oldest_go_first(broker):
    queue = make_queue(max_per_agent=1)
    _agent(queue)
    _wait(queue)
    urgent = _wait(queue, priority="urgent")

    route_queue(queue.pk)

    urgent.refresh_from_db()
    assert urgent.status == ConversationStatus.ASSIGNED


def test_skills_decide_and_without_a_match_the_least_busy(broker):
    queue = make_queue(strategy="skill_based")
    _agent(queue)
    speaks = _agent(queue, skills=["english"])
    english = _wait(queue, required_skills=["english"])
    french = _wait(queue, required_skills=["french"])

    route_queue(queue.pk)

    english.refresh_from_db()
    french.refresh_from_db()
    assert english.assigned_agent == speaks
    assert french.assigned_agent is not None


def test_supervisors_only_where_nobody_else_is(broker):
    queue = make_queue()
    supervisor = _agent(queue, is_supervisor=True)
    conversation = _wait(queue)
    route_queue(queue.pk)
    conversation.refresh_from_db()
    assert conversation.assigned_agent == supervisor

    agent = _agent(queue)
    second = _wait(queue)
    route_queue(queue.pk)

    second.refresh_from_db()
    assert second.assigned_agent == agent


def test_a_manual_queue_waits_for_people(broker):
    queue = make_queue(strategy="manual")
    _agent(queue)
    _wait(queue)

    assert route_queue(queue.pk) == 0


def test_presence_is_logged_in_intervals_and_wakes_routing(broker, run_work):
    queue = make_queue()
    user = _agent(queue, presence="offline")
    _wait(queue)
    actor = user.actor()

    actions.set_presence(actor=actor, user_id=user.pk, presence="available")
    run_work()
    actions.set_presence(actor=actor, user_id=user.pk, presence="paused", reason="almuerzo")

    assert list(PresenceInterval.objects.order_by("id").values_list("presence", flat=True)) == ["available", "paused"]
    assert PresenceInterval.objects.filter(ended_at__isnull=True).count() == 1
    assert Conversation.objects.get().assigned_agent == user


def test_an_agent_cannot_set_anothers_presence_and_a_supervisor_can(broker, agent_user, supervisor_user):
    with pytest.raises(Forbidden):
        actions.set_presence(actor=agent_user.actor(), user_id=supervisor_user.pk, presence="offline")

    assert actions.set_presence(actor=supervisor_user.actor(), user_id=agent_user.pk, presence="offline").user_id


def test_an_unknown_presence_and_a_foreign_user_are_refused(broker, supervisor_user, other_admin_user):
    for user_id, presence in ((supervisor_user.pk, "asleep"), (other_admin_user.pk, "available")):
        with pytest.raises(InvalidInput):
            actions.set_presence(actor=supervisor_user.actor(), user_id=user_id, presence=presence)
