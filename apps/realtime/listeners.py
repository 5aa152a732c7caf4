"""What happens in the rooms below, told to sockets: each change is written to the log in its own transaction."""

from apps.accounts.events import PasswordChanged, SessionRevoked, UserDeactivated, UserLoggedOut, UserUpdated
from apps.brokers.events import BrokerDeleted, BrokerRestored, BrokerSuspended, BrokerUpdated
from apps.conversations.events import (
    ConversationChanged,
    ConversationEvent,
    ConversationRead,
    ConversationStarted,
    MessageAdded,
    MessageChanged,
    MessageReceived,
    MessageStatusChanged,
)
from apps.conversations.models import Conversation, Message
from apps.conversations.types import Direction
from apps.core.events import Event, Phase, subscribe
from apps.messaging.events import ChannelAccountStatusChanged
from apps.messaging.models import ChannelAccount
from apps.messaging.types import Channel
from apps.queues.events import PresenceChanged, QueueChanged
from apps.realtime import lead_listeners as lead_listeners  # registers its own
from apps.realtime import visitors
from apps.realtime.log import log_event, tell
from apps.realtime.payloads import (
    account_payload,
    conversation_payload,
    conversation_rows,
    message_payload,
    message_rows,
)
from apps.realtime.publisher import publish_to_sockets
from apps.realtime.rooms import ALL, rooms_of_conversation, user_room, visitor_room


@subscribe(MessageReceived, MessageAdded)
def tell_new_message(event: MessageReceived | MessageAdded) -> None:
    """One query: the message with its thread."""
    message = message_rows().filter(pk=event.message_id).first()
    if message is None:
        return
    payload = {
        "lead_id": event.lead_id,
        "conversation_id": event.conversation_id,
        "conversation_uid": str(message.conversation.uid),
        "message": message_payload(message),
        "account": account_payload(message.conversation.account),
    }
    log_event(_broker(event), event.name, payload, rooms_of_conversation(message.conversation))
    if isinstance(event, MessageReceived):
        _tell_visitor(event, message)


@subscribe(MessageChanged)
def tell_changed_message(event: MessageChanged) -> None:
    """Edited, deleted, reacted to, or its file arrived."""
    message = message_rows().filter(pk=event.message_id).first()
    if message is None:
        return
    payload = {
        "lead_id": event.lead_id,
        "conversation_id": event.conversation_id,
        "change": event.change,
        "message": message_payload(message),
    }
    log_event(_broker(event), event.name, payload, rooms_of_conversation(message.conversation))
    _tell_visitor(event, message)


@subscribe(MessageStatusChanged)
def tell_message_status(event: MessageStatusChanged) -> None:
    """One query; a web chat's visitor gets the message itself once it counts as sent."""
    message = message_rows().filter(pk=event.message_id).first()
    if message is None:
        return
    payload = {
        "lead_id": event.lead_id,
        "conversation_id": event.conversation_id,
        "message_id": event.message_id,
        "message_uid": str(message.uid),
        "status": event.status,
        "error_text": str(event.error_text),
    }
    log_event(_broker(event), event.name, payload, rooms_of_conversation(message.conversation))
    _tell_visitor(event, message)


@subscribe(ConversationStarted, ConversationRead)
def tell_conversation(event: ConversationStarted | ConversationRead) -> None:
    """One query."""
    conversation = conversation_rows().filter(pk=event.conversation_id).first()
    if conversation is None:
        return
    payload = {"conversation": conversation_payload(conversation), "change": {"reason": event.name.split(".")[1]}}
    log_event(_broker(event), event.name, payload, rooms_of_conversation(conversation))
    if isinstance(event, ConversationRead) and conversation.channel == Channel.WEBCHAT:
        _tell_visitor_of_reading(event, conversation)


@subscribe(ConversationChanged)
def tell_changed_conversation(event: ConversationChanged) -> None:
    """One query; those whom the conversation was taken from are told too, so that it leaves their lists."""
    conversation = conversation_rows().filter(pk=event.conversation_id).first()
    if conversation is None:
        return
    payload = {
        "conversation": conversation_payload(conversation),
        "change": {
            "reason": event.reason,
            "previous_status": event.previous_status,
            "previous_agent_id": event.previous_agent_id,
            "agent_id": event.agent_id,
        },
    }
    rooms = rooms_of_conversation(
        conversation, previous_agent_id=event.previous_agent_id, previous_status=event.previous_status
    )
    log_event(_broker(event), event.name, payload, rooms)


@subscribe(PresenceChanged)
def tell_presence(event: PresenceChanged) -> None:
    payload = {
        "user_id": event.user_id,
        "presence": str(event.presence),
        "previous": str(event.previous),
        "reason": str(event.reason),
    }
    log_event(_broker(event), event.name, payload, [ALL, user_room(event.user_id)])


@subscribe(QueueChanged)
def tell_queue(event: QueueChanged) -> None:
    log_event(_broker(event), event.name, {"queue_id": event.queue_id}, [ALL])


@subscribe(ChannelAccountStatusChanged)
def tell_account_status(event: ChannelAccountStatusChanged) -> None:
    account = ChannelAccount.objects.filter(pk=event.account_id).first()
    if account is None:
        return
    payload = {"account": account_payload(account), "status": event.status, "detail": event.detail}
    log_event(_broker(event), event.name, payload, [ALL])


@subscribe(
    UserDeactivated,
    UserLoggedOut,
    UserUpdated,
    SessionRevoked,
    PasswordChanged,
    QueueChanged,
    BrokerSuspended,
    BrokerDeleted,
    BrokerRestored,
    BrokerUpdated,
    phase=Phase.AFTER_COMMIT,
)
def check_doors(event: Event) -> None:
    """Who may stand where has changed: the processes look at their sockets' rights again at once."""
    if event.broker_id is not None:
        publish_to_sockets(event.broker_id, {"type": "doors"})


def _tell_visitor(event: ConversationEvent, message: Message) -> None:
    conversation = message.conversation
    if conversation.channel != Channel.WEBCHAT or not visitors.is_shown(message):
        return
    room = visitor_room(conversation.account_id, conversation.address)
    tell(_broker(event), visitors.MESSAGE, visitors.message_for_visitor(message), [room])


def _tell_visitor_of_reading(event: ConversationRead, conversation: Conversation) -> None:
    rows = conversation.messages.filter(direction=Direction.IN, provider_message_id__isnull=False)
    ids = [visitors.id_for_visitor(row) for row in rows.order_by("-sent_at", "-order", "-id")[:20]]
    room = visitor_room(conversation.account_id, conversation.address)
    tell(_broker(event), visitors.STATUS, {"ids": ids, "status": "read"}, [room])


def _broker(event: Event) -> int:
    if event.broker_id is None:
        raise ValueError(f"{event.name} of no broker cannot be told to one")
    return event.broker_id
