"""The timeline: one readable line for each thing that happens to a lead."""

from typing import Any

from apps.core.events import subscribe
from apps.leads.duplicates import search, watch  # noqa: F401 - they listen and register their work
from apps.leads.events import (
    LeadAssigned,
    LeadCreated,
    LeadEvent,
    LeadIdentityAdded,
    LeadMergeUndone,
    LeadScored,
    LeadsMerged,
    LeadStageChanged,
    LeadUpdated,
)
from apps.leads.merging import sentences  # noqa: F401 - what the timeline says of merges
from apps.leads.models import Activity


@subscribe(
    LeadCreated,
    LeadUpdated,
    LeadStageChanged,
    LeadScored,
    LeadAssigned,
    LeadIdentityAdded,
    LeadsMerged,
    LeadMergeUndone,
)
def write_activity(event: LeadEvent) -> None:
    """Kept with the change itself, in its transaction."""
    record_activity(event, kind=event.name.removeprefix("lead."), details=_details(event))


def record_activity(event: LeadEvent, *, kind: str, details: dict[str, Any]) -> None:
    """One line on the lead's timeline."""
    Activity.objects.create(
        lead_id=event.lead_id,
        kind=kind,
        details=details,
        actor_kind=event.actor.kind,
        actor_name=event.actor.name,
        actor_user_id=event.actor.user_id,
    )


def _details(event: LeadEvent) -> dict[str, Any]:
    match event:
        case LeadCreated():
            return {"source": event.source}
        case LeadUpdated():
            return {"changes": event.changes}
        case LeadStageChanged():
            return {"from": event.from_stage, "to": event.to_stage, "reason": event.reason}
        case LeadScored():
            return {"before": event.before, "after": event.after, "status": event.status}
        case LeadAssigned():
            return {"agent_id": event.agent_id, "previous_agent_id": event.previous_agent_id}
        case LeadIdentityAdded():
            return {"kind": event.identity_kind, "external_id": event.external_id}
        case LeadsMerged():
            return {"absorbed_id": event.absorbed_id, "label": event.label, "merge_id": event.merge_id}
        case LeadMergeUndone():
            return {"restored_id": event.restored_id, "label": event.label, "merge_id": event.merge_id}
        case _:
            return {}
