"""/api/v1/chat: Sofía's answers whole and word by word, a lead's history, and who may see it."""

import json
import re
from threading import Timer

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.api.inmo.chat import plain_text
from apps.api.inmo.streaming import Failed, Feed, Token
from apps.api.inmo.streaming import events_of as events_of_feed
from apps.conversations.models import Conversation, Message
from apps.conversations.types import ConversationStatus, Direction, Handler, SenderType
from apps.core.errors import NotFound
from apps.core.tenancy import in_broker
from apps.leads.models import Lead
from apps.messaging.types import Channel
from tests.factories import make_account, make_conversation, make_lead, make_message

TEST = "/api/v1/chat/test"
STREAM = "/api/v1/chat/stream"
HELLO = {"message": "Hola, me interesa un departamento de 2 dormitorios en Las Condes", "lead_id": None}

pytestmark = pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume asynchronous iterators")


def test_a_message_without_a_lead_makes_one_and_gets_sofias_answer(api, admin_user):
    answer = api(admin_user).post(TEST, HELLO)

    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"response", "lead_id", "lead_score", "lead_status"}
    assert body["response"]
    lead = Lead.objects.get(pk=body["lead_id"])
    assert body["lead_score"] == float(lead.score)
    assert body["lead_status"] == lead.status
    assert lead.attributes["bedrooms"] == 2


def test_the_conversation_goes_on_with_the_lead(api, admin_user):
    client = api(admin_user)
    lead_id = client.post(TEST, HELLO).json()["lead_id"]

    second = client.post(TEST, {"message": "Me llamo Ana Pérez", "lead_id": lead_id, "provider": "webchat"})

    assert second.status_code == 200
    assert second.json()["lead_id"] == lead_id
    assert Lead.objects.get(pk=lead_id).first_name == "Ana"
    assert Lead.objects.count() == 1


def test_where_a_person_attends_sofia_says_nothing(api, admin_user):
    client = api(admin_user)
    lead_id = client.post(TEST, HELLO).json()["lead_id"]
    conversation = Conversation.objects.get(lead_id=lead_id)
    conversation.status, conversation.handler = ConversationStatus.ACTIVE, Handler.AGENT
    conversation.assigned_agent = admin_user
    conversation.save()

    answer = client.post(TEST, {"message": "¿Siguen ahí?", "lead_id": lead_id})

    assert answer.status_code == 200
    assert answer.json()["response"] == ""


@pytest.mark.parametrize("path", [TEST, STREAM])
def test_chat_needs_a_token(api, broker, path):
    assert api().post(path, HELLO).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"message": ""},
        {"message": "   "},
        {"message": "<b></b>"},
        {"message": "x" * 4001},
        {"message": 7},
        {"message": None},
        {"message": "hola\u0000"},
        {"message": "hola", "lead_id": "uno"},
        {"message": "hola", "lead_id": 0},
        {"message": "hola", "lead_id": 2**40},
        {"message": "hola", "provider": "fax"},
        ["hola"],
    ],
)
@pytest.mark.parametrize("path", [TEST, STREAM])
def test_a_wrong_message_is_refused_and_nothing_is_stored(api, admin_user, path, body):
    answer = api(admin_user).post(path, body)

    assert answer.status_code == 422
    assert not Lead.objects.exists()
    assert not Message.objects.exists()
    if path == STREAM:
        assert answer["Content-Type"].startswith("text/event-stream")
        [event] = events_of(answer)
        assert event["code"] == "validation_error"
        assert event["error"]


@pytest.mark.parametrize("path", [TEST, STREAM])
def test_a_body_that_is_no_json_is_refused(api, admin_user, path):
    answer = api(admin_user).post(path, "{", content_type="application/json")

    assert answer.status_code == 422


@pytest.mark.parametrize("path", [TEST, STREAM])
def test_a_lead_of_another_broker_does_not_exist(committed_db, api, admin_user, other_broker, path):
    with in_broker(other_broker.pk):
        foreign = make_lead().pk
    assert not Lead.objects.filter(pk=foreign).exists()

    answer = api(admin_user).post(path, {"message": "Hola", "lead_id": foreign})

    assert answer.status_code == 404
    assert not Message.objects.exists()
    if path == STREAM:
        [event] = events_of(answer)
        assert event["code"] == "not_found"


def test_an_agent_does_not_see_a_lead_of_a_colleague(api, agent_user, admin_user):
    lead = make_lead(assigned_agent=admin_user)

    client = api(agent_user)

    assert client.post(TEST, {"message": "Hola", "lead_id": lead.pk}).status_code == 404
    assert client.get(f"/api/v1/chat/{lead.pk}/messages").status_code == 404
    assert client.get(f"/api/v1/chat/verify/{lead.pk}").status_code == 404


def test_the_stream_says_words_and_then_that_it_is_done(committed_db, api, admin_user):
    answer = api(admin_user).post(STREAM, HELLO)

    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/event-stream")
    assert answer["Cache-Control"] == "no-cache"
    assert answer["X-Accel-Buffering"] == "no"
    *tokens, done = events_of(answer)
    lead = Lead.objects.get()
    said = Message.objects.get(direction=Direction.OUT)
    assert "".join(token["token"] for token in tokens) == said.text
    assert len(tokens) > 1
    assert set(done) == {"done", "lead_id", "lead_score", "lead_status", "conversation_state"}
    assert done["done"] is True
    assert done["lead_id"] == lead.pk
    assert done["lead_score"] == float(lead.score)
    assert done["conversation_state"]


def test_the_stream_accepts_what_a_browsers_event_source_asks_for(committed_db, api, admin_user):
    answer = api(admin_user).post(STREAM, HELLO, HTTP_ACCEPT="text/event-stream")

    assert answer.status_code == 200
    assert events_of(answer)[-1]["done"] is True


async def test_words_are_passed_on_as_they_come_and_a_late_fault_ends_the_stream():
    feed = Feed()
    feed.put(Token("Hola"))
    stream = events_of_feed(feed.first(), feed)

    first = await anext(stream)
    Timer(0.05, feed.put, [Token(", soy")]).start()
    second = await anext(stream)
    Timer(0.05, feed.put, [Failed(NotFound("No existe."))]).start()
    last = await anext(stream)

    assert [first, second] == [b'data: {"token":"Hola"}\n\n', b'data: {"token":", soy"}\n\n']
    assert json.loads(last.removeprefix(b"data: ")) == {"error": "No existe.", "code": "not_found"}
    assert [each async for each in stream] == []


def test_messages_come_oldest_first_in_the_documents_envelope(api, admin_user):
    lead, conversation = a_conversation()
    first = make_message(conversation, text="Hola")
    second = make_message(conversation, direction=Direction.OUT, text="¡Hola! Soy Sofía.", is_ai=True)
    third = make_message(conversation, direction=Direction.OUT, text="Soy Camila", sender_type=SenderType.AGENT)
    make_message(conversation, direction=Direction.OUT, type="note", status="note", text="interno")

    body = api(admin_user).get(f"/api/v1/chat/{lead.pk}/messages").json()

    assert set(body) == {"lead_id", "provider", "messages", "total", "skip", "limit"}
    assert (body["lead_id"], body["provider"], body["total"], body["skip"], body["limit"]) == (
        lead.pk, "chat_messages", 3, 0, 100,
    )  # fmt: skip
    assert [message["id"] for message in body["messages"]] == [first.pk, second.pk, third.pk]
    assert [message["sender_type"] for message in body["messages"]] == ["customer", "bot", "agent"]
    assert [message["ai_response_used"] for message in body["messages"]] == [False, True, False]
    assert set(body["messages"][0]) == {
        "id", "direction", "message_text", "sender_type", "created_at", "ai_response_used", "provider",
    }  # fmt: skip
    assert body["messages"][0]["direction"] == "in"
    assert body["messages"][0]["provider"] == "whatsapp"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", body["messages"][0]["created_at"])


def test_messages_are_paged_and_filtered_by_provider(api, admin_user):
    lead, conversation = a_conversation()
    on_telegram = make_conversation(lead, make_account(Channel.TELEGRAM))
    for number in range(3):
        make_message(conversation, text=f"w{number}")
    make_message(on_telegram, text="t")
    client = api(admin_user)

    page = client.get(f"/api/v1/chat/{lead.pk}/messages", {"skip": 1, "limit": 2}).json()
    telegram = client.get(f"/api/v1/chat/{lead.pk}/messages", {"provider": "telegram"}).json()

    assert (page["total"], page["skip"], page["limit"]) == (4, 1, 2)
    assert [message["message_text"] for message in page["messages"]] == ["w1", "w2"]
    assert [message["message_text"] for message in telegram["messages"]] == ["t"]
    assert telegram["total"] == 1


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 201}, {"skip": -1}, {"limit": "x"}, {"provider": "fax"}])
def test_a_wrong_page_of_messages_is_refused(api, admin_user, query):
    lead, _conversation = a_conversation()

    assert api(admin_user).get(f"/api/v1/chat/{lead.pk}/messages", query).status_code == 422


@pytest.mark.parametrize("path", ["/api/v1/chat/{}/messages", "/api/v1/chat/verify/{}"])
def test_history_is_neither_a_strangers_nor_another_brokers(api, broker, other_admin_user, path):
    lead, _conversation = a_conversation()

    assert api().get(path.format(lead.pk)).status_code == 401
    assert api(other_admin_user).get(path.format(lead.pk)).status_code == 404
    assert api(other_admin_user).get(path.format("x")).status_code == 422


def test_the_number_of_queries_does_not_grow_with_the_messages(api, admin_user):
    lead, conversation = a_conversation()
    make_message(conversation)
    client = api(admin_user)
    client.get(f"/api/v1/chat/{lead.pk}/messages")

    with CaptureQueriesContext(connection) as few:
        client.get(f"/api/v1/chat/{lead.pk}/messages")
    for _each in range(20):
        make_message(conversation)
    with CaptureQueriesContext(connection) as many:
        client.get(f"/api/v1/chat/{lead.pk}/messages")

    assert len(many) == len(few)


def test_verify_shows_the_lead_its_messages_activities_and_what_is_known(api, admin_user):
    client = api(admin_user)
    lead_id = client.post(TEST, HELLO).json()["lead_id"]

    body = client.get(f"/api/v1/chat/verify/{lead_id}").json()

    assert set(body) == {"lead", "messages", "activities", "data_completeness"}
    assert body["lead"]["id"] == lead_id
    assert [message["direction"] for message in body["messages"]] == ["in", "out"]
    assert "created" in {entry["action_type"] for entry in body["activities"]}
    assert body["data_completeness"] == {
        "has_name": False, "has_phone": False, "has_location": True, "has_budget": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("Hola", "Hola"),
        ("<b>Hola</b> <a href='javascript:x'>tú</a>", "Hola tú"),
        ("<script>alert(1)</script>Busco casa", "Busco casa"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;Busco casa", "Busco casa"),
        ("&amp;lt;b&amp;gt;x", "x"),
        ("renta > 2 & pie < 10%", "renta > 2 & pie < 10%"),
        ("Gómez & Hijos <3", "Gómez & Hijos <3"),
    ],
)
def test_markup_goes_and_words_stay(written, kept):
    assert plain_text(written) == kept


def a_conversation():
    conversation = make_conversation()
    return conversation.lead, conversation


def events_of(answer) -> list[dict]:
    """The frames of the stream; each must be one data line and a blank one."""
    raw = b"".join(answer) if answer.streaming else answer.content
    *frames, rest = raw.decode().split("\n\n")
    assert rest == ""
    assert all(frame.startswith("data: ") and "\n" not in frame for frame in frames)
    return [json.loads(frame.removeprefix("data: ")) for frame in frames]
