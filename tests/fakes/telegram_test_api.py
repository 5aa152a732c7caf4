"""telegram-test-api from npm, a Bot API server that is not ours, and the relay that adds what it leaves out.

It posts updates to the webhook that was set, but without the secret of setWebhook, which our side insists on. The relay
stands between the two: setWebhook passes through it with the relay's own address in the place of ours, and what is
posted there goes on to ours with the secret in Telegram's header.
"""

from __future__ import annotations

import http.client
import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from tests.fakes.local_server import LocalServer, Reply, Request, json_reply

FOLDER = Path(__file__).resolve().parents[1] / "js"
_DELIVER = "/deliver"


def is_installed() -> bool:
    """Whether node and the npm package are there."""
    return shutil.which("node") is not None and (FOLDER / "node_modules" / "telegram-test-api").exists()


class SecretRelay(LocalServer):
    """TELEGRAM_API_BASE_URL for our side; `server` is where the Bot API server listens."""

    def __init__(self) -> None:
        super().__init__()
        self.server = ""
        self.webhook = ""
        self.secret = ""
        self.answers: list[int] = []

    def respond(self, request: Request) -> Reply:
        if request.path == _DELIVER:
            return self._deliver(request.body)
        body = request.body
        if request.path.endswith("/setWebhook"):
            asked = request.json()
            self.webhook, self.secret = asked["url"], asked["secret_token"]
            body = json.dumps({**asked, "url": self.root_url + _DELIVER}).encode()
        status, answer = _post(self.server + request.path, body)
        return Reply(status, answer, {"Content-Type": "application/json"})

    def _deliver(self, body: bytes) -> Reply:
        status, _answer = _post(self.webhook, body, {"X-Telegram-Bot-Api-Secret-Token": self.secret})
        self.answers.append(status)
        return json_reply({}, status)


class TelegramTestApi:
    """The npm server, and a person who uses it. Use as a context manager."""

    def __init__(self, port: int, token: str, *, user_id: int, first_name: str) -> None:
        self.root_url = f"http://127.0.0.1:{port}"
        self._token = token
        self._user = {"id": user_id, "first_name": first_name, "username": "ejemplo", "is_bot": False}
        self._chat = {"id": user_id, "first_name": first_name, "type": "private"}
        self._process = subprocess.Popen(
            ["node", "telegram_server.mjs", str(port)],
            cwd=FOLDER,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "listening\n"
        return self

    def __exit__(self, *_error: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=10)

    def write(self, text: str) -> None:
        """The person writes to the bot."""
        self._ask("/sendMessage", {"from": self._user, "chat": self._chat, "date": int(time.time()), "text": text})

    def tap(self, data: str, *, message_id: int) -> None:
        """The person taps a button under that message of the bot's."""
        shown = {"from": self._user, "chat": self._chat, "message_id": message_id, "date": int(time.time())}
        self._ask("/sendCallback", {"from": self._user, "message": shown, "data": data})

    def answers(self) -> list[dict[str, Any]]:
        """What the bot wrote to the person, oldest first: its messages as the person's chat shows them."""
        history = self._ask("/getUpdatesHistory", {"token": self._token})["result"]
        own = [update for update in history if str(update["message"].get("chat_id")) == str(self._user["id"])]
        return [{**update["message"], "message_id": update["messageId"]} for update in own]

    def _ask(self, path: str, body: dict[str, Any]) -> Any:
        status, answer = _post(self.root_url + path, json.dumps({"botToken": self._token, **body}).encode())
        assert status == 200, answer
        return json.loads(answer)


def _post(url: str, body: bytes, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
    target = urlsplit(url)
    connection = http.client.HTTPConnection(target.hostname or "127.0.0.1", target.port or 80, timeout=15)
    try:
        connection.request(
            "POST", target.path, body=body, headers={"Content-Type": "application/json", **(headers or {})}
        )
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()
