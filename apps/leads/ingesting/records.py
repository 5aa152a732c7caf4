"""Reading records, and leads together with what was sent of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import QuerySet

from apps.core.access import Actor
from apps.leads.fields import column_of
from apps.leads.ingesting.mapping import is_something
from apps.leads.models import CustomField, IngestRecord, Lead
from apps.leads.providers import generic
from apps.leads.types import IngestState

# How the document calls what a lead holds in columns of its own.
_NAMES_OF_COLUMNS: Final[Mapping[str, str]] = {
    "name": "nombre",
    "phone": "telefono",
    "email": "email",
    "company": "empresa",
    "city": "ciudad",
    "country": "pais",
    "address": "direccion",
    "segment": "segmento",
    "source": "origen",
}


@dataclass(frozen=True, kw_only=True)
class SentLead:
    """A lead with the newest record of it (None where no other system sent it) and what is told of it."""

    lead: Lead
    record: IngestRecord | None
    told: Mapping[str, Any]


def visible_records(actor: Actor, *, state: str = "") -> QuerySet[IngestRecord]:
    """Records, newest first.

    Raises Forbidden.
    """
    actor.require("ingest.read")
    rows = IngestRecord.objects.order_by("-id")
    return rows.filter(state=state) if state in IngestState.values else rows


def sent_leads(leads: Iterable[Lead]) -> list[SentLead]:
    """With two queries, however many leads there are."""
    rows = list(leads)
    newest = IngestRecord.objects.filter(lead__in=rows).order_by("lead", "-id").distinct("lead")
    records = {record.lead_id: record for record in newest}
    is_narrowed = any(record.unknown_fields is not None for record in records.values())
    defined = set(CustomField.objects.values_list("name", flat=True)) if is_narrowed else set()
    return [
        SentLead(lead=lead, record=records.get(lead.pk), told=_told(lead, records.get(lead.pk), defined))
        for lead in rows
    ]


def _told(lead: Lead, record: IngestRecord | None, defined: set[str]) -> Mapping[str, Any]:
    """What the sender said; with auto-creation off, of that what is defined or one of the lead's own columns."""
    if record is None:
        return _held(lead)
    sent = _sent(record)
    if record.unknown_fields is None:
        return sent
    return {name: value for name, value in sent.items() if name in defined or column_of(name)}


def _sent(record: IngestRecord) -> dict[str, Any]:
    if record.source == generic.NAME or record.state != IngestState.PROCESSED:
        return dict(generic.read(record.payload).names)
    return {row["name"]: row["value"] for row in record.mapping if row["problem"] != "missing"}


def _held(lead: Lead) -> dict[str, Any]:
    columns = {name: getattr(lead, column) for column, name in _NAMES_OF_COLUMNS.items()}
    return {name: value for name, value in columns.items() if is_something(value)} | lead.attributes
