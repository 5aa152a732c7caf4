"""Telegram there and back: through a Bot API server that is not ours, and through one that knows every method."""

import io
import itertools
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes.telegram_api import DEFAULT_TOKEN, FakeBotApi
from tests.fakes.telegram_test_api import SecretRelay, TelegramTestApi, is_installed
from tests.journeys.http import call, log_in
from tests.journeys.waiting import events_with, until
from tests.stack import Stack, free_port

NPM_TOKEN = "710000001:NPM-token_for-the-journeys"
_updates = itertools.count(910_000_001)


@pytest.fixture(scope="module")
def houses(stack: Stack, relay: SecretRelay) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two brokers with a bot each, not connected yet: one behind telegram-test-api, one behind our own server."""
    of_npm, of_fake = stack.make_broker("Casa Telegrama", count=2)
    bots = [(of_npm["id"], NPM_TOKEN, {"base_url": relay.root_url}), (of_fake["id"], DEFAULT_TOKEN, {})]
    stack.python(
        f"""
from apps.core.access import system_actor
from apps.core.tenancy import in_broker
from apps.messaging.actions import create_account
from apps.messaging.types import Channel
for broker_id, token, options in {bots!r}:
    with in_broker(broker_id):
        create_account(actor=system_actor(broker_id), channel=Channel.TELEGRAM, name="Bot",
            credentials={{"bot_token": token}}, options=options)
result = True
"""
    )
    return of_npm, of_fake


@pytest.fixture(scope="module")
def npm_house(houses: tuple[dict[str, Any], dict[str, Any]]) -> dict[str, Any]:
    return houses[0]


@pytest.fixture(scope="module")
def house(stack: Stack, houses: tuple[dict[str, Any], dict[str, Any]]) -> dict[str, Any]:
    """With its bot connected through the API."""
    token = log_in(stack, houses[1]["users"]["admin"]["email"])
    assert connect(stack, token)[0] == 200
    return {**houses[1], "token": token}


@pytest.fixture(scope="module")
def person(relay: SecretRelay) -> Iterator[TelegramTestApi]:
    if not is_installed():
        pytest.skip("the npm packages of tests/js are not installed")
    with TelegramTestApi(free_port(), NPM_TOKEN, user_id=55_001, first_name="Rosa") as server:
        relay.server = server.root_url
        yield server


def connect(stack: Stack, token: str) -> tuple[int, Any]:
    url = {"webhook_url": f"{stack.url}/webhooks/telegram"}
    return call(stack, "POST", "/api/v1/telegram/webhook/setup", url, token=token)


def test_a_person_writes_is_answered_and_taps_a_button(
    stack: Stack, npm_house: dict[str, Any], relay: SecretRelay, person: TelegramTestApi
) -> None:
    token = log_in(stack, npm_house["users"]["admin"]["email"])
    status, answer = connect(stack, token)
    assert (status, answer) == (200, {"ok": True, "webhook_url": f"{stack.url}/webhooks/telegram"})
    assert len(relay.secret) >= 32

    person.write("Hola, soy Rosa Díaz")
    asked = until(lambda: [one for one in person.answers() if one.get("reply_markup")], what="the question")[-1]
    buttons = [button for row in asked["reply_markup"]["inline_keyboard"] for button in row]
    assert [button["text"] for button in buttons] == ["Comprar", "Arrendar", "Invertir"]
    person.tap(buttons[0]["callback_data"], message_id=asked["message_id"])
    schema = f"broker_{npm_house['id']}"
    until(lambda: stack.rows(f"SELECT 1 FROM {schema}.leads_lead WHERE attributes ? 'purpose'"), what="the choice")
    until(lambda: person.answers()[-1]["message_id"] > asked["message_id"], what="the next question")

    lead = stack.rows(f"SELECT * FROM {schema}.leads_lead")[0]
    assert (lead["first_name"], lead["last_name"], lead["attributes"]["purpose"]) == ("Rosa", "Díaz", "buy")
    thread = stack.rows(f"SELECT direction, text, status FROM {schema}.conversations_message ORDER BY sent_at, id")
    assert [row["text"] for row in thread if row["direction"] == "in"] == ["Hola, soy Rosa Díaz", "Comprar"]
    until(lambda: _states(stack, schema, "out") == {"sent"}, what="every answer sent")
    assert len(person.answers()) == sum(row["direction"] == "out" for row in thread)
    assert relay.answers == [200, 200]


def test_an_agent_reads_the_webhook_s_state(stack: Stack, house: dict[str, Any], bot_api: FakeBotApi) -> None:
    status, info = call(stack, "GET", "/api/v1/telegram/webhook/info", token=house["token"])

    assert status == 200
    assert (info["url"], info["pending_update_count"]) == (f"{stack.url}/webhooks/telegram", 0)
    assert bot_api.webhook["allowed_updates"]
    agent = log_in(stack, house["users"]["agent"]["email"])
    assert call(stack, "GET", "/api/v1/telegram/webhook/info", token=agent)[0] == 403


def test_a_refusing_telegram_is_a_502_that_names_the_reason(
    stack: Stack, npm_house: dict[str, Any], person: TelegramTestApi
) -> None:
    """telegram-test-api does not know getWebhookInfo: it answers 500 in no shape of the Bot API."""
    token = log_in(stack, npm_house["users"]["admin"]["email"])

    status, answer = call(stack, "GET", "/api/v1/telegram/webhook/info", token=token)

    assert status == 502
    assert isinstance(answer["detail"], str)
    assert "Telegram" in answer["detail"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Telegram-Bot-Api-Secret-Token": "guessed-by-somebody-else"},
        {"X-Telegram-Bot-Api-Secret-Hash": "guessed-by-somebody-else"},
        {"X-Telegram-Bot-Api-Secret-Token": "ñandú"},
    ],
)
def test_a_wrong_secret_stores_nothing(stack: Stack, house: dict[str, Any], headers: dict[str, str]) -> None:
    marker = f"forged-{len(headers)}-{next(_updates)}"
    update = {"update_id": next(_updates), "message": {"text": marker, "chat": {"id": 1}, "date": 1, "message_id": 1}}

    unnamed, _answer = call(stack, "POST", "/webhooks/telegram", update, headers=headers)
    named, answer = call(stack, "POST", f"/webhooks/chat/{house['id']}/telegram", update, headers=headers)

    assert unnamed in ({401} if not headers else {401, 404})
    assert named == 401
    assert isinstance(answer["detail"], str)
    assert events_with(stack, marker) == 0


def test_a_photo_is_fetched_and_kept(stack: Stack, house: dict[str, Any], bot_api: FakeBotApi) -> None:
    content = _picture()
    file_id = bot_api.add_file(content, "photos/file_1.jpg")
    sizes = [{"file_id": "SMALL", "file_unique_id": "s", "width": 90, "height": 90, "file_size": 900}]
    sizes += [{"file_id": file_id, "file_unique_id": "l", "width": 800, "height": 600, "file_size": len(content)}]

    assert bot_api.deliver(_update(77_001, "Ana", photo=sizes, caption="¿Es esta?")) == 200

    sql = f"""SELECT f.sha256, f.size, f.mime_type, f.path FROM broker_{house["id"]}.conversations_message m
                JOIN broker_{house["id"]}.files_storedfile f ON f.id = m.file_id WHERE m.text = '¿Es esta?'"""
    stored = until(lambda: stack.rows(sql), what="the photo")[0]
    assert (stored["size"], stored["mime_type"]) == (len(content), "image/jpeg")
    assert any(path.read_bytes() == content for path in (stack.home / "media").rglob("*") if path.is_file())


def test_a_repeated_update_is_one_message(stack: Stack, house: dict[str, Any], bot_api: FakeBotApi) -> None:
    update = _update(77_002, "Luis", text="Una sola vez")

    assert [bot_api.deliver(update) for _copy in range(3)] == [200, 200, 200]

    schema = f"broker_{house['id']}"
    until(lambda: bot_api.texts_to(77_002), what="the answer")
    until(lambda: not stack.rows("SELECT 1 FROM public.messaging_rawevent WHERE state = 'waiting'"), what="the ledger")
    found = stack.rows(f"SELECT count(*) AS n FROM {schema}.conversations_message WHERE text = 'Una sola vez'")
    assert found[0]["n"] == 1


def test_who_blocks_the_bot_is_not_reached_and_the_reason_is_shown(
    stack: Stack, house: dict[str, Any], bot_api: FakeBotApi
) -> None:
    bot_api.blocked.add(77_003)

    assert bot_api.user_writes(77_003, "Hola y adiós", first_name="Eva") == 200

    sql = f"""SELECT m.status, m.error_text, m.attempts FROM broker_{house["id"]}.conversations_message m
                JOIN broker_{house["id"]}.conversations_conversation c ON c.id = m.conversation_id
               WHERE c.address = '77003' AND m.direction = 'out' AND m.status NOT IN ('pending', 'sending')"""
    failed = until(lambda: stack.rows(sql), what="the failure")[0]
    assert failed["status"] == "failed"
    assert "Telegram" in failed["error_text"]
    assert failed["attempts"] == 1


def _update(chat_id: int, first_name: str, **content: Any) -> dict[str, Any]:
    person = {"id": chat_id, "is_bot": False, "first_name": first_name, "language_code": "es"}
    number = next(_updates)
    chat = {"id": chat_id, "first_name": first_name, "type": "private"}
    message = {"message_id": number, "from": person, "chat": chat, "date": int(time.time()), **content}
    return {"update_id": number, "message": message}


def _states(stack: Stack, schema: str, direction: str) -> set[str]:
    rows = stack.rows(f"SELECT DISTINCT status FROM {schema}.conversations_message WHERE direction = %s", direction)
    return {row["status"] for row in rows}


def _picture() -> bytes:
    from PIL import Image

    held = io.BytesIO()
    Image.new("RGB", (640, 480), "#0b6152").save(held, "JPEG")
    return held.getvalue()
