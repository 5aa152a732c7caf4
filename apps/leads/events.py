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
class LeadsExported(Event):
    """Leads left the house as a file: `form` is csv or xlsx, `wanted` the filter, `columns` what was in it."""

    name: ClassVar[str] = "leads.exported"
    form: str
    wanted: dict[str, Any] = field(default_factory=dict)
    columns: tuple[str, ...] = ()


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


@dataclass(frozen=True, kw_only=True)
class LeadMergeBegan(Event):
    """Two leads become one: whoever keeps rows of theirs that cannot live side by side makes room now.

    The rows of `absorbed_id` move to `lead_id` after this; `LeadsMerged` tells the world.
    """

    name: ClassVar[str] = "lead.merge_began"
    is_kept: ClassVar[bool] = False
    lead_id: int
    absorbed_id: int
    merge_id: int


@dataclass(frozen=True, kw_only=True)
class LeadsMerged(LeadEvent):
    """`absorbed_id` is gone, what it had is now of `lead_id`; `label`: how it was called, `agent_id`: whose it was."""

    name: ClassVar[str] = "lead.merged"
    absorbed_id: int
    merge_id: int
    label: str
    agent_id: int | None = None
    changes: dict[str, list[Any]] = field(default_factory=dict)

    @property
    def kept_id(self) -> int:
        """The lead that stayed."""
        return self.lead_id


@dataclass(frozen=True, kw_only=True)
class LeadMergeUndone(LeadEvent):
    """`restored_id` is back under its number, with its rows; `left` names what `lead_id` keeps of the merge."""

    name: ClassVar[str] = "lead.merge_undone"
    restored_id: int
    merge_id: int
    label: str
    left: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class DuplicatesFound(Event):
    """A lead may be the same person as `count` others that nobody has looked at."""

    name: ClassVar[str] = "lead.duplicates_found"
    is_kept: ClassVar[bool] = False
    lead_id: int
    count: int


@dataclass(frozen=True, kw_only=True)
class DuplicateDismissed(Event):
    """Somebody said that two leads are two people."""

    name: ClassVar[str] = "duplicate.dismissed"
    duplicate_id: int
    first_id: int
    second_id: int


@dataclass(frozen=True, kw_only=True)
class DuplicateReopened(Event):
    """Somebody took that back."""

    name: ClassVar[str] = "duplicate.reopened"
    duplicate_id: int
    first_id: int
    second_id: int


@dataclass(frozen=True, kw_only=True)
class FieldDefined(Event):
    """A custom field was made by a person."""

    name: ClassVar[str] = "field.created"
    field_id: int
    label: str


@dataclass(frozen=True, kw_only=True)
class FieldChanged(Event):
    """A custom field's definition changed, or what its review says."""

    name: ClassVar[str] = "field.updated"
    field_id: int
    label: str
    changes: dict[str, list[Any]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class FieldDeleted(Event):
    """A definition is gone; what leads hold under its name stays with them."""

    name: ClassVar[str] = "field.deleted"
    field_id: int
    label: str


@dataclass(frozen=True, kw_only=True)
class IngestReplayed(Event):
    """Somebody had a record processed again."""

    name: ClassVar[str] = "record.replayed"
    record_id: int


@dataclass(frozen=True, kw_only=True)
class ViewCreated(Event):
    """Somebody keeps a filter under a name."""

    name: ClassVar[str] = "view.created"
    view_id: int
    label: str
    is_shared: bool


@dataclass(frozen=True, kw_only=True)
class ViewUpdated(Event):
    """A kept filter changed: name, conditions, order, columns, or who sees it."""

    name: ClassVar[str] = "view.updated"
    view_id: int
    label: str
    changes: dict[str, list[Any]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ViewDeleted(Event):
    """A kept filter is gone; the leads are not."""

    name: ClassVar[str] = "view.deleted"
    view_id: int
    label: str
