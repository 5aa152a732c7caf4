"""Conditions as somebody sent them: held against the grammar, and every value made what its field holds.

`{}` | `{"all": [node, …]}` | `{"any": [node, …]}`, where a node is the same or `{"field", "op", "value"}`.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from django.utils.translation import gettext_lazy as _

from apps.core.errors import InvalidInput
from apps.leads.filters.fields import (
    ATTRIBUTE,
    KIND_OF_COLUMN,
    OPS_OF_KIND,
    Kind,
    Op,
    custom_kinds,
)
from apps.leads.filters.values import days, readable_text, reader_of, refused

MAX_DEPTH: Final = 3
MAX_CONDITIONS: Final = 30
MAX_VALUES: Final = 100
_LONGEST_NAME: Final = 120
_GROUPS: Final = ("all", "any")
_WITHOUT_VALUE: Final = frozenset({Op.KNOWN, Op.UNKNOWN, Op.IS_ME})
_OF_MANY: Final = frozenset({Op.IN, Op.NOT_IN, Op.HAS_ANY, Op.HAS_ALL, Op.HAS_NONE})
_OF_DAYS: Final = frozenset({Op.WITHIN_DAYS, Op.OLDER_THAN_DAYS})


def parse_conditions(value: object) -> dict[str, object]:
    """The conditions in their canonical form: groups without members are gone, values have their field's type.

    Raises InvalidInput that names what to mend.
    """
    if value is None or value == {}:
        return {}
    if not isinstance(value, Mapping) or not any(name in value for name in _GROUPS):
        raise refused(_("A filter is an object with “all” or “any” and a list of conditions."))
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
            yield readable_text(name, _LONGEST_NAME + len(ATTRIBUTE))


def _group(node: Mapping[object, object], kinds: Mapping[str, Kind], *, depth: int) -> dict[str, object] | None:
    given = [name for name in _GROUPS if name in node]
    if len(given) != 1 or len(node) != 1:
        raise refused(_("A group has either “all” or “any”, and nothing else."))
    if depth > MAX_DEPTH:
        raise _too_much()
    members = node[given[0]]
    if not isinstance(members, list):
        raise refused(_("A group's value is a list of conditions."))
    parsed = [found for member in members if (found := _node(member, kinds, depth=depth)) is not None]
    if sum(1 for leaf in parsed for _leaf in leaves_of(leaf)) > MAX_CONDITIONS:
        raise _too_much()
    return {given[0]: parsed} if parsed else None


def _node(node: object, kinds: Mapping[str, Kind], *, depth: int) -> dict[str, object] | None:
    if not isinstance(node, Mapping):
        raise refused(_("A condition is an object with “field”, “op” and “value”."))
    if not node:
        return None
    if any(name in node for name in _GROUPS):
        return _group(node, kinds, depth=depth + 1)
    return _condition(node, kinds)


def _condition(node: Mapping[object, object], kinds: Mapping[str, Kind]) -> dict[str, object]:
    unknown = {str(name)[:40] for name in node} - {"field", "op", "value"}
    if unknown:
        raise refused(_("A condition has “field”, “op” and “value”, not “%(name)s”.") % {"name": min(unknown)})
    name, given_op, value = node.get("field"), node.get("op"), node.get("value")
    if not isinstance(name, str):
        raise refused(_("A condition needs the name of a field."))
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
        raise refused(_("There is no field “%(name)s”.") % {"name": name[:60]})
    return kinds.get(own)


def _op(name: str, given: object, kind: Kind | None) -> Op:
    allowed = OPS_OF_KIND[kind] if kind else _OPS_OF_UNDEFINED
    if isinstance(given, str) and given in allowed:
        return Op(given)
    raise refused(
        _("“%(op)s” cannot be asked of “%(name)s”. Use one of: %(ops)s")
        % {"op": str(given)[:40], "name": name[:60], "ops": ", ".join(allowed)}
    )


def _value(name: str, kind: Kind | None, op: Op, value: object) -> object:
    if op in _OF_DAYS:
        return days(value)
    read = reader_of(name, kind, op)
    if op in _OF_MANY:
        members = value if isinstance(value, list) else [value]
        if not 1 <= len(members) <= MAX_VALUES:
            raise refused(_("Give “%(name)s” 1 to %(most)d values.") % {"name": name[:60], "most": MAX_VALUES})
        return [read(member) for member in members]
    if op == Op.BETWEEN:
        if not isinstance(value, list) or len(value) != 2:
            raise refused(_("“between” takes a list of two values, the smaller first."))
        return [read(value[0]), read(value[1])]
    return read(value)


def _too_much() -> InvalidInput:
    return refused(
        _("A filter holds at most %(most)d conditions, in groups at most %(depth)d deep.")
        % {"most": MAX_CONDITIONS, "depth": MAX_DEPTH}
    )


_OPS_OF_UNDEFINED: Final = tuple(
    dict.fromkeys(op for kind in (Kind.TEXT, Kind.NUMBER, Kind.DATE, Kind.BOOLEAN) for op in OPS_OF_KIND[kind])
)
