"""What sockets tell of rows: plain JSON values, written once and shaped further by each document.

The keys are those of the inmo document where it has them, with what the other documents need beside them: both the
number and the uuid of a thing, and people as {id, uid, name, first_name, last_name}.
"""

from datetime import UTC, datetime
from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from apps.accounts.models import User
from apps.conversations.models import Conversation, Message
from apps.files.signing import signed_path
from apps.leads.models import Lead
from apps.messaging.models import ChannelAccount
from apps.messaging.types import Channel
from apps.queues.models import Queue

Json = dict[str, Any]
_PROVIDERS = {
    Channel.WHATSAPP_META: "whatsapp",
    Channel.WHATSAPP_WPPCONNECT: "whatsapp",
    Channel.TELEGRAM: "telegram",
    Channel.WEBCHAT: "webchat",
}
_QUALIFIED_FROM, _POTENTIAL_FROM = 70, 40


def moment(at: datetime | None) -> str | None:
    """A time as every document writes it: UTC, whole seconds, Z."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if at else None


def message_rows() -> QuerySet[Message]:
    """Messages with what the payload of most of them reads: one query, and one more for an agent or a file.

    Joining those too, and opening the account's secrets, doubled the cost of every inbound message's event.
    """
    return Message.objects.select_related("conversation", "conversation__account").defer(
        "conversation__account__credentials", "conversation__account__settings"
    )


def conversation_rows() -> QuerySet[Conversation]:
    """Conversations with all that their payload reads: one query, the last message and their number included."""
    newest = Message.objects.filter(conversation=OuterRef("pk")).order_by("-sent_at", "-order", "-id")
    counted = Message.objects.filter(conversation=OuterRef("pk")).order_by().values("conversation")
    return (
        Conversation.objects.select_related("lead", "account", "assigned_agent", "queue")
        .defer("account__credentials", "account__settings")
        .annotate(
            message_count=Coalesce(Subquery(counted.annotate(found=Count("pk")).values("found")), 0),
            last_message_id=Subquery(newest.values("pk")[:1]),
            last_message_text=Subquery(newest.values("text")[:1]),
        )
    )


def message_payload(message: Message) -> Json:
    """One message, as in `ChatMessage` and more."""
    return {
        "id": message.pk,
        "uid": str(message.uid),
        "direction": message.direction,
        "message_text": message.text,
        "sender_type": message.sender_type,
        "created_at": moment(message.sent_at),
        "ai_response_used": message.is_ai,
        "provider": _PROVIDERS.get(Channel(message.conversation.channel), message.conversation.channel),
        "type": message.type,
        "status": message.status,
        "error_text": message.error_text,
        "sender": person_payload(message.sender_user),
        "client_id": message.client_id,
        "delivered_at": moment(message.delivered_at),
        "read_at": moment(message.read_at),
        "edited_at": moment(message.edited_at),
        "is_deleted": message.is_deleted,
        "media": _media(message),
        "content": message.payload,
    }


def conversation_payload(conversation: Conversation) -> Json:
    """One thread, from `conversation_rows`."""
    account, queue = conversation.account, conversation.queue
    return {
        "id": conversation.pk,
        "uid": str(conversation.uid),
        "lead": lead_name(conversation.lead),
        "account": account_payload(account),
        "status": conversation.status,
        "handler": conversation.handler,
        "priority": conversation.priority,
        "assigned_agent": person_payload(conversation.assigned_agent),
        "queue": queue_payload(queue),
        "unread_count": conversation.unread_count,
        "message_count": getattr(conversation, "message_count", None),
        "last_message": {
            "id": getattr(conversation, "last_message_id", None),
            "text": getattr(conversation, "last_message_text", None) or conversation.last_message_preview,
            "direction": conversation.last_message_direction,
        },
        "last_message_at": moment(conversation.last_message_at),
        "created_at": moment(conversation.created_at),
    }


def lead_payload(lead: Lead) -> Json:
    """One lead, as in `LeadResponse`."""
    score = float(lead.score)
    return {
        "id": lead.pk,
        "uid": str(lead.uid),
        "phone": lead.phone,
        "name": lead.name or None,
        "email": lead.email or None,
        "status": lead.status,
        "lead_score": score,
        "pipeline_stage": lead.stage,
        "tags": lead.tags,
        "metadata": lead.attributes,
        "last_contacted": moment(lead.last_contacted_at),
        "created_at": moment(lead.created_at),
        "assigned_agent_id": lead.assigned_agent_id,
        "calificacion": (
            "calificado" if score >= _QUALIFIED_FROM else "potencial" if score >= _POTENTIAL_FROM else "no_calificado"
        ),
        "updated_at": moment(lead.updated_at),
    }


def lead_name(lead: Lead) -> Json:
    """Who a thread is with."""
    return {
        "id": lead.pk,
        "uid": str(lead.uid),
        "name": str(lead),
        "first_name": lead.first_name,
        "last_name": lead.last_name,
        "phone": lead.phone,
    }


def person_payload(user: User | None) -> Json | None:
    """One of the team."""
    if user is None:
        return None
    return {
        "id": user.pk,
        "uid": str(user.uid),
        "name": user.name,
        "first_name": user.first_name,
        "last_name": user.last_name,
    }


def account_payload(account: ChannelAccount) -> Json:
    """Where a thread comes in."""
    return {
        "id": account.pk,
        "uid": str(account.uid),
        "name": account.name,
        "channel": account.channel,
        "number": account.display_number,
    }


def queue_payload(queue: Queue | None) -> Json | None:
    """Where a thread waits."""
    return {"id": queue.pk, "uid": str(queue.uid), "name": queue.name} if queue else None


def _media(message: Message) -> Json | None:
    if message.file is None:
        return None
    file = message.file
    return {"url": signed_path(file), "mime": file.mime_type, "name": file.name, "size": file.size}
