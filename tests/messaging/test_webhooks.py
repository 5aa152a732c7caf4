"""What providers may post, and what is refused without leaving a trace; through Django and through the fast door."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from apps.brokers.actions import restore_broker, suspend_broker
from apps.brokers.models import Broker
from apps.core.access import system_actor
from apps.core.tenancy import call_in_public
from apps.messaging.actions import remove_account
from apps.messaging.ingress.deliveries import secret_key_of
from apps.messaging.ingress.writer import store_of_loop
from apps.messaging.models import ChannelAccount, RawEvent
from apps.messaging.types import Channel
from tests.factories.messaging import make_account

APP_SECRET = "app-secret"
BOT_SECRET = "a-secret-of-the-webhook_1234567890"
Call = Callable[..., "Answer"]


@dataclass
class Answer:
    status: int
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Accounts:
    number: ChannelAccount
    bot: ChannelAccount
    foreign_number: ChannelAccount


@pytest.fixture(params=["django", "door"])
def call(request: pytest.FixtureRequest) -> Call:
    """`call(method, path, body, headers)` by each of the two ways in."""
    if request.param == "door":
        request.getfixturevalue("committed_db")
        return _call_door
    request.getfixturevalue("database")
    client = request.getfixturevalue("api")()

    def call_django(method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Answer:
        given_headers = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in (headers or {}).items()}
        answer = client.generic(method, path, body, content_type="application/json", **given_headers)
        return Answer(answer.status_code, answer.content)

    return call_django


def _call_door(method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Answer:
    async def run() -> Answer:
        from config.asgi import application

        transport = httpx.ASGITransport(app=application)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            answer = await client.request(method, path, content=body, headers=headers)
        await store_of_loop().close()
        return Answer(answer.status_code, answer.content)

    return asyncio.run(run())


@pytest.fixture
def accounts(call: Call, broker: Broker, other_broker: Broker) -> Iterator[Accounts]:
    yield Accounts(
        number=make_account(Channel.WHATSAPP_META, external_id="106540352242922", settings={"waba_id": "777"}),
        bot=make_account(
            Channel.TELEGRAM,
            external_id="123456",
            credentials={"bot_token": "123456:token-of-a-bot-that-is-none", "webhook_secret": BOT_SECRET},
            public_key=secret_key_of(BOT_SECRET),
        ),
        foreign_number=make_account(
            Channel.WHATSAPP_META,
            broker_id=other_broker.pk,
            external_id="209999999999999",
            credentials={"app_secret": "other-secret", "verify_token": "other-verify", "access_token": "x"},
        ),
    )


def whatsapp_body(*numbers: str) -> bytes:
    changes = [
        {"field": "messages", "value": {"messaging_product": "whatsapp", "metadata": {"phone_number_id": number}}}
        for number in numbers
    ]
    return json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "777", "changes": changes}]}).encode()


def signed(body: bytes, secret: str = APP_SECRET) -> dict[str, str]:
    return {"X-Hub-Signature-256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


def stored() -> list[tuple[int, bytes, bool]]:
    return [(event.account_id, bytes(event.body), event.is_signed) for event in RawEvent.objects.order_by("id")]


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_signed_whatsapp_webhook_is_stored_as_it_came(call: Call, accounts: Accounts, slash: str) -> None:
    body = whatsapp_body("106540352242922")

    answer = call("POST", f"/webhooks/whatsapp{slash}", body, signed(body))

    assert (answer.status, answer.json()) == (200, {"status": "received"})
    assert stored() == [(accounts.number.pk, body, True)]


def test_the_paths_that_name_a_broker_or_a_number_store_it_too(call: Call, accounts: Accounts, broker: Broker) -> None:
    body = whatsapp_body("106540352242922")

    answers = [
        call("POST", f"/webhooks/chat/{broker.pk}/whatsapp", body, signed(body)),
        call("POST", f"/v1/webhooks/whatsapp/meta/{accounts.number.pk}", body, signed(body)),
    ]

    assert [answer.status for answer in answers] == [200, 200]
    assert stored() == [(accounts.number.pk, body, True)] * 2


@pytest.mark.parametrize("header", ["X-Telegram-Bot-Api-Secret-Token", "X-Telegram-Bot-Api-Secret-Hash"])
def test_a_bot_is_found_by_the_secret_in_either_header(call: Call, accounts: Accounts, header: str) -> None:
    body = b'{"update_id": 1}'

    answer = call("POST", "/webhooks/telegram", body, {header: BOT_SECRET})

    assert (answer.status, answer.json()) == (200, {"ok": True})
    assert stored() == [(accounts.bot.pk, body, True)]


def test_a_bot_that_was_not_filed_under_its_secret_is_found_too(call: Call, accounts: Accounts) -> None:
    ChannelAccount.objects.filter(pk=accounts.bot.pk).update(public_key="made-by-hand")

    answer = call("POST", "/webhooks/telegram", b"{}", {"X-Telegram-Bot-Api-Secret-Token": BOT_SECRET})

    assert answer.status == 200


def test_what_is_signed_and_no_json_is_kept_to_be_seen(call: Call, accounts: Accounts, broker: Broker) -> None:
    body = b'{"entry": [{"broken'

    answer = call("POST", f"/webhooks/chat/{broker.pk}/whatsapp", body, signed(body))

    assert answer.status == 200
    assert stored() == [(accounts.number.pk, body, True)]


def test_one_body_for_two_numbers_is_stored_once_for_each_that_is_signed_for(
    call: Call, accounts: Accounts, broker: Broker
) -> None:
    second = make_account(Channel.WHATSAPP_META, broker_id=broker.pk, external_id="106540352242923")
    body = whatsapp_body("106540352242922", "106540352242923", "209999999999999")

    answer = call("POST", "/webhooks/whatsapp", body, signed(body))

    assert answer.status == 200
    assert {account_id for account_id, _body, _signed in stored()} == {accounts.number.pk, second.pk}


def test_a_notice_without_a_number_goes_to_the_business_account(call: Call, accounts: Accounts) -> None:
    body = json.dumps({"entry": [{"id": "777", "changes": [{"field": "account_update", "value": {}}]}]}).encode()

    answer = call("POST", "/webhooks/whatsapp", body, signed(body))

    assert answer.status == 200
    assert [account_id for account_id, _body, _signed in stored()] == [accounts.number.pk]


BODY = whatsapp_body("106540352242922")
FOREIGN = whatsapp_body("209999999999999")
REFUSED: dict[str, tuple[str, bytes, dict[str, str], int]] = {
    "no signature": ("/webhooks/whatsapp", BODY, {}, 401),
    "wrong signature": ("/webhooks/whatsapp", BODY, signed(BODY, "guess"), 401),
    "signature of other bytes": ("/webhooks/whatsapp", BODY + b" ", signed(BODY), 401),
    "signature without its prefix": ("/webhooks/whatsapp", BODY, {"X-Hub-Signature-256": "00"}, 401),
    "another broker's secret": ("/webhooks/whatsapp", BODY, signed(BODY, "other-secret"), 401),
    "unknown number": ("/webhooks/whatsapp", whatsapp_body("55555"), signed(whatsapp_body("55555")), 404),
    "no number and no account": ("/webhooks/whatsapp", b"[]", signed(b"[]"), 404),
    "no json and no account": ("/webhooks/whatsapp", b"\xff\xfe", signed(b"\xff\xfe"), 404),
    "a number of another broker": ("/webhooks/chat/{broker}/whatsapp", FOREIGN, signed(FOREIGN, "other-secret"), 404),
    "a number on another's path": ("/v1/webhooks/whatsapp/meta/{foreign}", BODY, signed(BODY), 404),
    "unknown broker": ("/webhooks/chat/99999/whatsapp", BODY, signed(BODY), 404),
    "unknown provider": ("/webhooks/chat/{broker}/signal", BODY, signed(BODY), 404),
    "unknown number id": ("/v1/webhooks/whatsapp/meta/999999", BODY, signed(BODY), 404),
    "a bot's path without a secret": ("/webhooks/telegram", b"{}", {}, 401),
    "a secret of no bot": ("/webhooks/telegram", b"{}", {"X-Telegram-Bot-Api-Secret-Token": "nobody's"}, 404),
    "a wrong secret on the broker's path": (
        "/webhooks/chat/{broker}/telegram",
        b"{}",
        {"X-Telegram-Bot-Api-Secret-Token": "wrong"},
        401,
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_stores_nothing(call: Call, accounts: Accounts, broker: Broker, case: str) -> None:
    path, body, headers, status = REFUSED[case]

    answer = call("POST", path.format(broker=broker.pk, foreign=accounts.foreign_number.pk), body, headers)

    assert answer.status == status
    assert ("error" if path.startswith("/v1") else "detail") in answer.json()
    assert stored() == []


def test_a_huge_body_is_refused_before_it_is_read(call: Call, accounts: Accounts, settings: Any) -> None:
    settings.WEBHOOK_MAX_BYTES = 1000
    body = BODY + b" " * 1000

    answer = call("POST", "/webhooks/whatsapp", body, signed(body))

    assert answer.status == 413
    assert stored() == []


def test_another_method_is_405(call: Call, accounts: Accounts) -> None:
    assert call("DELETE", "/webhooks/whatsapp").status == 405
    assert call("GET", "/webhooks/telegram").status == 405


@pytest.mark.parametrize(
    "path", ["/webhooks/whatsapp", "/webhooks/chat/{broker}/whatsapp", "/v1/webhooks/whatsapp/meta/{number}/"]
)
def test_a_verification_call_gets_the_bare_challenge(call: Call, accounts: Accounts, broker: Broker, path: str) -> None:
    path = path.format(broker=broker.pk, number=accounts.number.pk)

    right = call("GET", f"{path}?hub.mode=subscribe&hub.verify_token=verify-me&hub.challenge=1158201444")
    wrong = call("GET", f"{path}?hub.mode=subscribe&hub.verify_token=guess&hub.challenge=1158201444")
    missing = call("GET", path)

    assert (right.status, right.body) == (200, b"1158201444")
    assert (wrong.status, missing.status) == (403, 403)


def test_the_doors_of_a_suspended_broker_are_closed_and_open_again(
    call: Call, accounts: Accounts, broker: Broker
) -> None:
    body = whatsapp_body("106540352242922")

    suspend_broker(actor=system_actor(None), broker_id=broker.pk)
    closed = call("POST", "/webhooks/whatsapp", body, signed(body))
    restore_broker(actor=system_actor(None), broker_id=broker.pk)
    reopened = call("POST", "/webhooks/whatsapp", body, signed(body))

    assert (closed.status, reopened.status) == (404, 200)
    assert len(stored()) == 1


def test_a_removed_account_is_unknown(call: Call, accounts: Accounts, broker: Broker) -> None:
    remove_account(actor=system_actor(broker.pk), account_id=accounts.number.pk)

    assert call("POST", "/webhooks/whatsapp", BODY, signed(BODY)).status == 404


def test_unsigned_webhooks_pass_only_where_development_allows_them(
    call: Call, accounts: Accounts, settings: Any
) -> None:
    settings.ALLOW_UNSIGNED_WEBHOOKS = True

    unsigned = call("POST", "/webhooks/whatsapp", BODY)
    wrongly_signed = call("POST", "/webhooks/whatsapp", BODY, signed(BODY, "guess"))
    bot = call("POST", "/webhooks/telegram", b"{}")

    assert (unsigned.status, wrongly_signed.status, bot.status) == (200, 401, 200)
    assert stored() == [(accounts.number.pk, BODY, False), (accounts.bot.pk, b"{}", False)]


@pytest.mark.parametrize("call", ["django"], indirect=True)
@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=300), signature=st.text(max_size=80))
def test_no_body_and_no_signature_break_the_door(call: Call, accounts: Accounts, body: bytes, signature: str) -> None:
    header = signature.encode("latin-1", "replace").decode("latin-1").replace("\n", "").replace("\r", "")

    answer = call("POST", "/webhooks/whatsapp", body, {"X-Hub-Signature-256": header})

    assert answer.status in {401, 404}


async def _around_a_suspension(broker_id: int) -> list[int]:
    from config.asgi import application

    transport = httpx.ASGITransport(app=application)
    statuses = []
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        for pause in (0.0, 1.1):
            await asyncio.sleep(pause)
            answer = await client.post("/webhooks/whatsapp", content=BODY, headers=signed(BODY))
            statuses.append(answer.status_code)
            await call_in_public(suspend_broker, actor=system_actor(None), broker_id=broker_id)
    await store_of_loop().close()
    return statuses


@pytest.mark.parametrize("call", ["door"], indirect=True)
def test_what_the_door_remembers_is_forgotten_after_a_second(call: Call, accounts: Accounts, broker: Broker) -> None:
    assert asyncio.run(_around_a_suspension(broker.pk)) == [200, 404]


async def _together(count: int) -> list[int]:
    from config.asgi import application

    transport = httpx.ASGITransport(app=application)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answers = await asyncio.gather(
            *(client.post("/webhooks/whatsapp", content=BODY, headers=signed(BODY)) for _number in range(count))
        )
    await store_of_loop().close()
    return [answer.status_code for answer in answers]


@pytest.mark.parametrize("call", ["door"], indirect=True)
def test_many_at_once_are_all_stored_before_they_are_answered(call: Call, accounts: Accounts) -> None:
    statuses = asyncio.run(_together(300))

    assert statuses == [200] * 300
    assert RawEvent.objects.count() == 300


@pytest.mark.parametrize("call", ["door"], indirect=True)
def test_what_cannot_be_stored_is_answered_with_503(
    call: Call, accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    from apps.messaging.ingress import writer

    monkeypatch.setattr(writer, "PATIENCE_SECONDS", 0.3)
    monkeypatch.setattr(writer, "_INSERT", "SELECT pg_terminate_backend(pg_backend_pid()), %s, %s, %s, %s, %s")

    answer = call("POST", "/webhooks/whatsapp", BODY, signed(BODY))

    assert answer.status == 503
    assert stored() == []
