"""Looking after failed work and the ledger."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.core.access import Actor
from apps.core.errors import NotFound
from apps.core.events import publish
from apps.core.models import DeadLetter
from apps.core.tenancy import in_public
from apps.core.work import retry_dead_letter as put_back_to_work
from apps.messaging.ledger import replay
from apps.messaging.models import RawEvent
from apps.operations.events import DeadLetterDiscarded, DeadLetterRetried, RawEventReplayed
from apps.operations.permissions import require_operator
from apps.operations.queries import get_dead_letter


def retry_dead_letter(*, actor: Actor, letter_id: int) -> None:
    """Put failed work back to work; it leaves the dead letters. Raises Forbidden, NotFound."""
    with in_public(), transaction.atomic():
        letter = _locked(actor, letter_id)

        put_back_to_work(letter.pk)
        publish(DeadLetterRetried(broker_id=letter.broker_id, actor=actor, dead_letter_id=letter.pk, kind=letter.kind))


def discard_dead_letter(*, actor: Actor, letter_id: int) -> None:
    """Forget failed work for good. Raises Forbidden, NotFound."""
    with in_public(), transaction.atomic():
        letter = _locked(actor, letter_id)
        gone = DeadLetterDiscarded(
            broker_id=letter.broker_id,
            actor=actor,
            dead_letter_id=letter.pk,
            kind=letter.kind,
            error=letter.error[:1000],
        )

        letter.delete()
        publish(gone)


def replay_raw_event(*, actor: Actor, event_id: int) -> None:
    """Have a stored webhook read again, whatever became of it; what it brought already is not stored twice.

    Raises Forbidden, NotFound.
    """
    require_operator(actor)
    with in_public(), transaction.atomic():
        events = RawEvent.objects.filter(pk=event_id)
        if actor.broker_id is not None:
            events = events.filter(broker_id=actor.broker_id)
        event = events.select_for_update(of=("self",)).first()
        if event is None:
            raise NotFound(_("This raw event is not kept any more."))

        replay(events)
        publish(RawEventReplayed(broker_id=event.broker_id, actor=actor, raw_event_id=event.pk, previous=event.state))


def _locked(actor: Actor, letter_id: int) -> DeadLetter:
    letter = get_dead_letter(actor, letter_id)
    locked = DeadLetter.objects.select_for_update().filter(pk=letter.pk).first()
    if locked is None:
        raise NotFound(_("This work is not among the failed ones; perhaps it was retried or discarded already."))
    return locked
