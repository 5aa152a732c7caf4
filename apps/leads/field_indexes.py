"""Indexes of custom fields that are often filtered by: built beside the work of everybody, by a job.

The index holds what `apps.leads.filters.attributes` compares, then the lead's number, so that a page of the list is
read off it in order. Values too long for an index entry are left out of it, and no filter asks this index for one.
"""

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy as _
from psycopg import sql

from apps.core.access import Actor, system_actor
from apps.core.errors import InvalidInput
from apps.core.tenancy import entered_broker_id
from apps.leads import indexes
from apps.leads.filters.attributes import MOST_INDEXED_BYTES
from apps.leads.jobs import JobRun, create_job, job_handler
from apps.leads.models import CustomField, Job
from apps.leads.popular_indexes import ask_to_keep_popular_indexes
from apps.leads.types import JobKind

MOST_INDEXES: Final = 20


def keep_index(field: CustomField) -> Job:
    """Make the index while the field is `is_filterable`, drop it where it no longer is; in the caller's transaction.

    Raises InvalidInput where the broker has as many as it may.
    """
    return ensure_index(_system(), field) if field.is_filterable else drop_index(field)


def ensure_index(actor: Actor, field: CustomField) -> Job:
    """Have the field's index built; where it is there and whole, the job finds that and ends.

    Raises InvalidInput where the broker has MOST_INDEXES others.
    """
    if CustomField.objects.filter(is_filterable=True).exclude(pk=field.pk).count() >= MOST_INDEXES:
        raise InvalidInput(
            _("At most %(most)d fields are filtered often. Take one of them back first.") % {"most": MOST_INDEXES},
            field="is_filterable",
        )
    return create_job(actor=actor, kind=JobKind.INDEX, params={"field_id": field.pk, "label": str(field)})


def drop_index(field: CustomField) -> Job:
    """Have the field's index dropped; filters on it ask the index of all fields again at once."""
    CustomField.objects.filter(pk=field.pk).update(has_index=False)
    field.has_index = False
    return create_job(actor=_system(), kind=JobKind.INDEX, params={"field_id": field.pk, "label": str(field)})


@job_handler(JobKind.INDEX)
def run_index(run: JobRun) -> Mapping[str, object]:
    """Make of the index what the field says now; run twice, the second time finds all done."""
    field = CustomField.objects.filter(pk=run.job.params["field_id"]).first()
    name = f"{indexes.FIELD_PREFIX}{run.job.params['field_id']}"
    if field is None or not field.is_filterable:
        indexes.drop_index(name)
        indexes.drop_statistics(f"{name}_values")
        return {"index": name, "is_there": False}
    if not indexes.is_whole(name):
        indexes.build_index(name, _columns_of(field.name))
        indexes.keep_statistics(f"{name}_values", _expressions_of(field.name))
        indexes.analyze_leads()
        ask_to_keep_popular_indexes()
    CustomField.objects.filter(pk=field.pk, is_filterable=True).update(has_index=True)
    return {"index": name, "is_there": True}


def _columns_of(key: str) -> sql.Composed:
    return sql.SQL("((attributes -> {key}), id DESC) WHERE octet_length(attributes ->> {key}) <= {most}").format(
        key=sql.Literal(key), most=sql.Literal(MOST_INDEXED_BYTES)
    )


def _expressions_of(key: str) -> sql.Composed:
    """What filters ask of the field: without these the planner guesses that a value is rare, and totals are far off."""
    return sql.SQL(
        "(attributes -> {key}), (jsonb_typeof(attributes -> {key})), (octet_length(attributes ->> {key}))"
    ).format(key=sql.Literal(key))


def _system() -> Actor:
    return system_actor(entered_broker_id())
