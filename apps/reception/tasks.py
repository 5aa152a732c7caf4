"""Work of the reception room."""

from typing import Any

from apps.core.work import work_handler
from apps.reception.actions import LEASE, advance


@work_handler("reception.advance", lease=LEASE, max_attempts=20)
def advance_conversation(payload: dict[str, Any]) -> None:
    """Attend to one conversation."""
    advance(payload["conversation_id"])
