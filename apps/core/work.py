"""Work that must not be lost: `schedule` writes a row with the fact, Celery runs it on commit, the poll runs what is
due or was lost. Redis may be emptied at any moment; a worker may die at any moment; the row is still here.
"""

import logging
import random
import time
import traceback
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from apps.core.models import DeadLetter, ScheduledWork
from apps.core.tenancy import in_broker, in_public

log = logging.getLogger(__name__)
Handler = Callable[[dict[str, Any]], None]
# Work that takes minutes has processes of its own: what customers wrote never waits behind it.
SHORT, LONG = "celery", "long"


class Retry(Exception):
    """A handler asks to be run again; `after` is in seconds (None: the usual backoff)."""

    def __init__(self, reason: str = "", *, after: float | None = None, counts: bool = True) -> None:
        super().__init__(reason)
        self.after = after
        self.counts = counts


class GiveUp(Exception):
    """A handler says that no further attempt can help: the work becomes a dead letter at once."""


@dataclass(frozen=True)
class Kind:
    """How one kind of work is run."""

    name: str
    handler: Handler
    lease: timedelta
    max_attempts: int
    queue: str


_kinds: dict[str, Kind] = {}


def work_handler(
    name: str, *, lease: timedelta = timedelta(seconds=60), max_attempts: int = 10, queue: str = SHORT
) -> Callable[[Handler], Handler]:
    """Register what runs work of this kind; it is called inside the work's broker and must survive a second call.

    What may take longer than its lease is of the queue LONG and calls `renew_lease` on the way.
    """

    def register(handler: Handler) -> Handler:
        _kinds[name] = Kind(name, handler, lease, max_attempts, queue)
        return handler

    return register


def schedule(
    kind: str,
    payload: dict[str, Any],
    *,
    broker_id: int | None,
    due_at: datetime | None = None,
    key: str | None = None,
) -> int:
    """Write the work, in the caller's transaction, and wake a worker on commit if it is due; returns its id.

    With a `key`, work of that kind and key exists once: asking again moves it to the earlier time, and if it runs
    at that moment it will run once more.
    """
    when = due_at or timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO public.core_scheduledwork
                   (broker_id, kind, key, payload, due_at, attempts, revision, last_error)
            VALUES (%s, %s, %s, %s::jsonb, %s, 0, 0, '')
            ON CONFLICT (kind, key) DO UPDATE
               SET due_at = LEAST(core_scheduledwork.due_at, EXCLUDED.due_at),
                   payload = EXCLUDED.payload,
                   revision = core_scheduledwork.revision + 1
            RETURNING id
            """,
            [broker_id, kind, key, _json(payload), when],
        )
        work_id = int(cursor.fetchone()[0])
    if when <= timezone.now():
        transaction.on_commit(lambda: wake(work_id, kind))
    return work_id


def cancel(kind: str, key: str) -> bool:
    """Take back work that has not run; True if there was any."""
    deleted, _rows = ScheduledWork.objects.filter(kind=kind, key=key).delete()
    return bool(deleted)


def wake(work_id: int, kind: str) -> None:
    """Ask a worker to run the work now; without Redis the poll will."""
    from apps.core.tasks import run_long_work, run_work

    known = _kinds.get(kind)
    ring(run_long_work if known is not None and known.queue == LONG else run_work, work_id)


def renew_lease() -> None:
    """The work under way is still being done: nobody else takes it for another lease. Call it between transactions."""
    work = _under_way.get()
    if work is None:
        return
    lease = _kinds[work.kind].lease
    with in_public():
        ScheduledWork.objects.filter(id=work.id).update(lease_until=timezone.now() + lease)


def ring(task: Any, *args: object) -> None:
    """Send a Celery task as a mere bell: if Redis is away, the poll finds the work instead."""
    try:
        task.apply_async(args=args, retry=False)
    except Exception as error:  # noqa: BLE001 - kombu raises many families; a bell that fails must not fail the caller
        log.warning("redis is away; the poll will find the work", extra={"error": type(error).__name__})


def run_due(*, limit: int = 200) -> int:
    """Run what is due and unleased, oldest first; returns how many ran."""
    ran = 0
    while ran < limit and _run_next():
        ran += 1
    return ran


def run_due_for(seconds: float) -> bool:
    """The short ones for so long at least, to the end of the work under way; whether more may be due."""
    end = time.monotonic() + seconds
    while _run_next(SHORT):
        if time.monotonic() >= end:
            return True
    return False


def run_next_long() -> bool:
    """Run one work of the long queue, if any is due."""
    return _run_next(LONG)


def _run_next(queue: str | None = None) -> bool:
    claimed = _claim(None, queue)
    if claimed is not None:
        _run(claimed)
    return claimed is not None


def run_one(work_id: int) -> bool:
    """Run one work now if nobody else does; False if it was gone, leased or not due."""
    claimed = _claim(work_id)
    if claimed is None:
        return False
    _run(claimed)
    return True


@dataclass(frozen=True)
class _Claimed:
    id: int
    broker_id: int | None
    kind: str
    key: str | None
    payload: dict[str, Any]
    attempts: int
    revision: int


# What this process is doing now.
_under_way: ContextVar[_Claimed | None] = ContextVar("work_under_way", default=None)


def _claim(work_id: int | None, queue: str | None = None) -> _Claimed | None:
    """Take the lease of one row, by id or the oldest due (of the queue), skipping what others hold."""
    now = timezone.now()
    long_kinds = [kind.name for kind in _kinds.values() if kind.queue == LONG]
    of_queue = {None: "", SHORT: "AND kind <> ALL(%s)", LONG: "AND kind = ANY(%s)"}[queue]
    leases = {kind.name: kind.lease.total_seconds() for kind in _kinds.values()}
    with in_public(), connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE public.core_scheduledwork
               SET attempts = attempts + 1,
                   lease_until = %s + make_interval(secs => COALESCE((%s::jsonb ->> kind)::float8, 60))
             WHERE id = (SELECT id FROM public.core_scheduledwork
                          WHERE due_at <= %s AND (lease_until IS NULL OR lease_until < %s)
                            {"AND id = %s" if work_id else ""} {of_queue}
                          ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
            RETURNING id, broker_id, kind, key, payload::text, attempts - 1, revision
            """,
            [now, _json(leases), now, now, *([work_id] if work_id else []), *([long_kinds] if of_queue else [])],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    return _Claimed(row[0], row[1], row[2], row[3], _from_json(row[4]), row[5], row[6])


def _run(work: _Claimed) -> None:
    kind = _kinds.get(work.kind)
    if kind is None:
        _bury(work, f"no handler for {work.kind}")
        return
    token = _under_way.set(work)
    try:
        if work.broker_id is None:
            with in_public():
                kind.handler(work.payload)
        else:
            with in_broker(work.broker_id):
                kind.handler(work.payload)
    except GiveUp as error:
        _bury(work, str(error))
    except Retry as retry:
        _again(work, kind, str(retry), after=retry.after, counts=retry.counts)
    except Exception:
        log.exception("work failed", extra={"kind": work.kind, "work_id": work.id, "broker_id": work.broker_id})
        _again(work, kind, traceback.format_exc(limit=5), after=None, counts=True)
    else:
        _finish(work)
    finally:
        _under_way.reset(token)


def _finish(work: _Claimed) -> None:
    """Done: the row goes, unless it was asked for again meanwhile; then it is due at once."""
    with in_public(), connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM public.core_scheduledwork WHERE id = %s AND revision = %s", [work.id, work.revision]
        )
        if cursor.rowcount == 0:
            cursor.execute(
                "UPDATE public.core_scheduledwork SET lease_until = NULL, attempts = 0 WHERE id = %s", [work.id]
            )
            transaction.on_commit(lambda: wake(work.id, work.kind))


def _again(work: _Claimed, kind: Kind, reason: str, *, after: float | None, counts: bool) -> None:
    attempts = work.attempts + 1
    if counts and attempts >= kind.max_attempts:
        _bury(work, reason)
        return
    seconds = after if after is not None else backoff_seconds(attempts)
    with in_public():
        ScheduledWork.objects.filter(id=work.id).update(
            due_at=timezone.now() + timedelta(seconds=seconds),
            lease_until=None,
            attempts=attempts if counts else work.attempts,
            last_error=reason[:4000],
        )


def _bury(work: _Claimed, reason: str) -> None:
    with in_public(), transaction.atomic():
        DeadLetter.objects.create(
            broker_id=work.broker_id,
            kind=work.kind,
            key=work.key,
            payload=work.payload,
            attempts=work.attempts + 1,
            error=reason[:8000],
        )
        ScheduledWork.objects.filter(id=work.id).delete()


def retry_dead_letter(letter_id: int) -> bool:
    """Put a dead letter back to work; False if it was gone."""
    with in_public(), transaction.atomic():
        letter = DeadLetter.objects.select_for_update().filter(id=letter_id).first()
        if letter is None:
            return False
        schedule(letter.kind, letter.payload, broker_id=letter.broker_id, key=letter.key)
        letter.delete()
    return True


def backoff_seconds(attempts: int) -> float:
    """1 s, 2 s, 4 s … at most ten minutes, each with up to a quarter of jitter."""
    base = min(600.0, 2.0 ** min(attempts - 1, 12))
    return base * (1 + random.random() / 4)


def _json(payload: dict[str, Any]) -> str:
    import orjson

    return orjson.dumps(payload).decode()


def _from_json(text: str) -> dict[str, Any]:
    import orjson

    loaded: dict[str, Any] = orjson.loads(text)
    return loaded
