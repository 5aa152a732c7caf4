"""Wrong input at every webhook and every auth call of the running server: the right 4xx, in the document's envelope,
and nothing stored."""

import base64
import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jwt
import pytest

from tests.fakes.graph_api import FakeGraph, sign
from tests.journeys.http import call
from tests.journeys.waiting import events_with, until
from tests.stack import PASSWORD, Stack

MEGABYTE = 1024 * 1024
SECRET_NAMES = ("X-Telegram-Bot-Api-Secret-Token", "X-Telegram-Bot-Api-Secret-Hash")
BOT_SECRET = "journey-secret-of-the-bot"
BOT_TOKEN = "730000001:token-of-a-bot-that-is-none"


@dataclass(frozen=True)
class House:
    """A broker with all it needs to be attacked, and its neighbour."""

    broker_id: int
    number: str
    account_id: int
    admin: dict[str, Any]
    neighbour_id: int
    neighbour_number: str
    neighbour_account: int
    secret: str


@pytest.fixture(scope="module")
def house(stack: Stack, graph: FakeGraph) -> House:
    one, other = stack.make_broker("Casa Cerrada", graph_url=graph.base_url, app_secret=graph.app_secret, count=2)
    stack.python(
        f"""
from apps.core.access import system_actor
from apps.core.tenancy import in_broker
from apps.messaging.actions import create_account, update_account
from apps.messaging.types import Channel
with in_broker({one["id"]}):
    create_account(actor=system_actor({one["id"]}), channel=Channel.TELEGRAM, name="Bot",
        credentials={{"bot_token": {BOT_TOKEN!r}, "webhook_secret": {BOT_SECRET!r}}})
with in_broker({other["id"]}):
    update_account(actor=system_actor({other["id"]}), account_id={other["account_id"]},
        credentials={{"app_secret": "neighbour-secret", "verify_token": "neighbour-token"}})
result = True
"""
    )
    return House(
        broker_id=one["id"],
        number=one["phone_number_id"],
        account_id=one["account_id"],
        admin=one["users"]["admin"],
        neighbour_id=other["id"],
        neighbour_number=other["phone_number_id"],
        neighbour_account=other["account_id"],
        secret=graph.app_secret,
    )


@dataclass(frozen=True)
class Session:
    access: str
    refresh: str


def enter(stack: Stack, house: House) -> Session:
    credentials = {"email": house.admin["email"], "password": PASSWORD}
    status, answer = call(stack, "POST", "/auth/login", credentials)
    assert status == 200, answer
    return Session(answer["access_token"], answer["refresh_token"])


@pytest.fixture(scope="module")
def token(stack: Stack, house: House) -> str:
    """Of a session that no test ends."""
    return enter(stack, house).access


def says_it_right(path: str, answer: Any) -> bool:
    """Whether the refusal is in the envelope of the document that names the path."""
    if path.startswith("/v1"):
        error = answer["error"]
        return isinstance(error["code"], str) and isinstance(error["message"], str) and "details" in error
    detail = answer["detail"]
    if path.startswith("/api/auth"):
        return set(detail) == {"code", "message", "field"}
    return isinstance(detail, str) or all(set(one) == {"loc", "msg", "type"} for one in detail)


# ---- webhooks

WHATSAPP_PATHS = ("/webhooks/whatsapp", "/webhooks/chat/{broker}/whatsapp", "/v1/webhooks/whatsapp/meta/{account}")
TELEGRAM_PATHS = ("/webhooks/telegram", "/webhooks/chat/{broker}/telegram")
Signing = Callable[[bytes, House], dict[str, str]]


def whatsapp(marker: str, number: str) -> bytes:
    message = {"from": "56900000000", "id": marker, "timestamp": "1790000000", "type": "text", "text": {"body": marker}}
    value = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": number}, "messages": [message]}
    entry = [{"id": "1", "changes": [{"field": "messages", "value": value}]}]
    return json.dumps({"object": "whatsapp_business_account", "entry": entry}).encode()


def telegram(marker: str) -> bytes:
    message = {"message_id": 1, "date": 1_790_000_000, "chat": {"id": 1, "type": "private"}, "text": marker}
    return json.dumps({"update_id": 1, "message": {**message, "from": {"id": 1, "first_name": "X"}}}).encode()


UNSIGNED: dict[str, Signing] = {
    "no signature": lambda body, house: {},
    "an empty one": lambda body, house: {"X-Hub-Signature-256": ""},
    "a guessed secret": lambda body, house: {"X-Hub-Signature-256": sign(body, "guess")},
    "the neighbour's secret": lambda body, house: {"X-Hub-Signature-256": sign(body, "neighbour-secret")},
    "a signature of other bytes": lambda body, house: {"X-Hub-Signature-256": sign(body + b" ", house.secret)},
    "the older sha1": lambda body, house: {"X-Hub-Signature": "sha1=" + "0" * 40},
    "no hexadecimal": lambda body, house: {"X-Hub-Signature-256": "sha256=ñ"},
    "a header of a megabyte's tenth": lambda body, house: {"X-Hub-Signature-256": "sha256=" + "a" * 6000},
}


@pytest.mark.parametrize("path", WHATSAPP_PATHS)
@pytest.mark.parametrize("case", UNSIGNED)
def test_a_whatsapp_webhook_that_meta_did_not_sign_is_refused(stack: Stack, house: House, path: str, case: str) -> None:
    marker = f"unsigned-{uuid.uuid4()}"
    body = whatsapp(marker, house.number)

    status, answer = _post(stack, house, path, body, UNSIGNED[case](body, house))

    assert status == 401
    assert says_it_right(path, answer)
    assert events_with(stack, marker) == 0


@pytest.mark.parametrize("path", TELEGRAM_PATHS)
@pytest.mark.parametrize("secret", ["", "guess", BOT_SECRET + "x", BOT_SECRET[:-1], BOT_SECRET.upper(), "ñ"])
@pytest.mark.parametrize("name", SECRET_NAMES)
def test_a_telegram_update_without_the_bot_s_secret_is_refused(
    stack: Stack, house: House, path: str, secret: str, name: str
) -> None:
    marker = f"unsigned-{uuid.uuid4()}"

    status, answer = _post(stack, house, path, telegram(marker), {name: secret})

    # A secret that no bot has leads to no account; the path that names the broker says that it is wrong.
    assert status == (404 if secret and path == "/webhooks/telegram" else 401)
    assert says_it_right(path, answer)
    assert events_with(stack, marker) == 0


LOST: dict[str, tuple[str, Callable[[str, House], bytes], int]] = {
    "an unknown number": ("/webhooks/whatsapp", lambda m, h: whatsapp(m, "123456789"), 404),
    "no number": ("/webhooks/whatsapp", lambda m, h: json.dumps({"object": m}).encode(), 404),
    "no JSON": ("/webhooks/whatsapp", lambda m, h: b"{" + m.encode(), 404),
    "no UTF-8": ("/webhooks/whatsapp", lambda m, h: b"\xff\xfe" + m.encode(), 404),
    "nothing": ("/webhooks/whatsapp", lambda m, h: b"", 404),
    "the neighbour's number": ("/webhooks/chat/{broker}/whatsapp", lambda m, h: whatsapp(m, h.neighbour_number), 404),
    "an unknown broker": ("/webhooks/chat/999999/whatsapp", lambda m, h: whatsapp(m, h.number), 404),
    "a broker that is none": ("/webhooks/chat/abc/whatsapp", lambda m, h: whatsapp(m, h.number), 422),
    "another provider": ("/webhooks/chat/{broker}/signal", lambda m, h: whatsapp(m, h.number), 404),
    "a neighbour's address": ("/v1/webhooks/whatsapp/meta/{neighbour}", lambda m, h: whatsapp(m, h.number), 404),
    "an unknown address": ("/v1/webhooks/whatsapp/meta/999999", lambda m, h: whatsapp(m, h.number), 404),
    "a huge address": ("/v1/webhooks/whatsapp/meta/" + "9" * 18, lambda m, h: whatsapp(m, h.number), 404),
    "an address that is none": ("/v1/webhooks/whatsapp/meta/abc", lambda m, h: whatsapp(m, h.number), 422),
}


@pytest.mark.parametrize("case", LOST)
def test_a_webhook_for_nobody_we_know_is_not_found(stack: Stack, house: House, case: str) -> None:
    path, make, expected = LOST[case]
    marker = f"lost-{uuid.uuid4()}"
    body = make(marker, house)

    status, answer = _post(stack, house, path, body, {"X-Hub-Signature-256": sign(body, house.secret)})

    assert status == expected, answer
    assert says_it_right(path, answer)
    assert events_with(stack, marker) == 0


@pytest.mark.parametrize("path", [*WHATSAPP_PATHS, *TELEGRAM_PATHS])
def test_a_huge_webhook_is_refused(stack: Stack, house: House, path: str) -> None:
    marker = f"huge-{uuid.uuid4()}"
    body = whatsapp(marker, house.number) + b" " * 5 * MEGABYTE
    headers = {"X-Hub-Signature-256": sign(body, house.secret), SECRET_NAMES[0]: BOT_SECRET}

    status, answer = _post(stack, house, path, body, headers)

    assert status == 413
    assert says_it_right(path, answer)
    assert events_with(stack, marker) == 0


@pytest.mark.parametrize("path", [*WHATSAPP_PATHS, *TELEGRAM_PATHS])
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_another_method_is_not_allowed(stack: Stack, house: House, path: str, method: str) -> None:
    status, answer = call(stack, method, _filled(path, house), {})

    assert status == 405
    assert says_it_right(path, answer)


@pytest.mark.parametrize("path", WHATSAPP_PATHS)
@pytest.mark.parametrize(
    "query",
    [
        "",
        "?hub.mode=subscribe&hub.challenge=42",
        "?hub.mode=subscribe&hub.verify_token=guess&hub.challenge=42",
        "?hub.mode=subscribe&hub.verify_token=neighbour-token&hub.challenge=42",
        "?hub.mode=unsubscribe&hub.verify_token=verify-me&hub.challenge=42",
        "?hub.verify_token=%00&hub.challenge=%ff",
    ],
)
def test_a_verification_without_the_right_token_gets_no_challenge(
    stack: Stack, house: House, path: str, query: str
) -> None:
    status, answer = call(stack, "GET", _filled(path, house) + query)

    if path == "/webhooks/whatsapp" and "neighbour-token" in query:
        assert (status, answer) == (200, 42)  # the address of all numbers: it is the neighbour's right one
    else:
        assert status == 403
        assert says_it_right(path, answer)


WRONG_TYPES: list[Any] = [
    [],
    None,
    7,
    "text",
    {"entry": 7},
    {"entry": [None, {"changes": {"a": 1}}]},
    {"entry": [{"changes": [{"field": "messages", "value": [1]}]}]},
]


@pytest.mark.parametrize("value", WRONG_TYPES)
def test_signed_nonsense_is_taken_and_shown_as_failed(stack: Stack, house: House, value: Any) -> None:
    """It is Meta's or Telegram's word: answered with 200 so that it is not repeated for days, and kept to be seen."""
    marker = f"nonsense-{uuid.uuid4()}"
    body = json.dumps({**value, "x": marker} if isinstance(value, dict) else [value, marker]).encode()
    people = _people(stack, house)

    status, _answer = _post(stack, house, WHATSAPP_PATHS[1], body, {"X-Hub-Signature-256": sign(body, house.secret)})
    told, _answer = _post(stack, house, "/webhooks/telegram", body, {SECRET_NAMES[0]: BOT_SECRET})

    assert (status, told) == (200, 200)
    sql = "SELECT state FROM public.messaging_rawevent WHERE position(%s::bytea IN body) > 0 AND state <> 'waiting'"
    states = until(lambda: len(found := stack.rows(sql, marker.encode())) == 2 and found, what="the ledger")
    assert states
    assert {row["state"] for row in states} == {"failed"}
    assert _people(stack, house) == people


# ---- signing in

LOGINS = ("/auth/login", "/api/auth/login", "/v1/auth/login")
REFRESHES = ("/auth/refresh", "/api/auth/refresh", "/v1/auth/refresh")
BODIES_TAKEN = [
    *LOGINS,
    *REFRESHES,
    "/auth/register",
    "/auth/2fa/verify",
    "/v1/auth/2fa/verify",
    "PUT /auth/change-password",
    "PUT /v1/auth/change-password",
]
WITH_TOKEN = [
    "GET /auth/me",
    "POST /auth/logout",
    "PUT /auth/change-password",
    "POST /auth/2fa/enable",
    "GET /api/auth/me",
    "POST /api/auth/logout",
    "POST /v1/auth/logout",
    "PUT /v1/auth/change-password",
    "POST /v1/auth/2fa/enable",
    "GET /v1/users/me",
]
MALFORMED = [b"{", b"\xff\xfe\x00", b'{"email": "\\ud800"}', b"[" * 5000, b"email=a&password=b"]
WRONG_SHAPES: list[Any] = [
    [],
    7,
    "text",
    {},
    {"email": 7, "password": 7, "refresh_token": 7, "code": [], "current_password": {}, "broker_name": None},
    {"email": ["a@b.cl"], "password": {"$ne": ""}, "refresh_token": {}, "code": {}, "new_password": []},
    {"email": "a@b.cl\x00", "password": "\x00", "refresh_token": "\x00", "code": "\x00", "broker_name": "\x00"},
    {
        "email": "a" * 500,
        "password": "b" * 5000,
        "refresh_token": "c" * 9000,
        "code": "1" * 99,
        "broker_name": "d" * 999,
    },
]


@pytest.mark.parametrize("target", BODIES_TAKEN)
def test_malformed_bodies_are_refused(stack: Stack, token: str, target: str) -> None:
    method, path = _target(target)
    expected = 422 if path.startswith("/auth") else 400
    before = _rows(stack)

    for body in MALFORMED:
        status, answer = call(stack, method, path, body, token=token)
        assert status == expected, (body[:20], answer)
        assert says_it_right(path, answer)
    status, answer = call(stack, method, path, b"a=b", token=token, headers={"Content-Type": "text/plain"})
    assert status == 415
    assert says_it_right(path, answer)

    assert _rows(stack) == before


@pytest.mark.parametrize("target", BODIES_TAKEN)
def test_values_of_the_wrong_type_are_refused(stack: Stack, token: str, target: str) -> None:
    method, path = _target(target)
    before = _rows(stack)

    for body in WRONG_SHAPES:
        # A refresh without a body exchanges the bearer's token, which is not there: 401.
        status, answer = call(stack, method, path, body, token="" if path in REFRESHES else token)
        assert status in ({401, 422} if path in REFRESHES and body == {} else {422}), (body, answer)
        assert says_it_right(path, answer)

    assert _rows(stack) == before


@pytest.mark.parametrize("path", ["/auth/login", "/api/auth/login", "/v1/auth/login", "/auth/register"])
def test_a_huge_body_is_refused(stack: Stack, path: str) -> None:
    body = b'{"email": "' + b"a" * 11 * MEGABYTE + b'"}'

    status, answer = call(stack, "POST", path, body)

    assert status == 413
    assert says_it_right(path, answer)


@pytest.mark.parametrize("path", LOGINS)
def test_a_wrong_password_and_an_unknown_account_look_alike(stack: Stack, house: House, path: str) -> None:
    wrong = call(stack, "POST", path, {"email": house.admin["email"], "password": "Equivocada-1"})
    unknown = call(stack, "POST", path, {"email": f"{uuid.uuid4()}@nobody.test", "password": "Equivocada-1"})

    assert wrong == unknown
    assert wrong[0] == 401
    assert says_it_right(path, wrong[1])


@pytest.mark.parametrize(
    "change", [{"email": "no"}, {"password": "corta"}, {"password": "sinnumeros"}, {"broker_name": ""}]
)
def test_a_registration_with_a_wrong_value_makes_no_broker(stack: Stack, change: dict[str, str]) -> None:
    good = {"email": f"{uuid.uuid4()}@nueva.test", "password": PASSWORD, "broker_name": "Nueva"}
    before = _rows(stack)

    status, answer = call(stack, "POST", "/auth/register", {**good, **change})

    assert status == 422
    assert [one["loc"][-1] for one in answer["detail"]] == list(change)
    assert _rows(stack) == before


@pytest.mark.parametrize("target", WITH_TOKEN)
def test_no_other_token_than_ones_own_opens_anything(stack: Stack, house: House, target: str) -> None:
    method, path = _target(target)
    mine = enter(stack, house)

    for name, token in _bad_tokens(stack, mine).items():
        status, answer = call(stack, method, path, {} if method != "GET" else None, token=token)
        assert status == 401, (name, answer)
        assert says_it_right(path, answer), name
    assert call(stack, "GET", "/auth/me", token=mine.access)[0] == 200


@pytest.mark.parametrize("path", REFRESHES)
def test_no_other_token_is_refreshed(stack: Stack, house: House, path: str) -> None:
    mine = enter(stack, house)
    bad = _bad_tokens(stack, Session(access=mine.refresh, refresh=mine.access))
    # Signed by us for a live session, they are that session's earlier tokens: a replay, which the next test is about.
    ours = {"replaced", "of another user", "of another broker"}

    for name, token in bad.items():
        if name in ours:
            continue
        status, answer = call(stack, "POST", path, {"refresh_token": token})
        assert status == 401, (name, answer)
        assert says_it_right(path, answer), name
    assert call(stack, "GET", "/auth/me", token=mine.access)[0] == 200


@pytest.mark.parametrize("path", REFRESHES)
def test_a_replayed_refresh_token_ends_the_session(stack: Stack, house: House, path: str) -> None:
    mine = enter(stack, house)
    status, renewed = call(stack, "POST", path, {"refresh_token": mine.refresh})
    assert status == 200

    status, answer = call(stack, "POST", path, {"refresh_token": mine.refresh})

    assert status == 401
    assert says_it_right(path, answer)
    assert call(stack, "GET", "/auth/me", token=renewed["access_token"])[0] == 401
    assert call(stack, "GET", "/auth/me", token=mine.access)[0] == 401


def test_after_logging_out_both_tokens_are_dead(stack: Stack, house: House) -> None:
    mine = enter(stack, house)
    assert call(stack, "POST", "/auth/logout", token=mine.access)[0] == 204

    assert call(stack, "GET", "/auth/me", token=mine.access)[0] == 401
    assert call(stack, "POST", "/auth/refresh", {"refresh_token": mine.refresh})[0] == 401
    assert call(stack, "POST", "/auth/logout", token=mine.access)[0] == 401


def _bad_tokens(stack: Stack, mine: Session) -> dict[str, str]:
    """What is no access token of this session, though it may look much like one."""
    key = stack.environment["SECRET_KEY"]
    head, payload, signature = mine.access.split(".")
    claims = jwt.decode(mine.access, options={"verify_signature": False})
    padded = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    promoted = base64.urlsafe_b64encode(padded.replace(b'"admin"', b'"superadmin"')).rstrip(b"=").decode()
    past = {**claims, "iat": int(time.time()) - 7200, "exp": int(time.time()) - 60}
    return {
        "nonsense": "x",
        "three parts": "x.y.z",
        "tampered": f"{head}.{promoted}.{signature}",
        "cut": f"{head}.{payload}.",
        "expired": jwt.encode(past, key, "HS256"),
        "foreign": jwt.encode(claims, "another-key-" + "y" * 40, "HS256"),
        "unsigned": jwt.encode(claims, "", "none"),
        "of the other kind": mine.refresh,
        "of no session": jwt.encode({**claims, "sid": str(uuid.uuid4())}, key, "HS256"),
        "replaced": jwt.encode({**claims, "jti": uuid.uuid4().hex}, key, "HS256"),
        "without claims": jwt.encode({"token_type": claims["token_type"], "exp": claims["exp"]}, key, "HS256"),
        "of another user": jwt.encode({**claims, "user_id": "999999"}, key, "HS256"),
        "of another broker": jwt.encode({**claims, "broker": 999_999}, key, "HS256"),
    }


def _post(stack: Stack, house: House, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, Any]:
    return call(stack, "POST", _filled(path, house), body, headers=headers)


def _filled(path: str, house: House) -> str:
    return path.format(broker=house.broker_id, account=house.account_id, neighbour=house.neighbour_account)


def _target(target: str) -> tuple[str, str]:
    method, _space, path = target.rpartition(" ")
    return method or "POST", path


def _rows(stack: Stack) -> dict[str, int]:
    """What a wrong call must not add to. Sessions are not among it: the tests themselves sign in."""
    return stack.rows(
        """SELECT (SELECT count(*) FROM public.accounts_user) AS users,
                  (SELECT count(*) FROM public.brokers_broker) AS brokers,
                  (SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'broker%%') AS schemas,
                  (SELECT md5(string_agg(password, ',' ORDER BY id)) FROM public.accounts_user) AS passwords"""
    )[0]


def _people(stack: Stack, house: House) -> int:
    count: int = stack.rows(f"SELECT count(*) AS n FROM broker_{house.broker_id}.leads_lead")[0]["n"]
    return count
