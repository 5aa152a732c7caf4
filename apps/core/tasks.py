"""Celery's side of durable work: three small tasks."""

from celery import shared_task

from apps.core import heartbeat, work


@shared_task(name="core.run_work")
def run_work(work_id: int) -> None:
    """Run one scheduled work that was just committed."""
    work.run_one(work_id)


@shared_task(name="core.poll_work")
def poll_work() -> None:
    """Run what is due: timers, and whatever Redis or a dead worker lost."""
    work.run_due()


@shared_task(name="core.heartbeat")
def beat() -> None:
    """Sent by beat and run by a worker: proves both alive to /health."""
    heartbeat.record("worker")
