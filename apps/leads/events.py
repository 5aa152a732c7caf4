"""What happens to leads."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

from apps.core.events import Event


@dataclass(frozen=True, kw_only=True)
class LeadEvent(Event):
    """Anything about one lead."""

    lead_id: int


@dataclass(frozen=True, kw_only=True)
class LeadCreated(LeadEvent):
    name: ClassVar[str] = "lead.created"
    source: str = ""


@dataclass(frozen=True, kw_only=True)
class LeadUpdated(LeadEvent):
    """`changes`: field → [before, after], JSON values."""

    name: ClassVar[str] = "lead.updated"
    changes: dict[str, list[Any]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class LeadStageChanged(LeadEvent):
    name: ClassVar[str] = "lead.stage_changed"
    from_stage: str
    to_stage: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class LeadScored(LeadEvent):
    name: ClassVar[str] = "lead.scored"
    before: float
    after: float
    status: str


@dataclass(frozen=True, kw_only=True)
class LeadAssigned(LeadEvent):
    name: ClassVar[str] = "lead.assigned"
    agent_id: int | None
    previous_agent_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class LeadIdentityAdded(LeadEvent):
    name: ClassVar[str] = "lead.identity_added"
    identity_kind: str
    external_id: str


@dataclass(frozen=True, kw_only=True)
class LeadDeleted(LeadEvent):
    """`label`: how the lead was called, for the trail that outlives it; `agent_id`: whose it was."""

    name: ClassVar[str] = "lead.deleted"
    label: str
    agent_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class LeadsChanged(Event):
    """Many leads changed in one go, told once instead of for each: `changed` names what (stage, score, tags, …; created
    and deleted too), `count` how many. What tells of each lead by itself does not tell this too.
    """

    name: ClassVar[str] = "leads.changed"
    changed: tuple[str, ...]
    count: int
    job_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class JobChanged(Event):
    """A job went on. `state` is a JobState; `done` of `total` leads or rows."""

    name: ClassVar[str] = "job.changed"
    is_kept: ClassVar[bool] = False
    job_id: int
    kind: str
    state: str
    done: int
    total: int


@dataclass(frozen=True, kw_only=True)
class JobEnded(Event):
    """A job is over: `state` says how, `result` what it did."""

    name: ClassVar[str] = "job.ended"
    job_id: int
    kind: str
    state: str
    result: dict[str, Any] = field(default_factory=dict)
