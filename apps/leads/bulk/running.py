"""Bulk actions as jobs: a few leads at once, many in chunks that commit by themselves.

A job that a dead process left is begun again: leads that it has changed carry its JobChange and are passed over.
"""

from array import array
from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.core.access import Actor
from apps.core.errors import Conflict, InvalidInput
from apps.core.events import publish
from apps.leads.actions import MOST_TOLD_ALONE, put_in_stages
from apps.leads.bulk.acts import (
    BulkAction,
    clean_values,
    columns_after,
    parse_action,
    require_allowed,
)
from apps.leads.bulk.targets import Target, count_for, leads_of
from apps.leads.bulk.undoing import UNDO, undo
from apps.leads.bulk.writing import Change, tell, value_of, write_columns
from apps.leads.events import LeadDeleted, LeadsChanged
from apps.leads.jobs import JobRun, create_job, job_handler, run_now
from apps.leads.models import Job, JobChange, Lead
from apps.leads.stages import missing_fields, stage_settings
from apps.leads.types import JobKind, JobState

# So many are done in the request that asks; more become a job to follow.
DONE_AT_ONCE: Final = 200
CHUNK: Final = 1_000
_COLUMNS_OF_A_MOVE: Final = ("stage", "status", "lost_reason", "stage_changed_at")


class MoreThanConfirmed(Conflict):
    """Since the person confirmed the number, more leads came to pass the filter."""

    default_code = "MORE_THAN_CONFIRMED"
    default_message = _("The number of leads has changed. Look at it again and confirm.")


def start_bulk(
    *,
    actor: Actor,
    action: str,
    target: Target,
    values: Mapping[str, Any] | None = None,
    confirmed: int | None = None,
) -> Job:
    """Do `action` to the target's leads; `values` is what it needs: agent_id, tags, stage and reason, status.

    `confirmed` is the number that a person agreed to; deleting needs it. The job that is returned has ended where there
    were few. Raises Forbidden, InvalidInput, InvalidAgent, MoreThanConfirmed.
    """
    what = parse_action(action)
    require_allowed(actor, what)
    cleaned = clean_values(actor, what, values or {})
    number = count_for(actor, target)
    _require_confirmed(what, number, confirmed)

    is_small = number <= DONE_AT_ONCE
    params = {"action": what.value, "values": cleaned, "target": target.as_params()}
    state = JobState.DRAFT if is_small else JobState.QUEUED
    job = create_job(actor=actor, kind=JobKind.BULK, params=params, total=number, state=state)
    return run_now(actor=actor, job=job) if is_small else job


@job_handler(JobKind.BULK)
def run_bulk(run: JobRun) -> Mapping[str, object]:
    """Do it, or take it back."""
    if run.job.params["action"] == UNDO:
        return undo(run)
    action = BulkAction(run.job.params["action"])
    # Rights may have been taken away while it waited.
    require_allowed(run.actor, action)
    target = _target_of(run.job)
    numbers = array("q", leads_of(run.actor, target).order_by().values_list("pk", flat=True).iterator(20_000))
    ordered = sorted(numbers)
    skipped = 0
    for start in range(0, len(ordered), CHUNK):
        with transaction.atomic():
            skipped += _do_chunk(run, action, target, ordered[start : start + CHUNK])
        run.advance(min(start + CHUNK, len(ordered)), len(ordered))
    return {"changed": JobChange.objects.filter(job=run.job).count(), "skipped": skipped, "action": action.value}


def _do_chunk(run: JobRun, action: BulkAction, target: Target, numbers: Sequence[int]) -> int:
    """Change those that still pass and are not as they should be yet; how many could not be changed."""
    values = run.job.params["values"]
    done = JobChange.objects.filter(job=run.job, lead_id__in=numbers).values("lead_id")
    rows = leads_of(run.actor, target).filter(pk__in=numbers).exclude(pk__in=done)
    leads = list(rows.select_for_update(of=("self",)))
    wanted = [(lead, columns_after(action, lead, values)) for lead in leads]
    able = [(lead, after) for lead, after in wanted if after is not None]
    changing = [(lead, after) for lead, after in able if after]
    if action == BulkAction.MOVE_STAGE:
        asked = stage_settings()[values["stage"]]
        fit = [pair for pair in changing if not missing_fields(pair[0], asked, reason=values["reason"])]
        skipped = len(changing) - len(fit)
        _move(run, [lead for lead, _after in fit], values)
        return skipped
    if action == BulkAction.DELETE:
        _delete(run, leads)
        return 0
    _write(run, [Change(lead, {name: value_of(lead, name) for name in after}, after) for lead, after in changing])
    return len(wanted) - len(able)


def _write(run: JobRun, changes: Sequence[Change]) -> None:
    if changes:
        _remember(run, changes)
        write_columns(changes)
        tell(run.actor, run.job, changes)


def _move(run: JobRun, leads: Sequence[Lead], values: Mapping[str, Any]) -> None:
    if not leads:
        return
    before = [{column: value_of(lead, column) for column in _COLUMNS_OF_A_MOVE} for lead in leads]
    put_in_stages(actor=run.actor, moves=[(lead, values["stage"]) for lead in leads], reason=values["reason"])
    after = [{column: value_of(lead, column) for column in _COLUMNS_OF_A_MOVE} for lead in leads]
    _remember(run, [Change(*change) for change in zip(leads, before, after, strict=True)])


def _delete(run: JobRun, leads: Sequence[Lead]) -> None:
    """What went is kept as a name, a phone and an e-mail: enough to say who it was, not to bring it back."""
    labels = [
        Change(lead, {"label": str(lead), "phone": lead.phone, "email": lead.email}, {"id": None}) for lead in leads
    ]
    _remember(run, labels)
    Lead.objects.filter(pk__in=[lead.pk for lead in leads]).delete()
    broker_id, actor = run.actor.broker_id, run.actor
    if len(leads) > MOST_TOLD_ALONE:
        publish(
            LeadsChanged(broker_id=broker_id, actor=actor, changed=("deleted",), count=len(leads), job_id=run.job.pk)
        )
        return
    for lead in leads:
        publish(
            LeadDeleted(
                broker_id=broker_id,
                actor=actor,
                lead_id=lead.pk or 0,
                label=str(lead),
                agent_id=lead.assigned_agent_id,
            )
        )


def _remember(run: JobRun, changes: Sequence[Change]) -> None:
    JobChange.objects.bulk_create(
        JobChange(job=run.job, lead_id=change.lead.pk, before={**change.before, "_after": change.after})
        for change in changes
    )


def _target_of(job: Job) -> Target:
    """As it was checked when the job was made."""
    given = job.params["target"]
    ids = given.get("ids")
    return Target(
        lead_ids=tuple(ids) if ids is not None else None,
        conditions=given.get("conditions", {}),
        search=given.get("search", ""),
    )


def _require_confirmed(action: BulkAction, number: int, confirmed: int | None) -> None:
    if not number:
        raise InvalidInput(_("No lead is left that this would change."), field="target")
    if confirmed is None and action == BulkAction.DELETE:
        raise InvalidInput(_("Confirm how many leads are to be deleted."), field="confirmed")
    if confirmed is not None and number > confirmed:
        raise MoreThanConfirmed(field="confirmed")
