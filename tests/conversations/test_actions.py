"""What agents do with a conversation: allowed, refused, and out of sight."""

import pytest

from apps.conversations import actions
from apps.conversations.models import Conversation, Message
from apps.conversations.outbound import NewMessage
from apps.conversations.state import change_state
from apps.conversations.types import TRANSITIONS, ConversationStatus, Handler
from apps.core.access import system_actor
from apps.core.errors import Conflict, Forbidden, IllegalTransition, InvalidInput, NotFound
from apps.core.tenancy import in_broker
from tests.factories import make_conversation, make_message, make_user


@pytest.fixture
def conversation(broker):
    with in_broker(broker.pk):
        yield make_conversation(status=ConversationStatus.BOT, handler=Handler.ASSISTANT)


def test_a_supervisor_takes_over_from_the_bot(conversation, supervisor_user):
    actions.take_over(actor=supervisor_user.actor(), conversation_id=conversation.pk)

    conversation.refresh_from_db()
    assert conversation.status == ConversationStatus.ASSIGNED
    assert conversation.handler == Handler.AGENT
    assert conversation.assigned_agent == supervisor_user
    assert conversation.lead.__class__.objects.get().assigned_agent == supervisor_user


def test_an_agent_does_not_see_what_the_bot_has(conversation, agent_user):
    with pytest.raises(NotFound):
        actions.take_over(actor=agent_user.actor(), conversation_id=conversation.pk)


def test_an_agent_sees_everything_where_the_broker_says_so(conversation, agent_user, broker):
    type(broker).objects.filter(pk=broker.pk).update(is_open_to_agents=True)

    assert actions.take_over(actor=agent_user.actor(), conversation_id=conversation.pk).pk == conversation.pk


def test_an_agents_answer_makes_the_conversation_active_and_read(conversation, agent_user):
    Conversation.objects.update(assigned_agent=agent_user, status="assigned", unread_count=3)
    make_message(conversation)

    actions.send_message(actor=agent_user.actor(), conversation_id=conversation.pk, content=NewMessage(text="Hola"))

    conversation.refresh_from_db()
    assert conversation.status == ConversationStatus.ACTIVE
    assert conversation.unread_count == 0
    assert conversation.first_response_at is not None
    assert not Message.objects.filter(direction="in", read_at__isnull=True).exists()


def test_another_agents_conversation_is_not_there(conversation, agent_user, broker):
    with in_broker(broker.pk):
        colleague = make_user()
    Conversation.objects.update(assigned_agent=colleague, status="assigned")

    with pytest.raises(NotFound):
        actions.send_message(actor=agent_user.actor(), conversation_id=conversation.pk, content=NewMessage(text="x"))


def test_assigning_is_for_supervisors(conversation, agent_user, supervisor_user):
    Conversation.objects.update(assigned_agent=agent_user, status="assigned")

    with pytest.raises(Forbidden):
        actions.assign_conversation(
            actor=agent_user.actor(), conversation_id=conversation.pk, agent_id=supervisor_user.pk
        )


def test_a_foreign_or_inactive_agent_cannot_be_assigned(conversation, supervisor_user, other_admin_user, broker):
    with in_broker(broker.pk):
        gone = make_user(status="inactive")

    for user in (other_admin_user, gone):
        with pytest.raises(InvalidInput):
            actions.assign_conversation(
                actor=supervisor_user.actor(), conversation_id=conversation.pk, agent_id=user.pk
            )


def test_a_note_is_in_the_thread_and_never_sent(conversation, supervisor_user):
    note = actions.add_note(actor=supervisor_user.actor(), conversation_id=conversation.pk, text="Llamar mañana")

    assert note.status == "note"
    assert conversation.__class__.objects.get().status == ConversationStatus.BOT


def test_a_closed_conversation_takes_no_message_and_can_be_reopened(conversation, supervisor_user):
    actor = supervisor_user.actor()
    actions.close_conversation(actor=actor, conversation_id=conversation.pk, reason="resolved", notes="ok")

    with pytest.raises(Conflict):
        actions.send_message(actor=actor, conversation_id=conversation.pk, content=NewMessage(text="x"))
    reopened = actions.reopen_conversation(actor=actor, conversation_id=conversation.pk)

    assert reopened.status == ConversationStatus.ACTIVE
    assert reopened.close_reason == ""


def test_reopening_is_refused_while_another_is_open(conversation, supervisor_user):
    actions.close_conversation(actor=supervisor_user.actor(), conversation_id=conversation.pk)
    make_conversation(lead=conversation.lead, account=conversation.account)

    with pytest.raises(Conflict):
        actions.reopen_conversation(actor=supervisor_user.actor(), conversation_id=conversation.pk)


@pytest.mark.parametrize("before", ConversationStatus.values)
@pytest.mark.parametrize("after", ConversationStatus.values)
def test_only_the_tables_transitions_are_legal(broker, before, after):
    with in_broker(broker.pk):
        conversation = make_conversation(status=before)
        if after == before or after in TRANSITIONS[before]:
            change_state(conversation, actor=system_actor(broker.pk), status=after)
        else:
            with pytest.raises(IllegalTransition):
                change_state(conversation, actor=system_actor(broker.pk), status=after)
        assert Conversation.objects.get().status == (
            after if after == before or after in TRANSITIONS[before] else before
        )


def test_the_other_brokers_admin_finds_nothing(conversation, other_broker, other_admin_user):
    with in_broker(other_broker.pk), pytest.raises(NotFound):
        actions.take_over(actor=other_admin_user.actor(), conversation_id=conversation.pk)
