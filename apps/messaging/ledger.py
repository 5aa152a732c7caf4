"""The ledger of raw events: what was received is processed, waiting or failed, and can be replayed."""

from collections.abc import Collection
from datetime import timedelta

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from apps.messaging.models import RawEvent, RawEventState

LEASE = timedelta(seconds=30)
MAX_ATTEMPTS = 6


def claim_waiting(*, limit: int) -> list[RawEvent]:
    """Take the lease of the oldest waiting events that nobody else holds, with their accounts."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE public.messaging_rawevent
               SET lease_until = now() + make_interval(secs => %s), attempts = attempts + 1
             WHERE id IN (SELECT id FROM public.messaging_rawevent
                           WHERE state = 'waiting' AND (lease_until IS NULL OR lease_until < now())
                           ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)
            RETURNING id
            """,
            [LEASE.total_seconds(), limit],
        )
        ids = [row[0] for row in cursor.fetchall()]
    return list(RawEvent.objects.filter(id__in=ids).select_related("account").order_by("id"))


def mark_processed(event_ids: Collection[int]) -> None:
    """Every item of these events is stored."""
    if not event_ids:
        return
    RawEvent.objects.filter(id__in=event_ids).update(
        state=RawEventState.PROCESSED, processed_at=timezone.now(), lease_until=None, error=""
    )


def mark_failed(event: RawEvent, error: str, *, is_final: bool) -> None:
    """Keep the error; a passing failure is tried again after a growing rest, a final one waits for a person."""
    if is_final or event.attempts >= MAX_ATTEMPTS:
        RawEvent.objects.filter(id=event.pk).update(
            state=RawEventState.FAILED, error=error[:4000], lease_until=None, processed_at=timezone.now()
        )
        return
    rest = timedelta(seconds=2**event.attempts)
    RawEvent.objects.filter(id=event.pk).update(error=error[:4000], lease_until=timezone.now() + rest)


def replay(events: QuerySet[RawEvent]) -> int:
    """Put events back to wait, whatever became of them; processing twice stores nothing twice. Returns how many."""
    return events.update(state=RawEventState.WAITING, attempts=0, lease_until=None, error="", processed_at=None)
