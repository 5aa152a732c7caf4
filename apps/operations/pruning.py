"""Forgetting what nobody will ask for any more, a little at a time."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from apps.accounts.models import LoginSession
from apps.brokers.models import Broker
from apps.core.tenancy import in_broker, in_public
from apps.leads.importing.forgetting import forget_files

RAW_EVENTS_KEPT = timedelta(days=30)
LOGGED_EVENTS_KEPT = timedelta(days=2)
PARKED_STATUSES_KEPT = timedelta(days=1)
SESSIONS_KEPT = timedelta(days=30)
IMPORTED_FILES_KEPT = timedelta(days=30)
_BATCH = 5000


def prune() -> dict[str, int]:
    """Delete what is past its time; returns how many rows of each kind went.

    Raw events that wait or failed are never deleted: they are unfinished business.
    """
    now = timezone.now()
    with in_public():
        pruned = {
            "raw_events": _in_batches(
                "public.messaging_rawevent", "state = 'processed' AND received_at < %s", now - RAW_EVENTS_KEPT
            ),
            "parked_statuses": _in_batches(
                "public.messaging_parkedstatus", "received_at < %s", now - PARKED_STATUSES_KEPT
            ),
            "login_sessions": _count(
                LoginSession.objects.filter(expires_at__lt=now - SESSIONS_KEPT).delete,
                LoginSession.objects.filter(revoked_at__lt=now - SESSIONS_KEPT).delete,
            ),
            "browser_sessions": _count(Session.objects.filter(expire_date__lt=now).delete),
            "refresh_tokens": _count(OutstandingToken.objects.filter(expires_at__lte=now).delete),
        }
        brokers = list(Broker.objects.values_list("pk", flat=True))
    # By its name: the sockets' room lies above this one.
    logged_event = apps.get_model("realtime", "LoggedEvent")._meta.db_table
    pruned["logged_events"] = pruned["imported_files"] = 0
    for broker_id in brokers:
        with in_broker(broker_id):
            pruned["logged_events"] += _in_batches(logged_event, "created_at < %s", now - LOGGED_EVENTS_KEPT)
            pruned["imported_files"] += forget_files(now - IMPORTED_FILES_KEPT)
    return pruned


def _in_batches(table: str, condition: str, before: datetime) -> int:
    """Small deletes: each commits by itself, so that no lock and no transaction lives long."""
    gone = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                f"DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE {condition} LIMIT {_BATCH})", [before]
            )
            gone += cursor.rowcount
            if cursor.rowcount < _BATCH:
                return gone


def _count(*deletes: Callable[[], tuple[int, dict[str, int]]]) -> int:
    return sum(delete()[0] for delete in deletes)
