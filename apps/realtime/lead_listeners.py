"""What happens to leads and to the jobs on them, told to sockets."""

from typing import Any

from apps.core.events import Event, subscribe
from apps.leads.events import (
    DuplicateDismissed,
    DuplicateReopened,
    DuplicatesFound,
    JobChanged,
    JobEnded,
    LeadAssigned,
    LeadCreated,
    LeadDeleted,
    LeadEvent,
    LeadIdentityAdded,
    LeadMergeUndone,
    LeadsChanged,
    LeadScored,
    LeadsMerged,
    LeadStageChanged,
    LeadUpdated,
)
from apps.leads.models import Job, Lead
from apps.realtime.events import FRAME_TYPES
from apps.realtime.log import log_event, tell
from apps.realtime.payloads import Json, lead_payload
from apps.realtime.rooms import ALL, TEAM, rooms_of_lead, user_room

# Columns as browsers call them.
_NAMES = {"first_name": "name", "last_name": "name", "assigned_agent": "agent", "assigned_agent_id": "agent"}


@subscribe(LeadEvent)
def tell_lead(event: LeadEvent) -> None:
    """One query. What happens to a lead in a way that has no frame of its own is told as a change."""
    if isinstance(event, LeadDeleted | LeadIdentityAdded):
        return
    lead = Lead.objects.filter(pk=event.lead_id).first()
    if lead is None:
        return
    payload: Json = {"lead": lead_payload(lead), "lead_id": event.lead_id, "changed": _changed(event)}
    if isinstance(event, LeadStageChanged):
        payload |= {
            "previous_stage": event.from_stage,
            "pipeline_stage": event.to_stage,
            "reason": str(event.reason),
        }
    previous = event.previous_agent_id if isinstance(event, LeadAssigned) else None
    name = event.name if event.name in FRAME_TYPES else LeadUpdated.name
    log_event(_broker(event), name, payload, rooms_of_lead(lead.assigned_agent_id, previous))


@subscribe(LeadDeleted)
def tell_deleted_lead(event: LeadDeleted) -> None:
    """Its number alone: whoever may not see leads learns nothing else."""
    log_event(_broker(event), event.name, {"lead_id": event.lead_id}, rooms_of_lead(event.agent_id))


@subscribe(LeadsMerged)
def tell_absorbed_lead(event: LeadsMerged) -> None:
    """It is gone from every list; what the other became is told as its change."""
    log_event(_broker(event), LeadDeleted.name, {"lead_id": event.absorbed_id}, rooms_of_lead(event.agent_id))


@subscribe(LeadMergeUndone)
def tell_restored_lead(event: LeadMergeUndone) -> None:
    """It is back; one query."""
    lead = Lead.objects.filter(pk=event.restored_id).first()
    if lead is not None:
        payload: Json = {"lead": lead_payload(lead), "lead_id": lead.pk, "changed": []}
        log_event(_broker(event), LeadCreated.name, payload, rooms_of_lead(lead.assigned_agent_id))


@subscribe(LeadsChanged)
def tell_changed_leads(event: LeadsChanged) -> None:
    """Everybody looks again at what they see; which leads and how many is not for all to know."""
    payload = {"changed": list(event.changed), "job_id": event.job_id}
    log_event(_broker(event), event.name, payload, [TEAM])


@subscribe(DuplicatesFound, DuplicateDismissed, DuplicateReopened)
def tell_duplicates(event: Event) -> None:
    """Who reviews them looks again; which leads they are is not for all to know."""
    tell(_broker(event), "duplicates.changed", {}, [ALL])


@subscribe(JobChanged)
def tell_job(event: JobChanged) -> None:
    """How far it is, to whoever asked for it and to those who see everything; kept nowhere, for the next is near."""
    payload: dict[str, Any] = {
        "job_id": event.job_id,
        "kind": event.kind,
        "state": event.state,
        "done": event.done,
        "total": event.total,
    }
    tell(_broker(event), event.name, payload, _rooms_of_job(event.job_id))


@subscribe(JobEnded)
def tell_ended_job(event: JobEnded) -> None:
    """Kept, so that a browser whose line was broken learns it too."""
    payload = {"job_id": event.job_id, "kind": event.kind, "state": event.state}
    log_event(_broker(event), event.name, payload, _rooms_of_job(event.job_id))


def _rooms_of_job(job_id: int) -> list[str]:
    owner_id = Job.objects.filter(pk=job_id).values_list("created_by_id", flat=True).first()
    return [ALL] if owner_id is None else [ALL, user_room(owner_id)]


def _changed(event: LeadEvent) -> list[str]:
    match event:
        case LeadCreated():
            return []
        case LeadStageChanged():
            return ["stage", "status"]
        case LeadScored():
            return ["score", "status"]
        case LeadAssigned():
            return ["agent"]
        case LeadUpdated():
            return sorted({_NAMES.get(name, name) for name in event.changes})
        case _:
            return [event.name.removeprefix("lead.")]


def _broker(event: Event) -> int:
    if event.broker_id is None:
        raise ValueError(f"{event.name} of no broker cannot be told to one")
    return event.broker_id
