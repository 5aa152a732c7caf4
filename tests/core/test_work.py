from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from apps.core import tasks, work
from apps.core.models import DeadLetter, ScheduledWork
from apps.core.tenancy import current_broker_id

pytestmark = pytest.mark.django_db


@pytest.fixture
def kind():
    """A kind of work whose runs are recorded; `kind.fail` is raised by the next runs."""

    class Recorder:
        runs: list = []
        fail: Exception | None = None

    recorder = Recorder()
    recorder.runs = []

    @work.work_handler("test.kind", lease=timedelta(seconds=30), max_attempts=3)
    def handle(payload):
        recorder.runs.append((payload, current_broker_id()))
        if recorder.fail is not None:
            raise recorder.fail

    yield recorder
    work._kinds.pop("test.kind")


def test_due_work_runs_once_inside_its_broker_and_is_gone(kind, broker):
    work.schedule("test.kind", {"a": 1}, broker_id=broker.pk)

    assert work.run_due() == 1
    assert kind.runs == [({"a": 1}, broker.pk)]
    assert not ScheduledWork.objects.filter(kind="test.kind").exists()


def test_work_of_the_future_waits(kind):
    work.schedule("test.kind", {}, broker_id=None, due_at=timezone.now() + timedelta(hours=1))

    assert work.run_due() == 0


def test_work_that_is_rolled_back_never_runs(kind):
    with pytest.raises(RuntimeError), transaction.atomic():
        work.schedule("test.kind", {}, broker_id=None)
        raise RuntimeError

    assert work.run_due() == 0


def test_the_same_key_exists_once_and_keeps_the_earlier_time(kind):
    soon = timezone.now() + timedelta(minutes=1)
    work.schedule("test.kind", {"n": 1}, broker_id=None, key="k", due_at=soon)
    work.schedule("test.kind", {"n": 2}, broker_id=None, key="k", due_at=soon + timedelta(hours=1))

    row = ScheduledWork.objects.get(kind="test.kind")
    assert row.due_at == soon
    assert row.payload == {"n": 2}


def test_a_leased_row_is_left_to_its_runner(kind):
    work_id = work.schedule("test.kind", {}, broker_id=None)
    ScheduledWork.objects.filter(id=work_id).update(lease_until=timezone.now() + timedelta(seconds=20))

    assert work.run_due() == 0
    assert work.run_one(work_id) is False


def test_a_dead_runners_row_is_found_when_its_lease_ends(kind):
    work_id = work.schedule("test.kind", {}, broker_id=None)
    ScheduledWork.objects.filter(id=work_id).update(lease_until=timezone.now() - timedelta(seconds=1))

    assert work.run_due() == 1


def test_a_failure_is_tried_again_and_then_becomes_a_dead_letter(kind):
    kind.fail = RuntimeError("provider is down")
    work_id = work.schedule("test.kind", {"a": 1}, broker_id=None)

    for _attempt in range(3):
        ScheduledWork.objects.filter(id=work_id).update(due_at=timezone.now())
        work.run_due()

    letter = DeadLetter.objects.get(kind="test.kind")
    assert "provider is down" in letter.error
    assert letter.payload == {"a": 1}
    assert not ScheduledWork.objects.filter(id=work_id).exists()


def test_giving_up_buries_at_once(kind):
    kind.fail = work.GiveUp("the file is gone")
    work.schedule("test.kind", {}, broker_id=None)

    work.run_due()

    assert DeadLetter.objects.get(kind="test.kind").error == "the file is gone"


def test_a_retry_that_does_not_count_never_buries(kind):
    kind.fail = work.Retry("not my turn", after=0, counts=False)
    work_id = work.schedule("test.kind", {}, broker_id=None)

    for _attempt in range(5):
        work.run_one(work_id)

    assert ScheduledWork.objects.get(id=work_id).attempts == 0


def test_work_asked_for_again_while_it_runs_is_run_again(kind):
    work_id = work.schedule("test.kind", {}, broker_id=None, key="k")
    claimed = work._claim(work_id)
    work.schedule("test.kind", {}, broker_id=None, key="k")

    assert claimed
    work._finish(claimed)

    assert work.run_due() == 1


def test_a_dead_letter_can_be_put_back_to_work(kind):
    kind.fail = work.GiveUp("no")
    work.schedule("test.kind", {"a": 1}, broker_id=None)
    work.run_due()
    kind.fail = None

    assert work.retry_dead_letter(DeadLetter.objects.get().pk) is True
    assert work.run_due() == 1
    assert not DeadLetter.objects.exists()


def test_work_of_an_unknown_kind_is_shown_to_a_person():
    work.schedule("nobody.knows", {}, broker_id=None)

    work.run_due()

    assert "no handler" in DeadLetter.objects.get(kind="nobody.knows").error


def test_a_missing_redis_does_not_stop_the_fact(kind, settings, django_capture_on_commit_callbacks, monkeypatch):
    from apps.core.tasks import run_work

    def broken(*_args, **_kwargs):
        raise ConnectionError("redis is away")

    monkeypatch.setattr(run_work, "apply_async", broken)

    with django_capture_on_commit_callbacks(execute=True):
        work.schedule("test.kind", {}, broker_id=None)

    assert work.run_due() == 1


def test_a_poll_that_is_cut_short_says_that_more_is_due(kind):
    for _number in range(3):
        work.schedule("test.kind", {}, broker_id=None)

    assert work.run_due_for(0) is True
    assert len(kind.runs) == 1
    assert work.run_due_for(60) is False
    assert len(kind.runs) == 3


def test_a_poll_asks_for_its_next_turn_until_the_scheduler_polls_again(kind, monkeypatch):
    rung = []
    monkeypatch.setattr(tasks, "SLICE_SECONDS", 0)
    monkeypatch.setattr(work, "ring", lambda task, *arguments: rung.append(arguments))
    for _number in range(3):
        work.schedule("test.kind", {}, broker_id=None)

    tasks.poll_work()
    tasks.poll_work(rung[0][0])
    tasks.poll_work(0.0)

    assert len(kind.runs) == 3
    assert len(rung) == 2
    assert rung[1] == rung[0]
