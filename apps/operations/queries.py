"""Failed work and the ledger, as operators see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.core.access import Actor
from apps.core.errors import NotFound
from apps.core.models import DeadLetter
from apps.operations.permissions import require_operator


def visible_dead_letters(actor: Actor) -> QuerySet[DeadLetter]:
    """Failed work of the actor's broker, newest first; of all brokers and the platform for a superadmin in none.

    Raises Forbidden for whoever is no operator.
    """
    require_operator(actor)
    letters = DeadLetter.objects.order_by("-failed_at", "-id")
    if actor.broker_id is None and (actor.is_superadmin or actor.kind == "system"):
        return letters
    return letters.filter(broker_id=actor.broker_id)


def get_dead_letter(actor: Actor, letter_id: int) -> DeadLetter:
    """One dead letter in sight. Raises Forbidden, NotFound."""
    letter = visible_dead_letters(actor).filter(pk=letter_id).first()
    if letter is None:
        raise NotFound(_("This work is not among the failed ones; perhaps it was retried or discarded already."))
    return letter


@dataclass(frozen=True, kw_only=True)
class LedgerLine:
    """Received = processed + waiting + failed, for one hour or one account."""

    label: str
    processed: int
    waiting: int
    failed: int
    hour: datetime | None = None
    account_id: int | None = None
    broker_id: int | None = None

    @property
    def received(self) -> int:
        return self.processed + self.waiting + self.failed


_COUNTS = """
       count(*) FILTER (WHERE e.state = 'processed'),
       count(*) FILTER (WHERE e.state = 'waiting'),
       count(*) FILTER (WHERE e.state = 'failed')
"""


def ledger_by_hour(*, hours: int, broker_id: int | None = None) -> Sequence[LedgerLine]:
    """One line per hour with events, newest first. For the platform's own pages: it checks no permission."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT date_trunc('hour', e.received_at), {_COUNTS} FROM public.messaging_rawevent e "
            "WHERE e.received_at >= %(since)s AND (%(broker)s::int IS NULL OR e.broker_id = %(broker)s) "
            "GROUP BY 1 ORDER BY 1 DESC",
            {"since": timezone.now() - timedelta(hours=hours), "broker": broker_id},
        )
        return [
            LedgerLine(label="", hour=hour, processed=processed, waiting=waiting, failed=failed)
            for hour, processed, waiting, failed in cursor.fetchall()
        ]


def ledger_by_account(*, hours: int, broker_id: int | None = None) -> Sequence[LedgerLine]:
    """One line per channel account with events in that time; what waits or failed earlier counts too."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT b.id, b.name || ' · ' || a.name, a.id, {_COUNTS}
              FROM public.messaging_rawevent e
              JOIN public.messaging_channelaccount a ON a.id = e.account_id
              JOIN public.brokers_broker b ON b.id = e.broker_id
             WHERE (e.received_at >= %(since)s OR e.state <> 'processed')
               AND (%(broker)s::int IS NULL OR e.broker_id = %(broker)s)
             GROUP BY b.id, b.name, a.id, a.name
             ORDER BY count(*) DESC, a.id LIMIT 100
            """,
            {"since": timezone.now() - timedelta(hours=hours), "broker": broker_id},
        )
        return [
            LedgerLine(
                label=label, account_id=account, broker_id=broker, processed=processed, waiting=waiting, failed=failed
            )
            for broker, label, account, processed, waiting, failed in cursor.fetchall()
        ]
