"""Sends over the wire to a local Bot API, and what every kind of answer means."""

import json
import logging
from typing import Any

import pytest

from apps.messaging.errors import InvalidOutgoing, MediaGone, MediaTooLarge, ProviderCallFailed
from apps.messaging.providers.telegram import Telegram
from apps.messaging.providers.telegram.outbound import build
from apps.messaging.providers.text import utf16_length
from apps.messaging.types import (
    AccountRef,
    ContentType,
    ErrorAction,
    MediaRef,
    Outgoing,
    OutgoingMedia,
    SendOutcome,
)
from tests.fakes.local_server import EMPTY_200, HTML_502, RESET_AFTER_ACCEPT, Fault, Reply, timeout_after_accept
from tests.fakes.telegram_api import DEFAULT_TOKEN, FakeBotApi, telegram_error
from tests.messaging.providers.conftest import sample, telegram_account


def message(kind: ContentType = ContentType.TEXT, **values: Any) -> Outgoing:
    return Outgoing(**{"to": "900000001", "to_kind": "telegram", "type": kind, **values})


HELLO = message(text="Hola")


# --- bodies -----------------------------------------------------------------------------------------------------------

DOCUMENTED: dict[str, Outgoing] = {
    "http_send_message_inline_keyboard": message(
        ContentType.BUTTONS,
        text="¿Confirmas tu cita?",
        payload={
            "parse_mode": "HTML",
            "buttons": [
                {"id": "confirm:42", "title": "Sí"},
                {"id": "cancel:42", "title": "No"},
                {"title": "Pagar", "url": "https://pay.example.com/o/42"},
            ],
        },
    ),
    "http_send_message_reply_parameters": message(text="Sí", reply_to="900000001:11"),
    "http_send_photo_by_url": message(
        ContentType.IMAGE, text="Modelo X", media=OutgoingMedia(url="https://cdn.example.com/x.jpg")
    ),
}


@pytest.mark.parametrize(("name", "outgoing"), DOCUMENTED.items(), ids=list(DOCUMENTED))
def test_a_message_is_posted_as_the_document_shows_it(name: str, outgoing: Outgoing) -> None:
    documented = sample("telegram", name)["request"]
    (call,) = build(outgoing)

    assert call.params == documented["body"]
    assert documented["url"].endswith(f"/{call.method}")


def test_a_list_is_a_keyboard_with_an_option_on_each_line() -> None:
    rows = [{"id": "1", "title": "10:00", "description": "Centro"}, {"id": "2", "title": "11:00"}]
    payload = {"button": "Ver", "header": "Horarios", "sections": [{"title": "Lunes", "rows": rows}]}

    (call,) = build(message(ContentType.LIST, text="Elige", payload=payload))

    assert call.params["text"] == "Horarios\n\nElige"
    assert call.params["reply_markup"]["inline_keyboard"] == [
        [{"text": "10:00 · Centro", "callback_data": "1"}],
        [{"text": "11:00", "callback_data": "2"}],
    ]


def test_a_contact_and_a_location_can_be_asked_for() -> None:
    (call,) = build(message(ContentType.BUTTONS, text="¿Tu teléfono?", payload={"request": "contact"}))

    assert call.params["reply_markup"]["keyboard"] == [[{"text": "Share my phone number", "request_contact": True}]]


def test_places_contacts_and_reactions_have_their_own_methods() -> None:
    point = {"latitude": 0, "longitude": -70.5}
    contact = {"name": {"formatted_name": "Luis"}, "phones": [{"phone": "+525511112222"}]}

    calls = [
        *build(message(ContentType.LOCATION, payload=point)),
        *build(message(ContentType.LOCATION, payload={**point, "name": "Plaza", "address": "Av. 1"})),
        *build(message(ContentType.CONTACTS, payload={"contacts": [contact]})),
        *build(message(ContentType.REACTION, payload={"message_id": "900000001:21", "emoji": "👍"})),
        *build(message(ContentType.REACTION, payload={"message_id": "900000001:21", "emoji": ""})),
    ]

    assert [call.method for call in calls] == [
        "sendLocation",
        "sendVenue",
        "sendContact",
        "setMessageReaction",
        "setMessageReaction",
    ]
    assert calls[2].params == {"chat_id": 900000001, "phone_number": "+525511112222", "first_name": "Luis"}
    assert [call.params["reaction"] for call in calls[3:]] == [[{"type": "emoji", "emoji": "👍"}], []]


REFUSED: dict[str, tuple[Outgoing, str]] = {
    "no recipient": (message(to="", text="x"), "The recipient is missing."),
    "another channel's recipient": (message(to="MX.1", text="x"), "This is no Telegram chat."),
    "empty text": (message(text=" \n"), "The text is empty."),
    "long caption": (
        message(ContentType.IMAGE, text="🎉" * 513, media=OutgoingMedia(provider_id="A")),
        "The caption has 1026 characters; Telegram takes 1024 at most.",
    ),
    "long button id": (
        message(ContentType.BUTTONS, text="x", payload={"buttons": [{"id": "ñ" * 33, "title": "a"}]}),
        "A button's id is longer than the 64 bytes that Telegram takes.",
    ),
    "no buttons": (
        message(ContentType.BUTTONS, text="x", payload={}),
        "Telegram takes one to a hundred buttons under a message.",
    ),
    "large photo": (
        message(ContentType.IMAGE, media=OutgoingMedia(content=b"x" * (10 * 1024 * 1024 + 1))),
        "The file has 10.0 MB; Telegram takes 10 MB of this kind at most.",
    ),
    "no file": (message(ContentType.DOCUMENT), "The file is missing."),
    "a note": (message(ContentType.NOTE, text="x"), "Telegram cannot send this kind of message."),
}


@pytest.mark.parametrize(("outgoing", "sentence"), REFUSED.values(), ids=list(REFUSED))
def test_what_telegram_would_refuse_is_refused_in_words(outgoing: Outgoing, sentence: str) -> None:
    with pytest.raises(InvalidOutgoing) as refusal:
        build(outgoing)

    assert refusal.value.message == sentence


# --- over the wire ----------------------------------------------------------------------------------------------------


def test_an_accepted_message_has_chat_and_number(telegram: Telegram, bot: AccountRef, bot_api: FakeBotApi) -> None:
    result = telegram.send(bot, HELLO)

    assert result.outcome is SendOutcome.ACCEPTED
    assert result.provider_message_id == f"900000001:{bot_api.calls[0].message_id}"
    assert bot_api.texts_to(900000001) == ["Hola"]


def test_a_long_text_goes_in_parts_and_the_keyboard_under_the_last(
    telegram: Telegram, bot: AccountRef, bot_api: FakeBotApi
) -> None:
    text = "🎉 fiesta en casa. " * 600
    outgoing = message(ContentType.BUTTONS, text=text, payload={"buttons": [{"id": "1", "title": "Sí"}]})

    result = telegram.send(bot, outgoing)

    calls = bot_api.calls_of("sendMessage")
    assert result.outcome is SendOutcome.ACCEPTED
    assert len(result.part_ids) == len(calls) > 1
    assert result.provider_message_id == result.part_ids[-1]
    assert ["reply_markup" in call.params for call in calls] == [False] * (len(calls) - 1) + [True]
    assert all(utf16_length(call.params["text"]) <= 4096 for call in calls)
    assert "".join(call.params["text"] for call in calls).replace(" ", "") == text.replace(" ", "")


def test_a_text_that_breaks_off_halfway_is_uncertain_and_not_sent_again(
    telegram: Telegram, bot: AccountRef, bot_api: FakeBotApi
) -> None:
    bot_api.faults.when(
        lambda params: str(params.get("text", "")).startswith("b"), telegram_error(429, "Too Many", retry_after=3)
    )

    result = telegram.send(bot, message(text="a" * 4000 + "\n" + "b" * 4000))

    assert result.outcome is SendOutcome.UNKNOWN
    assert len(result.part_ids) == 1
    assert result.error is not None
    assert result.error.message.startswith("Only 1 of the 2 parts of this long message were sent.")


def test_formatting_that_telegram_cannot_read_is_sent_as_plain_text(
    telegram: Telegram, bot: AccountRef, bot_api: FakeBotApi
) -> None:
    result = telegram.send(bot, message(text="2 < 3", payload={"parse_mode": "HTML"}))

    assert result.outcome is SendOutcome.ACCEPTED
    assert [call.params.get("parse_mode") for call in bot_api.calls] == ["HTML", None]
    assert bot_api.texts_to(900000001) == ["2 < 3"]


def test_a_group_that_moved_is_followed(telegram: Telegram, bot: AccountRef, bot_api: FakeBotApi) -> None:
    documented = sample("telegram", "error_400_migrated")["response"]
    bot_api.faults.next(Fault(Reply(documented["status"], json.dumps(documented["body"]).encode())))

    result = telegram.send(bot, message(to="-5", text="Hola"))

    assert (result.outcome, result.wa_id) == (SendOutcome.ACCEPTED, "-1001900000002")
    assert bot_api.texts_to(-1001900000002) == ["Hola"]


@pytest.mark.parametrize(
    ("name", "outcome", "action"),
    [
        ("error_400_chat_not_found", SendOutcome.REFUSED, ErrorAction.BAD_RECIPIENT),
        ("error_400_parse_entities", SendOutcome.REFUSED, ErrorAction.FIX_DATA),
        ("error_401_unauthorized", SendOutcome.REFUSED, ErrorAction.STOP_CHANNEL),
        ("error_403_blocked", SendOutcome.REFUSED, ErrorAction.BAD_RECIPIENT),
        ("error_404_bad_token_format", SendOutcome.REFUSED, ErrorAction.STOP_CHANNEL),
        ("error_409_conflict", SendOutcome.REFUSED, ErrorAction.GIVE_UP),
        ("error_429_retry_after", SendOutcome.RETRY, ErrorAction.RETRY_LATER),
    ],
)
def test_a_documented_error_asks_for_one_action(
    telegram: Telegram, bot: AccountRef, bot_api: FakeBotApi, name: str, outcome: SendOutcome, action: ErrorAction
) -> None:
    documented = sample("telegram", name)["response"]
    bot_api.faults.next(Fault(Reply(documented["status"], json.dumps(documented["body"]).encode())))

    result = telegram.send(bot, HELLO)

    assert result.error is not None
    assert (result.outcome, result.error.action) == (outcome, action)
    assert result.error.code == str(documented["status"])
    assert result.retry_after == (7.0 if "429" in name else None)


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (HTML_502, SendOutcome.UNKNOWN),
        (EMPTY_200, SendOutcome.UNKNOWN),
        (RESET_AFTER_ACCEPT, SendOutcome.UNKNOWN),
        (telegram_error(502, "Bad Gateway"), SendOutcome.UNKNOWN),
        (telegram_error(500, "Internal Server Error"), SendOutcome.RETRY),
        (Fault(Reply(500, b'{"message": "not known here"}')), SendOutcome.UNKNOWN),
        (Fault(Reply(200, b'{"ok": true, "result": {}}')), SendOutcome.UNKNOWN),
        (telegram_error(400, "Bad Request: message is not modified"), SendOutcome.ACCEPTED),
    ],
)
def test_a_broken_answer_is_never_taken_for_another(
    telegram: Telegram, bot: AccountRef, bot_api: FakeBotApi, fault: Fault, outcome: SendOutcome
) -> None:
    bot_api.faults.next(fault)

    assert telegram.send(bot, HELLO).outcome is outcome
    assert len(bot_api.calls) == 1


def test_an_answer_that_comes_too_late_is_unknown(
    telegram: Telegram, bot: AccountRef, bot_api: FakeBotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.messaging.providers.calls.TIMEOUT_SECONDS", 0.2)
    bot_api.faults.next(timeout_after_accept(5))

    assert telegram.send(bot, HELLO).outcome is SendOutcome.UNKNOWN


def test_a_blocked_person_is_out_of_reach(telegram: Telegram, bot: AccountRef, bot_api: FakeBotApi) -> None:
    bot_api.blocked.add(900000001)

    result = telegram.send(bot, HELLO)

    assert result.error is not None
    assert (result.outcome, result.error.action) == (SendOutcome.REFUSED, ErrorAction.BAD_RECIPIENT)


def test_a_file_goes_up_with_its_name(telegram: Telegram, bot: AccountRef, bot_api: FakeBotApi) -> None:
    plan = OutgoingMedia(content=b"%PDF-plan", mime_type="application/pdf", filename="plano año.pdf")

    result = telegram.send(bot, message(ContentType.DOCUMENT, text="El plano", media=plan, reply_to="900000001:11"))

    (call,) = bot_api.calls_of("sendDocument")
    assert result.outcome is SendOutcome.ACCEPTED
    assert (call.files["document"].filename, call.files["document"].content) == ("plano año.pdf", b"%PDF-plan")
    assert call.params == {
        "chat_id": 900000001,
        "caption": "El plano",
        "reply_parameters": {"message_id": 11, "allow_sending_without_reply": True},
    }


# --- other calls ------------------------------------------------------------------------------------------------------


def test_a_file_is_fetched_by_its_path(telegram: Telegram, bot: AccountRef, bot_api: FakeBotApi) -> None:
    file_id = bot_api.add_file(b"OggS", "voice/file_7.oga")

    with telegram.fetch_media(bot, MediaRef(provider_id=file_id, mime_type="audio/ogg")) as file:
        assert (file.read(), file.filename, file.mime_type, file.size) == (b"OggS", "file_7.oga", "audio/ogg", 4)


def test_a_file_that_is_gone_or_too_big_says_so(telegram: Telegram, bot: AccountRef, bot_api: FakeBotApi) -> None:
    with pytest.raises(MediaGone):
        telegram.fetch_media(bot, MediaRef(provider_id="nothing"))
    with pytest.raises(MediaTooLarge):
        telegram.fetch_media(bot, MediaRef(provider_id="A", size=21 * 1024 * 1024))
    bot_api.faults.next(telegram_error(400, "Bad Request: file is too big"))
    with pytest.raises(MediaTooLarge):
        telegram.fetch_media(bot, MediaRef(provider_id="A"))


def test_a_webhook_is_set_as_documented_and_read_back(telegram: Telegram, bot: AccountRef, bot_api: FakeBotApi) -> None:
    telegram.set_webhook(bot, "https://crm.example.com/webhooks/telegram", "S3cret_Token-0001")

    documented = sample("telegram", "http_set_webhook")["request"]["body"]
    assert {**bot_api.webhook, "url": documented["url"]}.items() >= {
        **documented,
        "allowed_updates": [*documented["allowed_updates"], "message_reaction"],
    }.items()
    info = telegram.webhook_info(bot)
    assert (info.url, info.pending_update_count) == ("https://crm.example.com/webhooks/telegram", 0)
    assert telegram.health(bot).ok
    telegram.delete_webhook(bot)
    assert not telegram.health(bot).ok


def test_the_bot_says_who_it_is(telegram: Telegram, bot: AccountRef) -> None:
    me = telegram.get_me(bot)

    assert (me.id, me.username) == ("700000001", "acme_ejemplo_bot")


def test_a_tap_is_answered_and_an_old_one_harms_nothing(
    telegram: Telegram, bot: AccountRef, bot_api: FakeBotApi
) -> None:
    assert telegram.answer_callback(bot, "3870000000000000001", "Confirmado")
    bot_api.faults.next(telegram_error(400, "Bad Request: query is too old"))
    assert not telegram.answer_callback(bot, "1")

    documented = sample("telegram", "http_answer_callback_query")["request"]["body"]
    assert bot_api.calls_of("answerCallbackQuery")[0].params == documented


def test_typing_is_shown_and_reading_is_not(telegram: Telegram, bot: AccountRef, bot_api: FakeBotApi) -> None:
    assert telegram.mark_read(bot, "900000001:11")
    assert bot_api.calls == []
    assert telegram.mark_read(bot, "900000001:11", typing=True)
    assert bot_api.calls[0].params == {"chat_id": "900000001", "action": "typing"}


def test_the_token_is_in_no_log_and_no_error(
    telegram: Telegram, bot: AccountRef, bot_api: FakeBotApi, caplog: pytest.LogCaptureFixture
) -> None:
    secret = DEFAULT_TOKEN.partition(":")[2]
    with caplog.at_level(logging.DEBUG), caplog.at_level(logging.DEBUG, logger="httpx"):
        telegram.send(bot, HELLO)
        bot_api.stop()
        result = telegram.send(bot, HELLO)
        with pytest.raises(ProviderCallFailed) as failure:
            telegram.get_me(bot)

    assert "sendMessage" in caplog.text
    assert secret not in caplog.text
    assert secret not in repr(result) + repr(failure.value) + str(failure.value.error) + repr(bot)
    assert failure.value.__cause__ is None


@pytest.mark.parametrize("token", ["", "a b", "1:a/../../x", "ñ", "1:a\nb"])
def test_a_malformed_token_reaches_no_other_address(telegram: Telegram, bot_api: FakeBotApi, token: str) -> None:
    result = telegram.send(telegram_account(base_url=bot_api.base_url, credentials={"bot_token": token}), HELLO)

    assert result.error is not None
    assert (result.outcome, result.error.action) == (SendOutcome.REFUSED, ErrorAction.STOP_CHANNEL)
    assert bot_api.calls == []
