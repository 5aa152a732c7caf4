"""Celery's side of durable work: small tasks."""

import time

from celery import shared_task
from django.conf import settings

from apps.core import heartbeat, work

# So long one poll keeps its process; then inbound messages, which go first, have their turn.
SLICE_SECONDS = 0.15
# An import of millions of rows is done long before.
LONGEST_SECONDS = 6 * 3600


@shared_task(name="core.run_work")
def run_work(work_id: int) -> None:
    """Run one scheduled work that was just committed."""
    work.run_one(work_id)


@shared_task(name="core.poll_work")
def poll_work(until: float | None = None) -> None:
    """Run what is due: timers, and whatever Redis or a dead worker lost.

    Where more is due it asks for its next turn itself, until the scheduler's next poll takes over.
    """
    end = until if until is not None else time.time() + settings.WORK_POLL_SECONDS
    if work.run_due_for(SLICE_SECONDS) and time.time() < end:
        work.ring(poll_work, end)


@shared_task(name="core.run_long_work", time_limit=LONGEST_SECONDS)
def run_long_work(work_id: int) -> None:
    """The same for work that may take long, in the processes that are kept for it."""
    work.run_one(work_id)


@shared_task(name="core.poll_long_work", time_limit=LONGEST_SECONDS)
def poll_long_work() -> None:
    """Run one long work that is due, or that a dead process left."""
    work.run_next_long()


@shared_task(name="core.heartbeat")
def beat() -> None:
    """Sent by beat and run by a worker: proves both alive to /health."""
    heartbeat.record("worker")
