"""What rules and stages can ask of a lead: the filters' fields, and what Sofía writes down though nobody defined it."""

from typing import Final

from apps.leads.changes import label_of, readable
from apps.leads.filters import FilterField, Kind, Op, filter_fields

_WISHES: Final[tuple[tuple[str, Kind], ...]] = (
    ("purpose", Kind.CHOICE),
    ("location", Kind.TEXT),
    ("property_type", Kind.TEXT),
    ("budget_amount", Kind.NUMBER),
    ("bedrooms", Kind.NUMBER),
    ("income_amount", Kind.NUMBER),
    ("visit_date", Kind.DATE),
)
_PURPOSES: Final = ("buy", "rent", "invest", "sell")
_OPS: Final[dict[Kind, tuple[Op, ...]]] = {
    Kind.CHOICE: (Op.IS, Op.IS_NOT, Op.KNOWN, Op.UNKNOWN),
    Kind.TEXT: (Op.KNOWN, Op.UNKNOWN, Op.IS, Op.IS_NOT, Op.CONTAINS, Op.STARTS_WITH),
    Kind.NUMBER: (Op.KNOWN, Op.UNKNOWN, Op.GTE, Op.LTE, Op.BETWEEN),
    Kind.DATE: (Op.KNOWN, Op.UNKNOWN, Op.OLDER_THAN_DAYS, Op.WITHIN_DAYS, Op.STARTS_WITH),
}


def askable_fields() -> list[FilterField]:
    """In two queries; a field that the broker defined is asked as it was defined."""
    fields = filter_fields()
    known = {field.name for field in fields}
    return fields + [_wish(name, kind) for name, kind in _WISHES if f"attributes.{name}" not in known]


def _wish(name: str, kind: Kind) -> FilterField:
    choices = tuple((value, readable(name, value)) for value in _PURPOSES) if kind == Kind.CHOICE else ()
    return FilterField(name=f"attributes.{name}", label=label_of(name), kind=kind, ops=_OPS[kind], choices=choices)
