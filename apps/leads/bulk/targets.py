"""Which leads a bulk action is about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from apps.core.access import Actor
from apps.core.errors import InvalidInput
from apps.leads.filters import parse_conditions
from apps.leads.models import Lead
from apps.leads.queries import LeadFilter, matching_leads, visible_leads
from apps.leads.saved_views import get_view

MOST_PICKED: Final = 10_000
_LARGEST_NUMBER: Final = 2**63 - 1
_LONGEST_SEARCH: Final = 200


@dataclass(frozen=True, kw_only=True)
class Target:
    """Leads picked one by one, or, where `lead_ids` is None, all that pass the conditions and the search."""

    lead_ids: tuple[int, ...] | None = None
    conditions: Mapping[str, object]
    search: str = ""

    def as_params(self) -> dict[str, Any]:
        """As a job keeps it; `parse_target` reads it again."""
        if self.lead_ids is not None:
            return {"ids": list(self.lead_ids)}
        return {"conditions": dict(self.conditions), "search": self.search}


def parse_target(actor: Actor, value: object) -> Target:
    """`{"ids": […]}`, or `{"conditions": …, "search": …}` for a whole filter, or `{"view": id}` for a saved one.

    An empty filter means every lead in sight, and has to be said: `{"conditions": {}}`. Raises InvalidInput, NotFound.
    """
    if not isinstance(value, Mapping) or not set(value) <= {"ids", "conditions", "search", "view"} or not value:
        raise _refused(_("Say which leads: “ids”, or “conditions” and “search”, or “view”."))
    if "ids" in value:
        if len(value) > 1:
            raise _refused(_("Give either numbers of leads or a filter, not both."))
        return Target(lead_ids=_numbers(value["ids"]), conditions={})
    search = value.get("search") or ""
    if not isinstance(search, str) or len(search) > _LONGEST_SEARCH:
        raise _refused(_("Write a text of 1 to %(most)d characters.") % {"most": _LONGEST_SEARCH})
    conditions = parse_conditions(value.get("conditions"))
    if "view" not in value:
        return Target(conditions=conditions, search=search)
    view = get_view(actor, value["view"])
    return Target(conditions=_both(view.conditions, conditions), search=f"{view.search} {search}".strip())


def count_for(actor: Actor, target: Target) -> int:
    """How many leads in the actor's sight the target means now, exactly; what a person confirms."""
    return leads_of(actor, target).order_by().count()


def leads_of(actor: Actor, target: Target) -> QuerySet[Lead]:
    """The leads of the target that are in the actor's sight, in the order of their numbers."""
    if target.lead_ids is not None:
        rows = visible_leads(actor).filter(pk__in=target.lead_ids)
    else:
        rows = matching_leads(actor, LeadFilter(conditions=target.conditions, search=target.search))
    return rows.select_related(None).order_by("pk")


def _numbers(value: object) -> tuple[int, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str) or not 1 <= len(value) <= MOST_PICKED:
        raise _refused(_("Pick 1 to %(most)d leads.") % {"most": MOST_PICKED})
    numbers = []
    for given in value:
        digits = str(given) if not isinstance(given, bool) else ""
        if not (digits.isascii() and digits.isdecimal() and len(digits) < 20 and int(digits) <= _LARGEST_NUMBER):
            raise _refused(_("A lead is picked by its number."))
        numbers.append(int(digits))
    return tuple(dict.fromkeys(numbers))


def _both(first: Mapping[str, object], second: Mapping[str, object]) -> dict[str, object]:
    parts = [part for part in (first, second) if part]
    return dict(parts[0]) if len(parts) == 1 else {"all": [dict(part) for part in parts]} if parts else {}


def _refused(sentence: object) -> InvalidInput:
    return InvalidInput(sentence, field="target")
