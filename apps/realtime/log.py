"""The broker's event log: written with the change, read by sockets that missed something."""

from collections.abc import Container
from datetime import timedelta
from typing import Any

import orjson
from django.db import connection, transaction
from django.db.models import Max
from django.db.models.functions import Now
from django.utils import timezone

from apps.realtime.events import SocketEvent
from apps.realtime.models import LoggedEvent
from apps.realtime.payloads import moment
from apps.realtime.publisher import publish_to_sockets

KEPT = timedelta(hours=24)
# A transaction that took its number early may commit after younger numbers were read: this far back is read again.
LATE_COMMIT = timedelta(seconds=15)
MOST_REPLAYED = 500
MOST_MISSED = 5000


def log_event(broker_id: int, name: str, payload: dict[str, Any], rooms: list[str]) -> None:
    """Keep the event with the change that it tells of, and tell the sockets once both are committed."""
    row = LoggedEvent.objects.create(name=name, payload=payload, rooms=rooms)
    event = SocketEvent(
        seq=row.pk,
        name=name,
        at=str(moment(timezone.now())),
        rooms=frozenset(rooms),
        body=orjson.dumps(payload),
    )
    transaction.on_commit(lambda: publish_to_sockets(broker_id, event.wire()))


def tell(broker_id: int, name: str, payload: dict[str, Any], rooms: list[str]) -> None:
    """Tell the sockets after the commit, and keep nothing: for what can be read elsewhere."""
    event = SocketEvent(
        seq=None, name=name, at=str(moment(timezone.now())), rooms=frozenset(rooms), body=orjson.dumps(payload)
    )
    transaction.on_commit(lambda: publish_to_sockets(broker_id, event.wire()))


def newest_seq() -> int:
    """The highest number given out so far; 0 for an empty log."""
    return LoggedEvent.objects.aggregate(newest=Max("pk"))["newest"] or 0


def recent_numbers(seconds: float) -> list[int]:
    """The numbers of all events of the last seconds, oldest first."""
    rows = LoggedEvent.objects.filter(created_at__gte=Now() - timedelta(seconds=seconds))
    return list(rows.order_by("pk").values_list("pk", flat=True))


def recent_events(seconds: float, known: Container[int]) -> list[SocketEvent]:
    """The events of the last seconds whose number is not known, oldest first.

    Only those are read: on a busy broker that is none of several thousand.
    """
    unknown = [number for number in recent_numbers(seconds) if number not in known][:MOST_MISSED]
    if not unknown:
        return []
    return [_event(row) for row in LoggedEvent.objects.filter(pk__in=unknown).order_by("pk")]


def missed_events(since: int, rooms: frozenset[str]) -> list[SocketEvent] | None:
    """What a socket in these rooms missed after the number, and late commits just before it.

    None where the log does not reach back that far, or there is more than a replay should carry: the client then reads
    its pages anew."""
    if since < 0 or since > newest_seq():
        return None
    oldest = LoggedEvent.objects.order_by("pk").values_list("pk", flat=True).first()
    if oldest is not None and since and since < oldest - 1:
        return None
    rows = LoggedEvent.objects.filter(rooms__overlap=sorted(rooms))
    late = rows.filter(pk__lte=since, pk__gt=since - 1000, created_at__gte=Now() - LATE_COMMIT).order_by("pk")
    newer = list(rows.filter(pk__gt=since).order_by("pk")[: MOST_REPLAYED + 1])
    if len(newer) > MOST_REPLAYED:
        return None
    return [_event(row) for row in [*late, *newer]]


def prune() -> int:
    """Forget what no socket will ask for any more; returns how many rows went."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM realtime_loggedevent WHERE created_at < now() - make_interval(secs => %s)",
            [KEPT.total_seconds()],
        )
        return int(cursor.rowcount)


def _event(row: LoggedEvent) -> SocketEvent:
    return SocketEvent(
        seq=row.pk,
        name=row.name,
        at=str(moment(row.created_at)),
        rooms=frozenset(row.rooms),
        body=orjson.dumps(row.payload),
    )
