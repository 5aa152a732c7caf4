"""Telegram's updates, and what we make of them."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from apps.messaging.errors import InvalidSignature
from apps.messaging.providers import TELEGRAM as ADAPTER
from apps.messaging.types import (
    AccountNotice,
    ContentType,
    ExternalId,
    IdentityChange,
    InboundMessage,
    MediaRef,
    NoticeKind,
    Sender,
    Unreadable,
)
from tests.messaging.providers.conftest import PAYLOADS, RECEIVED_AT, sample, sample_bytes, telegram_account

ACCOUNT = telegram_account()
ANA = Sender(
    address="900000001",
    ids=(ExternalId(kind="telegram", value="900000001"),),
    name="Ana Ejemplo",
    username="ana_ejemplo",
    language="es",
)
SENT_AT = datetime(2026, 11, 20, 18, 40, tzinfo=UTC)


def parse(update: dict[str, Any] | bytes) -> list[Any]:
    body = update if isinstance(update, bytes) else json.dumps(update).encode()
    return ADAPTER.parse(ACCOUNT, body, received_at=RECEIVED_AT)


def parse_message(**changes: Any) -> Any:
    """The text sample with its message changed."""
    update = sample("telegram", "update_message_text")
    update["message"].update(changes)
    (event,) = parse(update)
    return event


MESSAGES: dict[str, dict[str, Any]] = {
    "update_message_text": {"provider_message_id": "900000001:11", "text": "Hola, ¿tienen stock?", "order": 500000001},
    "update_message_start_deeplink": {
        "text": "/start ref_42",
        "extra": {"start": "ref_42"},
        "referral": {"source_type": "telegram_start", "source_id": "ref_42"},
    },
    "update_message_photo": {
        "type": ContentType.IMAGE,
        "text": "El recibo",
        "media": MediaRef(provider_id="AgACAgEAAEXAMPLEx", mime_type="image/jpeg", size=98000),
    },
    "update_message_album_part": {
        "type": ContentType.IMAGE,
        "provider_message_id": "900000001:14",
        "extra": {"album_id": "13700000000000001"},
    },
    "update_message_document": {
        "type": ContentType.DOCUMENT,
        "text": "Factura",
        "media": MediaRef(
            provider_id="BQACAgEAAEXAMPLE", mime_type="application/pdf", filename="factura.pdf", size=204800
        ),
    },
    "update_message_voice": {
        "type": ContentType.VOICE,
        "media": MediaRef(provider_id="AwACAgEAAEXAMPLE", mime_type="audio/ogg", size=15000, voice=True),
    },
    "update_message_location": {
        "type": ContentType.LOCATION,
        "location": {"latitude": 19.4326, "longitude": -99.1332},
    },
    "update_message_contact_shared": {
        "type": ContentType.CONTACTS,
        "sender": Sender(
            address="900000001",
            ids=ANA.ids,
            name="Ana Ejemplo",
            username="ana_ejemplo",
            language="es",
            phone="525500000001",
        ),
        "contacts": (
            {
                "name": {"formatted_name": "Ana"},
                "phones": [{"phone": "525500000001"}],
                "origin": "own",
                "user_id": "900000001",
            },
        ),
    },
    "update_message_sticker": {
        "type": ContentType.STICKER,
        "media": MediaRef(provider_id="CAACAgEAAEXAMPLE", mime_type="image/webp", size=9000),
        "extra": {"emoji": "👍"},
    },
    "update_message_reply": {"text": "Sí, ese", "reply_to": "900000001:10"},
    "update_edited_message": {
        "type": ContentType.EDIT,
        "provider_message_id": "900000001:11:edit:500000011",
        "target_id": "900000001:11",
        "text": "Hola, ¿tienen stock en rojo?",
        "sent_at": datetime(2026, 11, 20, 18, 41, tzinfo=UTC),
    },
    "update_callback_query": {
        "type": ContentType.INTERACTIVE_REPLY,
        "provider_message_id": "callback:3870000000000000001",
        "callback_id": "3870000000000000001",
        "text": "Sí",
        "reply": {"id": "confirm:42", "title": "Sí"},
        "reply_to": "900000001:21",
        "sent_at": RECEIVED_AT,
    },
    "update_group_message": {
        "group_id": "-1001900000001",
        "provider_message_id": "-1001900000001:31",
        "text": "@acme_ejemplo_bot ayuda",
    },
    "update_message_reaction": {
        "type": ContentType.REACTION,
        "provider_message_id": "900000001:21:reaction:500000015",
        "reaction": {"message_id": "900000001:21", "emoji": "👍"},
        "sent_at": datetime(2026, 11, 20, 18, 43, 20, tzinfo=UTC),
    },
}


@pytest.mark.parametrize(("name", "expected"), MESSAGES.items(), ids=list(MESSAGES))
def test_a_documented_update_is_understood(name: str, expected: dict[str, Any]) -> None:
    (message,) = parse(sample_bytes("telegram", name))

    assert isinstance(message, InboundMessage)
    assert {key: getattr(message, key) for key in expected} == expected
    assert message.sender == expected.get("sender", ANA)
    assert message.sent_at == expected.get("sent_at", SENT_AT)


def test_every_sample_of_an_update_is_in_one_of_these_tests() -> None:
    updates = {path.stem for path in (PAYLOADS / "telegram").glob("update_*.json")}

    assert updates == {*MESSAGES, "update_my_chat_member_blocked"}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("kicked", NoticeKind.CONTACT_BLOCKED),
        ("member", NoticeKind.CONTACT_UNBLOCKED),
    ],
)
def test_blocking_and_unblocking_are_told_with_the_person(status: str, kind: NoticeKind) -> None:
    update = sample("telegram", "update_my_chat_member_blocked")
    update["my_chat_member"]["new_chat_member"]["status"] = status

    (notice,) = parse(update)

    assert isinstance(notice, AccountNotice)
    assert (notice.kind, notice.contact) == (kind, ANA)


def test_somebody_elses_contact_is_not_the_senders_phone() -> None:
    shared = {"phone_number": "+525511112222", "first_name": "Luis", "user_id": 5}

    for contact in (shared, {**shared, "user_id": None}):
        message = parse_message(text=None, contact=contact)
        assert message.type is ContentType.CONTACTS
        assert message.sender.phone is None
        assert message.contacts[0]["origin"] == "other"


@pytest.mark.parametrize(
    ("changes", "kind", "mime_type", "animated"),
    [
        (
            {"animation": {"file_id": "A"}, "document": {"file_id": "A", "mime_type": "video/mp4"}},
            ContentType.VIDEO,
            "video/mp4",
            True,
        ),
        ({"video": {"file_id": "A"}}, ContentType.VIDEO, "video/mp4", False),
        ({"video_note": {"file_id": "A"}}, ContentType.VIDEO, "video/mp4", False),
        ({"audio": {"file_id": "A", "mime_type": "audio/mp4"}}, ContentType.AUDIO, "audio/mp4", False),
        ({"sticker": {"file_id": "A", "is_video": True}}, ContentType.STICKER, "video/webm", True),
        ({"sticker": {"file_id": "A", "is_animated": True}}, ContentType.STICKER, "application/x-tgsticker", True),
    ],
)
def test_other_files_are_told_apart(changes: dict[str, Any], kind: str, mime_type: str, animated: bool) -> None:
    message = parse_message(text=None, **changes)

    assert (message.type, message.media.mime_type, message.media.animated) == (kind, mime_type, animated)


def test_a_venue_is_a_location_with_its_name() -> None:
    place = {"latitude": 0, "longitude": 1.5}
    message = parse_message(text=None, location=place, venue={"location": place, "title": "Plaza", "address": "Av. 1"})

    assert message.location == {"latitude": 0, "longitude": 1.5, "name": "Plaza", "address": "Av. 1"}


def test_a_start_without_payload_and_a_word_that_only_begins_so() -> None:
    assert parse_message(text="/start").extra == {"start": ""}
    assert parse_message(text="/start@acme_bot promo-1").extra == {"start": "promo-1"}
    assert parse_message(text="/startled").extra == {}
    assert parse_message(text="/start ref_42").referral is not None
    assert parse_message(text="/start").referral is None


def test_what_we_do_not_know_is_kept_as_unsupported() -> None:
    message = parse_message(text=None, poll={"id": "1", "question": "?"})

    assert (message.type, message.extra["kind"]) == (ContentType.UNSUPPORTED, "poll")


def test_a_notice_of_the_chat_itself_is_a_system_message() -> None:
    message = parse_message(text=None, pinned_message={"message_id": 1})

    assert (message.type, message.extra["kind"]) == (ContentType.SYSTEM, "pinned_message")


def test_a_group_that_moved_keeps_its_thread() -> None:
    (change,) = parse(
        {"update_id": 1, "message": {"chat": {"id": -5}, "migrate_to_chat_id": -1005, "date": 1795200000}}
    )

    assert isinstance(change, IdentityChange)
    assert (change.old.value, change.new.value) == ("-5", "-1005")


def test_a_reaction_taken_away_has_no_emoji() -> None:
    update = sample("telegram", "update_message_reaction")
    update["message_reaction"]["new_reaction"] = []

    assert parse(update)[0].reaction == {"message_id": "900000001:21", "emoji": ""}


def test_a_callback_of_the_test_server_without_its_message_is_understood() -> None:
    update = {"update_id": 1, "callback_query": {"id": "7", "from": {"id": 1, "first_name": "A"}, "data": "x"}}

    (message,) = parse(update)

    assert (message.reply, message.reply_to) == ({"id": "x", "title": "x"}, "")


@pytest.mark.parametrize(
    "update",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"{}",
        b'{"update_id": 1}',
        b'{"update_id": "x", "message": {}}',
        b'{"update_id": 1, "message": {}}',
        b'{"update_id": 1, "message": {"chat": {"id": 1}}}',
        b'{"update_id": 1, "message": {"chat": {"id": 1e400}, "message_id": 1}}',
        b'{"update_id": 1, "callback_query": {"id": "1"}}',
        b'{"update_id": 1, "message_reaction": {"chat": {"id": 1}, "message_id": 1}}',
    ],
)
def test_an_update_without_what_it_needs_is_kept_as_unreadable(update: bytes) -> None:
    (event,) = parse(update)

    assert isinstance(event, Unreadable)


def test_an_update_of_another_kind_is_kept_as_a_notice() -> None:
    (notice,) = parse({"update_id": 1, "chat_boost": {"chat": {"id": 1}}})

    assert (notice.kind, notice.payload["chat_boost"]) == (NoticeKind.OTHER, {"chat": {"id": 1}})


# --- the secret -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "X-Telegram-Bot-Api-Secret-Token",
        "x-telegram-bot-api-secret-token",
        "X-Telegram-Bot-Api-Secret-Hash",
    ],
)
def test_the_secret_comes_in_telegrams_header_or_in_the_documents(name: str) -> None:
    ADAPTER.verify(ACCOUNT, {name: "S3cret_Token-0001"}, b"{}")


@pytest.mark.parametrize("given", ["", "s3cret_token-0001", "S3cret_Token-0001 ", "é", "\ud800"])
def test_another_secret_is_refused(given: str) -> None:
    with pytest.raises(InvalidSignature):
        ADAPTER.verify(ACCOUNT, {"X-Telegram-Bot-Api-Secret-Token": given}, b"{}")


def test_a_bot_without_a_secret_takes_nothing() -> None:
    for headers in ({}, {"X-Telegram-Bot-Api-Secret-Token": ""}):
        with pytest.raises(InvalidSignature):
            ADAPTER.verify(telegram_account(credentials={"bot_token": "1:a"}), headers, b"{}")
