"""Long work: run once, watched, stopped, and run again after a crash."""

import pytest

from apps.core import work
from apps.core.errors import Conflict, InvalidInput, NotFound
from apps.leads import jobs
from apps.leads.models import Job
from apps.leads.types import JobKind, JobState


@pytest.fixture
def handler(monkeypatch):
    """What runs jobs of the kind EXPORT in this test; put a function into it."""
    handlers: dict[str, jobs.JobHandler] = {}
    monkeypatch.setattr(jobs, "_handlers", handlers)

    def install(function):
        handlers[JobKind.EXPORT] = function

    return install


def test_a_job_runs_after_the_commit_and_keeps_what_it_did(handler, admin_user, run_work):
    def export(run: jobs.JobRun) -> dict[str, object]:
        run.advance(3, total=3)
        return {"rows": 3, "by": run.actor.user_id}

    handler(export)

    job = jobs.create_job(actor=admin_user.actor(), kind=JobKind.EXPORT, params={})
    run_work()

    job.refresh_from_db()
    assert (job.state, job.done, job.total) == (JobState.DONE, 3, 3)
    assert job.result == {"rows": 3, "by": admin_user.pk}
    assert job.finished_at is not None


def test_a_draft_waits_until_it_is_started(handler, admin_user, run_work):
    handler(lambda run: {})
    job = jobs.create_job(actor=admin_user.actor(), kind=JobKind.EXPORT, params={}, state=JobState.DRAFT)
    run_work()
    assert Job.objects.get(pk=job.pk).state == JobState.DRAFT

    jobs.start_job(actor=admin_user.actor(), job_id=job.pk)
    run_work()

    assert Job.objects.get(pk=job.pk).state == JobState.DONE
    with pytest.raises(Conflict):
        jobs.start_job(actor=admin_user.actor(), job_id=job.pk)


def test_a_waiting_job_is_cancelled_at_once_and_a_running_one_at_its_next_step(handler, admin_user, run_work):
    steps: list[int] = []

    def stubborn(run: jobs.JobRun) -> dict[str, object]:
        jobs.request_cancel(actor=admin_user.actor(), job_id=run.job.pk)
        for step in range(10):
            steps.append(step)
            run.tell()
        return {}

    handler(stubborn)
    waiting = jobs.create_job(actor=admin_user.actor(), kind=JobKind.EXPORT, params={}, state=JobState.DRAFT)
    assert jobs.request_cancel(actor=admin_user.actor(), job_id=waiting.pk).state == JobState.CANCELLED

    job = jobs.create_job(actor=admin_user.actor(), kind=JobKind.EXPORT, params={})
    run_work()

    assert Job.objects.get(pk=job.pk).state == JobState.CANCELLED
    assert steps == [0]


def test_what_a_handler_refuses_is_said_in_the_job(handler, admin_user, run_work):
    def refuse(run: jobs.JobRun) -> dict[str, object]:
        raise InvalidInput("The file is empty.")

    handler(refuse)
    job = jobs.create_job(actor=admin_user.actor(), kind=JobKind.EXPORT, params={})
    run_work()

    job.refresh_from_db()
    assert (job.state, job.error) == (JobState.FAILED, "The file is empty.")


def test_a_job_that_a_dead_process_left_is_run_again(handler, admin_user, run_work):
    handler(lambda run: {"again": True})
    job = jobs.create_job(actor=admin_user.actor(), kind=JobKind.EXPORT, params={})
    Job.objects.filter(pk=job.pk).update(state=JobState.RUNNING)

    run_work()

    assert Job.objects.get(pk=job.pk).result == {"again": True}


def test_a_job_that_ended_is_not_run_again(handler, admin_user, run_work):
    handler(lambda run: {"again": True})
    job = jobs.create_job(actor=admin_user.actor(), kind=JobKind.EXPORT, params={})
    Job.objects.filter(pk=job.pk).update(state=JobState.CANCELLED)

    run_work()

    assert Job.objects.get(pk=job.pk).result == {}


def test_agents_see_their_own_jobs_alone(handler, admin_user, agent_user, supervisor_user):
    theirs = jobs.create_job(actor=agent_user.actor(), kind=JobKind.EXPORT, params={}, state=JobState.DRAFT)
    others = jobs.create_job(actor=admin_user.actor(), kind=JobKind.EXPORT, params={}, state=JobState.DRAFT)

    assert jobs.get_job(agent_user.actor(), theirs.pk) == theirs
    assert jobs.get_job(supervisor_user.actor(), others.pk) == others
    with pytest.raises(NotFound):
        jobs.get_job(agent_user.actor(), others.pk)


def test_short_polls_leave_long_work_to_its_own_processes(handler, admin_user):
    handler(lambda run: {})
    job = jobs.create_job(actor=admin_user.actor(), kind=JobKind.EXPORT, params={})

    work.run_due_for(0.05)
    assert Job.objects.get(pk=job.pk).state == JobState.QUEUED

    assert work.run_next_long()
    assert Job.objects.get(pk=job.pk).state == JobState.DONE
