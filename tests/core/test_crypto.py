import pytest
from cryptography.fernet import Fernet

from apps.core.crypto import decrypt, encrypt


def test_a_secret_is_unreadable_and_comes_back():
    token = encrypt("EAAG-token")

    assert "EAAG" not in token
    assert decrypt(token) == "EAAG-token"


def test_an_older_key_still_decrypts_after_rotation(settings):
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.FIELD_ENCRYPTION_KEYS = [old]
    token = encrypt("secret")

    settings.FIELD_ENCRYPTION_KEYS = [new, old]

    assert decrypt(token) == "secret"


def test_a_token_of_an_unknown_key_says_so(settings):
    token = encrypt("secret")

    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]

    with pytest.raises(ValueError, match="FIELD_ENCRYPTION_KEYS"):
        decrypt(token)
