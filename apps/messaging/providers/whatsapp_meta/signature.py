"""Proof that a webhook is Meta's: HMAC-SHA256 of the raw bytes with the app secret, and the verify token of the set-up
call. https://developers.facebook.com/docs/graph-api/webhooks/getting-started
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from apps.messaging.errors import InvalidSignature, VerificationRefused
from apps.messaging.providers.wire import as_text
from apps.messaging.types import AccountRef

SIGNATURE_HEADER = "x-hub-signature-256"
_PREFIX = "sha256="


def check_signature(secret: str, header: str, body: bytes) -> None:
    """Raises InvalidSignature unless `header` is `sha256=` and the HMAC of exactly these bytes."""
    if not secret or not header.startswith(_PREFIX):
        raise InvalidSignature
    expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    given = header.removeprefix(_PREFIX).strip().lower()
    if not hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode()):
        raise InvalidSignature


def verify_subscription(account: AccountRef, query: Mapping[str, str]) -> str:
    """The challenge to answer Meta's GET with. Raises VerificationRefused unless the verify token is the account's."""
    expected = as_text(account.credentials.get("verify_token"))
    given = query.get("hub.verify_token", "")
    is_ours = bool(expected) and hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())
    if query.get("hub.mode") != "subscribe" or not is_ours:
        raise VerificationRefused
    return query.get("hub.challenge", "")


def header_value(headers: Mapping[str, str], name: str) -> str:
    """A header whatever the case of its name, from Django's headers or any dict; empty if there is none."""
    value = headers.get(name)
    if value is not None:
        return value
    return next((value for key, value in headers.items() if key.lower() == name), "")
