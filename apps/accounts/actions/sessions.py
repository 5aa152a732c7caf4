"""Signing in, staying signed in, signing out."""

import uuid
from dataclasses import dataclass, field

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from apps.accounts import tokens
from apps.accounts.actions.home import at_home_of, stranger
from apps.accounts.actions.two_factor import check_second_factor
from apps.accounts.backends import can_sign_in
from apps.accounts.errors import AccountInactive, InvalidCode, InvalidCredentials, InvalidToken
from apps.accounts.events import LoginFailed, SessionRevoked, UserLoggedIn, UserLoggedOut
from apps.accounts.models import LoginSession, User
from apps.core import limits
from apps.core.context import request_context
from apps.core.events import publish
from apps.core.ids import uid_for


@dataclass(frozen=True)
class LoggedIn:
    """The user is in: their session and its first tokens."""

    user: User
    session: LoginSession
    pair: tokens.TokenPair


@dataclass(frozen=True)
class SecondFactorNeeded:
    """The password was right; the challenge with a code finishes within `expires_in` seconds."""

    challenge_token: str = field(repr=False)
    expires_in: int


def log_in(*, email: str, password: str, user_agent: str = "") -> LoggedIn | SecondFactorNeeded:
    """Check e-mail and password and open a session, or ask for the second factor.

    Raises InvalidCredentials (the same, after the same work, whether or not the account exists), AccountInactive once
    the password was right, RateLimited per address and per account.
    """
    user = check_credentials(email=email, password=password)
    if user.has_two_factor:
        return SecondFactorNeeded(tokens.issue_challenge(user), settings.TWO_FACTOR_CHALLENGE_SECONDS)
    return open_session(user, user_agent=user_agent)


def check_credentials(*, email: str, password: str) -> User:
    """The active user with this e-mail and password; throttled, and counted where it fails.

    Raises as `log_in` does. The browser's login uses it too.
    """
    limits.spend("login.address", request_context().address)
    limits.spend("login.account", email.strip())
    user = User.objects.select_related("broker").filter(email__iexact=email.strip()).first()
    if user is None:
        make_password(password)  # the same work as a check, so that time tells nothing
        _record_failure(None, email, "unknown_email")
        raise InvalidCredentials()
    if not user.check_password(password):
        _record_failure(user, email, "wrong_password")
        raise InvalidCredentials()
    if not can_sign_in(user):
        _record_failure(user, email, "inactive")
        raise AccountInactive()

    limits.forget("login.account", email.strip())
    return user


def finish_log_in(*, challenge_token: str, code: str, user_agent: str = "") -> LoggedIn:
    """The second step of signing in: a one-time or backup code for the challenge.

    Raises InvalidToken for a dead challenge, InvalidCode for a wrong code, RateLimited per account.
    """
    user = tokens.user_of_challenge(challenge_token)
    try:
        check_second_factor(user=user, code=code)
    except InvalidCode:
        _record_failure(user, user.email, "wrong_code")
        raise
    return open_session(user, user_agent=user_agent)


@transaction.atomic
def open_session(user: User, *, user_agent: str = "") -> LoggedIn:
    """Open a login session for someone who proved who they are."""
    session = LoginSession(
        uid=uid_for(user.broker_id or 0),
        user=user,
        address=request_context().address or None,
        user_agent=user_agent[:300],
    )
    pair = tokens.issue_pair(session)
    session.save()
    User.objects.filter(pk=user.pk).update(last_login=timezone.now())
    with at_home_of(user):
        publish(UserLoggedIn(broker_id=user.broker_id, actor=user.actor(), user_id=user.pk, session_id=session.pk))
    return LoggedIn(user, session, pair)


def refresh_by_refresh_token(raw: str) -> LoggedIn:
    """Exchange a refresh token for a new pair; the old pair is dead at once.

    Raises InvalidToken. A refresh token that was already exchanged ends its whole session: one of the two who hold it
    is a thief.
    """
    claims = tokens.read_refresh_token(raw)
    with transaction.atomic():
        session = _locked(claims.session_uid)
        is_replay = session.refresh_jti != claims.jti
        if is_replay:
            _revoke([session], reason="replayed")
        else:
            tokens.blacklist_refresh_token(raw)
            renewed = _rotate(session)
    if is_replay:
        raise InvalidToken()
    return renewed


@transaction.atomic
def refresh_by_access_token(session: LoginSession) -> LoggedIn:
    """Exchange the current access token, as the WhatsApp+Odoo document does, for a new pair; the old one is dead.

    Raises InvalidToken where another request exchanged it first.
    """
    locked = _locked(session.uid)
    if locked.access_jti != session.access_jti:
        raise InvalidToken()

    return _rotate(locked)


@transaction.atomic
def log_out(session: LoginSession) -> None:
    """End the session: both its tokens are dead."""
    _revoke([session], reason="logged_out")
    user = session.user
    with at_home_of(user):
        publish(UserLoggedOut(broker_id=user.broker_id, actor=user.actor(), user_id=user.pk))


@transaction.atomic
def revoke_sessions(user: User, *, reason: str, keep: LoginSession | None = None) -> int:
    """End the user's sessions, except the one to keep; returns how many ended."""
    sessions = LoginSession.objects.filter(user=user, revoked_at=None).select_related("user")
    return _revoke([session for session in sessions if session != keep], reason=reason)


def _locked(session_uid: uuid.UUID) -> LoginSession:
    session = (
        LoginSession.objects.select_for_update(of=("self",))
        .select_related("user", "user__broker")
        .filter(uid=session_uid, revoked_at=None, expires_at__gt=timezone.now())
        .first()
    )
    if session is None or not can_sign_in(session.user):
        raise InvalidToken()
    return session


def _rotate(session: LoginSession) -> LoggedIn:
    pair = tokens.issue_pair(session)
    session.refreshed_at = timezone.now()
    session.save(update_fields=["refresh_jti", "access_jti", "expires_at", "refreshed_at"])
    return LoggedIn(session.user, session, pair)


def _revoke(sessions: list[LoginSession], *, reason: str) -> int:
    ended = LoginSession.objects.filter(pk__in=[session.pk for session in sessions], revoked_at=None).update(
        revoked_at=timezone.now(), revoked_reason=reason
    )
    for session in sessions:
        user = session.user
        with at_home_of(user):
            publish(
                SessionRevoked(
                    broker_id=user.broker_id,
                    actor=stranger(user),
                    user_id=user.pk,
                    session_id=session.pk,
                    reason=reason,
                )
            )
    return ended


def _record_failure(user: User | None, email: str, reason: str) -> None:
    with transaction.atomic(), at_home_of(user):
        publish(
            LoginFailed(
                broker_id=user.broker_id if user else None,
                actor=stranger(user),
                user_id=user.pk if user else None,
                email=email.strip()[:254],
                reason=reason,
            )
        )
