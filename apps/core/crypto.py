"""Secrets at rest: Fernet with rotating keys, a text and a JSON column that hide their values everywhere."""

import json
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models


@lru_cache(maxsize=4)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def encrypt(text: str) -> str:
    """The text under the newest key."""
    return _fernet(tuple(settings.FIELD_ENCRYPTION_KEYS)).encrypt(text.encode()).decode()


def decrypt(token: str) -> str:
    """The text again, under whichever key made it.

    Raises ValueError where no configured key fits.
    """
    try:
        return _fernet(tuple(settings.FIELD_ENCRYPTION_KEYS)).decrypt(token.encode()).decode()
    except InvalidToken as error:
        raise ValueError("a stored secret does not decrypt with any key of FIELD_ENCRYPTION_KEYS") from error


class EncryptedTextField(models.TextField):  # type: ignore[type-arg]  # not subscriptable at run time
    """Text that is encrypted in the database; it cannot be searched or ordered by."""

    def get_prep_value(self, value: Any) -> Any:
        return encrypt(value) if value else ""

    def from_db_value(self, value: Any, _expression: object, _connection: object) -> str:
        return decrypt(value) if value else ""


class EncryptedJSONField(models.TextField):  # type: ignore[type-arg]  # not subscriptable at run time
    """A JSON object that is encrypted in the database."""

    def get_prep_value(self, value: Any) -> Any:
        return encrypt(json.dumps(value)) if value else ""

    def from_db_value(self, value: Any, _expression: object, _connection: object) -> dict[str, Any]:
        return json.loads(decrypt(value)) if value else {}

    def to_python(self, value: Any) -> Any:
        return json.loads(value) if isinstance(value, str) and value else (value or {})

    def value_to_string(self, obj: models.Model) -> str:
        return json.dumps(self.value_from_object(obj))
