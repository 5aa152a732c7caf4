"""What a merge would do, before it does it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.core.access import Actor
from apps.core.errors import InvalidInput
from apps.leads.changes import label_of, label_of_source, labels_of, readable
from apps.leads.merging.rows import count_rows
from apps.leads.merging.values import (
    ATTRIBUTE,
    CHOOSABLE,
    Choosable,
    Side,
    check_choices,
    merged_columns,
    winner_of,
)
from apps.leads.models import Lead
from apps.leads.queries import get_lead

# What people call the rows of this room; those above say their own plural.
_KINDS: Mapping[str, Promise] = {
    "leads_activity": _("entries of the history"),
    "leads_stagechange": _("moves between stages"),
    "leads_leadidentity": _("ids on channels"),
    "leads_ingestrecord": _("received records"),
    "leads_leadmerge": _("earlier merges"),
}


@dataclass(frozen=True, kw_only=True)
class ValueChoice:
    """One field of both leads. `is_open`: both know something different, and the caller may choose."""

    name: str
    label: str
    kept: str
    absorbed: str
    winner: Side
    is_open: bool


@dataclass(frozen=True, kw_only=True)
class MovedRows:
    """How many rows of a kind would move."""

    label: str
    count: int


@dataclass(frozen=True, kw_only=True)
class MergePreview:
    """Both leads, value by value, and what the merged one would be."""

    kept: Lead
    absorbed: Lead
    values: tuple[ValueChoice, ...]
    tags: tuple[str, ...]
    moves: tuple[MovedRows, ...]


def preview_merge(
    actor: Actor, kept_id: int, absorbed_id: int, choices: Mapping[str, str] | None = None
) -> MergePreview:
    """What `merge_leads` would do with these choices.

    Raises NotFound, Forbidden, InvalidInput.
    """
    actor.require("clients.merge")
    check_choices(choices or {})
    if kept_id == absorbed_id:
        raise InvalidInput(_("Choose two different leads."), field="absorbed_id")
    kept, absorbed = get_lead(actor, kept_id), get_lead(actor, absorbed_id)

    columns = merged_columns(kept, absorbed, choices or {})
    moves = [
        MovedRows(label=str(_KINDS.get(kind.table, kind.label)), count=count) for kind, count in count_rows(absorbed_id)
    ]
    return MergePreview(
        kept=kept,
        absorbed=absorbed,
        values=(*_own(kept, absorbed, choices or {}), *_attributes(kept, absorbed, choices or {})),
        tags=tuple(columns.get("tags", kept.tags)),
        moves=tuple(moves),
    )


def _own(kept: Lead, absorbed: Lead, choices: Mapping[str, str]) -> list[ValueChoice]:
    return [
        ValueChoice(
            name=field.name,
            label=label_of(field.name),
            kept=_shown(field, kept),
            absorbed=_shown(field, absorbed),
            winner=winner_of(field, kept, absorbed, choices),
            is_open=_differ(field, kept, absorbed),
        )
        for field in CHOOSABLE
        if not (field.is_empty(kept) and field.is_empty(absorbed))
    ]


def _differ(field: Choosable, kept: Lead, absorbed: Lead) -> bool:
    """Whether both know it, and a reader would see two values."""
    if field.is_empty(kept) or field.is_empty(absorbed):
        return False
    return _shown(field, kept).casefold() != _shown(field, absorbed).casefold()


def _shown(field: Choosable, lead: Lead) -> str:
    match field.name:
        case "name":
            return lead.name
        case "source":
            return label_of_source(lead.source)
        case "assigned_agent":
            return str(lead.assigned_agent.name) if lead.assigned_agent else ""
        case "referral":
            return str((lead.referral or {}).get("headline") or (lead.referral or {}).get("source_id") or "")
        case _:
            return readable(field.name, field.value(lead)[0])


def _attributes(kept: Lead, absorbed: Lead, choices: Mapping[str, str]) -> list[ValueChoice]:
    names = sorted({*kept.attributes, *absorbed.attributes})
    labels = labels_of(names) if names else {}
    return [
        _attribute(name, label_of(name, labels), kept.attributes.get(name), absorbed.attributes.get(name), choices)
        for name in names
    ]


def _attribute(name: str, label: str, kept: Any, absorbed: Any, choices: Mapping[str, str]) -> ValueChoice:
    is_open = kept is not None and absorbed is not None and kept != absorbed
    takes_absorbed = kept is None or (is_open and choices.get(ATTRIBUTE + name) == Side.ABSORBED)
    return ValueChoice(
        name=ATTRIBUTE + name,
        label=label,
        kept=readable(name, kept),
        absorbed=readable(name, absorbed),
        winner=Side.ABSORBED if takes_absorbed else Side.KEPT,
        is_open=is_open,
    )
