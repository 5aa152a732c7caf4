"""What a view is, and the five that everybody begins with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.core.access import Actor
from apps.leads.queries import LeadFilter
from apps.leads.types import FINAL_STAGES, LeadStatus

_SILENT_DAYS: Final = 7
_NEW_DAYS: Final = 7


@dataclass(frozen=True, kw_only=True)
class View:
    """A list to choose. `id` is a word for the starting views and a number for the saved ones; `may_change`: whether
    whoever looks at it may rename, change and delete it.
    """

    id: str
    name: str | Promise
    conditions: Mapping[str, object]
    search: str = ""
    sort: str = ""
    columns: tuple[str, ...] = ()
    is_shared: bool = False
    is_builtin: bool = False
    may_change: bool = False

    @property
    def filter(self) -> LeadFilter:
        """What `matching_leads` takes."""
        return LeadFilter(search=self.search, conditions=self.conditions, sort=self.sort)


def starting_views(actor: Actor) -> list[View]:
    """Those that are computed and never stored; to an agent every lead in sight is their own, so two are left out."""
    silent = {"field": "last_contacted_at", "op": "older_than_days", "value": _SILENT_DAYS}
    never = [
        {"field": "last_contacted_at", "op": "unknown"},
        {"field": "created_at", "op": "older_than_days", "value": _SILENT_DAYS},
    ]
    still_open = {"field": "stage", "op": "not_in", "value": sorted(FINAL_STAGES)}
    views: list[tuple[str, Promise, dict[str, object], str]] = [
        ("mine", _("My leads"), {"all": [{"field": "assigned_agent", "op": "is_me"}]}, ""),
        ("hot", _("Hot"), {"all": [{"field": "status", "op": "is", "value": LeadStatus.HOT.value}]}, "-score"),
        ("unassigned", _("Unassigned"), {"all": [{"field": "assigned_agent", "op": "unknown"}]}, ""),
        (
            "silent",
            _("No contact for 7 days"),
            {"all": [still_open, {"any": [silent, {"all": never}]}]},
            "last_contacted_at",
        ),
        (
            "new",
            _("New this week"),
            {"all": [{"field": "created_at", "op": "within_days", "value": _NEW_DAYS}]},
            "",
        ),
    ]
    hidden = set() if actor.sees_everything else {"mine", "unassigned"}
    return [
        View(id=word, name=name, conditions=conditions, sort=sort, is_builtin=True)
        for word, name, conditions, sort in views
        if word not in hidden
    ]
