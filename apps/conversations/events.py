"""What happens in threads."""

from dataclasses import dataclass
from typing import ClassVar

from apps.core.events import Event


@dataclass(frozen=True, kw_only=True)
class ConversationEvent(Event):
    """Anything about one conversation."""

    conversation_id: int
    lead_id: int


@dataclass(frozen=True, kw_only=True)
class ConversationStarted(ConversationEvent):
    name: ClassVar[str] = "conversation.started"
    channel: str = ""


@dataclass(frozen=True, kw_only=True)
class MessageReceived(ConversationEvent):
    """A customer wrote; stored once, not handled yet."""

    name: ClassVar[str] = "message.received"
    message_id: int


@dataclass(frozen=True, kw_only=True)
class MessageAdded(ConversationEvent):
    """A message of ours, or a note, is in the thread; `is_note` tells which."""

    name: ClassVar[str] = "message.added"
    message_id: int
    is_note: bool = False


@dataclass(frozen=True, kw_only=True)
class MessageStatusChanged(ConversationEvent):
    name: ClassVar[str] = "message.status_changed"
    message_id: int
    status: str
    previous: str = ""
    error_text: str = ""


@dataclass(frozen=True, kw_only=True)
class MessageChanged(ConversationEvent):
    """Its content changed after the fact: edited, deleted, reacted to, or its media arrived (`change`)."""

    name: ClassVar[str] = "message.changed"
    message_id: int
    change: str


@dataclass(frozen=True, kw_only=True)
class ConversationChanged(ConversationEvent):
    """Its status, handler, agent or queue changed; `reason` says why."""

    name: ClassVar[str] = "conversation.changed"
    status: str
    previous_status: str
    handler: str
    agent_id: int | None
    previous_agent_id: int | None
    queue_id: int | None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class ConversationRead(ConversationEvent):
    name: ClassVar[str] = "conversation.read"
    user_id: int | None


@dataclass(frozen=True, kw_only=True)
class UnansweredMoved(ConversationEvent):
    """Messages of the customer that nobody answered came here from another conversation of theirs."""

    name: ClassVar[str] = "conversation.unanswered_moved"
    is_kept: ClassVar[bool] = False
