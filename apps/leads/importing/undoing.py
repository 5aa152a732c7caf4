"""Taking an import back: the leads it made go, those it changed become what they were, unless somebody has worked
with them since. Who stays is told, each with its reason.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db import connection, models, transaction
from django.db.models import Q
from django.utils import timezone

from apps.core.events import publish
from apps.core.tenancy import entered_broker_id
from apps.leads.events import LeadsChanged
from apps.leads.jobs import JobRun
from apps.leads.models import Activity, DuplicatePair, Job, JobChange, Lead, RowError, StageChange
from apps.leads.settling import settle_many
from apps.leads.types import JobState

BATCH: Final = 5_000
KEPT_CONTACT: Final = "kept_contact"
KEPT_WORK: Final = "kept_work"
KEPT_LINKED: Final = "kept_linked"
KEPT_CHANGED: Final = "kept_changed"
# What an import or the product itself writes beside a lead; it goes with the lead.
_OF_NO_PERSON: Final = frozenset({Activity, DuplicatePair, StageChange})
# What the product itself notes about a lead is no work of anybody.
_OURS: Final = frozenset({"created", "scored", "stage_changed"})
_WITH_STAGE: Final = frozenset({"status", "stage_changed_at"})
_MOST_NOTED: Final = 10_000


def undo(run: JobRun, import_job: Job) -> Mapping[str, object]:
    """Delete and restore in batches; begun again it goes on, because what is done is gone."""
    done = {"deleted": 0, "restored": 0, "kept": 0, **_counts(run.job.result)}
    total = Lead.objects.filter(made_by_job=import_job).count() + JobChange.objects.filter(job=import_job).count()
    behind = 0
    while batch := _made_after(import_job, behind):
        behind = batch[-1]
        with transaction.atomic():
            _delete_batch(run, batch, done)
        run.advance(sum(done.values()), total)
    while changes := list(JobChange.objects.filter(job=import_job).order_by("pk")[:BATCH]):
        with transaction.atomic():
            _restore_batch(run, changes, done)
        settle_many(run.actor, Lead.objects.filter(pk__in=[change.lead_id for change in changes]))
        run.advance(sum(done.values()), total)
    with transaction.atomic():
        _finish(run, import_job, done)
    return done


def _made_after(import_job: Job, behind: int) -> list[int]:
    rows = Lead.objects.filter(made_by_job=import_job, pk__gt=behind).order_by("pk")
    return list(rows.values_list("pk", flat=True)[:BATCH])


def _delete_batch(run: JobRun, batch: Sequence[int], done: dict[str, int]) -> None:
    locked = list(Lead.objects.filter(pk__in=batch).order_by("pk").select_for_update().values_list("pk", flat=True))
    reasons = _reasons_to_keep(locked)
    gone = [pk for pk in locked if pk not in reasons]
    for model in _OF_NO_PERSON:
        for name in _links_of(model):
            _delete_rows(model, name, gone)
    _delete_rows(Lead, "id", gone)
    _note_kept(run, reasons)
    done["deleted"] += len(gone)
    done["kept"] += len(reasons)
    _remember(run, done)


def _reasons_to_keep(ids: Sequence[int]) -> dict[int, str]:
    """Why each lead that stays does: somebody wrote, somebody worked on it, or something else hangs from it."""
    reasons: dict[int, str] = {}
    for model, name in _foreign_links():
        if model not in _OF_NO_PERSON:
            linked = model._default_manager.filter(**{f"{name}__in": ids}).values_list(name, flat=True).distinct()
            reasons |= dict.fromkeys(linked, KEPT_LINKED)
    worked = Activity.objects.filter(lead_id__in=ids).exclude(kind__in=_OURS, actor_kind="system")
    worked = worked.exclude(kind="created")
    reasons |= dict.fromkeys(worked.values_list("lead_id", flat=True).distinct(), KEPT_WORK)
    wrote = Q(inbound_count__gt=0) | Q(last_inbound_at__isnull=False) | Q(last_contacted_at__isnull=False)
    contacted = Lead.objects.filter(wrote, pk__in=ids).values_list("pk", flat=True)
    return reasons | dict.fromkeys(contacted, KEPT_CONTACT)


def _foreign_links() -> list[tuple[type[models.Model], str]]:
    """Every column of every room that points to a lead; rooms above need not be known by name."""
    return [
        (relation.related_model, relation.field.attname)
        for relation in Lead._meta.related_objects
        if relation.related_model._meta.managed
    ]


def _links_of(model: type[models.Model]) -> list[str]:
    return [name for owner, name in _foreign_links() if owner is model]


def _delete_rows(model: type[models.Model], column: str, ids: Sequence[int]) -> None:
    """Without Django's collecting: what hangs from these rows was looked for above."""
    if ids:
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {model._meta.db_table} WHERE {column} = ANY(%s)", [list(ids)])


def _restore_batch(run: JobRun, changes: Sequence[JobChange], done: dict[str, int]) -> None:
    leads = {
        lead.pk: lead
        for lead in Lead.objects.filter(pk__in=[change.lead_id for change in changes])
        .order_by("pk")
        .select_for_update()
    }
    kept: dict[int, str] = {}
    for change in changes:
        lead = leads.get(change.lead_id)
        if lead is None:
            continue
        is_whole = _restore(run, lead, change.before)
        done["restored" if is_whole else "kept"] += 1
        if not is_whole:
            kept[lead.pk] = KEPT_CHANGED
    JobChange.objects.filter(pk__in=[change.pk for change in changes]).delete()
    _note_kept(run, kept)
    _remember(run, done)


def _restore(run: JobRun, lead: Lead, before: Mapping[str, Any]) -> bool:
    """Give back each value that is still what the import made of it; whether all were."""
    after = before.get("_after", {})
    fields = {field.column: field for field in Lead._meta.concrete_fields}
    same = {
        column
        for column in after
        if column in fields and _is_same(fields[column], fields[column].value_from_object(lead), after[column])
    }
    # What the stage brought with it goes with it, though a score was computed since.
    same = same | _WITH_STAGE & after.keys() if "stage" in same else same - _WITH_STAGE
    values = {column: fields[column].to_python(before[column]) for column in same}
    if values:
        changes = {column: [after[column], before[column]] for column in values if column != "stage_changed_at"}
        Lead.objects.filter(pk=lead.pk).update(
            **{fields[column].attname: value for column, value in values.items()}, updated_at=timezone.now()
        )
        Activity.objects.create(
            lead=lead,
            kind="updated",
            details={"changes": changes, "job_id": run.job.pk, "undone": True},
            actor_kind=run.actor.kind,
            actor_name=run.actor.name[:200],
            actor_user_id=run.actor.user_id,
        )
    return same == after.keys()


def _is_same(field: "models.Field[Any, Any]", now: object, then: object) -> bool:
    return bool(now == field.to_python(then))


def _note_kept(run: JobRun, reasons: Mapping[int, str]) -> None:
    """One line for each lead that stays: its number, its name and why."""
    leads = Lead.objects.filter(pk__in=reasons).only("pk", "first_name", "last_name", "phone")
    room = max(0, _MOST_NOTED - RowError.objects.filter(job=run.job).count()) if reasons else 0
    RowError.objects.bulk_create(
        [RowError(job=run.job, row=lead.pk, value=str(lead)[:300], code=reasons[lead.pk]) for lead in leads][:room]
    )


def _remember(run: JobRun, done: Mapping[str, int]) -> None:
    run.job.result = {**run.job.result, **done}
    Job.objects.filter(pk=run.job.pk).update(result=run.job.result)


def _counts(result: Mapping[str, Any]) -> dict[str, int]:
    """What an earlier run did; leads that it kept are looked at, and counted, again."""
    return {name: int(result[name]) for name in ("deleted", "restored") if name in result}


def _finish(run: JobRun, import_job: Job, done: Mapping[str, int]) -> None:
    Job.objects.filter(pk=import_job.pk).update(state=JobState.UNDONE, undone_at=timezone.now())
    publish(
        LeadsChanged(
            broker_id=entered_broker_id(),
            actor=run.actor,
            changed=("created", "deleted", "updated"),
            count=done["deleted"] + done["restored"],
            job_id=run.job.pk,
        )
    )
