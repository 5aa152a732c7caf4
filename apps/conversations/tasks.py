"""Work of the conversations room: receive, send, fetch."""

from datetime import timedelta
from typing import Any

from celery import shared_task

from apps.conversations.inbound import receive_waiting_events
from apps.conversations.media import fetch_media
from apps.conversations.outbound import SEND_LEASE, deliver
from apps.conversations.receipts import answer_tap, send_receipt
from apps.core.work import work_handler


@shared_task(name="conversations.receive_raw_events")
def receive_raw_events() -> None:
    """Rung by the webhook door and by the sweep; works until nothing waits."""
    while receive_waiting_events():
        pass


@work_handler("conversations.send", lease=SEND_LEASE, max_attempts=50)
def send(payload: dict[str, Any]) -> None:
    """Send one pending message; how often is decided by the message's own attempts."""
    deliver(payload["message_id"])


@work_handler("conversations.fetch_media", lease=timedelta(seconds=120), max_attempts=8)
def fetch(payload: dict[str, Any]) -> None:
    """Download one message's media."""
    fetch_media(payload["message_id"])


@work_handler("conversations.read_receipt", lease=timedelta(seconds=30), max_attempts=3)
def receipt(payload: dict[str, Any]) -> None:
    """Tell the channel that its customer's message was read."""
    send_receipt(payload["message_id"])


@work_handler("conversations.answer_tap", lease=timedelta(seconds=30), max_attempts=2)
def tap(payload: dict[str, Any]) -> None:
    """Stop the little clock on a button that the customer tapped."""
    answer_tap(payload["account_id"], payload["callback_id"])
