"""What the inbox's buttons do: allowed, refused, and for whom the row does not exist."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.accounts.types import Role
from apps.conversations.types import ConversationStatus, Direction, Handler, MessageStatus, SenderType
from apps.core.tenancy import in_broker
from apps.queues.models import AgentState
from tests.factories import make_conversation, make_lead, make_message, make_queue, make_user


@pytest.fixture
def thread(broker, agent_user):
    """A conversation that the agent attends."""
    lead = make_lead(assigned_agent=agent_user)
    return make_conversation(
        lead, status=ConversationStatus.ACTIVE, handler=Handler.AGENT, assigned_agent=agent_user, unread_count=1
    )


def events(answer):
    return json.loads(answer.headers.get("HX-Trigger", "{}"))


def test_writing_stores_one_message_however_often_it_is_sent(browser, agent_user, thread):
    page = browser(agent_user)

    for _attempt in range(2):
        answer = page.press(f"/app/inbox/{thread.pk}/messages", text=" Hola\r\nRosa ", mode="reply", client_id="c-1")

    sent = thread.messages.get()
    assert answer.status_code == 200
    assert (sent.text, sent.direction, sent.sender_user_id) == ("Hola\nRosa", Direction.OUT, agent_user.pk)
    assert sent.status == MessageStatus.PENDING
    assert f'id="m{sent.pk}"' in answer.content.decode()
    assert events(answer)["conversation-changed"]["conversation_id"] == thread.pk


def test_a_note_is_kept_and_never_sent(browser, agent_user, thread):
    answer = browser(agent_user).press(f"/app/inbox/{thread.pk}/messages", text="Es su tía", mode="note")

    assert answer.status_code == 200
    assert thread.messages.get().status == MessageStatus.NOTE
    assert "is-note" in answer.content.decode()


def test_an_empty_message_is_refused_in_words(browser, agent_user, thread):
    answer = browser(agent_user).press(f"/app/inbox/{thread.pk}/messages", text="  ", mode="reply")

    assert answer.status_code == 422
    assert events(answer)["toast"]["level"] == "error"
    assert not thread.messages.exists()


def test_outside_the_window_the_hint_is_shown_and_nothing_is_stored(browser, agent_user, thread):
    thread.last_inbound_at = timezone.now() - timedelta(hours=25)
    thread.save()

    answer = browser(agent_user).press(f"/app/inbox/{thread.pk}/messages", text="Hola", mode="reply")

    assert answer.status_code == 409
    assert "24" in events(answer)["toast"]["message"]
    assert not thread.messages.exists()


def test_an_agent_takes_a_waiting_conversation_of_their_queue(browser, agent_user, broker):
    waiting = make_conversation(status=ConversationStatus.QUEUED, queue=make_queue(agent_user))

    answer = browser(agent_user).press(f"/app/inbox/{waiting.pk}/take")

    waiting.refresh_from_db()
    assert answer.status_code == 204
    assert (waiting.assigned_agent_id, waiting.handler) == (agent_user.pk, Handler.AGENT)


def test_an_agent_cannot_take_what_they_do_not_see(browser, agent_user, broker):
    hidden = make_conversation(status=ConversationStatus.QUEUED, queue=make_queue())

    assert browser(agent_user).press(f"/app/inbox/{hidden.pk}/take").status_code == 404


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("messages", {"text": "Hola"}),
        ("take", {}),
        ("return", {}),
        ("transfer", {"target": "agent:1"}),
        ("close", {"reason": "resolved"}),
        ("reopen", {}),
        ("read", {}),
        ("stage", {"stage": "agendado"}),
        ("tags", {"add": "vip"}),
        ("lead/edit", {"name": "X"}),
    ],
)
def test_another_brokers_conversation_cannot_be_touched(browser, admin_user, broker, other_broker, path, data):
    with in_broker(other_broker.pk):
        for _each in range(2):
            foreign = make_conversation(status=ConversationStatus.ACTIVE)

    assert browser(admin_user).press(f"/app/inbox/{foreign.pk}/{path}", **data).status_code == 404

    with in_broker(other_broker.pk):
        foreign.refresh_from_db()
        assert foreign.status == ConversationStatus.ACTIVE
        assert not foreign.messages.exists()


def test_sofia_gets_it_back(browser, agent_user, thread):
    assert browser(agent_user).press(f"/app/inbox/{thread.pk}/return").status_code == 204

    thread.refresh_from_db()
    assert (thread.status, thread.handler, thread.assigned_agent_id) == ("bot", "assistant", None)


def test_it_goes_to_a_colleague_with_a_word(browser, agent_user, thread, broker):
    colleague = make_user(Role.AGENT, broker_id=broker.pk)

    answer = browser(agent_user).press(
        f"/app/inbox/{thread.pk}/transfer", target=f"agent:{colleague.pk}", reason="Quiere ver casas"
    )

    thread.refresh_from_db()
    assert answer.status_code == 204
    assert "close-dialog" in events(answer)
    assert thread.assigned_agent_id == colleague.pk
    assert thread.messages.get(status=MessageStatus.NOTE).text == "Quiere ver casas"


def test_it_goes_to_a_queue(browser, agent_user, thread):
    queue = make_queue()

    assert browser(agent_user).press(f"/app/inbox/{thread.pk}/transfer", target=f"queue:{queue.pk}").status_code == 204

    thread.refresh_from_db()
    assert (thread.status, thread.queue_id, thread.assigned_agent_id) == ("queued", queue.pk, None)


@pytest.mark.parametrize("target", ["", "agent:", "agent:x", "moon:1", "queue:999999", "agent:999999"])
def test_a_transfer_to_nobody_changes_nothing(browser, agent_user, thread, target):
    assert browser(agent_user).press(f"/app/inbox/{thread.pk}/transfer", target=target).status_code in {404, 422}

    thread.refresh_from_db()
    assert thread.assigned_agent_id == agent_user.pk


def test_it_is_closed_with_a_reason_and_opened_again(browser, agent_user, thread):
    page = browser(agent_user)

    assert page.press(f"/app/inbox/{thread.pk}/close", reason="nonsense").status_code == 422
    assert page.press(f"/app/inbox/{thread.pk}/close", reason="resolved", notes="Compró").status_code == 204
    thread.refresh_from_db()
    assert (thread.status, thread.close_reason, thread.close_notes) == ("closed", "resolved", "Compró")
    assert page.press(f"/app/inbox/{thread.pk}/messages", text="Hola").status_code == 409

    assert page.press(f"/app/inbox/{thread.pk}/reopen").status_code == 204
    thread.refresh_from_db()
    assert thread.status == "active"


def test_opening_reads_nothing_until_the_page_says_so(browser, agent_user, thread):
    page = browser(agent_user)

    page.get(f"/app/inbox/{thread.pk}")
    thread.refresh_from_db()
    assert thread.unread_count == 1

    assert page.press(f"/app/inbox/{thread.pk}/read").status_code == 204
    thread.refresh_from_db()
    assert thread.unread_count == 0


def test_a_failed_message_is_tried_again_and_an_uncertain_one_confirmed(browser, agent_user, thread):
    failed = make_message(thread, direction=Direction.OUT, sender_type=SenderType.AGENT, status=MessageStatus.FAILED)
    unsure = make_message(thread, direction=Direction.OUT, sender_type=SenderType.AGENT, status=MessageStatus.UNCERTAIN)
    page = browser(agent_user)

    assert page.press(f"/app/messages/{failed.pk}/retry").status_code == 204
    assert page.press(f"/app/messages/{unsure.pk}/confirm").status_code == 204

    failed.refresh_from_db()
    unsure.refresh_from_db()
    assert failed.status == MessageStatus.PENDING
    assert unsure.status == MessageStatus.SENT


def test_a_message_out_of_sight_cannot_be_tried_again(browser, agent_user, broker):
    hidden = make_message(
        make_conversation(status=ConversationStatus.ACTIVE), direction=Direction.OUT, status=MessageStatus.FAILED
    )

    assert browser(agent_user).press(f"/app/messages/{hidden.pk}/retry").status_code == 404


def test_stage_tags_and_name_of_the_person(browser, agent_user, thread):
    page = browser(agent_user)

    assert page.press(f"/app/inbox/{thread.pk}/stage", stage="agendado").status_code == 204
    assert page.press(f"/app/inbox/{thread.pk}/tags", add="vip").status_code == 204
    assert page.press(f"/app/inbox/{thread.pk}/tags", add="terraza").status_code == 204
    assert page.press(f"/app/inbox/{thread.pk}/tags", remove="vip").status_code == 204
    assert page.press(f"/app/inbox/{thread.pk}/lead/edit", name="Rosa Núñez Soto", email="r@x.cl").status_code == 204
    assert page.press(f"/app/inbox/{thread.pk}/stage", stage="nowhere").status_code == 422

    lead = thread.lead
    lead.refresh_from_db()
    assert (lead.stage, lead.tags, lead.first_name, lead.last_name) == ("agendado", ["terraza"], "Rosa", "Núñez Soto")


def test_presence_is_set_from_the_menu(browser, agent_user, broker):
    answer = browser(agent_user).post("/app/presence", {"presence": "paused"})

    assert answer.status_code == 302
    assert AgentState.objects.get(user=agent_user).presence == "paused"
