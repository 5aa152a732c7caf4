"""Conditions on custom fields: values of `Lead.attributes`, compared inside jsonb so that numbers compare as numbers.

Equality goes by containment, which the GIN index on the whole column answers; a field with an index of its own is
compared with the very expression that is indexed. Dates are ISO texts there, which sort by time.
"""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import reduce
from operator import or_
from typing import Final

from django.db.models import F, Func, IntegerField, JSONField, Q, TextField, Value
from django.db.models.lookups import (
    Exact,
    GreaterThan,
    GreaterThanOrEqual,
    IContains,
    IStartsWith,
    LessThan,
    LessThanOrEqual,
)
from django.utils.dateparse import parse_date

from apps.leads.filters.fields import Op

_COMPARISONS: Final = {Op.GT: GreaterThan, Op.GTE: GreaterThanOrEqual, Op.LT: LessThan, Op.LTE: LessThanOrEqual}


# Longer values are not in a field's own index: an entry has its limit.
MOST_INDEXED_BYTES: Final = 300


def json_value(name: str) -> Func:
    """The value kept under the name, as jsonb: the expression of apps.leads.field_indexes."""
    return Func(F("attributes"), Value(name), arg_joiner=" -> ", template="(%(expressions)s)", output_field=JSONField())


def condition(name: str, op: Op, value: object, *, today: Callable[[], date], is_indexed: bool) -> Q:
    """One parsed condition on the custom field `name`."""
    match op:
        case Op.KNOWN:
            return known(name)
        case Op.UNKNOWN:
            return ~known(name)
        case Op.CONTAINS:
            return Q(IContains(_text(name), value))
        case Op.STARTS_WITH:
            return Q(IStartsWith(_text(name), value))
        case Op.IS | Op.IS_NOT | Op.IN | Op.NOT_IN:
            return _equal(name, op, value if isinstance(value, list) else [value], is_indexed=is_indexed)
        case Op.WITHIN_DAYS:
            found = _ordered(name, Op.BETWEEN, [_days_before(today(), value), today().isoformat()])
        case Op.OLDER_THAN_DAYS:
            found = _ordered(name, Op.LT, _days_before(today(), value))
        case _:
            found = _ordered(name, op, value)
    return found & _is_in_index(name) if is_indexed else found


def known(name: str) -> Q:
    """Something is kept under the name, and it is neither nothing nor an empty text."""
    return Q(attributes__has_key=name) & ~Q(attributes__contains={name: ""}) & ~Q(attributes__contains={name: None})


def _equal(name: str, op: Op, values: Sequence[object], *, is_indexed: bool) -> Q:
    is_indexed = is_indexed and op in {Op.IS, Op.IN} and all(_fits(value) for value in values)
    is_one = _is_indexed_value if is_indexed else _holds
    found = reduce(or_, (is_one(name, value) for value in values), Q())
    if is_indexed:
        return found & _is_in_index(name)
    return found if op in {Op.IS, Op.IN} else ~found


def _is_indexed_value(name: str, value: object) -> Q:
    return Q(Exact(json_value(name), Value(value, output_field=JSONField())))


def _is_in_index(name: str) -> Q:
    """The very condition of the index, so that the planner sees that the index has all that is asked for."""
    size = Func(_text(name), function="octet_length", output_field=IntegerField())
    return Q(LessThanOrEqual(size, Value(MOST_INDEXED_BYTES)))


def _fits(value: object) -> bool:
    return not isinstance(value, str) or len(value.encode()) <= MOST_INDEXED_BYTES


def _holds(name: str, value: object) -> Q:
    """The value itself, or a list with it; a text of digits is also the number, as senders mix them up."""
    found = Q(attributes__contains={name: value})
    if isinstance(value, str):
        found |= Q(attributes__contains={name: [value]})
        if value.isascii() and value.isdecimal() and len(value) < 16:
            found |= Q(attributes__contains={name: int(value)})
    return found


def _ordered(name: str, op: Op, value: object) -> Q:
    """Texts compare with texts alone, numbers with numbers: in jsonb's own order every number follows every text."""
    if op == Op.BETWEEN:
        low, high = value if isinstance(value, list) else (value, value)
        return _ordered(name, Op.GTE, low) & _ordered(name, Op.LTE, high)
    day = parse_date(value) if isinstance(value, str) and len(value) == len("2026-01-01") else None
    if day is not None and op in {Op.GT, Op.LTE}:
        # A day ends where the next one begins: moments of the day are texts that begin with it.
        op = Op.GTE if op == Op.GT else Op.LT
        value = (day + timedelta(days=1)).isoformat()
    kind = "string" if isinstance(value, str) else "number"
    is_kind = Exact(Func(json_value(name), function="jsonb_typeof", output_field=TextField()), Value(kind))
    return Q(_COMPARISONS[op](json_value(name), Value(value, output_field=JSONField()))) & Q(is_kind)


def _text(name: str) -> Func:
    return Func(
        F("attributes"), Value(name), arg_joiner=" ->> ", template="(%(expressions)s)", output_field=TextField()
    )


def _days_before(today: date, value: object) -> str:
    return (today - timedelta(days=int(str(value)))).isoformat()
