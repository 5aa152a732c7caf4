"""The providers' documented payloads, as files; see each folder's names."""

import json
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent


def read_payload(provider: str, name: str) -> bytes:
    """The bytes exactly as they lie in the file."""
    return (_HERE / provider / f"{name}.json").read_bytes()


def load_payload(provider: str, name: str, *, account: Any) -> bytes:
    """A webhook body, addressed to the test's own account: WhatsApp's `metadata.phone_number_id` is replaced."""
    body = json.loads(read_payload(provider, name))
    for entry in body.get("entry", []):
        for change in entry.get("changes", []):
            if "metadata" in change["value"]:
                change["value"]["metadata"]["phone_number_id"] = account.external_id
    return json.dumps(body).encode()
