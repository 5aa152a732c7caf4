"""What a filter asks for, seen from outside: which lists can be read off an index, which counts off the tally."""

from collections.abc import Mapping
from typing import Final

from apps.leads.filters.fields import Op
from apps.leads.filters.parsing import leaves_of

# Columns that the indexes of the list carry (apps.leads.models.lead).
_IN_ORDER: Final = frozenset(
    {"stage", "status", "score", "contact_status", "assigned_agent", "source", "created_at", "updated_at"}
)
_OF_THE_TALLY: Final = frozenset({"stage", "status"})


def is_in_order(conditions: Mapping[str, object]) -> bool:
    """Whether every condition is on a column of an index that has the order of the list."""
    return all(leaf["field"] in _IN_ORDER for leaf in leaves_of(conditions))


def is_of_the_tally(conditions: Mapping[str, object]) -> bool:
    """Whether it asks for nothing but stages and temperatures."""
    return all(leaf["field"] in _OF_THE_TALLY for leaf in leaves_of(conditions))


def passes(conditions: Mapping[str, object], *, stage: str, status: str) -> bool:
    """Whether leads of the stage and the temperature pass a filter that asks for these alone."""
    for name, join in (("all", all), ("any", any)):
        members = conditions.get(name)
        if isinstance(members, list):
            return join(passes(member, stage=stage, status=status) for member in members)
    if "field" not in conditions:
        return True
    value = stage if conditions["field"] == "stage" else status
    wanted = conditions.get("value")
    match conditions["op"]:
        case Op.KNOWN:
            return True
        case Op.UNKNOWN:
            return False
        case Op.IS | Op.IN:
            return value in _listed(wanted)
        case _:
            return value not in _listed(wanted)


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]
