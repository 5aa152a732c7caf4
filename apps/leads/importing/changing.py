"""The SQL that says what a lead becomes where a file knows the person already, column by column."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from apps.leads.importing.mapping import ATTRIBUTE


class OnDuplicate(StrEnum):
    """What happens to a lead that the file has too."""

    SKIP = "skip"
    UPDATE = "update"
    FILL = "fill"


@dataclass(frozen=True)
class Change:
    """A column of the lead and its new value; `l` is the lead, `s` the row of the file."""

    column: str
    value: str


_TEXTS: Final = ("email", "company", "city", "country", "address", "segment", "source", "notes")
_ALL_TAGS: Final = """(SELECT (COALESCE(array_agg(tag ORDER BY place), '{}'))[1:50] FROM (
    SELECT tag, min(place) AS place FROM unnest(l.tags || s.tags::varchar[]) WITH ORDINALITY AS t(tag, place)
     GROUP BY tag) AS every)"""
_STATUS_IN_STAGE: Final = """CASE WHEN COALESCE(s.stage, l.stage) = l.stage THEN l.status
    WHEN s.stage = 'ganado' THEN 'converted' WHEN s.stage = 'perdido' THEN 'lost'
    WHEN l.status IN ('converted', 'lost') THEN 'cold' ELSE l.status END"""


def changes_of(targets: Collection[str], policy: OnDuplicate) -> list[Change]:
    """What the mapped columns do to a lead that is there already; nothing where duplicates are skipped."""
    if policy is OnDuplicate.SKIP:
        return []
    changes = _filling(targets) if policy is OnDuplicate.FILL else _updating(targets)
    if any(target.startswith(ATTRIBUTE) for target in targets):
        kept_first = policy is OnDuplicate.FILL
        value = "s.attributes || l.attributes" if kept_first else "l.attributes || s.attributes"
        changes.append(Change("attributes", value))
    return changes


def _updating(targets: Collection[str]) -> list[Change]:
    changes = [Change(name, f"COALESCE(NULLIF(s.{name}, ''), l.{name})") for name in _TEXTS if name in targets]
    if "name" in targets:
        changes.append(Change("first_name", "COALESCE(NULLIF(s.first_name, ''), l.first_name)"))
        changes.append(Change("last_name", "CASE WHEN s.first_name = '' THEN l.last_name ELSE s.last_name END"))
    else:
        named = [name for name in ("first_name", "last_name") if name in targets]
        changes += [Change(name, f"COALESCE(NULLIF(s.{name}, ''), l.{name})") for name in named]
    if "tags" in targets:
        changes.append(Change("tags", f"CASE WHEN s.tags = '{{}}' THEN l.tags ELSE {_ALL_TAGS} END"))
    if "stage" in targets:
        changes.append(Change("stage", "COALESCE(s.stage, l.stage)"))
        changes.append(Change("status", _STATUS_IN_STAGE))
        changes.append(
            Change(
                "stage_changed_at",
                "CASE WHEN COALESCE(s.stage, l.stage) = l.stage THEN l.stage_changed_at ELSE now() END",
            )
        )
    if "assigned_agent" in targets:
        changes.append(Change("assigned_agent_id", "COALESCE(s.assigned_agent, l.assigned_agent_id)"))
    others = [name for name in ("contact_status", "lifetime_value", "is_opted_out") if name in targets]
    return changes + [Change(name, f"COALESCE(s.{name}, l.{name})") for name in others]


def _filling(targets: Collection[str]) -> list[Change]:
    changes = [Change(name, f"COALESCE(NULLIF(l.{name}, ''), s.{name})") for name in _TEXTS if name in targets]
    if {"name", "first_name", "last_name"} & set(targets):
        nameless = "l.first_name = '' AND l.last_name = ''"
        changes += [
            Change(name, f"CASE WHEN {nameless} THEN s.{name} ELSE l.{name} END")
            for name in ("first_name", "last_name")
        ]
    if "tags" in targets:
        changes.append(Change("tags", "CASE WHEN l.tags = '{}' THEN s.tags::varchar[] ELSE l.tags END"))
    if "assigned_agent" in targets:
        changes.append(Change("assigned_agent_id", "COALESCE(l.assigned_agent_id, s.assigned_agent)"))
    if "contact_status" in targets:
        changes.append(
            Change(
                "contact_status",
                "CASE WHEN l.contact_status = 'new' THEN COALESCE(s.contact_status, 'new') ELSE l.contact_status END",
            )
        )
    if "lifetime_value" in targets:
        changes.append(
            Change(
                "lifetime_value",
                "CASE WHEN l.lifetime_value = 0 THEN COALESCE(s.lifetime_value, 0) ELSE l.lifetime_value END",
            )
        )
    if "is_opted_out" in targets:
        changes.append(Change("is_opted_out", "l.is_opted_out OR COALESCE(s.is_opted_out, false)"))
    return changes
