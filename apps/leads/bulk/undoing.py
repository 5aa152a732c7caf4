"""Taking a bulk action back: each lead becomes what it was, unless somebody has changed it since."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.core.access import Actor
from apps.core.errors import Conflict
from apps.leads.bulk.acts import BulkAction, can_be_undone, require_allowed
from apps.leads.bulk.writing import Change, tell, value_of, write_columns
from apps.leads.jobs import JobRun, create_job, get_job, run_now
from apps.leads.models import Job, JobChange, Lead, StageChange
from apps.leads.types import JobKind, JobState

UNDO: Final = "undo"
DONE_AT_ONCE: Final = 200
_BATCH: Final = 1_000
# Scoring may have gone over these since; that is no reason to leave the lead in the wrong stage.
_FOLLOWS_A_MOVE: Final = frozenset({"status", "lost_reason"})
_UNDOABLE: Final = frozenset({JobState.DONE, JobState.CANCELLED, JobState.FAILED})
_UNDER_WAY: Final = (JobState.DRAFT, JobState.QUEUED, JobState.RUNNING)


class CannotUndo(Conflict):
    """It is still running, was taken back already, or deleted what it touched."""

    default_code = "CANNOT_UNDO"
    default_message = _("This cannot be undone.")


def undo_job(*, actor: Actor, job_id: int) -> Job:
    """Take back a bulk action that has ended, also one that was stopped half-way; returns the job that does it.

    Asked twice, the second time returns the same. Raises NotFound, Forbidden, CannotUndo.
    """
    with transaction.atomic():
        original, job, is_new = _make_undo(actor, job_id)
    if is_new and JobChange.objects.filter(job=original).count() <= DONE_AT_ONCE:
        return run_now(actor=actor, job=job)
    return job


def undo(run: JobRun) -> Mapping[str, object]:
    """In batches; what is given back is no longer remembered, so that a second run goes on where the first ended."""
    original = Job.objects.get(pk=run.job.params["job_id"])
    restored = int(run.job.result.get("restored", 0))
    kept = int(run.job.result.get("kept", 0))
    while changes := list(JobChange.objects.filter(job=original).order_by("pk")[:_BATCH]):
        with transaction.atomic():
            given_back = _restore(run, changes)
            restored, kept = restored + given_back, kept + len(changes) - given_back
            run.job.result = {**run.job.result, "restored": restored, "kept": kept}
            Job.objects.filter(pk=run.job.pk).update(result=run.job.result)
        run.advance(restored + kept)
    Job.objects.filter(pk=original.pk).update(state=JobState.UNDONE, undone_at=timezone.now())
    return {"restored": restored, "kept": kept, "action": UNDO}


def _make_undo(actor: Actor, job_id: int) -> tuple[Job, Job, bool]:
    get_job(actor, job_id)
    original = Job.objects.select_for_update().get(pk=job_id)
    action = original.params.get("action")
    if original.kind != JobKind.BULK or action not in BulkAction.values:
        raise CannotUndo
    require_allowed(actor, BulkAction(action))
    known = Job.objects.filter(pk=original.params.get("undo_id"), state__in=_UNDER_WAY).first()
    if known is not None:
        return original, known, False
    if not can_be_undone(BulkAction(action)) or original.state not in _UNDOABLE:
        raise CannotUndo

    number = JobChange.objects.filter(job=original).count()
    params = {"action": UNDO, "job_id": original.pk}
    state = JobState.DRAFT if number <= DONE_AT_ONCE else JobState.QUEUED
    job = create_job(actor=actor, kind=JobKind.BULK, params=params, total=number, state=state)
    original.params = {**original.params, "undo_id": job.pk}
    original.save(update_fields=["params"])
    return original, job, True


def _restore(run: JobRun, changes: Sequence[JobChange]) -> int:
    """How many leads were as the action had left them and have become what they were before."""
    wanted = {change.lead_id: change.before for change in changes}
    leads = Lead.objects.filter(pk__in=wanted).order_by("pk").select_for_update(of=("self",))
    back = [found for lead in leads if (found := _change_back(lead, wanted[lead.pk])) is not None]
    _forget_agents_that_are_gone(back)
    if back:
        if "stage" in back[0].after:
            _note_moves_back(run.actor, back)
        write_columns(back)
        tell(run.actor, run.job, back)
    JobChange.objects.filter(pk__in=[change.pk for change in changes]).delete()
    return len(back)


def _change_back(lead: Lead, kept: Mapping[str, Any]) -> Change | None:
    left = kept["_after"]
    before = {name: value for name, value in kept.items() if name != "_after"}
    follows = _FOLLOWS_A_MOVE if "stage" in left else frozenset[str]()
    for name, value in left.items():
        now = value_of(lead, name)
        if now == value:
            continue
        if name not in follows:
            return None
        before[name] = now
    return Change(lead, dict(left), before)


def _forget_agents_that_are_gone(back: Sequence[Change]) -> None:
    agents = {change.after.get("assigned_agent_id") for change in back} - {None}
    if not agents:
        return
    there = set(User.objects.filter(pk__in=agents).values_list("pk", flat=True))
    for change in back:
        if change.after["assigned_agent_id"] not in there:
            change.after["assigned_agent_id"] = None


def _note_moves_back(actor: Actor, back: Sequence[Change]) -> None:
    now = timezone.now()
    StageChange.objects.bulk_create(
        StageChange(
            lead=change.lead,
            from_stage=change.before["stage"],
            to_stage=change.after["stage"],
            seconds_in_stage=max(0, int((now - change.lead.stage_changed_at).total_seconds())),
            actor_kind=actor.kind,
            actor_user_id=actor.user_id,
        )
        for change in back
    )
