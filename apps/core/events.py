"""Domain events: an action publishes, rooms above listen.

IN_TRANSACTION listeners run at once, inside the action's transaction: what they write (audit rows, timers, the event
log) commits or vanishes with the change. AFTER_COMMIT listeners run when the change is durable; one that fails is
logged and never undoes or hides the change.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, ClassVar, TypeVar

from django.db import transaction
from django.utils import timezone

from apps.core.access import Actor
from apps.core.tenancy import current_schema, in_schema

log = logging.getLogger(__name__)


class Phase(Enum):
    """When a listener runs."""

    IN_TRANSACTION = "in_transaction"
    AFTER_COMMIT = "after_commit"


@dataclass(frozen=True, kw_only=True)
class Event:
    """A fact in the past tense, made of ids and primitives."""

    name: ClassVar[str] = ""
    # Passing news, such as the progress of a job, is told and not kept in the trail.
    is_kept: ClassVar[bool] = True
    broker_id: int | None
    actor: Actor
    at: datetime = field(default_factory=timezone.now)


E = TypeVar("E", bound=Event)
Listener = Callable[[Any], None]
_listeners: dict[Phase, list[tuple[tuple[type[Event], ...], Listener]]] = {phase: [] for phase in Phase}


def subscribe(*kinds: type[Event], phase: Phase = Phase.IN_TRANSACTION) -> Callable[[Listener], Listener]:
    """Register a listener for these events and their subclasses; `Event` itself means all."""

    def register(listener: Listener) -> Listener:
        _listeners[phase].append((kinds, listener))
        return listener

    return register


def publish(event: Event) -> None:
    """Announce a change, once, from inside the transaction that makes it."""
    for kinds, listener in _listeners[Phase.IN_TRANSACTION]:
        if isinstance(event, kinds):
            listener(event)
    schema = current_schema()
    transaction.on_commit(lambda: _announce(event, schema))


def _announce(event: Event, schema: str) -> None:
    for kinds, listener in _listeners[Phase.AFTER_COMMIT]:
        if not isinstance(event, kinds):
            continue
        try:
            with in_schema(schema):
                listener(event)
        except Exception:
            log.exception("listener failed", extra={"event_name": event.name, "listener": listener.__qualname__})
