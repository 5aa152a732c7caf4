"""What operators do with failed work and the ledger."""

from dataclasses import dataclass
from typing import ClassVar

from apps.brokers.events import BrokerEvent
from apps.core.events import Event


@dataclass(frozen=True, kw_only=True)
class DeadLetterEvent(Event):
    """One dead letter, of the broker whose work it was."""

    dead_letter_id: int
    kind: str


@dataclass(frozen=True, kw_only=True)
class DeadLetterRetried(DeadLetterEvent):
    name: ClassVar[str] = "dead_letter.retried"


@dataclass(frozen=True, kw_only=True)
class DeadLetterDiscarded(DeadLetterEvent):
    """The work will never be done; the trail keeps what it was and why it failed."""

    name: ClassVar[str] = "dead_letter.discarded"
    error: str


@dataclass(frozen=True, kw_only=True)
class RawEventReplayed(Event):
    """A stored webhook was put back to wait; `previous` is the state it was in."""

    name: ClassVar[str] = "raw_event.replayed"
    raw_event_id: int
    previous: str


@dataclass(frozen=True, kw_only=True)
class SteppedIntoBroker(BrokerEvent):
    """A superadmin went to look at a broker's rows."""

    name: ClassVar[str] = "broker.stepped_into"
