"""Brokers and their doors: closed all at once, opened again, and never one's key in another's lock."""

import json
import uuid
from dataclasses import dataclass
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.fakes.graph_api import FakeGraph, meta_text
from tests.journeys.http import call, log_in, post_whatsapp
from tests.journeys.waiting import until
from tests.stack import PASSWORD, Stack

SUPERADMIN = "plataforma@stack.test"
DOMAIN = "crm.casa-b.test"
PATIENCE = 10.0


@dataclass(frozen=True)
class Houses:
    a: dict[str, Any]
    b: dict[str, Any]


@pytest.fixture(scope="module")
def houses(stack: Stack, graph: FakeGraph) -> Houses:
    """Two brokers; B has a domain. And a superadmin."""
    a, b = stack.make_broker("Casa", graph_url=graph.base_url, app_secret=graph.app_secret, count=2)
    stack.python(
        f"""
from apps.accounts.models import User
from apps.accounts.types import Role
from apps.brokers.actions import add_domain
from apps.core.access import system_actor
User.objects.create_user({SUPERADMIN!r}, {PASSWORD!r}, role=Role.SUPERADMIN, broker_id=None)
add_domain(actor=system_actor(None), broker_id={b["id"]}, domain={DOMAIN!r})
result = True
"""
    )
    return Houses(a, b)


@pytest.fixture(scope="module")
def superadmin(stack: Stack, houses: Houses) -> str:
    return log_in(stack, SUPERADMIN)


def team_socket(stack: Stack, house: dict[str, Any], token: str) -> ClientConnection:
    user_id = house["users"]["admin"]["id"]
    return connect(f"ws://127.0.0.1:{stack.port}/ws/{house['id']}/{user_id}?token={token}", proxy=None)


def chat_socket(stack: Stack, house: dict[str, Any]) -> ClientConnection:
    return connect(f"ws://127.0.0.1:{stack.port}/ws/webchat/{house['webchat_key']}/", proxy=None)


def hear(socket: ClientConnection, kind: str) -> dict[str, Any]:
    while (frame := json.loads(socket.recv(timeout=PATIENCE)))["type"] != kind:
        pass
    found: dict[str, Any] = frame
    return found


def closing_code(socket: ClientConnection) -> int:
    """The code with which the server closes; frames before it are read over."""
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            socket.recv(timeout=PATIENCE)
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code


def write(stack: Stack, graph: FakeGraph, house: dict[str, Any], who: str, text: str) -> int:
    wamid = f"wamid.{uuid.uuid4().hex}"
    body = meta_text(who, text, wamid=wamid, timestamp=1_795_000_000, phone_number_id=house["phone_number_id"])
    return post_whatsapp(stack, body, graph.app_secret)


def test_deleting_a_broker_closes_every_door_at_once_and_restoring_opens_them(
    stack: Stack, graph: FakeGraph, houses: Houses, superadmin: str
) -> None:
    house = houses.b
    email = house["users"]["admin"]["email"]
    token = log_in(stack, email)
    status, answer = call(stack, "POST", "/auth/login", {"email": email, "password": PASSWORD})
    refresh = answer["refresh_token"]
    named = f"/api/brokers/{house['id']}"

    with team_socket(stack, house, token) as team, chat_socket(stack, house) as visitor:
        hear(team, "hello")
        visitor.send(json.dumps({"type": "hello", "since": 0}))
        hear(visitor, "welcome")
        assert write(stack, graph, house, "56944440001", "Antes") == 200
        hear(team, "new_message")

        assert call(stack, "DELETE", named, token=token)[0] == 403  # not even its own administrator
        assert call(stack, "DELETE", named, token=superadmin)[0] in {200, 204}

        assert call(stack, "GET", "/auth/me", token=token)[0] == 401
        assert call(stack, "POST", "/auth/refresh", {"refresh_token": refresh})[0] == 401
        assert closing_code(team) == 1008
        assert closing_code(visitor) == 4404
    credentials = {"email": email, "password": PASSWORD}
    assert [call(stack, "POST", path, credentials)[0] for path in ("/auth/login", "/v1/auth/login")] == [401, 403]
    # What a webhook knows of accounts is at most a second old.
    until(lambda: write(stack, graph, house, "56944440001", "Todavía") == 404, seconds=3, what="the closed webhook")
    assert write(stack, graph, house, "56944440001", "Durante") == 404
    assert call(stack, "GET", f"/webhooks/chat/{house['id']}/whatsapp?hub.verify_token=verify-me")[0] == 404
    assert call(stack, "GET", f"/chat/{house['webchat_key']}/config.json")[0] == 404
    with chat_socket(stack, house) as visitor:
        assert closing_code(visitor) == 4404
    with team_socket(stack, house, token) as team:
        assert closing_code(team) == 1008
    assert call(stack, "GET", named, token=superadmin)[0] == 404
    assert call(stack, "GET", "/auth/me", token=log_in(stack, houses.a["users"]["admin"]["email"]))[0] == 200

    _restore(stack, house)

    token = log_in(stack, email)
    assert call(stack, "GET", "/auth/me", token=token)[0] == 200
    assert call(stack, "GET", f"/chat/{house['webchat_key']}/config.json")[0] == 200
    with team_socket(stack, house, token) as team:
        hear(team, "hello")
        until(lambda: write(stack, graph, house, "56944440001", "Después") == 200, seconds=3, what="the open webhook")
        assert hear(team, "new_message")["data"]["message"]["message_text"] == "Después"
    texts = stack.rows(f"SELECT text FROM broker_{house['id']}.conversations_message WHERE direction = 'in'")
    assert {"Antes", "Después"} <= {row["text"] for row in texts}
    assert "Durante" not in {row["text"] for row in texts}


def test_a_broker_s_administrator_finds_nothing_of_another(stack: Stack, graph: FakeGraph, houses: Houses) -> None:
    mine = log_in(stack, houses.a["users"]["admin"]["email"])
    theirs = houses.b["users"]["agent"]["id"]
    assert write(stack, graph, houses.b, "56944440002", "Soy de B") == 200
    found = f"SELECT id FROM broker_{houses.b['id']}.leads_lead WHERE phone = '+56944440002'"
    lead = until(lambda: stack.rows(found), what="the lead")[0]["id"]

    assert call(stack, "PUT", f"/api/broker/users/{theirs}", {"name": "Otra"}, token=mine)[0] == 404
    assert call(stack, "DELETE", f"/api/broker/users/{theirs}", token=mine)[0] == 404
    assert call(stack, "GET", f"/api/v1/chat/{lead}/messages", token=mine)[0] == 404
    assert call(stack, "GET", f"/api/v1/chat/verify/{lead}?broker_id={houses.b['id']}", token=mine)[0] == 404
    question = {"message": "Hola", "lead_id": lead}
    assert call(stack, "POST", "/api/v1/chat/test", question, token=mine)[0] == 404
    assert call(stack, "GET", f"/api/brokers/{houses.b['id']}", token=mine)[0] in {403, 404}
    with team_socket(stack, houses.b, mine) as socket:
        assert closing_code(socket) == 1008
    own = {**houses.a, "users": {"admin": {"id": houses.b["users"]["admin"]["id"]}}}
    with team_socket(stack, own, mine) as socket:
        assert closing_code(socket) == 1008
    status, answer = call(stack, "GET", "/api/broker/users", token=mine)
    assert status == 200
    assert str(theirs) not in {str(user["id"]) for user in _users_in(answer)}


def test_a_token_of_a_on_the_host_of_b_is_refused(stack: Stack, houses: Houses) -> None:
    a, b = (log_in(stack, house["users"]["admin"]["email"]) for house in (houses.a, houses.b))

    def on_their_host(token: str) -> tuple[int, Any]:
        return call(stack, "GET", "/api/broker/users", token=token, headers={"Host": DOMAIN})

    status, answer = on_their_host(a)
    assert status == 403
    assert isinstance(answer["detail"], str)
    assert on_their_host(b)[0] == 200


def _restore(stack: Stack, house: dict[str, Any]) -> None:
    stack.python(
        f"""
from apps.accounts.models import User
from apps.brokers.actions import restore_broker
superadmin = User.objects.get(email={SUPERADMIN!r})
restore_broker(actor=superadmin.actor(), broker_id={house["id"]})
result = True
"""
    )


def _users_in(answer: Any) -> list[dict[str, Any]]:
    users: list[dict[str, Any]] = answer["data"] if isinstance(answer, dict) else answer
    return users
