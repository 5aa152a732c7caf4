"""From a raw event to a thread: stored once, in the provider's order, whatever the provider repeats."""

import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from apps.conversations.inbound import receive_waiting_events
from apps.conversations.models import Conversation, Message
from apps.conversations.types import ConversationStatus, Handler, MessageStatus
from apps.core.models import ScheduledWork
from apps.core.tenancy import in_broker
from apps.leads.models import Activity, Lead, LeadIdentity
from apps.messaging.ledger import replay
from apps.messaging.models import RawEvent, RawEventState
from apps.messaging.types import Channel
from tests.factories import make_account, make_lead, make_message, make_raw_event
from tests.fakes.graph_api import meta_text
from tests.payloads import load_payload


@pytest.fixture
def account(broker):
    with in_broker(broker.pk):
        yield make_account(external_id="106540352242922")


def _receive(account, body: bytes) -> RawEvent:
    event = make_raw_event(account, body=body)
    receive_waiting_events()
    event.refresh_from_db()
    return event


def _text(text="Hola", wamid="wamid.1", from_="56912345678", at=1_790_000_000):
    return meta_text(from_, text, wamid=wamid, timestamp=at, phone_number_id="106540352242922")


def test_a_first_message_makes_lead_identity_conversation_and_message(account):
    event = _receive(account, _text("Busco depto en Ñuñoa"))

    message = Message.objects.get()
    assert event.state == RawEventState.PROCESSED
    assert message.text == "Busco depto en Ñuñoa"
    assert message.status == MessageStatus.RECEIVED
    assert message.conversation.status == ConversationStatus.NEW
    assert message.conversation.unread_count == 1
    assert message.conversation.lead.phone == "+56912345678"
    assert LeadIdentity.objects.get(kind="wa_id").external_id == "56912345678"
    assert set(Activity.objects.values_list("kind", flat=True)) == {"created", "conversation_started"}


def test_a_message_asks_reception_in_the_same_transaction(account, broker):
    _receive(account, _text())

    work = ScheduledWork.objects.get(kind="reception.advance")
    assert work.broker_id == broker.pk
    assert work.payload == {"conversation_id": Conversation.objects.get().pk}


def test_a_repeated_delivery_changes_nothing(account):
    for _delivery in range(3):
        assert _receive(account, _text()).state == RawEventState.PROCESSED

    assert Message.objects.count() == 1
    assert Conversation.objects.get().unread_count == 1


def test_a_replayed_event_stores_nothing_twice(account):
    event = _receive(account, _text())

    replay(RawEvent.objects.filter(pk=event.pk))
    receive_waiting_events()

    event.refresh_from_db()
    assert event.state == RawEventState.PROCESSED
    assert Message.objects.count() == 1


def test_the_thread_is_in_the_providers_order_not_in_that_of_arrival(account):
    for number in (3, 1, 2):
        _receive(account, _text(f"mensaje {number}", wamid=f"wamid.{number}", at=1_790_000_000 + number))

    texts = Message.objects.order_by("sent_at", "order", "id").values_list("text", flat=True)
    assert list(texts) == ["mensaje 1", "mensaje 2", "mensaje 3"]
    assert Conversation.objects.get().last_message_preview == "mensaje 3"


def test_a_message_on_a_closed_conversation_opens_a_new_one(account):
    _receive(account, _text())
    Conversation.objects.update(status=ConversationStatus.CLOSED)

    _receive(account, _text(wamid="wamid.2"))

    assert Conversation.objects.count() == 2
    assert Lead.objects.count() == 1


@pytest.mark.parametrize(
    ("stored", "writes_as"),
    [("+525512345678", "5215512345678"), ("+541155551234", "5491155551234"), ("+5531987654321", "553187654321")],
)
def test_another_spelling_of_a_known_phone_is_the_same_person(account, stored, writes_as):
    lead = make_lead(phone=stored)

    _receive(account, _text(from_=writes_as))

    conversation = Conversation.objects.get()
    assert conversation.lead == lead
    assert conversation.address == writes_as


def test_a_person_without_a_phone_is_known_by_their_bsuid(account):
    _receive(account, load_payload("whatsapp_cloud", "in_bsuid_username_no_phone", account=account))

    lead = Lead.objects.get()
    assert lead.phone is None
    assert LeadIdentity.objects.get().kind == "bsuid"


@pytest.mark.parametrize("shown", ["42:1001", "42:99"])
def test_a_tap_without_its_keyboard_is_read_in_the_words_that_we_sent(broker, shown):
    with in_broker(broker.pk):
        bot = make_account(Channel.TELEGRAM)
        start = {"message": _telegram(42, message_id=1000, text="Hola"), "update_id": 1}
        _receive(bot, json.dumps(start).encode())
        asked = make_message(
            Conversation.objects.get(), direction="out", type="buttons", provider_message_id="42:1001",
            payload={"buttons": [{"id": "b1", "title": "Comprar"}, {"id": "b2", "title": "Arrendar"}]},
        )  # fmt: skip
        message = {"message_id": int(shown.partition(":")[2]), "chat": {"id": 42, "type": "private"}, "date": 0}
        tap = {"id": "7", "from": {"id": 42, "first_name": "Ana"}, "message": message, "data": "b2"}

        _receive(bot, json.dumps({"update_id": 2, "callback_query": tap}).encode())

        chosen = Message.objects.exclude(pk=asked.pk).latest("id")
        assert (chosen.text, chosen.payload["reply"]) == ("Arrendar", {"id": "b2", "title": "Arrendar"})


def _telegram(chat_id: int, **content: Any) -> dict[str, Any]:
    person = {"id": chat_id, "is_bot": False, "first_name": "Ana"}
    return {"from": person, "chat": {"id": chat_id, "type": "private"}, "date": 1_790_000_000, **content}


def test_the_ad_that_brought_the_lead_stays_on_it(account):
    _receive(account, load_payload("whatsapp_cloud", "in_text_referral_ctwa_ad", account=account))

    referral = Lead.objects.get().referral
    assert referral and referral["source_type"] == "ad"


def test_a_changed_user_id_moves_the_identity(account):
    _receive(account, load_payload("whatsapp_cloud", "in_bsuid_username_no_phone", account=account))
    before = LeadIdentity.objects.get()
    body = load_payload("whatsapp_cloud", "user_id_update", account=account)

    _receive(account, body.replace(_previous_id(body), before.external_id.encode()))

    bsuids = LeadIdentity.objects.filter(lead=before.lead, kind="bsuid")
    assert bsuids.count() == 2
    assert Lead.objects.count() == 1


def _previous_id(body: bytes) -> bytes:
    import json

    value: Any = json.loads(body)["entry"][0]["changes"][0]["value"]
    found: Any = value.get("user_id_update", value)
    while isinstance(found, list):
        found = found[0]
    return found["user_id"]["previous"].encode()


def test_a_message_typed_on_the_phone_takes_the_conversation_from_the_bot(account):
    _receive(account, _text())

    _receive(account, load_payload("whatsapp_cloud", "smb_message_echo_text", account=account))

    echo = Message.objects.get(direction="out")
    assert echo.sender_type == "agent"
    assert echo.conversation.handler == Handler.AGENT
    assert echo.conversation.status == ConversationStatus.ACTIVE


def test_a_body_that_cannot_be_read_is_kept_as_failed(account):
    event = _receive(account, b'{"object": "whatsapp_business_account", "entry": [{')

    assert event.state == RawEventState.FAILED
    assert event.error
    assert Message.objects.count() == 0


def test_old_timestamps_do_not_reopen_the_window(account):
    _receive(account, _text(at=int((timezone.now() - timedelta(days=2)).timestamp())))

    from apps.conversations.queries import is_window_open

    assert not is_window_open(Conversation.objects.get())


def test_another_brokers_account_stores_in_its_own_schema(account, other_broker):
    with in_broker(other_broker.pk):
        theirs = make_account(external_id="999")
    make_raw_event(
        theirs, body=meta_text("56911111111", "Hola", wamid="w", timestamp=1_790_000_000, phone_number_id="999")
    )

    receive_waiting_events()

    assert Message.objects.count() == 0
    with in_broker(other_broker.pk):
        assert Message.objects.count() == 1


def test_ten_parallel_images_of_a_new_number_open_one_conversation(committed_db, broker):
    with in_broker(broker.pk):
        account = make_account(external_id="106540352242922")
        for number in range(10):
            make_raw_event(account, body=_text(f"foto {number}", wamid=f"wamid.{number}", at=1_790_000_000))
    threads = [threading.Thread(target=_receive_one_by_one) for _worker in range(5)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with in_broker(broker.pk):
        assert Lead.objects.count() == 1
        assert Conversation.objects.count() == 1
        assert Message.objects.count() == 10
        assert Conversation.objects.get().unread_count == 10


def _receive_one_by_one() -> None:
    try:
        while receive_waiting_events(limit=1):
            pass
    finally:
        connections.close_all()
