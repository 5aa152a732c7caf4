"""Converting what leads hold when a field gets another type or hands its values on: a job, a thousand leads at a time.

Values that do not fit stay as they are and are counted, with some of them shown. A second run finds nothing to do.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from django.db import connection, transaction

from apps.brokers.ingest_keys import key_holder
from apps.core.access import Actor
from apps.core.errors import DomainError, InvalidInput
from apps.core.tenancy import entered_broker_id
from apps.leads.actions import update_lead
from apps.leads.field_values import clean_value
from apps.leads.fields import LEAD_COLUMNS
from apps.leads.ingesting.columns import clean_column, empty_columns, names_in
from apps.leads.ingesting.mapping import is_something
from apps.leads.jobs import JobRun, job_handler
from apps.leads.models import CustomField, Lead
from apps.leads.types import JobKind

BATCH: Final = 1000
_EXAMPLES: Final = 20
# By the primary key: the whole table is read once, whatever share of it holds the name.
_HOLDING: Final = """
    SELECT id, (attributes -> %(name)s)::text, attributes ? %(target)s
      FROM leads_lead
     WHERE attributes ? %(name)s AND id > %(after)s
     ORDER BY id LIMIT %(most)s
"""
_REPLACE: Final = """
    UPDATE leads_lead
       SET attributes = jsonb_set(attributes, ARRAY[%(name)s], given.after)
      FROM unnest(%(ids)s::bigint[], %(before)s::jsonb[], %(after)s::jsonb[]) AS given(id, before, after)
     WHERE leads_lead.id = given.id AND attributes -> %(name)s = given.before
"""
_HAND_ON: Final = """
    UPDATE leads_lead
       SET attributes = (attributes - %(name)s) || jsonb_build_object(%(target)s::text, given.after)
      FROM unnest(%(ids)s::bigint[], %(before)s::jsonb[], %(after)s::jsonb[]) AS given(id, before, after)
     WHERE leads_lead.id = given.id AND attributes -> %(name)s = given.before AND NOT attributes ? %(target)s
"""


@dataclass
class _Outcome:
    """`kept`: values that do not fit, or where the lead has another already."""

    converted: int = 0
    unchanged: int = 0
    kept: int = 0
    examples: list[dict[str, object]] = field(default_factory=list)

    def keep(self, lead_id: int, value: object) -> None:
        self.kept += 1
        if len(self.examples) < _EXAMPLES:
            self.examples.append({"lead_id": lead_id, "value": str(value)[:200]})

    def as_result(self) -> dict[str, object]:
        return {
            "converted": self.converted,
            "unchanged": self.unchanged,
            "kept": self.kept,
            "examples": self.examples,
        }


@dataclass(frozen=True)
class _Held:
    """What one lead holds under the field's name."""

    lead_id: int
    json: str
    has_target: bool

    @property
    def value(self) -> Any:
        return orjson.loads(self.json)


@job_handler(JobKind.RETYPE)
def convert_values(run: JobRun) -> Mapping[str, object]:
    """Bring every lead's value where the field's definition wants it, in its type."""
    source = CustomField.objects.filter(pk=run.job.params["field_id"]).first()
    outcome = _Outcome()
    if source is None:
        return outcome.as_result()
    country = key_holder(entered_broker_id()).country
    convert = _converter(run.actor, source, country)
    after = done = 0
    while rows := _holding(source.name, source.mapped_to, after=after):
        with transaction.atomic():
            convert(rows, outcome)
        after, done = rows[-1].lead_id, done + len(rows)
        run.advance(done, max(run.job.total, done))
    return outcome.as_result()


_Converter = Callable[[list[_Held], _Outcome], None]


def _converter(actor: Actor, source: CustomField, country: str) -> _Converter:
    if source.mapped_to in LEAD_COLUMNS:
        return lambda rows, outcome: _to_column(actor, source, rows, outcome, country=country)
    if source.mapped_to:
        target = CustomField.objects.filter(name=source.mapped_to).first() or source
        return lambda rows, outcome: _to_field(source, target, rows, outcome, country=country)
    return lambda rows, outcome: _to_type(source, rows, outcome, country=country)


def _to_type(source: CustomField, rows: list[_Held], outcome: _Outcome, *, country: str) -> None:
    changed: list[tuple[int, str, str]] = []
    for row in rows:
        cleaned = _cleaned(source, row.value, country)
        if cleaned is None:
            if is_something(row.value):
                outcome.keep(row.lead_id, row.value)
        elif cleaned == row.value and type(cleaned) is type(row.value):
            outcome.unchanged += 1
        else:
            changed.append((row.lead_id, row.json, _json(cleaned)))
    outcome.converted += _write(_REPLACE, source.name, "", changed)


def _to_field(source: CustomField, target: CustomField, rows: list[_Held], outcome: _Outcome, *, country: str) -> None:
    changed: list[tuple[int, str, str]] = []
    for row in rows:
        cleaned = None if row.has_target else _cleaned(target, row.value, country)
        if cleaned is None:
            outcome.keep(row.lead_id, row.value)
        else:
            changed.append((row.lead_id, row.json, _json(cleaned)))
    outcome.converted += _write(_HAND_ON, source.name, target.name, changed)


def _to_column(actor: Actor, source: CustomField, rows: list[_Held], outcome: _Outcome, *, country: str) -> None:
    """One by one, as a person would: a column has rules, and its change belongs on the timeline."""
    leads = Lead.objects.in_bulk([row.lead_id for row in rows])
    for row in rows:
        lead = leads.get(row.lead_id)
        if lead is None:
            continue
        if _fill_column(actor, lead, source, row.value, country=country):
            outcome.converted += 1
        else:
            outcome.keep(row.lead_id, row.value)


def _fill_column(actor: Actor, lead: Lead, source: CustomField, value: Any, *, country: str) -> bool:
    try:
        cleaned = clean_column(source.mapped_to, value, country=country)
        wanted = empty_columns(lead, names_in({source.mapped_to: cleaned}))
        if not wanted:
            return False
        with transaction.atomic():
            update_lead(actor=actor, lead_id=lead.pk, country=country, attributes={source.name: None}, **wanted)
    except DomainError:
        return False
    return True


def _cleaned(target: CustomField, value: Any, country: str) -> object:
    try:
        return clean_value(target, value, country=country)
    except InvalidInput:
        return None


def _holding(name: str, target: str, *, after: int) -> list[_Held]:
    with connection.cursor() as cursor:
        cursor.execute(_HOLDING, {"name": name, "target": target or name, "after": after, "most": BATCH})
        return [_Held(*row) for row in cursor.fetchall()]


def _write(sql: str, name: str, target: str, changed: list[tuple[int, str, str]]) -> int:
    """How many were written: what somebody changed meanwhile stays as they left it."""
    if not changed:
        return 0
    ids, before, after = (list(column) for column in zip(*changed, strict=True))
    with connection.cursor() as cursor:
        cursor.execute(sql, {"name": name, "target": target, "ids": ids, "before": before, "after": after})
        return cursor.rowcount


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
