"""The few calls that journeys make as a provider or an integrator would."""

import json
import urllib.error
import urllib.request
from typing import Any

from tests.fakes.graph_api import sign
from tests.stack import PASSWORD, Stack


def call(
    stack: Stack, method: str, path: str, body: Any = None, *, token: str = "", headers: dict[str, str] | None = None
) -> tuple[int, Any]:
    """A request with a JSON body; returns the status and the answer (text where it is no JSON)."""
    content = body if isinstance(body, bytes) else (None if body is None else json.dumps(body).encode())
    request = urllib.request.Request(f"{stack.url}{path}", data=content, method=method)
    request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    for name, value in (headers or {}).items():
        request.add_header(name, value)
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, _read(response.read())
    except urllib.error.HTTPError as error:
        return error.code, _read(error.read())


def log_in(stack: Stack, email: str) -> str:
    """The access token of one of the stack's people."""
    status, answer = call(stack, "POST", "/auth/login", {"email": email, "password": PASSWORD})
    assert status == 200, answer
    token: str = answer["access_token"]
    return token


def post_whatsapp(stack: Stack, body: bytes, secret: str) -> int:
    """Post a webhook as Meta does, signed over the raw bytes; returns the status."""
    return call(stack, "POST", "/webhooks/whatsapp", body, headers={"X-Hub-Signature-256": sign(body, secret)})[0]


def _read(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return content.decode(errors="replace")
