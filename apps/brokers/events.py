"""What happens to brokers."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

from apps.core.events import Event


@dataclass(frozen=True, kw_only=True)
class BrokerEvent(Event):
    """A change of a broker itself: the platform's affair, kept in the platform's trail."""

    broker_id: int
    label: str


@dataclass(frozen=True, kw_only=True)
class BrokerCreated(BrokerEvent):
    """Its schema exists and is empty: rooms above put in what a new broker starts with."""

    name: ClassVar[str] = "broker.created"
    language: str
    changes: dict[str, list[Any]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class BrokerUpdated(BrokerEvent):
    """`changes`: field → [before, after]."""

    name: ClassVar[str] = "broker.updated"
    changes: dict[str, list[Any]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class BrokerSuspended(BrokerEvent):
    """Every door closes at once: tokens, sessions, sockets, webhooks, ingest. Its rows stay as they are."""

    name: ClassVar[str] = "broker.suspended"


@dataclass(frozen=True, kw_only=True)
class BrokerDeleted(BrokerSuspended):
    """As suspended, and out of sight; `BrokerRestored` takes it back."""

    name: ClassVar[str] = "broker.deleted"


@dataclass(frozen=True, kw_only=True)
class BrokerRestored(BrokerEvent):
    """The doors are open again."""

    name: ClassVar[str] = "broker.restored"


@dataclass(frozen=True, kw_only=True)
class IngestKeyRotated(BrokerEvent):
    """`old_until`: when the keys before it stop."""

    name: ClassVar[str] = "broker.ingest_key_rotated"
    old_until: str


@dataclass(frozen=True, kw_only=True)
class DomainAdded(BrokerEvent):
    name: ClassVar[str] = "broker.domain_added"
    domain: str


@dataclass(frozen=True, kw_only=True)
class DomainRemoved(BrokerEvent):
    name: ClassVar[str] = "broker.domain_removed"
    domain: str
