"""Switching the second factor on and off, and checking it."""

from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone

from apps.accounts import two_factor
from apps.accounts.actions.home import at_home_of
from apps.accounts.errors import InvalidCode, TwoFactorActive, TwoFactorMissing, WrongPassword
from apps.accounts.events import BackupCodeUsed, TwoFactorDisabled, TwoFactorEnabled
from apps.accounts.models import BackupCode, User
from apps.core import limits
from apps.core.events import publish


@dataclass(frozen=True)
class TwoFactorSetup:
    """What the user must keep: shown once. `qr_code` is a PNG data URL."""

    secret: str = field(repr=False)
    qr_code: str
    backup_codes: list[str]


@dataclass(frozen=True)
class BackupCodes:
    """A fresh set; the former one no longer works."""

    codes: list[str]


@transaction.atomic
def enable_two_factor(user: User) -> TwoFactorSetup:
    """Prepare a second factor; it counts from the first verified code. Asking again starts over.

    Raises TwoFactorActive.
    """
    locked = _locked(user)
    if locked.has_two_factor:
        raise TwoFactorActive()

    locked.totp_secret = two_factor.new_secret()
    locked.totp_last_step = None
    locked.save(update_fields=["totp_secret", "totp_last_step"])
    codes = _replace_backup_codes(locked)
    return TwoFactorSetup(locked.totp_secret, two_factor.qr_picture(locked.totp_secret, locked.email), codes)


@transaction.atomic
def verify_two_factor(user: User, *, code: str) -> None:
    """Confirm a prepared second factor with a code, or check a code of an active one.

    Raises TwoFactorMissing where nothing was prepared, InvalidCode, RateLimited per account.
    """
    if not user.totp_secret:
        raise TwoFactorMissing()
    if user.has_two_factor:
        check_second_factor(user=user, code=code)
        return
    limits.spend("two_factor.account", str(user.pk))
    locked = _locked(user)
    step = two_factor.matching_step(locked.totp_secret, code, after=locked.totp_last_step)
    if step is None:
        raise InvalidCode(field="code")

    locked.totp_last_step = step
    locked.totp_confirmed_at = timezone.now()
    locked.save(update_fields=["totp_last_step", "totp_confirmed_at"])
    with at_home_of(locked):
        publish(TwoFactorEnabled(broker_id=locked.broker_id, actor=locked.actor(), user_id=locked.pk))


@transaction.atomic
def check_second_factor(*, user: User, code: str) -> None:
    """Accept a one-time code that was not seen before, or a backup code, which is thereby used up.

    Raises InvalidCode, RateLimited per account.
    """
    limits.spend("two_factor.account", str(user.pk))
    locked = _locked(user)
    step = two_factor.matching_step(locked.totp_secret, code, after=locked.totp_last_step)
    if step is not None:
        locked.totp_last_step = step
        locked.save(update_fields=["totp_last_step"])
    elif not _use_backup_code(locked, code):
        raise InvalidCode(field="code")
    limits.forget("two_factor.account", str(user.pk))


@transaction.atomic
def disable_two_factor(user: User, *, password: str, code: str) -> None:
    """Switch the second factor off; both factors are asked for once more.

    Raises TwoFactorMissing, WrongPassword, InvalidCode, RateLimited per account.
    """
    if not user.has_two_factor:
        raise TwoFactorMissing()
    if not user.check_password(password):
        raise WrongPassword(field="password")
    check_second_factor(user=user, code=code)

    User.objects.filter(pk=user.pk).update(totp_secret="", totp_confirmed_at=None, totp_last_step=None)
    BackupCode.objects.filter(user=user).delete()
    with at_home_of(user):
        publish(TwoFactorDisabled(broker_id=user.broker_id, actor=user.actor(), user_id=user.pk))


@transaction.atomic
def renew_backup_codes(user: User, *, code: str) -> BackupCodes:
    """A new set of backup codes for an active second factor.

    Raises TwoFactorMissing, InvalidCode, RateLimited per account.
    """
    if not user.has_two_factor:
        raise TwoFactorMissing()
    check_second_factor(user=user, code=code)

    return BackupCodes(_replace_backup_codes(user))


def _locked(user: User) -> User:
    return User.objects.select_for_update().get(pk=user.pk)


def _replace_backup_codes(user: User) -> list[str]:
    codes = two_factor.new_backup_codes()
    BackupCode.objects.filter(user=user).delete()
    BackupCode.objects.bulk_create(
        BackupCode(user=user, code_hash=two_factor.backup_code_hash(user.pk, code)) for code in codes
    )
    return codes


def _use_backup_code(user: User, code: str) -> bool:
    used = BackupCode.objects.filter(
        user=user, code_hash=two_factor.backup_code_hash(user.pk, code), used_at=None
    ).update(used_at=timezone.now())
    if not used:
        return False
    left = BackupCode.objects.filter(user=user, used_at=None).count()
    with at_home_of(user):
        publish(BackupCodeUsed(broker_id=user.broker_id, actor=user.actor(), user_id=user.pk, left=left))
    return True
