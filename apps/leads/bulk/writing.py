"""Columns of many leads written in one statement, with a line on each timeline as one change would have left."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.utils import timezone

from apps.core.access import Actor
from apps.core.events import publish
from apps.leads.actions import MOST_TOLD_ALONE
from apps.leads.events import LeadAssigned, LeadEvent, LeadsChanged, LeadStageChanged, LeadUpdated
from apps.leads.models import Activity, Job, Lead

Values = dict[str, Any]
_TYPES: Final = {
    "assigned_agent_id": "bigint",
    "tags": "varchar[]",
    "stage": "varchar",
    "status": "varchar",
    "lost_reason": "varchar",
    "stage_changed_at": "timestamptz",
    "contact_status": "varchar",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One lead and its columns that change, as they were and as they become; JSON values."""

    lead: Lead
    before: Values
    after: Values


def write_columns(changes: Sequence[Change]) -> None:
    """All changes have the same columns; one statement."""
    columns = list(changes[0].after)
    rows = [{"id": change.lead.pk, **change.after} for change in changes]
    record = ", ".join(["id bigint", *(f"{column} {_TYPES[column]}" for column in columns)])
    settings = ", ".join(f"{column} = new.{column}" for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE leads_lead AS lead SET {settings}, updated_at = %s"
            f" FROM jsonb_to_recordset(%s::jsonb) AS new ({record}) WHERE lead.id = new.id",
            [timezone.now(), DjangoJSONEncoder().encode(rows)],
        )


def value_of(lead: Lead, column: str) -> object:
    """A column's value as JSON keeps it."""
    value = getattr(lead, column)
    return value.isoformat() if isinstance(value, datetime) else list(value) if column == "tags" else value


def tell(actor: Actor, job: Job, changes: Sequence[Change], *, reason: str = "") -> None:
    """Each lead's timeline says it. Few are announced one by one, many with one event for all."""
    event_of = _event_of(actor, changes[0])
    if len(changes) <= MOST_TOLD_ALONE:
        for change in changes:
            publish(event_of(change, reason))
        return
    Activity.objects.bulk_create(_activity(actor, job, change, reason) for change in changes)
    names = tuple(name.removesuffix("_id") for name in changes[0].after if name != "stage_changed_at")
    publish(LeadsChanged(broker_id=actor.broker_id, actor=actor, changed=names, count=len(changes), job_id=job.pk))


def _event_of(actor: Actor, first: Change) -> Callable[[Change, str], LeadEvent]:
    def assigned(change: Change, _reason: str) -> LeadEvent:
        return LeadAssigned(
            broker_id=actor.broker_id,
            actor=actor,
            lead_id=change.lead.pk,
            agent_id=change.after["assigned_agent_id"],
            previous_agent_id=change.before["assigned_agent_id"],
        )

    def moved(change: Change, reason: str) -> LeadEvent:
        return LeadStageChanged(
            broker_id=actor.broker_id,
            actor=actor,
            lead_id=change.lead.pk,
            from_stage=change.before["stage"],
            to_stage=change.after["stage"],
            reason=reason,
        )

    def updated(change: Change, _reason: str) -> LeadEvent:
        return LeadUpdated(broker_id=actor.broker_id, actor=actor, lead_id=change.lead.pk, changes=_pairs(change))

    if "assigned_agent_id" in first.after:
        return assigned
    return moved if "stage" in first.after else updated


def _activity(actor: Actor, job: Job, change: Change, reason: str) -> Activity:
    kind, details = _said(change, reason)
    return Activity(
        lead_id=change.lead.pk,
        kind=kind,
        details={**details, "job_id": job.pk},
        actor_kind=actor.kind,
        actor_name=actor.name[:200],
        actor_user_id=actor.user_id,
    )


def _said(change: Change, reason: str) -> tuple[str, Values]:
    before, after = change.before, change.after
    if "assigned_agent_id" in after:
        agents = {"agent_id": after["assigned_agent_id"], "previous_agent_id": before["assigned_agent_id"]}
        return "assigned", agents
    if "stage" in after:
        return "stage_changed", {"from": before["stage"], "to": after["stage"], "reason": reason}
    return "updated", {"changes": _pairs(change)}


def _pairs(change: Change) -> dict[str, list[Any]]:
    return {name: [change.before[name], value] for name, value in change.after.items()}
