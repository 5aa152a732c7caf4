"""What parsed conditions mean to the database."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property, reduce
from operator import and_, or_
from typing import Final
from zoneinfo import ZoneInfo

from django.db.models import Q, Value
from django.db.models.functions import Concat, Lower, Trim
from django.db.models.lookups import Exact, IContains, IStartsWith
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from apps.brokers.models import Broker
from apps.core.access import Actor
from apps.core.phones import match_key
from apps.core.tenancy import entered_broker_id
from apps.leads.filters import attributes
from apps.leads.filters.fields import ATTRIBUTE, KIND_OF_COLUMN, Kind, Op
from apps.leads.filters.parsing import leaves_of
from apps.leads.models import CustomField

NOTHING: Final = Q(pk__in=())
_SUFFIX: Final[Mapping[Op, str]] = {Op.GT: "gt", Op.GTE: "gte", Op.LT: "lt", Op.LTE: "lte"}
# Asked with the very same spelling: programs write it, and it has an index.
_EXACT_TEXTS: Final = frozenset({"source"})


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Who asks, when, and where their days begin; what costs a query is read once and only where it is needed."""

    actor: Actor
    conditions: Mapping[str, object]
    now: datetime = field(default_factory=timezone.now)

    @cached_property
    def zone(self) -> ZoneInfo:
        """The broker's time zone."""
        return ZoneInfo(Broker.objects.values_list("timezone", flat=True).get(pk=entered_broker_id()))

    @cached_property
    def indexed(self) -> frozenset[str]:
        """The custom fields among the conditions that have an index of their own."""
        names = {str(leaf["field"]).removeprefix(ATTRIBUTE) for leaf in leaves_of(self.conditions)}
        return frozenset(CustomField.objects.filter(name__in=names, has_index=True).values_list("name", flat=True))

    def start_of(self, day: date) -> datetime:
        """The day's first moment."""
        return datetime(day.year, day.month, day.day, tzinfo=self.zone)


def q_of(conditions: Mapping[str, object], actor: Actor) -> Q:
    """The conditions, parsed before, as a Q on leads; `{}` narrows nothing."""
    return _node(conditions, Reader(actor=actor, conditions=conditions))


def _node(node: Mapping[str, object], reader: Reader) -> Q:
    for name, join in (("all", and_), ("any", or_)):
        members = node.get(name)
        if isinstance(members, list):
            return reduce(join, (_node(member, reader) for member in members), Q())
    return _condition(node, reader) if node else Q()


def _condition(node: Mapping[str, object], reader: Reader) -> Q:
    name, op, value = str(node["field"]), Op(str(node["op"])), node.get("value")
    if name.startswith(ATTRIBUTE):
        own = name.removeprefix(ATTRIBUTE)
        return attributes.condition(own, op, value, today=lambda: _today(reader), is_indexed=own in reader.indexed)
    kind = KIND_OF_COLUMN[name]
    if op in {Op.KNOWN, Op.UNKNOWN}:
        return _known(name, kind) if op == Op.KNOWN else ~_known(name, kind)
    return _meanings[kind](name, op, value, reader)


def _known(name: str, kind: Kind) -> Q:
    if name == "name":
        return ~Q(first_name="", last_name="")
    if kind == Kind.TAGS:
        return ~Q(tags=[])
    if kind == Kind.TEXT:
        return ~Q(**{name: ""})
    if name == "phone":
        return Q(phone__isnull=False) & ~Q(phone="")
    return Q(**{f"{name}__isnull": False})


def _text(name: str, op: Op, value: object, _reader: Reader) -> Q:
    match op:
        case Op.CONTAINS:
            return Q(IContains(_full_name(), value)) if name == "name" else Q(**{f"{name}__icontains": value})
        case Op.STARTS_WITH:
            return Q(IStartsWith(_full_name(), value)) if name == "name" else Q(**{f"{name}__istartswith": value})
        case _:
            return _equal(op, value, lambda member: _is_text(name, member))


def _is_text(name: str, value: object) -> Q:
    if name in _EXACT_TEXTS:
        return Q(**{name: value})
    return Q(Exact(Lower(_full_name() if name == "name" else name), Value(str(value).lower())))


def _full_name() -> Trim:
    return Trim(Concat("first_name", Value(" "), "last_name"))


def _phone(_name: str, op: Op, value: object, _reader: Reader) -> Q:
    match op:
        case Op.CONTAINS:
            return Q(phone__contains=_digits(value))
        case Op.STARTS_WITH:
            return Q(phone__startswith=f"+{_digits(value)}")
        case _:
            return _equal(op, value, lambda member: Q(phone_key=match_key(str(member))))


def _plain(name: str, op: Op, value: object, _reader: Reader) -> Q:
    if op in _SUFFIX:
        return Q(**{f"{name}__{_SUFFIX[op]}": value})
    if op == Op.BETWEEN:
        low, high = _pair(value)
        return Q(**{f"{name}__gte": low, f"{name}__lte": high})
    if op in {Op.IN, Op.NOT_IN}:
        within = Q(**{f"{name}__in": value})
        return within if op == Op.IN else ~within
    return _equal(op, value, lambda member: Q(**{name: member}))


def _agent(_name: str, op: Op, value: object, reader: Reader) -> Q:
    if op == Op.IS_ME:
        return NOTHING if reader.actor.user_id is None else Q(assigned_agent_id=reader.actor.user_id)
    return _plain("assigned_agent_id", op, value, reader)


def _tags(_name: str, op: Op, value: object, _reader: Reader) -> Q:
    match op:
        case Op.HAS_ALL:
            return Q(tags__contains=value)
        case Op.HAS_NONE:
            return ~_any_tag(value)
        case _:
            return _any_tag(value)


def _any_tag(value: object) -> Q:
    # One tag is asked for in one way, so that its index is used whatever the words were.
    return Q(tags__contains=value) if isinstance(value, list) and len(value) == 1 else Q(tags__overlap=value)


def _dates(name: str, op: Op, value: object, reader: Reader) -> Q:
    match op:
        case Op.WITHIN_DAYS:
            return Q(**{f"{name}__gte": _days_ago(reader, value)})
        case Op.OLDER_THAN_DAYS:
            return Q(**{f"{name}__lt": _days_ago(reader, value)})
        case Op.IS:
            return _between_moments(name, value, value, reader)
        case Op.BETWEEN:
            low, high = _pair(value)
            return _between_moments(name, low, high, reader)
        case Op.GTE:
            return Q(**{f"{name}__gte": _first(value, reader)})
        case Op.LT:
            return Q(**{f"{name}__lt": _first(value, reader)})
        case Op.GT:
            return ~_until(name, value, reader) & Q(**{f"{name}__isnull": False})
        case _:
            return _until(name, value, reader)


def _between_moments(name: str, low: object, high: object, reader: Reader) -> Q:
    return Q(**{f"{name}__gte": _first(low, reader)}) & _until(name, high, reader)


def _until(name: str, value: object, reader: Reader) -> Q:
    """Up to the moment, or to the end of the day."""
    day = parse_date(str(value))
    if day is None:
        return Q(**{f"{name}__lte": _first(value, reader)})
    return Q(**{f"{name}__lt": reader.start_of(day + timedelta(days=1))})


def _first(value: object, reader: Reader) -> datetime:
    day = parse_date(str(value))
    if day is not None:
        return reader.start_of(day)
    moment = parse_datetime(str(value))
    if moment is None:
        raise ValueError(f"conditions were not parsed: {value!r}")
    return moment


def _days_ago(reader: Reader, value: object) -> datetime:
    return reader.now - timedelta(days=int(str(value)))


def _today(reader: Reader) -> date:
    return timezone.localdate(reader.now, timezone=reader.zone)


def _equal(op: Op, value: object, is_member: Callable[[object], Q]) -> Q:
    """is, is_not, in and not_in, made of what being one value means."""
    members: Sequence[object] = value if isinstance(value, list) else [value]
    found = reduce(or_, (is_member(member) for member in members), Q())
    return ~found if op in {Op.IS_NOT, Op.NOT_IN} else found


def _pair(value: object) -> tuple[object, object]:
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError(f"conditions were not parsed: {value!r}")
    return value[0], value[1]


def _digits(value: object) -> str:
    return "".join(letter for letter in str(value) if letter in "0123456789")


_meanings: Final[Mapping[Kind, Callable[[str, Op, object, Reader], Q]]] = {
    Kind.TEXT: _text,
    Kind.PHONE: _phone,
    Kind.CHOICE: _plain,
    Kind.NUMBER: _plain,
    Kind.DATE: _dates,
    Kind.TAGS: _tags,
    Kind.BOOLEAN: _plain,
    Kind.AGENT: _agent,
}
