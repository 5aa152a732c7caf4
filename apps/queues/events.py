"""What happens to agents and queues."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

from apps.core.events import Event


@dataclass(frozen=True, kw_only=True)
class PresenceChanged(Event):
    name: ClassVar[str] = "agent.presence_changed"
    user_id: int
    presence: str
    previous: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class QueueChanged(Event):
    """A queue or its members were changed; `changes`: field → [before, after]."""

    name: ClassVar[str] = "queue.changed"
    queue_id: int
    changes: dict[str, list[Any]] = field(default_factory=dict)
