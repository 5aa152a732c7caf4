"""Socket.IO as the whatsapp_odoo document names it: ids are uuids."""

from typing import Any

from apps.realtime.dialects import Emit
from apps.realtime.events import SocketEvent

_DIRECTIONS = {"in": "inbound", "out": "outbound"}
_TOLD_STATUSES = frozenset({"delivered", "read"})
# What the document knows of statuses: an inbound message counts as delivered.
_STATUSES = {"received": "delivered", "pending": "sent", "sending": "sent", "uncertain": "sent", "note": "sent"}


def emits_of(event: SocketEvent) -> list[Emit]:
    """The document's events for one of ours; most have none."""
    payload = event.payload
    match event.name:
        case "message.received" | "message.added":
            return [Emit("new_message", {"conversation_id": payload["conversation_uid"], "message": _message(payload)})]
        case "message.status_changed" if payload["status"] in _TOLD_STATUSES:
            return [Emit("message_status", {"message_id": payload["message_uid"], "status": payload["status"]})]
        case "conversation.changed":
            return _assigned(payload)
        case "channel_account.status_changed":
            status = "connected" if payload["status"] == "connected" else "disconnected"
            return [Emit("connection_status", {"account_id": payload["account"]["uid"], "status": status})]
        case _:
            return []


def _message(payload: dict[str, Any]) -> dict[str, Any]:
    message = payload["message"]
    media, sender = message["media"], message["sender"]
    return {
        "id": message["uid"],
        "conversation_id": payload["conversation_uid"],
        "direction": _DIRECTIONS[message["direction"]],
        "type": message["type"],
        "content": message["message_text"],
        "media_url": media["url"] if media else None,
        "metadata": message["content"] or None,
        "status": _STATUSES.get(message["status"], message["status"]),
        "sender_id": sender["uid"] if sender else None,
        "created_at": message["created_at"],
    }


def _assigned(payload: dict[str, Any]) -> list[Emit]:
    thread, change = payload["conversation"], payload["change"]
    agent = thread["assigned_agent"]
    if agent is None or change["agent_id"] == change["previous_agent_id"]:
        return []
    assigned_to = {"id": agent["uid"], "name": agent["name"]}
    return [Emit("conversation_assigned", {"conversation_id": thread["uid"], "assigned_to": assigned_to})]
