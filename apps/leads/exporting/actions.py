"""Leads leave the house: who may, and what the trail keeps of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import translation

from apps.core.access import Actor
from apps.core.errors import NotFound
from apps.core.events import publish
from apps.core.tenancy import entered_broker_id
from apps.files.models import StoredFile
from apps.leads.events import LeadsExported
from apps.leads.exporting.columns import ExportColumn, chosen, export_columns
from apps.leads.exporting.rows import csv_pieces
from apps.leads.jobs import create_job, get_job
from apps.leads.models import Job, Lead
from apps.leads.queries import LeadFilter, matching_leads
from apps.leads.types import JobKind


@dataclass(frozen=True, kw_only=True)
class Export:
    """Which leads, and which of their columns; all columns where none is named."""

    wanted: LeadFilter
    columns: tuple[str, ...] = ()
    zone: str = "UTC"


def export_csv(*, actor: Actor, export: Export) -> Iterator[bytes]:
    """The matching leads in the actor's sight as a CSV file in pieces, newest first; the trail keeps that it left.

    Raises Forbidden, InvalidInput, before anything is read.
    """
    columns = chosen(export_columns(zone=export.zone, language=translation.get_language() or "es"), export.columns)
    return export_csv_with(actor=actor, wanted=export.wanted, columns=columns)


def export_csv_with(*, actor: Actor, wanted: LeadFilter, columns: Sequence[ExportColumn]) -> Iterator[bytes]:
    """The same with columns of the caller's own.

    Raises Forbidden, InvalidInput.
    """
    leads = exported_leads(actor, wanted)
    _tell(actor, "csv", wanted, [column.key for column in columns])
    return csv_pieces(entered_broker_id(), leads, columns)


@transaction.atomic
def start_spreadsheet(*, actor: Actor, export: Export) -> Job:
    """A job that writes the matching leads into an XLSX file.

    Raises Forbidden, InvalidInput.
    """
    exported_leads(actor, export.wanted)
    language = translation.get_language() or "es"
    columns = chosen(export_columns(zone=export.zone, language=language), export.columns)
    keys = [column.key for column in columns]
    job = create_job(
        actor=actor,
        kind=JobKind.EXPORT,
        params={
            "filter": {**asdict(export.wanted), "tags": list(export.wanted.tags)},
            "columns": keys,
            "zone": export.zone,
            "language": language,
        },
    )
    _tell(actor, "xlsx", export.wanted, keys)
    return job


def exported_leads(actor: Actor, wanted: LeadFilter) -> QuerySet[Lead]:
    """The leads that an export holds, newest first.

    Raises Forbidden, InvalidInput.
    """
    actor.require("clients.export")
    return matching_leads(actor, replace(wanted, sort="")).order_by("-id")


def filter_of(params: Mapping[str, Any]) -> LeadFilter:
    """The filter that a job was started with."""
    return LeadFilter(**{**params, "tags": tuple(params["tags"])})


def get_export(actor: Actor, job_id: int) -> Job:
    """One export in the actor's sight.

    Raises Forbidden, NotFound.
    """
    actor.require("clients.export")
    job = get_job(actor, job_id)
    if job.kind != JobKind.EXPORT:
        raise NotFound()
    return job


def file_of(job: Job) -> StoredFile | None:
    """What the job wrote; None while it has not, or once it is gone."""
    return StoredFile.objects.filter(pk=job.result.get("file_id", 0)).first()


def _tell(actor: Actor, form: str, wanted: LeadFilter, columns: Sequence[str]) -> None:
    said = {name: value for name, value in asdict(wanted).items() if value not in ("", None, (), {}, 0)}
    with transaction.atomic():
        publish(
            LeadsExported(broker_id=entered_broker_id(), actor=actor, form=form, wanted=said, columns=tuple(columns))
        )
