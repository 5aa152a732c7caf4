"""Where each value of a payload goes: a column of the lead, an attribute, or nowhere, and what is wrong with it.

Nothing here rejects: a value that does not fit is kept as it came and reported.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from apps.core.errors import InvalidInput
from apps.leads.field_values import clean_value, column_of, type_for
from apps.leads.fields import LEAD_COLUMNS, is_usable_name
from apps.leads.ingesting.columns import clean_column
from apps.leads.models import CustomField
from apps.leads.types import FieldReview

MOST_NAMES: Final = 500
_LONGEST_SHOWN: Final = 300
_TOUCHED: Final = "SELECT * FROM leads_customfield WHERE name = ANY(%s::text[]) OR is_required"


@dataclass(frozen=True, kw_only=True)
class Placed:
    """What becomes of one name. `to`: a column, `attributes.<name>`, or "" for the record alone."""

    name: str
    to: str = ""
    value: Any = None
    problem: str = ""

    def as_json(self) -> dict[str, Any]:
        """As the record keeps it."""
        return {"name": self.name, "to": self.to, "value": _short(self.value), "problem": self.problem}


@dataclass(kw_only=True)
class Plan:
    """A payload, sorted. `new`: names that become fields, each with a sample; `unknown`: names that do not."""

    columns: dict[str, Any] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    placed: list[Placed] = field(default_factory=list)
    new: dict[str, Any] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)

    @property
    def problems(self) -> list[dict[str, str]]:
        """For the answer: which name, and what is wrong."""
        return [{"field": one.name, "problem": one.problem} for one in self.placed if one.problem]

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all was said of a person."""
        return not any(is_something(one.value) for one in self.placed)


def fields_of(names: Sequence[str]) -> dict[str, CustomField]:
    """The definitions that a payload touches: of its names, of what they are mapped to, and all that are required."""
    found = {row.name: row for row in CustomField.objects.raw(_TOUCHED, [list(names)])}
    further = {row.mapped_to for row in found.values() if row.mapped_to} - set(LEAD_COLUMNS) - set(found)
    if further:
        found |= {row.name: row for row in CustomField.objects.filter(name__in=further)}
    return found


def plan_of(names: Mapping[str, Any], fields: Mapping[str, CustomField], *, creates_fields: bool, country: str) -> Plan:
    """Sort the names and values of one payload."""
    plan = Plan()
    for number, (name, value) in enumerate(names.items()):
        if number >= MOST_NAMES or not is_usable_name(name):
            plan.placed.append(Placed(name=name[:200], value=value, problem="unusable_name"))
            plan.unknown.append(name[:200])
            continue
        known = fields.get(name)
        if known is None:
            _place_unknown(plan, name, value, creates_fields=creates_fields, country=country)
        elif known.review == FieldReview.IGNORED:
            plan.placed.append(Placed(name=name, value=value, problem=""))
        else:
            _place_known(plan, known, value, fields, country=country)
    for known in fields.values():
        if known.is_required and known.review != FieldReview.IGNORED and not is_something(names.get(known.name)):
            plan.placed.append(Placed(name=known.name, problem="missing"))
    return plan


def is_something(value: object) -> bool:
    """Whether a value says anything."""
    return value is not None and value != "" and value != [] and value != {} and not _is_blank(value)


def _place_unknown(plan: Plan, name: str, value: Any, *, creates_fields: bool, country: str) -> None:
    column = column_of(name)
    if creates_fields:
        plan.new[name] = value
    else:
        plan.unknown.append(name)
    if column:
        _to_column(plan, name, column, value, country=country, keeps_wrong=creates_fields)
    elif creates_fields:
        invented = CustomField(name=name, type=type_for(name, value))
        _to_attribute(plan, name, invented, value, country=country)
    else:
        plan.placed.append(Placed(name=name, value=value))


def _place_known(
    plan: Plan, known: CustomField, value: Any, fields: Mapping[str, CustomField], *, country: str
) -> None:
    if known.mapped_to in LEAD_COLUMNS:
        _to_column(plan, known.name, known.mapped_to, value, country=country, keeps_wrong=True)
        return
    target = fields.get(known.mapped_to, known)
    _to_attribute(plan, known.name, target, value, country=country)
    column = column_of(known.name) if target is known else ""
    if column and column not in plan.columns and is_something(value):
        cleaned = _cleaned_column(column, value, country=country)
        if cleaned is not None:
            plan.columns[column] = cleaned


def _to_column(plan: Plan, name: str, column: str, value: Any, *, country: str, keeps_wrong: bool) -> None:
    if not is_something(value):
        plan.placed.append(Placed(name=name, to=column))
        return
    cleaned = _cleaned_column(column, value, country=country)
    if cleaned is None:
        if keeps_wrong:
            plan.attributes.setdefault(name, value)
        to = f"attributes.{name}" if keeps_wrong else ""
        plan.placed.append(Placed(name=name, to=to, value=value, problem="wrong_type"))
        return
    plan.columns.setdefault(column, cleaned)
    plan.placed.append(Placed(name=name, to=column, value=value))


def _cleaned_column(column: str, value: Any, *, country: str) -> Any:
    try:
        return clean_column(column, value, country=country)
    except InvalidInput:
        return None


def _to_attribute(plan: Plan, name: str, target: CustomField, value: Any, *, country: str) -> None:
    if not is_something(value):
        plan.placed.append(Placed(name=name, to=f"attributes.{target.name}"))
        return
    problem = ""
    cleaned: Any = value
    # A list or an object has no type of ours; it is kept as it is.
    if not isinstance(value, list | dict):
        try:
            cleaned = clean_value(target, value, country=country)
        except InvalidInput:
            problem = "wrong_type"
    plan.attributes.setdefault(target.name, cleaned)
    plan.placed.append(Placed(name=name, to=f"attributes.{target.name}", value=value, problem=problem))


def _is_blank(value: object) -> bool:
    return isinstance(value, str) and not value.strip()


def _short(value: Any) -> Any:
    """What a mapping shows of a value; the whole of it is in the payload."""
    if isinstance(value, str):
        return value[:_LONGEST_SHOWN]
    if isinstance(value, list | dict):
        text = str(value)
        return value if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN]
    return value
