"""Hiding secrets in JSON that a person will read."""

import re
from typing import Any

_SECRET = re.compile(r"password|secret|token|credential|api_?key|private|totp|backup_code|authorization", re.IGNORECASE)
HIDDEN = "***"


def hide_secrets(value: Any) -> Any:
    """The same JSON value with what is called a secret replaced, at any depth; flags and numbers stay."""
    if isinstance(value, dict):
        return {
            key: HIDDEN if _SECRET.search(key) and inner and not isinstance(inner, (bool, int)) else hide_secrets(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [hide_secrets(inner) for inner in value]
    return value
