"""What the page of ingest shows."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.core.access import Actor
from apps.dashboard.field_queries import place_label
from apps.leads.fields import all_fields
from apps.leads.ingest import get_record
from apps.leads.ingesting.records import visible_records
from apps.leads.models import IngestRecord
from apps.leads.providers import adapter_label
from apps.leads.types import FieldReview, IngestState

PAGE_SIZE = 30
_LONGEST_PAYLOAD = 20_000
_PROBLEMS: Mapping[str, str | Promise] = {
    "wrong_type": _("Not of its type; kept as it came"),
    "missing": _("Required, and not sent"),
    "unusable_name": _("A name that cannot be kept"),
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One record in the list. `summary`: who it is about."""

    record: IngestRecord
    shape: str
    summary: str
    problems: int


@dataclass(frozen=True, kw_only=True)
class RecordsPage:
    """Newest first; `before` asks for those after them, None at the end. `states`: (value, label) to narrow to."""

    rows: Sequence[Row]
    state: str
    before: int | None
    states: Sequence[tuple[str, str | Promise]]


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where one name went, in words. `is_kept`: to the lead; else it is in the record alone."""

    name: str
    value: str
    to: str
    is_kept: bool
    problem: str | Promise


@dataclass(frozen=True, kw_only=True)
class RecordDetails:
    """One record opened."""

    row: Row
    places: Sequence[Place]
    payload: str
    can_replay: bool


def records_page(actor: Actor, *, state: str = "", before: int | None = None) -> RecordsPage:
    """One query for a page. Raises Forbidden."""
    rows = visible_records(actor, state=state).select_related("lead")
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    return RecordsPage(
        rows=[_row(record) for record in shown],
        state=state if state in IngestState.values else "",
        before=shown[-1].pk if len(found) > PAGE_SIZE else None,
        states=[("", _("All")), *IngestState.choices],
    )


def record_details(actor: Actor, record_id: int) -> RecordDetails:
    """Two queries. Raises Forbidden, NotFound."""
    record = get_record(actor, record_id)
    fields = {field.name: field for field in all_fields()}
    labels = {name: str(field) for name, field in fields.items()}
    ignored = {name for name, field in fields.items() if field.review == FieldReview.IGNORED}
    return RecordDetails(
        row=_row(record),
        places=[_place(row, labels, ignored) for row in record.mapping],
        payload=json.dumps(record.payload, ensure_ascii=False, indent=2)[:_LONGEST_PAYLOAD],
        can_replay=actor.can("ingest.manage") and not record.payload.keys() <= {"raw"},
    )


def _row(record: IngestRecord) -> Row:
    return Row(
        record=record,
        shape=adapter_label(record.source),
        summary=_summary(record),
        problems=sum(1 for row in record.mapping if row["problem"]),
    )


def _summary(record: IngestRecord) -> str:
    if record.lead is not None:
        return str(record.lead)
    said = [str(row["value"]) for row in record.mapping if row["value"] not in (None, "")]
    return " · ".join(said[:3])[:120] or ", ".join(list(record.payload)[:6])[:120]


def _place(row: Mapping[str, object], labels: Mapping[str, str], ignored: set[str]) -> Place:
    name, to = str(row["name"]), str(row["to"])
    if to:
        words: str | Promise = place_label(to, labels)
    elif name in ignored:
        words = _("Ignored")
    else:
        words = _("Only in the record")
    value = row["value"]
    shown = "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return Place(
        name=name,
        value=shown,
        to=str(words),
        is_kept=bool(to),
        problem=_PROBLEMS.get(str(row["problem"]), str(row["problem"])),
    )
