"""Leads on the screen: their values, and what happened to them."""

import json
from collections.abc import Mapping
from typing import Final

from django import template
from django.utils.safestring import SafeString

from apps.dashboard import lead_values
from apps.dashboard.lead_columns import Column, Kind
from apps.dashboard.navigation import is_served
from apps.dashboard.templatetags.ui import icon
from apps.leads.changes import Change, label_of, label_of_source, readable
from apps.leads.models import Activity, IngestRecord, Lead
from apps.leads.timeline import Words, changes_of, doer_of, sentence_of

register = template.Library()
_MOST_LINES: Final = 40
_ICONS: Final[Mapping[str, str]] = {
    "created": "user-plus",
    "updated": "pencil",
    "stage_changed": "columns-3",
    "scored": "target",
    "assigned": "user-round",
    "identity_added": "at-sign",
    "merged": "copy",
    "unmerged": "undo-2",
    "imported": "download",
    "ingested": "link",
    "inactive": "hourglass",
    "conversation_started": "message-circle",
    "conversation_assigned": "headphones",
    "conversation_queued": "clock",
    "conversation_closed": "check",
}


@register.filter
def lead_name(lead: Lead) -> str:
    """What a lead is called, also where nobody told their name."""
    return lead_values.name_of(lead)


@register.simple_tag
def lead_value(lead: Lead, column: Column) -> SafeString:
    """The lead's value in a column, short enough for a table."""
    return lead_values.drawn(lead, column)


@register.simple_tag
def lead_value_in_full(lead: Lead, column: Column) -> SafeString:
    """The lead's value in a column, all of it."""
    return lead_values.drawn_in_full(lead, column)


@register.simple_tag
def sentence(activity: Activity, words: Words) -> str:
    """What happened, in words."""
    return sentence_of(activity, words)


@register.simple_tag
def changes(activity: Activity, words: Words) -> list[Change]:
    """Field by field what an activity changed."""
    return changes_of(activity, words)


@register.filter
def doer(activity: Activity) -> str:
    """Who did it."""
    return doer_of(activity)


@register.simple_tag
def activity_icon(activity: Activity) -> SafeString:
    """The sign of a kind of activity."""
    if activity.actor_kind == "assistant" and activity.kind == "updated":
        return icon("sparkles")
    return icon(_ICONS.get(activity.kind, "activity"))


@register.filter
def lead_source(source: str) -> str:
    """Where something came from."""
    return label_of_source(source)


@register.simple_tag
def payload_lines(record: IngestRecord) -> list[tuple[str, str]]:
    """What another system sent, name by name."""
    payload = record.payload
    if not isinstance(payload, Mapping):
        return [("", readable("", payload))]
    return [(label_of(str(name)), readable(str(name), value)) for name, value in list(payload.items())[:_MOST_LINES]]


@register.simple_tag
def can_edit(column: Column, may: Mapping[str, bool]) -> bool:
    """Whether somebody with these rights edits values of the column by hand."""
    needed = "assign" if column.kind is Kind.AGENT else "update"
    return column.is_editable and bool(may.get("update")) and bool(may.get(needed))


@register.filter
def as_json(value: object) -> str:
    """The value as JSON, for a script to read out of an attribute; empty for nothing."""
    return json.dumps(value, ensure_ascii=False) if value else ""


@register.simple_tag
def served(url: str) -> str:
    """The address, or nothing where there is no page at it."""
    return url if is_served(url) else ""
