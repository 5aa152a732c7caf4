"""The sockets of the running product, with clients that are not ours: socket.io-client from npm and websockets."""

import hashlib
import hmac
import json
import queue
import shutil
import subprocess
import threading
import time
import uuid
from pathlib import Path
from typing import Any, Self

import httpx
import pytest
from websockets.sync.client import connect

from tests.fakes.graph_api import FakeGraph
from tests.stack import PASSWORD, Stack

SCRIPTS = Path(__file__).resolve().parents[1] / "js"
PATIENCE = 20.0
CUSTOMER = "56987650001"
needs_npm = pytest.mark.skipif(
    shutil.which("node") is None or not (SCRIPTS / "node_modules" / "socket.io-client").exists(),
    reason="the npm packages of tests/js are not installed",
)


class Customer:
    """Writes on WhatsApp, through Meta."""

    def __init__(self, stack: Stack, brokerage: dict[str, Any], graph: FakeGraph) -> None:
        self._stack, self._brokerage, self._secret = stack, brokerage, graph.app_secret

    def write(self, text: str) -> None:
        message = {
            "from": CUSTOMER,
            "id": f"wamid.{uuid.uuid4().hex}",
            "timestamp": str(int(time.time())),
            "type": "text",
            "text": {"body": text},
        }
        value = {
            "messaging_product": "whatsapp",
            "metadata": {"phone_number_id": self._brokerage["phone_number_id"]},
            "contacts": [{"profile": {"name": "Carla Soto"}, "wa_id": CUSTOMER}],
            "messages": [message],
        }
        body = json.dumps({"object": "x", "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}]})
        signature = hmac.new(self._secret.encode(), body.encode(), hashlib.sha256).hexdigest()
        headers = {"X-Hub-Signature-256": f"sha256={signature}"}
        answer = httpx.post(f"{self._stack.url}/webhooks/whatsapp", content=body, headers=headers)
        assert answer.status_code == 200, answer.text


@pytest.fixture
def customer(stack: Stack, brokerage: dict[str, Any], graph: FakeGraph) -> Customer:
    return Customer(stack, brokerage, graph)


class NodeClient:
    """socket.io-client in a process of its own."""

    def __init__(self, url: str, token: str, transport: str = "websocket") -> None:
        self._process = subprocess.Popen(
            ["node", "socketio_client.mjs", url, token, transport],
            cwd=SCRIPTS,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._lines: queue.Queue[dict[str, Any]] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=10)

    def hear(self, key: str, name: str | None = None) -> Any:
        """The value of the next line with that key (for events, of that name)."""
        deadline = time.monotonic() + PATIENCE
        while True:
            line = self._lines.get(timeout=max(0.01, deadline - time.monotonic()))
            if key == "event" and line.get("event") == name:
                return line["payload"]
            if key != "event" and key in line:
                return line[key]

    def emit(self, name: str, payload: object) -> Any:
        """Emit, and wait for the acknowledgement."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"emit": name, "payload": payload}) + "\n")
        self._process.stdin.flush()
        return self.hear("ack")

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(json.loads(line))


def log_in(stack: Stack, brokerage: dict[str, Any], role: str) -> str:
    email = brokerage["users"][role]["email"]
    answer = httpx.post(f"{stack.url}/auth/login", json={"email": email, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["access_token"])


def test_a_websocket_client_hears_a_customer_and_resumes(
    stack: Stack, brokerage: dict[str, Any], customer: Customer
) -> None:
    token, user_id = log_in(stack, brokerage, "admin"), brokerage["users"]["admin"]["id"]
    address = f"ws://127.0.0.1:{stack.port}/ws/{brokerage['id']}/{user_id}?token={token}"

    with connect(address, proxy=None) as socket:
        start = json.loads(socket.recv(timeout=PATIENCE))["seq"]
        customer.write("Hola por el socket")
        while (frame := json.loads(socket.recv(timeout=PATIENCE)))["type"] != "new_message":
            pass
    with connect(address, proxy=None) as again:
        again.send(json.dumps({"type": "resume", "since": start}))
        while (replayed := json.loads(again.recv(timeout=PATIENCE)))["type"] != "new_message":
            pass

    assert frame["data"]["message"]["message_text"] == "Hola por el socket"
    assert replayed["seq"] == frame["seq"]


@needs_npm
@pytest.mark.parametrize("transport", ["websocket", "polling"])
@pytest.mark.parametrize("scheme", ["Bearer ", ""])
def test_both_documents_events_reach_the_npm_client(
    stack: Stack, brokerage: dict[str, Any], customer: Customer, transport: str, scheme: str
) -> None:
    token = log_in(stack, brokerage, "supervisor")

    with NodeClient(stack.url, scheme + token, transport) as client:
        assert client.hear("connected") is True
        customer.write(f"Hola {transport}")
        odoo = _hear_text(client, "new_message", f"Hola {transport}")
        crm = _hear_text(client, "chat.message", f"Hola {transport}")

    assert odoo["message"]["content"] == crm["message"]["content"] == f"Hola {transport}"
    assert odoo["message"]["direction"] == crm["message"]["direction"] == "inbound"
    assert uuid.UUID(odoo["conversation_id"])
    assert isinstance(crm["message"]["chat_id"], int)


def _hear_text(client: NodeClient, event: str, text: str) -> dict[str, Any]:
    """The event about that message: Sofía may still be answering the customer of the test before."""
    while True:
        payload: dict[str, Any] = client.hear("event", event)
        if payload["message"]["content"] == text:
            return payload


@needs_npm
def test_requests_of_both_documents_are_answered_by_right(
    stack: Stack, brokerage: dict[str, Any], customer: Customer
) -> None:
    supervisor, agent = log_in(stack, brokerage, "supervisor"), log_in(stack, brokerage, "agent")

    with NodeClient(stack.url, supervisor) as watching, NodeClient(stack.url, agent) as stranger:
        assert watching.hear("connected")
        assert stranger.hear("connected")
        customer.write("¿Me ven?")
        number = watching.hear("event", "chat.message")["message"]["chat_id"]
        uid = _uid_of(stack, brokerage, number)

        assert watching.emit("join_conversation", {"conversation_id": uid}) == {"ok": True}
        assert watching.emit("chat.join", {"chatId": number}) == {"ok": True}
        assert watching.emit("chat.read", {"chatId": number, "messageIds": [1]}) == {"ok": True}
        assert watching.hear("event", "chat.updated")["chat"]["unread_count"] == 0
        assert watching.emit("typing", {"conversation_id": uid}) == {"ok": True}
        assert watching.emit("chat.join", {"chatId": "x"}) == {"ok": False, "code": "NOT_FOUND"}
        assert watching.emit("chat.join", [1, 2]) == {"ok": False, "code": "NOT_FOUND"}
        _assign_to_nobody_but(stack, brokerage, number, "supervisor")
        assert stranger.emit("chat.join", {"chatId": number}) == {"ok": False, "code": "NOT_FOUND"}


@needs_npm
def test_a_transfer_is_told_in_both_documents_words(
    stack: Stack, brokerage: dict[str, Any], customer: Customer
) -> None:
    supervisor, agent = log_in(stack, brokerage, "supervisor"), log_in(stack, brokerage, "agent")
    agent_id = brokerage["users"]["agent"]["id"]

    with NodeClient(stack.url, supervisor) as watching, NodeClient(stack.url, agent) as receiving:
        assert watching.hear("connected")
        assert receiving.hear("connected")
        customer.write("Para otra persona")
        number = watching.hear("event", "chat.message")["message"]["chat_id"]
        _assign_to_nobody_but(stack, brokerage, number, "supervisor")
        _assign_to_nobody_but(stack, brokerage, number, "agent")

        assert receiving.hear("event", "conversation_assigned")["assigned_to"]["name"]
        assert receiving.hear("event", "chat.new")["chat"]["id"] == number
        moved = watching.hear("event", "chat.transferred")
        assert (moved["chat_id"], moved["to"]) == (number, {"type": "agent", "id": agent_id})


@needs_npm
@pytest.mark.parametrize("token", ["", "Bearer", "Bearer x.y.z", "{}"])
def test_a_bad_token_is_refused(stack: Stack, token: str) -> None:
    with NodeClient(stack.url, token) as client:
        assert client.hear("refused") == "unauthorized"


def _uid_of(stack: Stack, brokerage: dict[str, Any], number: int) -> str:
    rows = stack.rows(f"SELECT uid FROM broker_{brokerage['id']}.conversations_conversation WHERE id = %s", number)
    return str(rows[0]["uid"])


def _assign_to_nobody_but(stack: Stack, brokerage: dict[str, Any], number: int, role: str) -> None:
    stack.python(
        f"""
from apps.accounts.models import User
from apps.conversations.actions import assign_conversation
from apps.core.tenancy import in_broker
admin = User.objects.get(pk={brokerage["users"]["admin"]["id"]})
with in_broker({brokerage["id"]}):
    assign_conversation(actor=admin.actor(), conversation_id={number}, agent_id={brokerage["users"][role]["id"]})
result = True
"""
    )
