"""A filter as a sentence, for the person who confirms it or reads its name."""

from collections.abc import Iterable, Mapping
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.accounts.models import User
from apps.leads.changes import label_of, labels_of, readable
from apps.leads.filters.fields import ATTRIBUTE, Op
from apps.leads.filters.parsing import leaves_of

_JOINTS: Final = {"all": gettext_lazy("and"), "any": gettext_lazy("or")}


def describe(conditions: Mapping[str, object]) -> str:
    """The parsed conditions in the reader's language; empty for none. At most two queries."""
    leaves = list(leaves_of(conditions))
    names = {str(leaf["field"]).removeprefix(ATTRIBUTE) for leaf in leaves if _is_custom(leaf)}
    people = _people(leaf.get("value") for leaf in leaves if leaf["field"] == "assigned_agent")
    return _node(conditions, labels_of(names), people)


def _node(node: Mapping[str, object], labels: Mapping[str, str], people: Mapping[int, str]) -> str:
    for name, joint in _JOINTS.items():
        members = node.get(name)
        if isinstance(members, list):
            return f" {joint} ".join(_member(member, labels, people) for member in members)
    return _condition(node, labels, people) if node else ""


def _member(node: Mapping[str, object], labels: Mapping[str, str], people: Mapping[int, str]) -> str:
    sentence = _node(node, labels, people)
    return f"({sentence})" if "field" not in node and len(list(leaves_of(node))) > 1 else sentence


def _condition(leaf: Mapping[str, object], labels: Mapping[str, str], people: Mapping[int, str]) -> str:
    name, op, value = str(leaf["field"]), Op(str(leaf["op"])), leaf.get("value")
    label = label_of(name, labels)
    if op == Op.WITHIN_DAYS:
        return f"{label}: " + ngettext("the last %(days)d day", "the last %(days)d days", _days(value)) % {
            "days": _days(value)
        }
    if op == Op.OLDER_THAN_DAYS:
        return f"{label}: " + ngettext("more than %(days)d day ago", "more than %(days)d days ago", _days(value)) % {
            "days": _days(value)
        }
    if op == Op.IS_ME:
        return f"{label} {op.label}"
    return " ".join(part for part in (label, str(op.label), _value(name, op, value, people)) if part)


def _value(name: str, op: Op, value: object, people: Mapping[int, str]) -> str:
    members = value if isinstance(value, list) else [] if value is None else [value]
    said = [
        people.get(_days(member), str(member)) if name == "assigned_agent" else _one(name, member) for member in members
    ]
    if op == Op.BETWEEN:
        return _("%(low)s and %(high)s") % {"low": said[0], "high": said[1]}
    return ", ".join(said)


def _one(name: str, value: object) -> str:
    return readable(name, value)


def _people(values: Iterable[object]) -> dict[int, str]:
    ids = {number for value in values for number in (value if isinstance(value, list) else [value]) if number}
    return {person.pk: person.name for person in User.objects.filter(pk__in=ids)} if ids else {}


def _is_custom(leaf: Mapping[str, object]) -> bool:
    return str(leaf["field"]).startswith(ATTRIBUTE)


def _days(value: object) -> int:
    return int(str(value))
