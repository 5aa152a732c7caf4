"""Failed work is seen, retried and discarded by those who may; raw events are replayed; old rows go."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.accounts.actions.sessions import open_session
from apps.accounts.models import LoginSession
from apps.audit.models import AuditEntry
from apps.core.access import system_actor
from apps.core.errors import Forbidden, NotFound
from apps.core.models import DeadLetter, ScheduledWork
from apps.core.tenancy import in_public
from apps.messaging.models import ParkedStatus, RawEvent
from apps.operations import actions
from apps.operations.pruning import prune
from apps.operations.queries import ledger_by_account, ledger_by_hour, visible_dead_letters
from apps.realtime.models import LoggedEvent
from tests.factories import make_account, make_raw_event


def letter_of(broker_id: int | None, **fields) -> DeadLetter:
    return DeadLetter.objects.create(broker_id=broker_id, kind="test.kind", payload={"n": 1}, error="boom", **fields)


def test_an_admin_sees_the_own_brokers_failed_work_and_a_superadmin_all(
    broker, other_broker, admin_user, agent_user, superadmin_user
):
    own, foreign, platform = letter_of(broker.pk), letter_of(other_broker.pk), letter_of(None)

    assert list(visible_dead_letters(admin_user.actor())) == [own]
    assert set(visible_dead_letters(superadmin_user.actor())) == {own, foreign, platform}
    assert list(visible_dead_letters(superadmin_user.actor(broker_id=other_broker.pk))) == [foreign]
    with pytest.raises(Forbidden):
        visible_dead_letters(agent_user.actor())


def test_a_retried_letter_is_work_again_and_in_the_trail(broker, admin_user):
    letter = letter_of(broker.pk, key="once")

    actions.retry_dead_letter(actor=admin_user.actor(), letter_id=letter.pk)

    work = ScheduledWork.objects.get()
    assert (work.kind, work.key, work.payload, work.broker_id) == ("test.kind", "once", {"n": 1}, broker.pk)
    assert not DeadLetter.objects.exists()
    assert AuditEntry.objects.get(name="dead_letter.retried").actor_user_id == admin_user.pk
    with pytest.raises(NotFound):
        actions.retry_dead_letter(actor=admin_user.actor(), letter_id=letter.pk)


def test_a_discarded_letter_leaves_its_reason_in_the_trail(broker, admin_user):
    letter = letter_of(broker.pk)

    actions.discard_dead_letter(actor=admin_user.actor(), letter_id=letter.pk)

    assert not DeadLetter.objects.exists()
    assert not ScheduledWork.objects.exists()
    assert AuditEntry.objects.get(name="dead_letter.discarded", after__error="boom")


def test_another_brokers_failed_work_is_out_of_reach(broker, other_broker, admin_user):
    foreign = letter_of(other_broker.pk)

    for act in (actions.retry_dead_letter, actions.discard_dead_letter):
        with pytest.raises(NotFound):
            act(actor=admin_user.actor(), letter_id=foreign.pk)
    assert DeadLetter.objects.filter(pk=foreign.pk).exists()


def test_a_raw_event_is_replayed_whatever_became_of_it(broker, other_broker, admin_user, other_admin_user):
    event = make_raw_event(state="failed", error="bad", attempts=6)

    with pytest.raises(NotFound):
        actions.replay_raw_event(actor=other_admin_user.actor(), event_id=event.pk)
    actions.replay_raw_event(actor=admin_user.actor(), event_id=event.pk)

    event.refresh_from_db()
    assert (event.state, event.error, event.attempts) == ("waiting", "", 0)
    assert AuditEntry.objects.get(name="raw_event.replayed").before == {"state": "failed"}


def test_the_ledger_adds_up(broker):
    account = make_account()
    for state in ("processed", "processed", "waiting", "failed"):
        make_raw_event(account, state=state)

    (hour,) = ledger_by_hour(hours=24)
    (line,) = ledger_by_account(hours=24, broker_id=broker.pk)

    for each in (hour, line):
        assert (each.received, each.processed, each.waiting, each.failed) == (4, 2, 1, 1)
    assert line.account_id == account.pk


def test_old_rows_go_and_unfinished_business_stays(broker, admin_user):
    long_ago = timezone.now() - timedelta(days=60)
    account = make_account()
    gone = make_raw_event(account, state="processed", received_at=long_ago)
    kept = [
        make_raw_event(account, state="failed", received_at=long_ago),
        make_raw_event(account, state="waiting", received_at=long_ago),
        make_raw_event(account, state="processed"),
    ]
    ParkedStatus.objects.create(
        broker_id=broker.pk, account=account, provider_message_id="x", payload={}, received_at=long_ago
    )
    LoggedEvent.objects.create(name="x", payload={}, rooms=["a"], created_at=long_ago)
    fresh = LoggedEvent.objects.create(name="x", payload={}, rooms=["a"])
    old_session = open_session(admin_user).session
    LoginSession.objects.filter(pk=old_session.pk).update(expires_at=long_ago)
    live_session = open_session(admin_user).session
    with in_public():
        pruned = prune()

    assert not RawEvent.objects.filter(pk=gone.pk).exists()
    assert RawEvent.objects.filter(pk__in=[event.pk for event in kept]).count() == 3
    assert not ParkedStatus.objects.exists()
    assert fresh in LoggedEvent.objects.all()
    assert set(LoginSession.objects.all()) == {live_session}
    assert (pruned["raw_events"], pruned["parked_statuses"], pruned["login_sessions"]) == (1, 1, 1)
    assert pruned["logged_events"] >= 1


def test_programs_of_ours_may_operate_anywhere(broker):
    letter = letter_of(broker.pk)

    assert list(visible_dead_letters(system_actor(None))) == [letter]
