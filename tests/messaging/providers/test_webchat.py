"""The frames of our own widget."""

import json
from typing import Any

import pytest

from apps.messaging.errors import InvalidSignature
from apps.messaging.providers import WEBCHAT as ADAPTER
from apps.messaging.types import (
    AccountRef,
    Channel,
    ContentType,
    DeliveryStatus,
    ExternalId,
    InboundMessage,
    Outgoing,
    SendOutcome,
    StatusUpdate,
    Unreadable,
)
from tests.messaging.providers.conftest import RECEIVED_AT

ACCOUNT = AccountRef(id=3, broker_id=1, channel=Channel.WEBCHAT, external_id="widget")
FRAME = {"visitor": "v_1", "id": "c-1", "type": "text", "text": "Hola", "seq": 4}


def parse(frame: Any) -> list[Any]:
    return ADAPTER.parse(ACCOUNT, json.dumps(frame).encode(), received_at=RECEIVED_AT)


def test_a_text_is_understood() -> None:
    (message,) = parse({**FRAME, "profile": {"name": "Ana", "phone": "+525511112222", "language": "es"}})

    assert isinstance(message, InboundMessage)
    assert (message.provider_message_id, message.text, message.order) == ("v_1:c-1", "Hola", 4)
    assert message.sender.ids == (ExternalId(kind="webchat", value="v_1"),)
    assert message.extra["client_id"] == "c-1"
    assert (message.sender.name, message.sender.language, message.sent_at) == ("Ana", "es", RECEIVED_AT)


def test_a_phone_that_a_visitor_writes_identifies_nobody() -> None:
    (message,) = parse({**FRAME, "profile": {"phone": "+525511112222"}})

    assert message.sender.phone is None
    assert message.extra["profile"]["phone"] == "+525511112222"


def test_a_chosen_button_a_place_a_file_and_a_contact_are_understood() -> None:
    frames = [
        {**FRAME, "type": "button_reply", "reply": {"id": "yes", "title": "Sí"}},
        {**FRAME, "type": "location", "location": {"latitude": -33.4, "longitude": 0}},
        {**FRAME, "type": "image", "media": {"id": "f1", "mime_type": "image/png", "size": 12}},
        {**FRAME, "type": "contact", "profile": {"name": "Ana", "email": "ana@example.com"}},
    ]

    button, place, image, contact = parse({"frames": frames})

    assert (button.type, button.reply, button.text) == (
        ContentType.INTERACTIVE_REPLY,
        {"id": "yes", "title": "Sí"},
        "Sí",
    )
    assert place.location == {"latitude": -33.4, "longitude": 0}
    assert (image.type, image.media.provider_id, image.media.size) == (ContentType.IMAGE, "f1", 12)
    assert contact.contacts[0]["emails"] == [{"email": "ana@example.com"}]


@pytest.mark.parametrize(("kind", "status"), [("delivered", DeliveryStatus.DELIVERED), ("read", DeliveryStatus.READ)])
def test_a_receipt_names_our_message(kind: str, status: DeliveryStatus) -> None:
    (update,) = parse({"visitor": "v_1", "type": kind, "message_id": "uid-1"})

    assert isinstance(update, StatusUpdate)
    assert (update.provider_message_id, update.tracker, update.status) == ("uid-1", "uid-1", status)


@pytest.mark.parametrize(
    "frame", [{}, [], None, "x", {"type": "text", "text": "x"}, {**FRAME, "id": None}, {"type": "read"}]
)
def test_a_frame_without_visitor_or_id_is_unreadable(frame: Any) -> None:
    (event,) = parse(frame)

    assert isinstance(event, Unreadable)


def test_a_frame_of_another_kind_is_unsupported() -> None:
    (message,) = parse({**FRAME, "type": "dance"})

    assert (message.type, message.extra["kind"]) == (ContentType.UNSUPPORTED, "dance")


def test_a_send_is_accepted_under_our_own_id() -> None:
    result = ADAPTER.send(ACCOUNT, Outgoing(to="v_1", to_kind="webchat", type=ContentType.TEXT, text="x", tracker="u"))

    assert (result.outcome, result.provider_message_id) == (SendOutcome.ACCEPTED, "u")


def test_no_webhook_speaks_for_a_visitor() -> None:
    with pytest.raises(InvalidSignature):
        ADAPTER.verify(ACCOUNT, {}, b"{}")
