"""Changing a password, and getting back in without one."""

from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.utils import timezone
from django.utils.encoding import force_str
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from apps.accounts.actions.home import at_home_of
from apps.accounts.actions.sessions import revoke_sessions
from apps.accounts.backends import can_sign_in
from apps.accounts.errors import InvalidToken, WrongPassword
from apps.accounts.events import PasswordChanged, PasswordResetRequested
from apps.accounts.models import LoginSession, User
from apps.accounts.passwords import PasswordRule, check_password_rule
from apps.core import limits
from apps.core.context import request_context
from apps.core.events import publish
from apps.core.work import schedule

SEND_RESET = "accounts.send_password_reset"


@transaction.atomic
def change_password(
    user: User, *, current: str, new: str, rule: PasswordRule, keep: LoginSession | None = None
) -> User:
    """Set a new password and end the user's other sessions; browser sessions end by themselves with the hash.

    Raises WrongPassword, WeakPassword, RateLimited per account.
    """
    limits.spend("login.account", user.email)
    if not user.check_password(current):
        raise WrongPassword(field="current_password")
    check_password_rule(new, rule, field="new_password")

    _set_password(user, new, keep=keep)
    limits.forget("login.account", user.email)
    return user


def request_password_reset(*, email: str) -> None:
    """Send a link by mail if the account exists; the caller learns nothing either way.

    Raises RateLimited per address and per account.
    """
    limits.spend("password_reset.address", request_context().address)
    limits.spend("password_reset.account", email.strip())
    user = User.objects.select_related("broker").filter(email__iexact=email.strip()).first()
    if user is None or not can_sign_in(user):
        return
    with transaction.atomic():
        schedule(SEND_RESET, {"user_id": user.pk}, broker_id=None)
        with at_home_of(user):
            publish(PasswordResetRequested(broker_id=user.broker_id, actor=user.actor(), user_id=user.pk))


def reset_link_parts(user: User) -> tuple[str, str]:
    """The user part and the token of a reset link; the token dies with a login or a password change."""
    return urlsafe_base64_encode(str(user.pk).encode()), default_token_generator.make_token(user)


def user_of_reset_link(uid: str, token: str) -> User:
    """The user whom a reset link names.

    Raises InvalidToken for a link that is old, used or made up.
    """
    try:
        user_id = int(force_str(urlsafe_base64_decode(uid)))
    except ValueError as error:
        raise InvalidToken() from error
    user = User.objects.select_related("broker").filter(pk=user_id).first()
    if user is None or not can_sign_in(user) or not default_token_generator.check_token(user, token):
        raise InvalidToken()
    return user


@transaction.atomic
def reset_password(*, uid: str, token: str, new: str, rule: PasswordRule = PasswordRule.STRONG) -> User:
    """Set the password of whoever opened the link, and end all their sessions.

    Raises InvalidToken, WeakPassword.
    """
    user = user_of_reset_link(uid, token)
    check_password_rule(new, rule)

    _set_password(user, new, keep=None)
    return user


def _set_password(user: User, new: str, *, keep: LoginSession | None) -> None:
    user.set_password(new)
    user.password_changed_at = timezone.now()
    user.save(update_fields=["password", "password_changed_at"])
    revoke_sessions(user, reason="password_changed", keep=keep)
    with at_home_of(user):
        publish(PasswordChanged(broker_id=user.broker_id, actor=user.actor(), user_id=user.pk))
