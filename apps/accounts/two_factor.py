"""Time-based one-time passwords (RFC 6238), their QR picture and backup codes: pure functions, no rows."""

import hmac
import re
import secrets
import time

import pyotp
import segno
from django.utils.crypto import salted_hmac

ISSUER = "Sofía CRM"
BACKUP_CODE_COUNT = 10
_STEP_SECONDS = 30
_CODE = re.compile(r"[0-9]{6}")


def new_secret() -> str:
    """A base32 seed of 160 bits."""
    return pyotp.random_base32()


def provisioning_uri(secret: str, account: str) -> str:
    """The otpauth:// address that an authenticator application scans."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=ISSUER)


def qr_picture(secret: str, account: str) -> str:
    """The provisioning address as a PNG data URL."""
    return segno.make(provisioning_uri(secret, account), error="m").png_data_uri(scale=5)


def matching_step(secret: str, code: str, *, after: int | None) -> int | None:
    """The time step whose code this is, one step of clock drift allowed; None if it is wrong or not later than `after`.

    The caller stores the step and passes it as `after` next time: a code that was seen once is never taken again
    (RFC 6238, section 5.2).
    """
    cleaned = code.replace(" ", "")
    if not secret or not _CODE.fullmatch(cleaned):
        return None
    totp = pyotp.TOTP(secret)
    now = int(time.time()) // _STEP_SECONDS
    for step in (now, now - 1, now + 1):
        is_fresh = after is None or step > after
        if is_fresh and hmac.compare_digest(totp.generate_otp(step), cleaned):
            return step
    return None


def new_backup_codes() -> list[str]:
    """Ten different codes of six digits, as the document shows them."""
    codes: set[str] = set()
    while len(codes) < BACKUP_CODE_COUNT:
        codes.add(f"{secrets.randbelow(1_000_000):06d}")
    return sorted(codes, key=lambda _code: secrets.randbelow(1_000_000))


def backup_code_hash(user_id: int, code: str) -> str:
    """What is stored of a backup code; keyed with the server's secret, as six digits alone could be tried through."""
    return salted_hmac("accounts.backup_code", f"{user_id}:{code.replace(' ', '')}", algorithm="sha256").hexdigest()
