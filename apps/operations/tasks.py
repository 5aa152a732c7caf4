"""The daily forgetting, and the scheduler's sign of life."""

import logging

from celery import shared_task
from celery.signals import before_task_publish

from apps.core import heartbeat
from apps.operations.pruning import prune

log = logging.getLogger(__name__)


@shared_task(name="operations.prune")
def prune_old_rows() -> None:
    """Delete what is past its time."""
    log.info("pruned", extra=prune())


@before_task_publish.connect(sender="core.heartbeat")
def record_beat(**_kwargs: object) -> None:
    """Only the scheduler sends this task: that it sends proves it alive, whatever the workers do."""
    heartbeat.record("beat")
