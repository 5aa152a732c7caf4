"""Socket.IO as the crm_whatsapp document names it: ids are numbers, chats are our conversations."""

from typing import Any

from apps.realtime.dialects import Emit
from apps.realtime.events import SocketEvent

_DIRECTIONS = {"in": "inbound", "out": "outbound"}
_STATUSES = {"received": "delivered", "sending": "pending", "uncertain": "pending"}


def emits_of(event: SocketEvent) -> list[Emit]:
    """The document's events for one of ours; many have none."""
    payload = event.payload
    match event.name:
        case "message.received" | "message.added":
            return [Emit("chat.message", {"message": _message(payload)})]
        case "conversation.started" | "conversation.read":
            return [Emit("chat.updated", {"chat": _chat(payload["conversation"])})]
        case "conversation.changed":
            return _changed(payload)
        case "typing" if payload["user"] is not None:
            first, _space, last = payload["user"]["name"].partition(" ")
            agent = {"id": payload["user"]["id"], "first_name": first, "last_name": last}
            return [Emit("agent.typing", {"agent": agent, "chat_id": payload["conversation_id"]})]
        case _:
            return []


def _changed(payload: dict[str, Any]) -> list[Emit]:
    thread, change = payload["conversation"], payload["change"]
    chat = _chat(thread)
    emits = [Emit("chat.updated", {"chat": chat})]
    agent_id, previous = change["agent_id"], change["previous_agent_id"]
    if agent_id is None or agent_id == previous:
        return emits
    emits.append(Emit("chat.new", {"chat": chat}, only_to=agent_id))
    if previous is not None:
        moved = {
            "chat_id": thread["id"],
            "from": {"type": "agent", "id": previous},
            "to": {"type": "agent", "id": agent_id},
            "reason": change["reason"],
        }
        emits.append(Emit("chat.transferred", moved))
    return emits


def _chat(thread: dict[str, Any]) -> dict[str, Any]:
    lead, account, agent, last = thread["lead"], thread["account"], thread["assigned_agent"], thread["last_message"]
    newest = None
    if last["id"] is not None:
        newest = {
            "id": last["id"],
            "content": last["text"],
            "direction": _DIRECTIONS.get(last["direction"], "inbound"),
            "created_at": thread["last_message_at"],
        }
    return {
        "id": thread["id"],
        "client": {
            "id": lead["id"],
            "first_name": lead["first_name"],
            "last_name": lead["last_name"],
            "phone_number": lead["phone"],
            "avatar_url": None,
        },
        "campaign": None,
        "whatsapp_number": {"id": account["id"], "phone_number": account["number"]},
        "assigned_agent": _person(agent),
        "status": thread["status"],
        "priority": thread["priority"],
        "message_count": thread["message_count"],
        "last_message": newest,
        "unread_count": thread["unread_count"],
        "created_at": thread["created_at"],
        "last_message_at": thread["last_message_at"],
    }


def _message(payload: dict[str, Any]) -> dict[str, Any]:
    message = payload["message"]
    shaped = {
        "id": message["id"],
        "chat_id": payload["conversation_id"],
        "direction": _DIRECTIONS[message["direction"]],
        "message_type": message["type"],
        "content": message["message_text"],
        "status": _STATUSES.get(message["status"], message["status"]),
        "user": _person(message["sender"]),
        "is_bot_message": message["sender_type"] == "bot",
        "created_at": message["created_at"],
        "read_at": message["read_at"],
    }
    if message["direction"] == "out":
        shaped["sent_at"] = message["created_at"] if message["status"] in {"sent", "delivered", "read"} else None
        shaped["delivered_at"] = message["delivered_at"]
    return shaped


def _person(person: dict[str, Any] | None) -> dict[str, Any] | None:
    if person is None:
        return None
    return {"id": person["id"], "first_name": person["first_name"], "last_name": person["last_name"]}
