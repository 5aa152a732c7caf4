"""JSON Web Tokens of a login session: what is in them and who they belong to.

Every token names its `LoginSession` (claim `sid`). A session accepts exactly one access and one refresh token at a
time; refreshing replaces both. simplejwt signs and checks them, and its blacklist keeps the refresh tokens that were
replaced.
"""

import uuid
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.utils import timezone
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, Token

from apps.accounts.backends import can_sign_in
from apps.accounts.errors import InvalidToken
from apps.accounts.models import LoginSession, User

_CHALLENGE_SALT = "accounts.two_factor_challenge"


@dataclass(frozen=True)
class TokenPair:
    """`expires_in` is the access token's life in seconds."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int


@dataclass(frozen=True)
class RefreshClaims:
    """What a well-signed, unexpired refresh token says."""

    session_uid: uuid.UUID
    jti: str


def issue_pair(session: LoginSession) -> TokenPair:
    """Make the session's next pair and put its ids on the row, which the caller saves."""
    refresh, access = RefreshToken(), AccessToken()
    for token in (refresh, access):
        token[api_settings.USER_ID_CLAIM] = str(session.user_id)
        token["sid"] = str(session.uid)
        token["broker"] = session.user.broker_id
        token["role"] = session.user.role
    session.refresh_jti = str(refresh["jti"])
    session.access_jti = str(access["jti"])
    session.expires_at = timezone.now() + refresh_lifetime()
    lifetime: timedelta = api_settings.ACCESS_TOKEN_LIFETIME
    return TokenPair(str(access), str(refresh), int(lifetime.total_seconds()))


def refresh_lifetime() -> timedelta:
    """How long a session lives without being refreshed."""
    lifetime: timedelta = api_settings.REFRESH_TOKEN_LIFETIME
    return lifetime


def session_of_access_token(raw: str) -> LoginSession:
    """The live session, with its user and broker, in one query.

    Raises InvalidToken where the token is malformed, expired, foreign, replaced or revoked, or where its user may no
    longer sign in.
    """
    token = _decoded(AccessToken, raw)
    session = (
        LoginSession.objects.select_related("user", "user__broker")
        .filter(uid=_session_uid(token), revoked_at=None)
        .first()
    )
    if session is None or session.access_jti != token.get("jti") or not can_sign_in(session.user):
        raise InvalidToken()
    if str(session.user_id) != token.get(api_settings.USER_ID_CLAIM) or session.user.broker_id != token.get("broker"):
        raise InvalidToken()
    return session


def read_refresh_token(raw: str) -> RefreshClaims:
    """The claims of a refresh token whose signature and date hold; whether it was used before is for the caller to see.

    Raises InvalidToken.
    """
    token = _decoded(_SignedRefreshToken, raw)
    return RefreshClaims(_session_uid(token), str(token["jti"]))


def blacklist_refresh_token(raw: str) -> None:
    """Put a replaced refresh token on simplejwt's list."""
    token = RefreshToken(_text(raw), verify=False)
    token.blacklist()


def issue_challenge(user: User) -> str:
    """What a sign-in with a second factor gets instead of tokens; dies with a password change."""
    return signing.dumps({"user": user.pk, "state": user.get_session_auth_hash()}, salt=_CHALLENGE_SALT, compress=True)


def user_of_challenge(raw: str) -> User:
    """The user who passed the password step at most five minutes ago.

    Raises InvalidToken.
    """
    try:
        content = signing.loads(raw, salt=_CHALLENGE_SALT, max_age=settings.TWO_FACTOR_CHALLENGE_SECONDS)
    except signing.BadSignature as error:
        raise InvalidToken() from error
    user = User.objects.select_related("broker").filter(pk=content["user"]).first()
    if user is None or not can_sign_in(user) or user.get_session_auth_hash() != content["state"]:
        raise InvalidToken()
    return user


class _SignedRefreshToken(Token):
    """A refresh token without the look at the blacklist: a replayed one must still tell which session to end."""

    token_type = RefreshToken.token_type
    lifetime = RefreshToken.lifetime


def _decoded(kind: type[Token], raw: str) -> Token:
    try:
        return kind(_text(raw))
    except TokenError as error:
        raise InvalidToken() from error


def _text(raw: str) -> Token:
    """simplejwt takes the encoded text where its annotation asks for a token."""
    return raw  # type: ignore[return-value]


def _session_uid(token: Token) -> uuid.UUID:
    try:
        return uuid.UUID(str(token["sid"]))
    except (KeyError, ValueError) as error:
        raise InvalidToken() from error
