"""What the inbox shows, and to whom."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.conversations.types import ConversationStatus, Direction, Handler, MessageStatus, SenderType
from apps.core.tenancy import in_broker
from apps.queues.models import QueueMember
from tests.factories import make_agent_state, make_conversation, make_lead, make_message, make_queue


def waiting(queue=None, **fields):
    return make_conversation(
        lead=make_lead(first_name="Rosa", last_name="Núñez"),
        status=ConversationStatus.QUEUED,
        queue=queue,
        queued_at=timezone.now(),
        **fields,
    )


def test_a_stranger_is_sent_to_the_sign_in_page_and_comes_back(browser):
    answer = browser().get("/app/inbox/7?tab=bot")

    assert answer.status_code == 302
    assert answer["Location"] == "/app/login?next=%2Fapp%2Finbox%2F7%3Ftab%3Dbot"


def test_a_script_of_a_stranger_gets_401(browser):
    assert browser().part("/app/inbox/rows").status_code == 401


def test_an_agent_sees_own_conversations_and_those_waiting_in_own_queues(browser, agent_user, broker):
    queue, foreign_queue = make_queue(), make_queue()
    QueueMember.objects.create(queue=queue, user=agent_user)
    own = make_conversation(status=ConversationStatus.ACTIVE, handler=Handler.AGENT, assigned_agent=agent_user)
    mine_to_take, hidden = waiting(queue), waiting(foreign_queue)
    page = browser(agent_user)

    rows = page.part("/app/inbox/rows", tab="open").content.decode()

    assert f'id="row-{own.pk}"' in rows
    assert f'id="row-{mine_to_take.pk}"' in rows
    assert f'id="row-{hidden.pk}"' not in rows
    assert page.get(f"/app/inbox/{hidden.pk}").status_code == 404


def test_a_supervisor_sees_everything(browser, supervisor_user, broker):
    found = waiting()

    answer = browser(supervisor_user).get(f"/app/inbox/{found.pk}?tab=waiting")

    assert answer.status_code == 200
    assert "Rosa Núñez" in answer.content.decode()


def test_another_brokers_conversation_does_not_exist(browser, admin_user, broker, other_broker):
    with in_broker(other_broker.pk):
        for _each in range(3):
            foreign = make_conversation()
    page = browser(admin_user)

    for part in ("", "/pane", "/head", "/lead", "/tail", "/older", "/transfer-form", "/close-form"):
        assert page.get(f"/app/inbox/{foreign.pk}{part}").status_code == 404, part
    assert page.part(f"/app/inbox/{foreign.pk}/row", tab="open").status_code == 204


def test_the_thread_says_who_spoke_and_how_far_a_message_got(browser, admin_user, broker):
    thread = make_conversation(status=ConversationStatus.ACTIVE, handler=Handler.AGENT, assigned_agent=admin_user)
    now = timezone.now()
    make_message(thread, text="Hola <b>soy</b> Rosa, vean https://ejemplo.cl/a.", sent_at=now - timedelta(days=1))
    make_message(thread, direction=Direction.OUT, text="Hola Rosa", sent_at=now - timedelta(minutes=3))
    failed = make_message(
        thread,
        direction=Direction.OUT,
        sender_type=SenderType.AGENT,
        sender_user=admin_user,
        status=MessageStatus.FAILED,
        error_text="El número no existe.",
        sent_at=now - timedelta(minutes=2),
    )
    unsure = make_message(
        thread, direction=Direction.OUT, status=MessageStatus.UNCERTAIN, sent_at=now - timedelta(minutes=1)
    )

    html = browser(admin_user).get(f"/app/inbox/{thread.pk}").content.decode()

    assert "&lt;b&gt;soy&lt;/b&gt;" in html
    assert 'href="https://ejemplo.cl/a"' in html
    assert "Ayer" in html or "Yesterday" in html
    assert "El número no existe." in html
    assert f"/app/messages/{failed.pk}/retry" in html
    assert f"/app/messages/{unsure.pk}/confirm" in html


def test_older_messages_come_on_asking_and_newer_ones_as_a_tail(browser, admin_user, broker):
    thread = make_conversation(status=ConversationStatus.BOT)
    start = timezone.now() - timedelta(hours=5)
    messages = [make_message(thread, text=f"nr {n}.", sent_at=start + timedelta(minutes=n)) for n in range(60)]
    page = browser(admin_user)

    first = page.part(f"/app/inbox/{thread.pk}/pane").content.decode()
    older = page.part(f"/app/inbox/{thread.pk}/older", before=messages[10].pk).content.decode()
    tail = page.part(f"/app/inbox/{thread.pk}/tail", since=messages[57].pk).content.decode()

    assert "nr 10." in first and "nr 9." not in first and f"before={messages[10].pk}" in first
    assert "nr 9." in older and "nr 0." in older and "nr 10." not in older
    assert "nr 57." in tail and "nr 59." in tail and "nr 56." not in tail


def test_whatsapps_closed_window_is_said_and_only_notes_are_offered(browser, admin_user, broker):
    late = make_conversation(status=ConversationStatus.ACTIVE, last_inbound_at=timezone.now() - timedelta(hours=25))

    html = browser(admin_user).part(f"/app/inbox/{late.pk}/pane").content.decode()

    assert 'data-closed="yes"' in html


def test_the_list_is_paged_without_gaps_or_repeats(browser, admin_user, broker):
    start = timezone.now()
    made = [
        make_conversation(status=ConversationStatus.BOT, last_message_at=start - timedelta(seconds=n // 2))
        for n in range(65)
    ]
    page = browser(admin_user)

    seen: list[int] = []
    cursor = ""
    while True:
        answer = page.part("/app/inbox/rows", tab="bot", cursor=cursor)
        seen += [row.pk for row in answer.context["page"].rows]
        cursor = answer.context["page"].cursor
        if not cursor:
            break

    assert len(seen) == len(set(seen)) == 65
    assert set(seen) == {row.pk for row in made}


@pytest.mark.parametrize("cursor", ["x", "!!!!", "bnVsbA", "WyJhIiwgImIiXQ", "W10"])
def test_a_made_up_cursor_starts_from_the_top(browser, admin_user, broker, cursor):
    assert browser(admin_user).part("/app/inbox/rows", tab="open", cursor=cursor).status_code == 200


@pytest.mark.parametrize("text", ["Núñez", "rosa", "2222", "rosa nuñez%_'\x00"])
def test_search_finds_by_name_and_phone_and_survives_anything(browser, admin_user, broker, text):
    lead = make_lead(first_name="Rosa", last_name="Núñez", phone="+56922223333", phone_key="56922223333")
    found = make_conversation(lead=lead, status=ConversationStatus.BOT)
    other = make_conversation(lead=make_lead(first_name="Pedro"), status=ConversationStatus.BOT)

    answer = browser(admin_user).part("/app/inbox/rows", tab="bot", q=text)

    assert answer.status_code == 200
    assert f'id="row-{other.pk}"' not in answer.content.decode()
    if "%" not in text:
        assert f'id="row-{found.pk}"' in answer.content.decode()


@pytest.mark.parametrize(
    ("path", "budget"),
    [
        ("/app/?tab=waiting", 6),
        ("/app/inbox/{id}?tab=waiting", 15),
        ("/app/inbox/rows?tab=waiting", 4),
        ("/app/inbox/{id}/row?tab=waiting", 4),
        ("/app/inbox/{id}/tail", 7),
        ("/app/inbox/{id}/head", 4),
        ("/app/inbox/{id}/lead", 7),
        ("/app/inbox/{id}/transfer-form", 7),
    ],
)
def test_a_page_costs_the_same_for_few_and_for_many(browser, admin_user, broker, path, budget):
    queue = make_queue(admin_user)
    page = browser(admin_user)
    costs = []
    for _size in ("few", "many"):
        for _each in range(6):
            thread = make_conversation(status=ConversationStatus.QUEUED, queue=queue)
            for _message in range(4):
                make_message(thread, direction=Direction.OUT, sender_type=SenderType.AGENT, sender_user=admin_user)
            make_agent_state()
        page.get(path.format(id=thread.pk))
        with CaptureQueriesContext(connection) as made:
            page.get(path.format(id=thread.pk))
        costs.append(len([query for query in made if not query["sql"].startswith("SET search_path")]))

    assert costs[0] == costs[1] <= budget


def test_an_empty_inbox_says_what_to_do(browser, agent_user, broker):
    html = browser(agent_user).get("/app/").content.decode()

    assert "tab=waiting" in html
    assert "no-rows" in html


def test_a_superadmin_outside_every_broker_is_sent_to_the_platform(browser, superadmin_user):
    answer = browser(superadmin_user).get("/app/")

    assert answer.status_code == 302
    assert answer["Location"] == "/admin/"
