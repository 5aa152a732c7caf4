"""Meta's Graph API as far as a WhatsApp number needs it, on a local port, for tests and benches.

    with FakeGraph(app_secret="s", webhook_url="http://127.0.0.1:8000/webhooks/whatsapp") as graph:
        account.settings["base_url"] = graph.base_url
        ...
        assert graph.accepted_by_tracker("uid") == 1

Answers and errors have the shapes of tests/payloads/whatsapp_cloud. Alone: `python -m tests.fakes.graph_api`;
then GET /_fake/sends shows what was sent.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import heapq
import hmac
import http.client
import itertools
import json
import secrets
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from tests.fakes.local_server import Fault, Faults, LocalServer, Reply, Request, json_reply

VERSION = "v26.0"
DEFAULT_TOKEN = "fake-access-token"
DEFAULT_SECRET = "fake-app-secret"
DEFAULT_PHONE_NUMBER_ID = "200000000000002"
DEFAULT_WABA_ID = "100000000000001"
_TYPES = frozenset(
    "text image video audio document sticker interactive template reaction location contacts".split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class Sent:
    """One call to /messages. `wamid` is empty where it was not accepted; `fault`: the caller saw no good answer."""

    at: float
    phone_number_id: str
    body: dict[str, Any]
    wamid: str
    fault: bool

    @property
    def tracker(self) -> str:
        return str(self.body.get("biz_opaque_callback_data", ""))

    @property
    def to(self) -> str:
        return str(self.body.get("to") or self.body.get("recipient") or "")

    @property
    def text(self) -> str:
        kind = self.body.get("type", "")
        content = self.body.get(kind, {})
        if kind == "interactive":
            return str(content.get("body", {}).get("text", ""))
        return str(content.get("body") or content.get("caption") or "")


@dataclass(slots=True)
class _File:
    content: bytes
    mime_type: str
    sha256: str = ""
    expired_downloads: int = 0


@dataclass(order=True, slots=True)
class _Due:
    at: float
    number: int
    body: bytes = field(compare=False)


class FakeGraph(LocalServer):
    def __init__(
        self,
        *,
        port: int = 0,
        token: str = DEFAULT_TOKEN,
        app_secret: str = DEFAULT_SECRET,
        webhook_url: str = "",
        statuses: Sequence[str] = ("sent", "delivered", "read"),
        status_delay: float = 0.02,
    ) -> None:
        super().__init__(port)
        self.token = token
        self.app_secret = app_secret
        self.webhook_url = webhook_url
        self.statuses = tuple(statuses)
        self.status_delay = status_delay
        self.sends: list[Sent] = []
        self.reads: list[dict[str, Any]] = []
        self.requests: list[Request] = []
        self.faults = Faults()
        self.closed_windows: set[str] = set()
        self.files: dict[str, _File] = {}
        self.templates: list[dict[str, Any]] = []
        self.webhook_answers: Counter[int] = Counter()
        self._ids = itertools.count(1)
        self._due: list[_Due] = []
        self._wake = threading.Condition()
        self._poster: threading.Thread | None = None

    # --- what a test asks ---

    @property
    def base_url(self) -> str:
        return f"{self.root_url}/{VERSION}"

    @property
    def accepted(self) -> list[Sent]:
        with self.lock:
            return [sent for sent in self.sends if sent.wamid]

    def accepted_by_tracker(self, tracker: str) -> int:
        return sum(1 for sent in self.accepted if sent.tracker == tracker)

    def duplicates(self) -> dict[str, int]:
        """Trackers accepted more than once: messages that the customer would read twice."""
        counted = Counter(sent.tracker for sent in self.accepted if sent.tracker)
        return {tracker: count for tracker, count in counted.items() if count > 1}

    def texts_to(self, address: str) -> list[str]:
        return [sent.text for sent in self.accepted if sent.to == address]

    def wait_for_sends(self, count: int, timeout: float = 10.0) -> list[Sent]:
        """The accepted sends once there are `count`. Raises TimeoutError."""
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            if len(found := self.accepted) >= count:
                return found
            time.sleep(0.01)
        raise TimeoutError(f"{len(self.accepted)} of {count} sends after {timeout} s")

    def add_media(self, content: bytes, mime_type: str, *, expired_downloads: int = 0, sha256: str = "") -> str:
        """The id of a file that can be fetched; its first `expired_downloads` addresses are dead when called."""
        media_id = str(400_000_000_000_000 + next(self._ids))
        self.files[media_id] = _File(content, mime_type, sha256, expired_downloads)
        return media_id

    # --- the server ---

    def stop(self) -> None:
        super().stop()
        with self._wake:
            self._wake.notify_all()
        if self._poster is not None:
            self._poster.join(timeout=2)

    def respond(self, request: Request) -> Reply:
        if request.path == "/_fake/sends":
            return json_reply(
                [{"at": s.at, "to": s.to, "tracker": s.tracker, "wamid": s.wamid, "body": s.body} for s in self.sends]
            )
        with self.lock:
            self.requests.append(request)
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return error_reply(190, 401, "Error validating access token: Session has expired", error_subcode=463)
        parts = request.path.strip("/").split("/")
        if parts[0] == "media-files" and len(parts) == 2:
            return self._download(parts[1])
        if parts[0] != VERSION:
            return error_reply(2500, 400, f"Unknown path components: /{request.path}")
        return self._respond_graph(request, parts[1:])

    def _respond_graph(self, request: Request, parts: list[str]) -> Reply:
        match (request.method, parts):
            case ("POST", [phone_number_id, "messages"]):
                return self._messages(phone_number_id, request.json())
            case ("POST", [_phone_number_id, "media"]):
                return self._upload(request)
            case ("POST", [_waba_id, "subscribed_apps"]):
                return json_reply({"success": True})
            case ("GET", [_waba_id, "message_templates"]):
                return self._template_page(request)
            case ("GET", [media_id]) if media_id in self.files:
                return self._media_record(media_id)
            case ("DELETE", [media_id]) if media_id in self.files:
                del self.files[media_id]
                return json_reply({"success": True})
            case ("GET", [number]) if "fields" in request.query:
                return json_reply(
                    {
                        "id": number,
                        "display_phone_number": "+1 555-010-0099",
                        "verified_name": "ACME",
                        "quality_rating": "GREEN",
                    }
                )
        return error_reply(100, 400, "Unsupported request. Object does not exist or cannot be loaded", error_subcode=33)

    def _messages(self, phone_number_id: str, body: Any) -> Reply:
        if not isinstance(body, dict):
            return error_reply(100, 400, "(#100) Invalid parameter")
        if body.get("status") == "read":
            with self.lock:
                self.reads.append(body)
            return json_reply({"success": True})
        fault = self.faults.take(body)
        refusal = self._refusal(body)
        is_taken = refusal is None and (fault is None or fault.is_accepted)
        wamid = self._new_wamid() if is_taken else ""
        with self.lock:
            self.sends.append(Sent(time.time(), phone_number_id, body, wamid, fault is not None))
        if is_taken:
            self._schedule_statuses(phone_number_id, body, wamid)
        if fault is not None:
            return fault.reply
        return refusal or json_reply(success_body(body, wamid))

    def _refusal(self, body: dict[str, Any]) -> Reply | None:
        kind = body.get("type")
        if (
            body.get("messaging_product") != "whatsapp"
            or kind not in _TYPES
            or not isinstance(body.get(kind), dict | list)
        ):
            return error_reply(100, 400, "(#100) Invalid parameter", details='Parameter "type" is invalid')
        if not (body.get("to") or body.get("recipient")):
            return error_reply(131008, 400, "(#131008) Required parameter is missing", details="to or recipient")
        text = body["text"].get("body", "") if kind == "text" else "x"
        if not 1 <= len(text) <= 4096:
            return error_reply(
                100, 400, "(#100) Invalid parameter", details="Param text['body'] must be 1-4096 characters"
            )
        if kind != "template" and str(body.get("to", "")).lstrip("+") in self.closed_windows:
            return error_reply(131047, 400, "(#131047) Re-engagement message", details="more than 24 hours have passed")
        media = body[kind].get("id") if kind in {"image", "video", "audio", "document", "sticker"} else None
        if media and media not in self.files:
            return error_reply(100, 400, "(#100) Invalid parameter", error_subcode=33)
        return None

    def _new_wamid(self) -> str:
        return "wamid." + base64.b64encode(f"FAKE{next(self._ids):012d}".encode() + secrets.token_bytes(8)).decode()

    def _upload(self, request: Request) -> Reply:
        fields, files = request.form()
        file = files.get("file")
        if file is None or fields.get("messaging_product") != "whatsapp":
            return error_reply(100, 400, "(#100) Invalid parameter", details="file and messaging_product are required")
        return json_reply({"id": self.add_media(file.content, fields.get("type") or file.content_type)})

    def _media_record(self, media_id: str) -> Reply:
        file = self.files[media_id]
        return json_reply(
            {
                "messaging_product": "whatsapp",
                "url": f"{self.root_url}/media-files/{media_id}",
                "mime_type": file.mime_type,
                "sha256": file.sha256 or hashlib.sha256(file.content).hexdigest(),
                "file_size": str(len(file.content)),
                "id": media_id,
            }
        )

    def _download(self, media_id: str) -> Reply:
        file = self.files.get(media_id)
        if file is None:
            return Reply(404)
        if file.expired_downloads > 0:
            file.expired_downloads -= 1
            return Reply(404)
        return Reply(200, file.content, {"Content-Type": file.mime_type})

    def _template_page(self, request: Request) -> Reply:
        limit = int(request.query.get("limit", "25"))
        start = int(request.query.get("after", "0"))
        paging: dict[str, Any] = {"cursors": {"before": str(start), "after": str(start + limit)}}
        if start + limit < len(self.templates):
            paging["next"] = f"{self.root_url}{request.path}?after={start + limit}"
        return json_reply({"data": self.templates[start : start + limit], "paging": paging})

    # --- webhooks back ---

    def _schedule_statuses(self, phone_number_id: str, body: dict[str, Any], wamid: str) -> None:
        if not self.webhook_url or not self.statuses:
            return
        address = str(body.get("to") or body.get("recipient") or "").lstrip("+")
        tracker = str(body.get("biz_opaque_callback_data", ""))
        now = time.time()
        with self._wake:
            for step, status in enumerate(self.statuses, start=1):
                posted = meta_status(
                    wamid, status, int(now), recipient=address, phone_number_id=phone_number_id, tracker=tracker
                )
                heapq.heappush(self._due, _Due(now + step * self.status_delay, next(self._ids), posted))
            if self._poster is None:
                self._poster = threading.Thread(target=self._post_when_due, daemon=True)
                self._poster.start()
            self._wake.notify()

    def _post_when_due(self) -> None:
        while not self._stopping.is_set():
            with self._wake:
                wait = self._due[0].at - time.time() if self._due else 1.0
                if wait > 0:
                    self._wake.wait(min(wait, 1.0))
                    continue
                due = heapq.heappop(self._due)
            self._post(due)

    def _post(self, due: _Due) -> None:
        target = urlsplit(self.webhook_url)
        connection = http.client.HTTPConnection(target.hostname or "127.0.0.1", target.port or 80, timeout=5)
        try:
            headers = {"Content-Type": "application/json", "X-Hub-Signature-256": sign(due.body, self.app_secret)}
            connection.request("POST", target.path or "/", body=due.body, headers=headers)
            status = connection.getresponse().status
        except OSError:
            status = 0
        finally:
            connection.close()
        self.webhook_answers[status] += 1
        if status != 200 and not self._stopping.is_set():  # Meta repeats what is not answered with 200
            with self._wake:
                heapq.heappush(self._due, _Due(time.time() + 1.0, due.number, due.body))


# --- answers ----------------------------------------------------------------------------------------------------------


def success_body(body: dict[str, Any], wamid: str) -> dict[str, Any]:
    if body.get("to"):
        digits = str(body["to"]).lstrip("+")
        contact = {"input": str(body["to"]), "wa_id": digits}
    else:
        contact = {"input": str(body["recipient"]), "user_id": str(body["recipient"])}
    message = {"id": wamid}
    if body.get("type") == "template":
        message["message_status"] = "accepted"
    return {"messaging_product": "whatsapp", "contacts": [contact], "messages": [message]}


def error_reply(
    code: int, status: int, message: str, *, details: str = "", headers: dict[str, str] | None = None, **extra: Any
) -> Reply:
    error = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "AFakeTrace", **extra}
    if details:
        error["error_data"] = {"messaging_product": "whatsapp", "details": details}
    return json_reply({"error": error}, status, headers)


def graph_error(code: int, status: int = 400, *, headers: dict[str, str] | None = None, **extra: Any) -> Fault:
    """A fault in Meta's error shape, for `graph.faults.next(...)`."""
    return Fault(error_reply(code, status, f"(#{code}) Fake error", headers=headers, **extra))


# --- webhook bodies ---------------------------------------------------------------------------------------------------


def sign(body: bytes, app_secret: str = DEFAULT_SECRET) -> str:
    """The value of X-Hub-Signature-256."""
    return "sha256=" + hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()


def meta_text(
    from_: str,
    text: str,
    wamid: str,
    timestamp: int,
    phone_number_id: str = DEFAULT_PHONE_NUMBER_ID,
    *,
    name: str = "Ana Ejemplo",
    user_id: str = "",
) -> bytes:
    """The body of a webhook with one text message, escaped as Meta escapes it."""
    message = {"from": from_, "id": wamid, "timestamp": str(timestamp), "type": "text", "text": {"body": text}}
    return meta_message(message, phone_number_id, name=name, user_id=user_id)


def meta_image(
    from_: str,
    media_id: str,
    wamid: str,
    timestamp: int,
    phone_number_id: str = DEFAULT_PHONE_NUMBER_ID,
    *,
    caption: str = "",
) -> bytes:
    image = {"id": media_id, "mime_type": "image/jpeg", **({"caption": caption} if caption else {})}
    message = {"from": from_, "id": wamid, "timestamp": str(timestamp), "type": "image", "image": image}
    return meta_message(message, phone_number_id)


def meta_message(
    message: dict[str, Any],
    phone_number_id: str = DEFAULT_PHONE_NUMBER_ID,
    *,
    name: str = "Ana Ejemplo",
    user_id: str = "",
) -> bytes:
    contact: dict[str, Any] = {"profile": {"name": name}, "wa_id": message.get("from", "")}
    if user_id:
        message = {**message, "from_user_id": user_id}
        contact["user_id"] = user_id
    return meta_body({"contacts": [contact], "messages": [message]}, phone_number_id)


def meta_status(
    wamid: str,
    status: str,
    timestamp: int,
    *,
    recipient: str = "5215500000001",
    phone_number_id: str = DEFAULT_PHONE_NUMBER_ID,
    tracker: str = "",
    error_code: int | None = None,
) -> bytes:
    item: dict[str, Any] = {"id": wamid, "status": status, "timestamp": str(timestamp), "recipient_id": recipient}
    if tracker:
        item["biz_opaque_callback_data"] = tracker
    if error_code is not None:
        item["errors"] = [{"code": error_code, "title": "Fake error", "message": "Fake error"}]
    return meta_body({"statuses": [item]}, phone_number_id)


def meta_body(
    value: dict[str, Any], phone_number_id: str = DEFAULT_PHONE_NUMBER_ID, waba_id: str = DEFAULT_WABA_ID
) -> bytes:
    metadata = {"display_phone_number": "15550100099", "phone_number_id": phone_number_id}
    full = {"messaging_product": "whatsapp", "metadata": metadata, **value}
    envelope = {
        "object": "whatsapp_business_account",
        "entry": [{"id": waba_id, "changes": [{"value": full, "field": "messages"}]}],
    }
    return json.dumps(envelope, separators=(",", ":")).replace("/", "\\/").encode()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=9100)
    parser.add_argument("--webhook-url", default="")
    parser.add_argument("--app-secret", default=DEFAULT_SECRET)
    parser.add_argument("--token", default=DEFAULT_TOKEN)
    options = parser.parse_args()
    with FakeGraph(
        port=options.port, token=options.token, app_secret=options.app_secret, webhook_url=options.webhook_url
    ) as graph:
        print(f"Graph API on {graph.base_url}, token {graph.token}")
        threading.Event().wait()


if __name__ == "__main__":
    main()
