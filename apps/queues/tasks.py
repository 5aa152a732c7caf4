"""Work of the queues room."""

from datetime import timedelta
from typing import Any

from apps.core.work import work_handler
from apps.queues.routing import route_queue


@work_handler("queues.route", lease=timedelta(seconds=30), max_attempts=20)
def route(payload: dict[str, Any]) -> None:
    """Assign what waits in one queue."""
    route_queue(payload["queue_id"])
