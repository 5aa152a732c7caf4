"""What makes reception look at a conversation."""

from apps.conversations.events import ConversationChanged, MessageReceived, UnansweredMoved
from apps.conversations.types import ConversationStatus
from apps.core.events import subscribe
from apps.reception.actions import ask_to_advance


@subscribe(MessageReceived, UnansweredMoved)
def attend_to_a_message(event: MessageReceived | UnansweredMoved) -> None:
    """In the transaction that stores the message: it is never stored without being attended to."""
    ask_to_advance(event.conversation_id)


@subscribe(ConversationChanged)
def attend_again_when_sofia_gets_it_back(event: ConversationChanged) -> None:
    """What the customer wrote meanwhile was an agent's to answer; only what is unhandled is hers."""
    if event.status == ConversationStatus.BOT != event.previous_status:
        ask_to_advance(event.conversation_id)
