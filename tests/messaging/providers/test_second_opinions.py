"""What other people's libraries read in the same bodies, and what they think of our fakes'."""

import json
from typing import Any

import pytest
import telegram as ptb
from pywa.client import WhatsApp
from pywa.types.base_update import RawUpdate
from pywa.types.message import Message as PywaMessage
from pywa.types.message_status import MessageStatus as PywaStatus

from apps.messaging.providers import TELEGRAM, WHATSAPP_META
from apps.messaging.providers.whatsapp_meta.outbound import build
from apps.messaging.types import ContentType, InboundMessage, Outgoing, StatusUpdate
from tests.fakes.graph_api import FakeGraph, meta_status, meta_text
from tests.messaging.providers.conftest import PAYLOADS, sample_bytes, telegram_account, whatsapp_account

UPDATES = sorted(path.stem for path in (PAYLOADS / "telegram").glob("update_*.json"))


@pytest.mark.parametrize("name", UPDATES)
def test_python_telegram_bot_reads_the_same_in_an_update(name: str) -> None:
    body = sample_bytes("telegram", name)
    theirs = ptb.Update.de_json(json.loads(body), None)
    assert theirs is not None

    for ours in TELEGRAM.parse(telegram_account(), body):
        if not isinstance(ours, InboundMessage):
            continue
        assert theirs.effective_user is not None
        assert ours.sender.address == str(theirs.effective_user.id)
        assert ours.sender.name == theirs.effective_user.full_name
        message = theirs.message or theirs.edited_message
        if message is None:
            continue
        target = ours.target_id or ours.provider_message_id
        assert target == f"{message.chat.id}:{message.message_id}"
        assert ours.text == (message.text or message.caption or "")
        assert ours.sent_at == (message.edit_date or message.date)
        if ours.media is not None:
            file: Any = message.effective_attachment
            largest = file[-1] if isinstance(file, tuple) else file
            assert ours.media.provider_id == largest.file_id


PYWA_MESSAGES = [
    *("in_text", "in_text_forwarded", "in_text_reply_context", "in_image", "in_video", "in_document"),
    *("in_audio_voice", "in_audio_file", "in_sticker", "in_location_pin", "in_location_business", "in_reaction"),
    *("in_contacts_shared", "in_order", "in_text_referral_ctwa_ad", "in_unsupported"),
]


@pytest.mark.parametrize("name", PYWA_MESSAGES)
def test_pywa_reads_the_same_in_a_message(name: str, pywa_client: Any) -> None:
    body = sample_bytes("whatsapp_cloud", name)
    theirs = PywaMessage.from_update(pywa_client, raw_update(body))
    (ours,) = WHATSAPP_META.parse(whatsapp_account(), body)
    assert isinstance(ours, InboundMessage)

    assert ours.provider_message_id == theirs.id
    assert ours.sender.address == theirs.from_user.wa_id
    assert ours.sender.name == theirs.from_user.name
    assert ours.sent_at.timestamp() == theirs.timestamp.timestamp()
    assert ours.text == (theirs.text or theirs.caption or "")
    assert ours.forwarded == theirs.forwarded
    if theirs.media is not None and ours.media is not None:
        assert (ours.media.provider_id, ours.media.mime_type) == (theirs.media.id, theirs.media.mime_type)
    if theirs.location is not None and ours.location is not None:
        assert ours.location["latitude"] == theirs.location.latitude
    if theirs.reaction is not None:
        assert ours.reaction == {"message_id": theirs.reaction.message_id, "emoji": theirs.reaction.emoji}


@pytest.mark.parametrize("name", ["status_sent_v24", "status_delivered", "status_read", "status_played"])
def test_pywa_reads_the_same_in_a_status(name: str, pywa_client: Any) -> None:
    body = sample_bytes("whatsapp_cloud", name)
    theirs = PywaStatus.from_update(pywa_client, raw_update(body))
    (ours,) = WHATSAPP_META.parse(whatsapp_account(), body)
    assert isinstance(ours, StatusUpdate)

    assert (ours.provider_message_id, ours.status.value) == (theirs.id, theirs.status.value)
    assert ours.at.timestamp() == theirs.timestamp.timestamp()


def test_the_fakes_webhooks_are_read_by_pywa_too(pywa_client: Any) -> None:
    body = meta_text("5215500000001", "Año ñandú 🎉 a/b", "wamid.1", 1795200000, user_id="MX.1")

    theirs = PywaMessage.from_update(pywa_client, raw_update(body))

    (ours,) = WHATSAPP_META.parse(whatsapp_account(), body)
    assert isinstance(ours, InboundMessage)
    assert theirs.text == ours.text == "Año ñandú 🎉 a/b"
    assert ours.type is ContentType.TEXT
    assert json.loads(meta_status("wamid.1", "read", 1795200000))["entry"][0]["changes"][0]["field"] == "messages"


def test_pywas_own_client_is_content_with_the_fake_graph(graph: FakeGraph) -> None:
    client = WhatsApp(phone_id="200000000000002", token=graph.token)
    client.api._session.base_url = graph.base_url

    sent = client.send_message(to="5215500000001", text="Hola", tracker="uid-1")
    photo = client.upload_media(b"\xff\xd8photo", mime_type="image/jpeg", filename="casa.jpg")
    client.send_image(to="5215500000001", image=photo, caption="La casa")

    first, second = graph.accepted
    assert (sent.id, first.tracker, first.text) == (first.wamid, "uid-1", "Hola")
    ours = build(Outgoing(to="5215500000001", type=ContentType.TEXT, text="Hola", tracker="uid-1"))
    assert {**first.body, "text": {"body": first.body["text"]["body"]}} == ours
    assert graph.files[second.body["image"]["id"]].content == b"\xff\xd8photo"


def raw_update(body: bytes) -> RawUpdate:
    return RawUpdate(body, hmac_header=None, update_hash="unused")


@pytest.fixture
def pywa_client() -> Any:
    return WhatsApp(phone_id="200000000000002", token="unused")
