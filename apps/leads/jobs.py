"""Long work on many leads: made, started, watched, stopped.

A job runs in a process of its own queue. A handler may be run again after a crash, with the same row, and must then not
do anything twice.
"""

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.core import work
from apps.core.access import Actor, system_actor
from apps.core.errors import Conflict, DomainError, NotFound
from apps.core.events import publish
from apps.core.tenancy import entered_broker_id
from apps.leads.events import JobChanged, JobEnded
from apps.leads.models import Job
from apps.leads.types import JobKind, JobState

log = logging.getLogger(__name__)
KIND = "leads.job"
ENDED = frozenset({JobState.DONE, JobState.FAILED, JobState.CANCELLED, JobState.UNDONE})
_TOLD_EVERY_SECONDS = 0.5
_LEASE_RENEWED_EVERY_SECONDS = 20.0
_ATTEMPTS = 5


class JobCancelled(Exception):
    """Somebody asked the job to stop; what was done stays done, unless it is taken back."""


class JobRun:
    """One run of a job, as its handler sees it."""

    def __init__(self, job: Job, actor: Actor) -> None:
        self.job = job
        self.actor = actor
        self._told_at = self._renewed_at = time.monotonic()

    def advance(self, done: int, total: int | None = None) -> None:
        """Say how far it is; call it often, between transactions.

        Raises JobCancelled once somebody asked for that.
        """
        self.job.done = done
        self.job.total = self.job.total if total is None else total
        now = time.monotonic()
        if now - self._renewed_at >= _LEASE_RENEWED_EVERY_SECONDS:
            work.renew_lease()
            self._renewed_at = now
        if now - self._told_at >= _TOLD_EVERY_SECONDS:
            self._told_at = now
            self.tell()

    def tell(self) -> None:
        """Save and announce the progress now.

        Raises JobCancelled once somebody asked for that.
        """
        with transaction.atomic():
            Job.objects.filter(pk=self.job.pk).update(done=self.job.done, total=self.job.total)
            _announce(self.actor, self.job)
        if Job.objects.filter(pk=self.job.pk, is_cancel_requested=True).exists():
            raise JobCancelled


JobHandler = Callable[[JobRun], Mapping[str, object]]
_handlers: dict[str, JobHandler] = {}


def job_handler(kind: JobKind) -> Callable[[JobHandler], JobHandler]:
    """Register what runs jobs of the kind. What it returns becomes the job's result; a DomainError its failure."""

    def register(handler: JobHandler) -> JobHandler:
        _handlers[kind] = handler
        return handler

    return register


@transaction.atomic
def create_job(
    *, actor: Actor, kind: JobKind, params: Mapping[str, Any], total: int = 0, state: JobState = JobState.QUEUED
) -> Job:
    """Make a job; a QUEUED one runs as soon as this is committed, a DRAFT one waits for `start_job`."""
    job = Job.objects.create(
        kind=kind,
        state=state,
        params=dict(params),
        total=total,
        created_by_id=actor.user_id,
        actor_name=actor.name[:200],
        created_at=timezone.now(),
    )
    if state == JobState.QUEUED:
        _schedule(actor, job)
    return job


@transaction.atomic
def start_job(*, actor: Actor, job_id: int) -> Job:
    """A draft goes into the queue; one that waits or runs already stays as it is.

    Raises NotFound, Conflict for one that has ended.
    """
    job = _locked(actor, job_id)
    if job.state in ENDED:
        raise Conflict(_("This has ended already."), code="JOB_ENDED")
    if job.state != JobState.DRAFT:
        return job

    job.state = JobState.QUEUED
    job.save(update_fields=["state"])
    _schedule(actor, job)
    return job


@transaction.atomic
def request_cancel(*, actor: Actor, job_id: int) -> Job:
    """Ask a job to stop: a draft or a waiting one is cancelled at once, a running one within a moment.

    Raises NotFound. One that has ended stays as it is.
    """
    job = _locked(actor, job_id)
    if job.state in ENDED:
        return job

    job.is_cancel_requested = True
    job.save(update_fields=["is_cancel_requested"])
    if job.state in {JobState.DRAFT, JobState.QUEUED}:
        _end(actor, job, JobState.CANCELLED, result={})
    return job


def get_job(actor: Actor, job_id: int) -> Job:
    """One job: people see their own, supervisors and administrators all.

    Raises NotFound.
    """
    jobs = Job.objects.select_related("created_by")
    job = (jobs if actor.sees_everything else jobs.filter(created_by_id=actor.user_id)).filter(pk=job_id).first()
    if job is None:
        raise NotFound(_("There is no such job."), field="job_id")
    return job


def run_now(*, actor: Actor, job: Job) -> Job:
    """Run a job inside the request that made it: for few leads.

    Raises what its handler refuses.
    """
    if not _take(job.pk):
        raise Conflict(_("This is being done already."), code="JOB_TAKEN")
    job.refresh_from_db()
    run = JobRun(job, actor)
    try:
        result = _handlers[job.kind](run)
    except DomainError as error:
        _end(actor, job, JobState.FAILED, error=str(error.message))
        raise
    _end(actor, job, JobState.DONE, result=result)
    return job


@work.work_handler(KIND, queue=work.LONG, max_attempts=_ATTEMPTS)
def run_job(payload: dict[str, Any]) -> None:
    """Run a job that waits, or that a dead process left."""
    job = Job.objects.select_related("created_by").filter(pk=payload["job_id"]).first()
    if job is None or not _take(job.pk):
        return
    job.refresh_from_db()
    actor = _actor_of(job)
    run = JobRun(job, actor)
    try:
        run.tell()
        result = _handlers[job.kind](run)
    except JobCancelled:
        _end(actor, job, JobState.CANCELLED)
    except DomainError as error:
        _end(actor, job, JobState.FAILED, error=str(error.message))
    except (OperationalError, InterfaceError) as error:
        raise work.Retry(f"{type(error).__name__}: {error}") from error
    except Exception as error:
        _end(actor, job, JobState.FAILED, error=str(_("Something of ours broke. What was done so far is kept.")))
        log.exception("a job failed", extra={"job_id": job.pk, "job_kind": job.kind})
        raise work.GiveUp(f"{type(error).__name__}: {error}") from error
    else:
        _end(actor, job, JobState.DONE, result=result)


def _schedule(actor: Actor, job: Job) -> None:
    broker_id = entered_broker_id()
    work.schedule(KIND, {"job_id": job.pk}, broker_id=broker_id, key=f"job:{broker_id}:{job.pk}")
    _announce(actor, job)


def _take(job_id: int) -> bool:
    """The job runs from now on; one that has ended is not run again."""
    now = timezone.now()
    taken = Job.objects.filter(pk=job_id, state__in=[JobState.DRAFT, JobState.QUEUED, JobState.RUNNING])
    return bool(taken.update(state=JobState.RUNNING, started_at=now))


@transaction.atomic
def _end(
    actor: Actor, job: Job, state: JobState, *, result: Mapping[str, object] | None = None, error: str = ""
) -> None:
    job.state, job.finished_at, job.error = state, timezone.now(), error[:500]
    if result is not None:
        job.result = {**job.result, **result}
    if state == JobState.DONE:
        job.total = job.done = max(job.total, job.done)
    job.save(update_fields=["state", "finished_at", "error", "result", "done", "total"])
    _announce(actor, job)
    publish(
        JobEnded(
            broker_id=entered_broker_id(),
            actor=actor,
            job_id=job.pk,
            kind=job.kind,
            state=state,
            result=dict(job.result),
        )
    )


def _announce(actor: Actor, job: Job) -> None:
    publish(
        JobChanged(
            broker_id=entered_broker_id(),
            actor=actor,
            job_id=job.pk,
            kind=job.kind,
            state=job.state,
            done=job.done,
            total=job.total,
        )
    )


def _locked(actor: Actor, job_id: int) -> Job:
    get_job(actor, job_id)
    return Job.objects.select_for_update().get(pk=job_id)


def _actor_of(job: Job) -> Actor:
    """Whoever asked for it, with the rights that they have now; the product itself where nobody did."""
    broker_id = entered_broker_id()
    if isinstance(job.created_by, User):
        return job.created_by.actor(broker_id=broker_id)
    return system_actor(broker_id)
