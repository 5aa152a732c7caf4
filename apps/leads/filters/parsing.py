"""Conditions as somebody sent them: held against the grammar, and every value made what its field holds.

`{}` | `{"all": [node, …]}` | `{"any": [node, …]}`, where a node is the same or `{"field", "op", "value"}`.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Final

from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext_lazy as _

from apps.core.errors import InvalidInput
from apps.leads.filters.fields import (
    ATTRIBUTE,
    CHOICES_OF_COLUMN,
    KIND_OF_COLUMN,
    OPS_OF_KIND,
    Kind,
    Op,
    custom_kinds,
)

MAX_DEPTH: Final = 3
MAX_CONDITIONS: Final = 30
MAX_VALUES: Final = 100
_LONGEST_TEXT: Final = 300
_LONGEST_NAME: Final = 120
_LONGEST_TAG: Final = 60
_MOST_DAYS: Final = 36_500
_GROUPS: Final = ("all", "any")
_WITHOUT_VALUE: Final = frozenset({Op.KNOWN, Op.UNKNOWN, Op.IS_ME})
_OF_MANY: Final = frozenset({Op.IN, Op.NOT_IN, Op.HAS_ANY, Op.HAS_ALL, Op.HAS_NONE})
_OF_ORDER: Final = frozenset({Op.GT, Op.GTE, Op.LT, Op.LTE, Op.BETWEEN})
_WHOLE: Final = frozenset({"inbound_count", "odoo_partner_id"})
_OF_DAYS: Final = frozenset({Op.WITHIN_DAYS, Op.OLDER_THAN_DAYS})

Scalar = str | int | float | bool


def parse_conditions(value: object) -> dict[str, object]:
    """The conditions in their canonical form: groups without members are gone, values have their field's type.

    Raises InvalidInput that names what to mend.
    """
    if value is None or value == {}:
        return {}
    if not isinstance(value, Mapping) or not any(name in value for name in _GROUPS):
        raise _refused(_("A filter is an object with “all” or “any” and a list of conditions."))
    kinds = custom_kinds(
        name.removeprefix(ATTRIBUTE) for name in _names_in(value, depth=1) if name.startswith(ATTRIBUTE)
    )
    return _group(value, kinds, depth=1) or {}


def leaves_of(conditions: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    """The single conditions of a parsed filter, in their order."""
    for name in _GROUPS:
        members = conditions.get(name)
        if isinstance(members, list):
            for member in members:
                yield from leaves_of(member)
    if "field" in conditions:
        yield conditions


def _names_in(node: object, *, depth: int) -> Iterator[str]:
    """The fields that are named anywhere, read before anything is known to be right; bounded like the rest."""
    count = 0
    waiting: list[tuple[object, int]] = [(node, depth)]
    while waiting:
        current, level = waiting.pop()
        count += 1
        if count > 2 * MAX_CONDITIONS + MAX_DEPTH or level > MAX_DEPTH + 1:
            raise _too_much()
        if not isinstance(current, Mapping):
            continue
        for group in _GROUPS:
            members = current.get(group)
            if isinstance(members, list):
                waiting += [(member, level + 1) for member in members]
        name = current.get("field")
        if isinstance(name, str):
            yield _readable_text(name, _LONGEST_NAME + len(ATTRIBUTE))


def _group(node: Mapping[object, object], kinds: Mapping[str, Kind], *, depth: int) -> dict[str, object] | None:
    given = [name for name in _GROUPS if name in node]
    if len(given) != 1 or len(node) != 1:
        raise _refused(_("A group has either “all” or “any”, and nothing else."))
    if depth > MAX_DEPTH:
        raise _too_much()
    members = node[given[0]]
    if not isinstance(members, list):
        raise _refused(_("A group's value is a list of conditions."))
    parsed = [found for member in members if (found := _node(member, kinds, depth=depth)) is not None]
    if sum(1 for leaf in parsed for _leaf in leaves_of(leaf)) > MAX_CONDITIONS:
        raise _too_much()
    return {given[0]: parsed} if parsed else None


def _node(node: object, kinds: Mapping[str, Kind], *, depth: int) -> dict[str, object] | None:
    if not isinstance(node, Mapping):
        raise _refused(_("A condition is an object with “field”, “op” and “value”."))
    if not node:
        return None
    if any(name in node for name in _GROUPS):
        return _group(node, kinds, depth=depth + 1)
    return _condition(node, kinds)


def _condition(node: Mapping[object, object], kinds: Mapping[str, Kind]) -> dict[str, object]:
    unknown = {str(name)[:40] for name in node} - {"field", "op", "value"}
    if unknown:
        raise _refused(_("A condition has “field”, “op” and “value”, not “%(name)s”.") % {"name": min(unknown)})
    name, given_op, value = node.get("field"), node.get("op"), node.get("value")
    if not isinstance(name, str):
        raise _refused(_("A condition needs the name of a field."))
    kind = _kind_of(name, value, kinds)
    op = _op(name, given_op, kind)
    if op in _WITHOUT_VALUE:
        return {"field": name, "op": op.value}
    return {"field": name, "op": op.value, "value": _value(name, kind, op, value)}


def _kind_of(name: str, value: object, kinds: Mapping[str, Kind]) -> Kind | None:
    """None for a custom field that nobody defined: the value says what it holds."""
    if name in KIND_OF_COLUMN:
        return KIND_OF_COLUMN[name]
    own = name.removeprefix(ATTRIBUTE)
    if not name.startswith(ATTRIBUTE) or not own:
        raise _refused(_("There is no field “%(name)s”.") % {"name": name[:60]})
    return kinds.get(own)


def _op(name: str, given: object, kind: Kind | None) -> Op:
    allowed = OPS_OF_KIND[kind] if kind else _OPS_OF_UNDEFINED
    if isinstance(given, str) and given in allowed:
        return Op(given)
    raise _refused(
        _("“%(op)s” cannot be asked of “%(name)s”. Use one of: %(ops)s")
        % {"op": str(given)[:40], "name": name[:60], "ops": ", ".join(allowed)}
    )


def _value(name: str, kind: Kind | None, op: Op, value: object) -> object:
    if op in _OF_DAYS:
        return _days(value)
    read = _reader_of(name, kind, op)
    if op in _OF_MANY:
        members = value if isinstance(value, list) else [value]
        if not 1 <= len(members) <= MAX_VALUES:
            raise _refused(_("Give “%(name)s” 1 to %(most)d values.") % {"name": name[:60], "most": MAX_VALUES})
        return [read(member) for member in members]
    if op == Op.BETWEEN:
        if not isinstance(value, list) or len(value) != 2:
            raise _refused(_("“between” takes a list of two values, the smaller first."))
        return [read(value[0]), read(value[1])]
    return read(value)


def _reader_of(name: str, kind: Kind | None, op: Op) -> Callable[[object], Scalar]:
    if name in CHOICES_OF_COLUMN:
        return _choice_of(name)
    if name in _WHOLE:
        return _whole
    if kind is None:
        return _number_or_text if op in _OF_ORDER else _undefined
    return _readers[kind]


def _readable_text(value: object, longest: int = _LONGEST_TEXT) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > longest or "\x00" in value:
        raise _refused(_("Write a text of 1 to %(most)d characters.") % {"most": longest})
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise _refused(_("This text has characters that cannot be read.")) from error
    return value


def _text(value: object) -> Scalar:
    if isinstance(value, bool | int | float):
        value = str(_number(value)) if not isinstance(value, bool) else str(value).lower()
    return _readable_text(value).strip()


def _tag(value: object) -> Scalar:
    return _readable_text(value, _LONGEST_TAG).strip()


def _phone(value: object) -> Scalar:
    text = _readable_text(value, _LONGEST_TAG).strip()
    if not any(letter in "0123456789" for letter in text):
        raise _refused(_("Write digits of a phone number."))
    return text


def _number(value: object) -> int | float:
    if isinstance(value, str) and len(value) <= 30:
        try:
            value = float(value) if "." in value or "e" in value.lower() else int(value)
        except ValueError as error:
            raise _refused(_("Write a number here.")) from error
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _refused(_("Write a number here."))
    if not math.isfinite(value) or abs(value) >= 10**15:
        raise _refused(_("Write a number here."))
    return value


def _whole(value: object) -> Scalar:
    number = _number(value)
    if number != int(number):
        raise _refused(_("Write a whole number here."))
    return int(number)


def _boolean(value: object) -> Scalar:
    word = value.strip().lower() if isinstance(value, str) else value
    if word is True or word == "true":
        return True
    if word is False or word == "false":
        return False
    raise _refused(_("Say yes or no here."))


def _date(value: object) -> Scalar:
    """A day stays a day, in the broker's time zone; a moment goes to UTC."""
    try:
        found: date | datetime | None = None
        if isinstance(value, str) and len(value) <= 40:
            found = parse_date(value.strip()) or parse_datetime(value.strip())
    except ValueError:
        found = None
    if found is None or not 1 < found.year < 9999:
        raise _refused(_("Write a date here, such as 2026-02-12."))
    if not isinstance(found, datetime):
        return found.isoformat()
    at = found if found.tzinfo else found.replace(tzinfo=UTC)
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _days(value: object) -> int:
    days = _number(value)
    if not isinstance(days, int) or not 0 <= days <= _MOST_DAYS:
        raise _refused(_("Write a number of days from 0 to %(most)d.") % {"most": _MOST_DAYS})
    return days


def _agent(value: object) -> Scalar:
    number = _number(value)
    if not isinstance(number, int) or number < 1:
        raise _refused(_("Name an agent by their number."))
    return number


def _undefined(value: object) -> Scalar:
    return value if isinstance(value, bool) else _number(value) if isinstance(value, int | float) else _text(value)


def _number_or_text(value: object) -> Scalar:
    try:
        return _number(value)
    except InvalidInput:
        return _text(value)


def _choice_of(name: str) -> Callable[[object], Scalar]:
    values = CHOICES_OF_COLUMN[name].values

    def read(value: object) -> Scalar:
        word = value.strip().lower() if isinstance(value, str) else ""
        if word not in values:
            raise _refused(
                _("“%(name)s” is one of: %(choices)s") % {"name": name, "choices": ", ".join(map(str, values))}
            )
        return word

    return read


def _refused(sentence: object) -> InvalidInput:
    return InvalidInput(sentence, field="conditions")


def _too_much() -> InvalidInput:
    return _refused(
        _("A filter holds at most %(most)d conditions, in groups at most %(depth)d deep.")
        % {"most": MAX_CONDITIONS, "depth": MAX_DEPTH}
    )


_OPS_OF_UNDEFINED: Final = tuple(
    dict.fromkeys(op for kind in (Kind.TEXT, Kind.NUMBER, Kind.DATE, Kind.BOOLEAN) for op in OPS_OF_KIND[kind])
)
_readers: Final[Mapping[Kind, Callable[[object], Scalar]]] = {
    Kind.TEXT: _text,
    Kind.PHONE: _phone,
    Kind.CHOICE: _text,
    Kind.NUMBER: _number,
    Kind.DATE: _date,
    Kind.TAGS: _tag,
    Kind.BOOLEAN: _boolean,
    Kind.AGENT: _agent,
}
