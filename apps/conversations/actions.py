"""What agents and programs do with a conversation."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.accounts.types import UserStatus
from apps.conversations import outbound
from apps.conversations.events import ConversationRead
from apps.conversations.models import Conversation, Message
from apps.conversations.outbound import NewMessage
from apps.conversations.queries import lock_conversation
from apps.conversations.state import change_state
from apps.conversations.types import CloseReason, ConversationStatus, Handler
from apps.core.access import Actor
from apps.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from apps.core.events import publish
from apps.leads.actions import assign_lead

_S = ConversationStatus


@transaction.atomic
def send_message(*, actor: Actor, conversation_id: int, content: NewMessage, client_id: str | None = None) -> Message:
    """Send a message to the customer; an agent's message takes the conversation from the bot.

    Raises NotFound, Forbidden, Conflict on a closed conversation, InvalidInput, OutsideMessagingWindow.
    """
    conversation = lock_conversation(actor, conversation_id)
    actor.require("messages.create")
    _require_open(conversation)

    message = outbound.add_outbound(conversation, content, actor=actor, client_id=client_id)
    if actor.kind == "user":
        _attend(conversation, actor)
        outbound.first_human_response(conversation)
        outbound.unread_reset(conversation)
    return message


@transaction.atomic
def add_note(*, actor: Actor, conversation_id: int, text: str, client_id: str | None = None) -> Message:
    """Write an internal note that only the team sees.

    Raises NotFound, Forbidden, InvalidInput.
    """
    conversation = lock_conversation(actor, conversation_id)
    actor.require("chats.update")
    return outbound.add_note(conversation, text, actor=actor, client_id=client_id)


@transaction.atomic
def take_over(*, actor: Actor, conversation_id: int) -> Conversation:
    """The acting user attends the conversation from now on; Sofía and flows step back.

    Raises NotFound, Conflict where it is closed or another agent has it and the actor may not assign.
    """
    conversation = lock_conversation(actor, conversation_id)
    actor.require("chats.update")
    _require_open(conversation)
    if conversation.assigned_agent_id not in {None, actor.user_id} and not actor.can("chats.assign"):
        raise Conflict(_("Another agent already has this conversation."), code="ALREADY_ASSIGNED")

    _assign(conversation, actor.user_id, actor=actor, reason="taken")
    return conversation


@transaction.atomic
def assign_conversation(*, actor: Actor, conversation_id: int, agent_id: int, reason: str = "") -> Conversation:
    """Give the conversation to an agent by hand: a person may exceed the limits of routing.

    Raises NotFound, Forbidden, Conflict on a closed one, InvalidInput for a user who is not active in the broker.
    """
    conversation = lock_conversation(actor, conversation_id)
    actor.require("chats.assign")
    _require_open(conversation)
    _require_active_agent(actor, agent_id)

    _assign(conversation, agent_id, actor=actor, reason=reason or "assigned")
    return conversation


@transaction.atomic
def transfer_conversation(*, actor: Actor, conversation_id: int, agent_id: int, reason: str = "") -> Conversation:
    """Hand an own conversation to another agent.

    Raises NotFound, Forbidden, Conflict on a closed one, InvalidInput for a user who is not active in the broker.
    """
    conversation = lock_conversation(actor, conversation_id)
    actor.require("chats.transfer")
    _require_open(conversation)
    _require_active_agent(actor, agent_id)

    _assign(conversation, agent_id, actor=actor, reason=reason or "transferred")
    if reason:
        outbound.add_note(conversation, reason, actor=actor)
    return conversation


@transaction.atomic
def return_to_bot(*, actor: Actor, conversation_id: int) -> Conversation:
    """Sofía attends again.

    Raises NotFound, IllegalTransition.
    """
    conversation = lock_conversation(actor, conversation_id)
    actor.require("chats.update")
    change_state(
        conversation, actor=actor, status=_S.BOT, handler=Handler.ASSISTANT, agent_id=None, reason="returned_to_bot"
    )
    return conversation


@transaction.atomic
def set_pending(*, actor: Actor, conversation_id: int) -> Conversation:
    """The customer owes an answer: the conversation rests.

    Raises NotFound, IllegalTransition.
    """
    conversation = lock_conversation(actor, conversation_id)
    actor.require("chats.update")
    change_state(conversation, actor=actor, status=_S.PENDING, reason="pending")
    return conversation


@transaction.atomic
def close_conversation(
    *, actor: Actor, conversation_id: int, reason: str = CloseReason.RESOLVED, notes: str = ""
) -> Conversation:
    """End the conversation; a later message of the customer opens a new one. Closing twice changes nothing.

    Raises NotFound, Forbidden, InvalidInput for an unknown reason.
    """
    conversation = lock_conversation(actor, conversation_id)
    actor.require("chats.close")
    if reason not in CloseReason.values:
        raise InvalidInput(_("Choose one of the reasons for closing."), field="reason")
    if not conversation.is_open:
        return conversation

    change_state(
        conversation,
        actor=actor,
        status=_S.CLOSED,
        reason=reason,
        extra={"close_reason": reason, "close_notes": notes[:4000], "unread_count": 0},
    )
    return conversation


@transaction.atomic
def reopen_conversation(*, actor: Actor, conversation_id: int) -> Conversation:
    """Open a closed conversation again, for the agent who had it, else for whoever reopens it.

    Raises NotFound, Conflict where the lead has another open conversation on the same channel, IllegalTransition.
    """
    conversation = lock_conversation(actor, conversation_id)
    actor.require("chats.update")
    if conversation.is_open:
        return conversation
    other = Conversation.objects.filter(lead_id=conversation.lead_id, account_id=conversation.account_id)
    if other.exclude(status=_S.CLOSED).exists():
        raise Conflict(_("The customer already has an open conversation on this channel."), code="ALREADY_OPEN")

    agent_id = conversation.assigned_agent_id or actor.user_id
    change_state(
        conversation,
        actor=actor,
        status=_S.ACTIVE,
        handler=Handler.AGENT,
        agent_id=agent_id,
        reason="reopened",
        extra={"closed_at": None, "close_reason": "", "close_notes": ""},
    )
    return conversation


@transaction.atomic
def mark_read(*, actor: Actor, conversation_id: int) -> None:
    """Everything inbound is read; a receipt goes to the channel where it has one.

    Raises NotFound.
    """
    conversation = lock_conversation(actor, conversation_id)
    if conversation.unread_count == 0:
        return

    outbound.unread_reset(conversation)
    publish(
        ConversationRead(
            broker_id=actor.broker_id,
            actor=actor,
            conversation_id=conversation.pk,
            lead_id=conversation.lead_id,
            user_id=actor.user_id,
        )
    )


@transaction.atomic
def retry_message(*, actor: Actor, message_id: int) -> Message:
    """Send a failed or uncertain message again, because a person says so.

    Raises NotFound, Conflict, OutsideMessagingWindow.
    """
    message = _lock_message(actor, message_id)
    actor.require("messages.create")
    outbound.send_again(message, actor=actor)
    return message


@transaction.atomic
def resolve_uncertain(*, actor: Actor, message_id: int) -> Message:
    """Mark an uncertain message as sent, because a person saw that it arrived.

    Raises NotFound, Conflict.
    """
    message = _lock_message(actor, message_id)
    actor.require("messages.create")
    outbound.settle_uncertain(message, actor=actor)
    return message


def _lock_message(actor: Actor, message_id: int) -> Message:
    message = (
        Message.objects.select_for_update(of=("self",))
        .select_related("conversation", "account")
        .filter(pk=message_id)
        .first()
    )
    if message is None:
        raise NotFound(_("There is no such message."), field="message_id")
    lock_conversation(actor, message.conversation_id)
    return message


def _assign(conversation: Conversation, agent_id: int | None, *, actor: Actor, reason: str) -> None:
    status = conversation.status
    if status in {_S.NEW, _S.BOT, _S.QUEUED} or conversation.assigned_agent_id != agent_id:
        status = _S.ASSIGNED
    change_state(conversation, actor=actor, status=status, handler=Handler.AGENT, agent_id=agent_id, reason=reason)
    if agent_id is not None and conversation.lead.assigned_agent_id is None:
        assign_lead(actor=actor.widened(), lead_id=conversation.lead_id, agent_id=agent_id)


def _attend(conversation: Conversation, actor: Actor) -> None:
    """An agent's message: it is theirs if it was nobody's, and active in any case."""
    agent_id = conversation.assigned_agent_id or actor.user_id
    change_state(
        conversation, actor=actor, status=_S.ACTIVE, handler=Handler.AGENT, agent_id=agent_id, reason="answered"
    )
    if conversation.lead.assigned_agent_id is None:
        assign_lead(actor=actor.widened(), lead_id=conversation.lead_id, agent_id=agent_id)


def _require_open(conversation: Conversation) -> None:
    if not conversation.is_open:
        raise Conflict(_("The conversation is closed. Reopen it first."), code="CONVERSATION_CLOSED")


def _require_active_agent(actor: Actor, agent_id: int) -> None:
    if actor.broker_id is None:
        raise Forbidden()
    is_active = User.objects.filter(pk=agent_id, broker_id=actor.broker_id, status=UserStatus.ACTIVE).exists()
    if not is_active:
        raise InvalidInput(_("Choose an active agent of your team."), field="agent_id")
