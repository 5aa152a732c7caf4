"""Telegram's Bot API on a local port: the methods we call, the secret header that telegram-test-api leaves out,
files, and updates posted to the webhook that was set.

    with FakeBotApi() as api:
        account.settings["base_url"] = api.base_url      # TELEGRAM_API_BASE_URL
        adapter.set_webhook(ref, "http://127.0.0.1:8000/webhooks/telegram", "secret")
        api.user_writes(900000001, "Hola")
        api.wait_for_calls("sendMessage", 1)
"""

from __future__ import annotations

import http.client
import itertools
import json
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.fakes.local_server import Fault, Faults, LocalServer, Reply, Request, UploadedPart, json_reply

DEFAULT_TOKEN = "700000001:FAKE-token_for-tests"
_SENDING = frozenset(
    {
        "sendMessage",
        "sendPhoto",
        "sendVideo",
        "sendAudio",
        "sendVoice",
        "sendDocument",
        "sendSticker",
        "sendLocation",
        "sendVenue",
        "sendContact",
    }
)
_ACKNOWLEDGED = frozenset({"answerCallbackQuery", "sendChatAction", "setMessageReaction", "deleteMessage"})


@dataclass(frozen=True, slots=True)
class Call:
    at: float
    method: str
    params: dict[str, Any]
    files: dict[str, UploadedPart]
    message_id: int


class FakeBotApi(LocalServer):
    def __init__(self, *, port: int = 0, token: str = DEFAULT_TOKEN) -> None:
        super().__init__(port)
        self.token = token
        self.calls: list[Call] = []
        self.faults = Faults()
        self.files: dict[str, tuple[str, bytes]] = {}
        self.webhook: dict[str, Any] = {}
        self.blocked: set[int] = set()
        self.webhook_answers: Counter[int] = Counter()
        self._message_ids = itertools.count(1001)
        self._update_ids = itertools.count(500_000_001)

    @property
    def base_url(self) -> str:
        return self.root_url

    # --- what a test asks ---

    def calls_of(self, method: str) -> list[Call]:
        with self.lock:
            return [call for call in self.calls if call.method == method]

    def texts_to(self, chat_id: int) -> list[str]:
        return [
            str(call.params.get("text", ""))
            for call in self.calls_of("sendMessage")
            if call.params["chat_id"] == chat_id and call.message_id
        ]

    def wait_for_calls(self, method: str, count: int, timeout: float = 10.0) -> list[Call]:
        """The calls once there are `count`. Raises TimeoutError."""
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            if len(found := self.calls_of(method)) >= count:
                return found
            time.sleep(0.01)
        raise TimeoutError(f"{len(self.calls_of(method))} of {count} {method} calls after {timeout} s")

    def add_file(self, content: bytes, path: str) -> str:
        """The file_id of a file that can be fetched."""
        file_id = f"FILE{len(self.files) + 1:06d}"
        self.files[file_id] = (path, content)
        return file_id

    # --- what the user does ---

    def user_writes(self, chat_id: int, text: str, *, first_name: str = "Ana") -> int:
        """Posts a text of the user's to the webhook; the HTTP status it was answered with."""
        person = {"id": chat_id, "is_bot": False, "first_name": first_name, "language_code": "es"}
        message = {
            "message_id": next(self._message_ids),
            "from": person,
            "chat": {"id": chat_id, "first_name": first_name, "type": "private"},
            "date": int(time.time()),
            "text": text,
        }
        return self.deliver({"update_id": next(self._update_ids), "message": message})

    def user_taps(self, chat_id: int, data: str, message_id: int, *, first_name: str = "Ana") -> int:
        """Posts a tap on a button under one of the bot's messages."""
        person = {"id": chat_id, "is_bot": False, "first_name": first_name}
        update_id = next(self._update_ids)
        shown = {"message_id": message_id, "chat": {"id": chat_id, "type": "private"}, "date": int(time.time())}
        query = {"id": f"q{update_id}", "from": person, "message": shown, "chat_instance": "1", "data": data}
        return self.deliver({"update_id": update_id, "callback_query": query})

    def deliver(self, update: dict[str, Any]) -> int:
        """Posts any update with the secret of setWebhook; the HTTP status it was answered with."""
        target = urlsplit(str(self.webhook["url"]))
        connection = http.client.HTTPConnection(target.hostname or "127.0.0.1", target.port or 80, timeout=10)
        headers = {"Content-Type": "application/json"}
        if secret := self.webhook.get("secret_token"):
            headers["X-Telegram-Bot-Api-Secret-Token"] = str(secret)
        try:
            connection.request("POST", target.path or "/", body=json.dumps(update).encode(), headers=headers)
            status = connection.getresponse().status
        finally:
            connection.close()
        self.webhook_answers[status] += 1
        return status

    # --- the server ---

    def respond(self, request: Request) -> Reply:
        prefix, _slash, rest = request.path.strip("/").partition("/")
        if prefix == "file":
            owner, _slash, path = rest.partition("/")
            return self._download(path) if owner == f"bot{self.token}" else _error(404, "Not Found")
        if prefix != f"bot{self.token}":
            return _error(401, "Unauthorized") if ":" in prefix else _error(404, "Not Found")
        params, files = _params(request)
        fault = self.faults.take(params)
        refusal = self._refusal(rest, params)
        is_taken = refusal is None and (fault is None or fault.is_accepted)
        message_id = next(self._message_ids) if is_taken and rest in _SENDING else 0
        with self.lock:
            self.calls.append(Call(time.time(), rest, params, files, message_id))
        if fault is not None:
            return fault.reply
        return refusal or self._result(rest, params, message_id)

    def _refusal(self, method: str, params: dict[str, Any]) -> Reply | None:
        if method in _SENDING and params.get("chat_id") in self.blocked:
            return _error(403, "Forbidden: bot was blocked by the user")
        if method == "sendMessage" and not 1 <= len(str(params.get("text", "")).encode("utf-16-le")) // 2 <= 4096:
            return _error(400, "Bad Request: message text is empty or too long")
        if (
            method == "sendMessage"
            and params.get("parse_mode") == "HTML"
            and str(params["text"]).count("<") != str(params["text"]).count(">")
        ):
            return _error(400, "Bad Request: can't parse entities: Unclosed start tag at byte offset 0")
        return None

    def _result(self, method: str, params: dict[str, Any], message_id: int) -> Reply:
        if method in _SENDING:
            return _ok(
                {
                    "message_id": message_id,
                    "from": self._me(),
                    "chat": {"id": params["chat_id"], "type": "private"},
                    "date": int(time.time()),
                    "text": params.get("text", params.get("caption", "")),
                }
            )
        if method in _ACKNOWLEDGED:
            return _ok(True)
        answers = {"getMe": self._me_reply, "getFile": self._get_file, "getWebhookInfo": self._webhook_info}
        if method in answers:
            return answers[method](params)
        if method == "setWebhook":
            self.webhook = params
            return _ok(True)
        if method == "deleteWebhook":
            self.webhook = {}
            return _ok(True)
        return _error(404, "Not Found: method not found")

    def _me(self) -> dict[str, Any]:
        return {"id": 700000001, "is_bot": True, "first_name": "ACME", "username": "acme_ejemplo_bot"}

    def _me_reply(self, _params: dict[str, Any]) -> Reply:
        return _ok(self._me())

    def _webhook_info(self, _params: dict[str, Any]) -> Reply:
        return _ok(
            {
                "url": self.webhook.get("url", ""),
                "has_custom_certificate": False,
                "pending_update_count": 0,
                "max_connections": self.webhook.get("max_connections", 40),
                "allowed_updates": self.webhook.get("allowed_updates", []),
            }
        )

    def _get_file(self, params: dict[str, Any]) -> Reply:
        found = self.files.get(str(params.get("file_id")))
        if found is None:
            return _error(400, "Bad Request: wrong file_id or the file is temporarily unavailable")
        path, content = found
        return _ok(
            {"file_id": params["file_id"], "file_unique_id": "AQAD", "file_size": len(content), "file_path": path}
        )

    def _download(self, path: str) -> Reply:
        content = next((content for known, content in self.files.values() if known == path), None)
        return Reply(404) if content is None else Reply(200, content, {"Content-Type": "application/octet-stream"})


def telegram_error(status: int, description: str, **parameters: Any) -> Fault:
    """A fault in the Bot API's error shape, for `api.faults.next(...)`."""
    return Fault(_error(status, description, **parameters))


def _params(request: Request) -> tuple[dict[str, Any], dict[str, UploadedPart]]:
    if "multipart/form-data" in request.headers.get("content-type", ""):
        fields, files = request.form()
        return {name: _unquoted(value) for name, value in fields.items()}, files
    sent = request.json() if request.body else {}
    return {**request.query, **(sent if isinstance(sent, dict) else {})}, {}


def _unquoted(value: str) -> Any:
    """In a form, numbers and objects come as JSON text."""
    try:
        return json.loads(value)
    except ValueError:
        return value


def _ok(result: Any) -> Reply:
    return json_reply({"ok": True, "result": result})


def _error(status: int, description: str, **parameters: Any) -> Reply:
    body: dict[str, Any] = {"ok": False, "error_code": status, "description": description}
    if parameters:
        body["parameters"] = parameters
    return json_reply(body, status)
