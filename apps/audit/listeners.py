"""Every event becomes a line of the trail, inside the transaction that makes the change."""

from apps.audit.entries import tell
from apps.audit.models import AuditEntry
from apps.brokers.events import BrokerEvent
from apps.core.context import request_context
from apps.core.events import Event, subscribe
from apps.core.tenancy import current_broker_id, in_broker, in_public


@subscribe(Event)
def write_entry(event: Event) -> None:
    """In the broker's own trail; what happens to brokers and superadmins is in the platform's."""
    if not event.is_kept:
        return
    if event.broker_id is None or isinstance(event, BrokerEvent):
        with in_public():
            _write(event)
    elif event.broker_id == current_broker_id():
        _write(event)
    else:
        with in_broker(event.broker_id):
            _write(event)


def _write(event: Event) -> None:
    told = tell(event)
    actor, context = event.actor, request_context()
    AuditEntry.objects.create(
        name=event.name,
        object_type=told.object_type,
        object_id=told.object_id,
        before=told.before,
        after=told.after,
        actor_kind=actor.kind,
        actor_user_id=actor.user_id,
        actor_name=actor.name[:200],
        actor_role=actor.role,
        address=(actor.address or context.address)[:64],
        request_id=(actor.request_id or context.request_id)[:64],
        created_at=event.at,
    )
