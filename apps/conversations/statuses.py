"""Delivery statuses of what we sent: they only move forward, and may come before our own send call returns."""

from typing import Any

from django.db import transaction

from apps.conversations.events import MessageStatusChanged
from apps.conversations.models import Message
from apps.conversations.types import STATUS_RANK, MessageStatus
from apps.core.access import Actor, system_actor
from apps.core.events import publish
from apps.core.locks import lock_names
from apps.messaging.models import ParkedStatus
from apps.messaging.types import AccountRef, DeliveryStatus, ErrorAction, ProviderError, StatusUpdate

_FROM_PROVIDER: dict[str, str] = {
    DeliveryStatus.SENT: MessageStatus.SENT,
    DeliveryStatus.DELIVERED: MessageStatus.DELIVERED,
    DeliveryStatus.READ: MessageStatus.READ,
    DeliveryStatus.PLAYED: MessageStatus.READ,
    DeliveryStatus.FAILED: MessageStatus.FAILED,
}


@transaction.atomic
def apply_status(account: AccountRef, update: StatusUpdate) -> bool:
    """Move a message forward; a status of an unknown message is parked until the message is known. True if it moved."""
    lock_provider_id(account.id, update.provider_message_id)
    message = _message_of(account, update)
    if message is None:
        _park(account, update)
        return False
    if not message.provider_message_id:
        message.provider_message_id = update.provider_message_id
        message.save(update_fields=["provider_message_id"])
    return move_forward(message, update, actor=system_actor(account.broker_id, name=str(account.channel.label)))


def lock_provider_id(account_id: int, provider_message_id: str) -> None:
    """Held by whoever stores a provider's id or parks a status for it, so that the two cannot miss each other."""
    lock_names([f"provider-message:{account_id}:{provider_message_id}"])


def move_forward(message: Message, update: StatusUpdate, *, actor: Actor) -> bool:
    """Apply a status to a locked message if it is news; False where it is not."""
    status = _FROM_PROVIDER[update.status]
    previous = message.status
    if status == MessageStatus.FAILED:
        if STATUS_RANK.get(previous, 0) >= STATUS_RANK[MessageStatus.DELIVERED] or previous == MessageStatus.FAILED:
            return False
        message.error_code = update.error.code[:60] if update.error else ""
        message.error_text = str(update.error.message)[:400] if update.error else ""
    elif previous == MessageStatus.FAILED or STATUS_RANK[status] <= STATUS_RANK.get(previous, 0):
        return False
    message.status = status
    if status == MessageStatus.DELIVERED:
        message.delivered_at = update.at
    if status == MessageStatus.READ:
        message.read_at = update.at
        message.delivered_at = message.delivered_at or update.at
    message.save(update_fields=["status", "delivered_at", "read_at", "error_code", "error_text"])
    publish(
        MessageStatusChanged(
            broker_id=actor.broker_id,
            actor=actor,
            conversation_id=message.conversation_id,
            lead_id=message.conversation.lead_id,
            message_id=message.pk,
            status=status,
            previous=previous,
            error_text=message.error_text,
        )
    )
    return True


def claim_parked(message: Message, *, actor: Actor) -> None:
    """Apply, in order of time, what came before the message had its provider id."""
    parked = list(
        ParkedStatus.objects.filter(account_id=message.account_id, provider_message_id=message.provider_message_id)
    )
    for row in sorted(parked, key=lambda row: str(row.payload["at"])):
        move_forward(message, _from_json(row.payload), actor=actor)
    if parked:
        ParkedStatus.objects.filter(pk__in=[row.pk for row in parked]).delete()


def _message_of(account: AccountRef, update: StatusUpdate) -> Message | None:
    """By the provider's id, else by our own tracker: that is how a lost answer is reconciled."""
    rows = Message.objects.select_for_update(of=("self",)).select_related("conversation")
    message = rows.filter(account_id=account.id, provider_message_id=update.provider_message_id).first()
    if message is None and update.tracker:
        message = rows.filter(account_id=account.id, uid=_uuid_or_none(update.tracker)).first()
    return message


def _uuid_or_none(text: str) -> Any:
    import uuid

    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _park(account: AccountRef, update: StatusUpdate) -> None:
    ParkedStatus.objects.create(
        broker_id=account.broker_id,
        account_id=account.id,
        provider_message_id=update.provider_message_id,
        tracker=update.tracker[:64],
        payload=_to_json(update),
    )


def _to_json(update: StatusUpdate) -> dict[str, Any]:
    return {
        "provider_message_id": update.provider_message_id,
        "status": str(update.status),
        "at": update.at.isoformat(),
        "tracker": update.tracker,
        "error": {"code": update.error.code, "message": str(update.error.message)} if update.error else None,
    }


def _from_json(payload: dict[str, Any]) -> StatusUpdate:
    from datetime import datetime

    error = payload.get("error")
    return StatusUpdate(
        provider_message_id=payload["provider_message_id"],
        status=DeliveryStatus(payload["status"]),
        at=datetime.fromisoformat(payload["at"]),
        tracker=payload.get("tracker", ""),
        error=ProviderError(code=error["code"], message=error["message"], action=ErrorAction.GIVE_UP)
        if error
        else None,
    )
