"""An event on its way to sockets: what the log keeps, and what travels between processes."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

# The log's names → the types of frames on /ws/{broker_id}/{user_id}.
FRAME_TYPES: dict[str, str] = {
    "message.received": "new_message",
    "message.added": "new_message",
    "message.status_changed": "message_status",
    "message.changed": "message_updated",
    "conversation.started": "conversation_updated",
    "conversation.changed": "conversation_updated",
    "conversation.read": "conversation_updated",
    "lead.created": "lead_created",
    "lead.updated": "lead_updated",
    "lead.scored": "lead_updated",
    "lead.assigned": "lead_updated",
    "lead.stage_changed": "stage_changed",
    "lead.deleted": "lead_deleted",
    "leads.changed": "leads.changed",
    "job.changed": "job.changed",
    "job.ended": "job.ended",
    "duplicates.changed": "duplicates.changed",
    "agent.presence_changed": "presence",
    "queue.changed": "queue_updated",
    "channel_account.status_changed": "account_status",
    "typing": "typing",
}


@dataclass(frozen=True)
class SocketEvent:
    """`seq` is the log's id; None for what is not kept (typing). `body` is the payload as JSON text."""

    seq: int | None
    name: str
    at: str
    rooms: frozenset[str]
    body: bytes
    sender: str = ""

    @cached_property
    def payload(self) -> dict[str, Any]:
        """The payload read again, for those who shape it; shared, not to be changed."""
        loaded: dict[str, Any] = orjson.loads(self.body)
        return loaded

    @cached_property
    def frame(self) -> str | None:
        """The frame of /ws as text, written once for all its sockets; None for an event that is not told there."""
        kind = FRAME_TYPES.get(self.name)
        if kind is None:
            return None
        seq = "null" if self.seq is None else str(self.seq)
        return f'{{"type":"{kind}","data":{self.body.decode()},"timestamp":"{self.at}","seq":{seq}}}'

    def wire(self) -> dict[str, Any]:
        """As it goes through the channel layer."""
        return {
            "type": "event",
            "seq": self.seq,
            "name": self.name,
            "at": self.at,
            "rooms": sorted(self.rooms),
            "body": self.body,
            "sender": self.sender,
        }


def from_wire(message: dict[str, Any]) -> SocketEvent:
    """The event in a message of the channel layer."""
    return SocketEvent(
        seq=message["seq"],
        name=message["name"],
        at=message["at"],
        rooms=frozenset(message["rooms"]),
        body=message["body"],
        sender=message.get("sender", ""),
    )
