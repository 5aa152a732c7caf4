"""Who calls: a bearer token of a login session, or the platform's ADMIN_API_KEY."""

import hmac
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpRequest
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from apps.accounts.errors import InvalidToken
from apps.accounts.models import LoginSession
from apps.accounts.tokens import session_of_access_token
from apps.brokers.resolution import resolve_for_token
from apps.core.access import Actor
from apps.core.context import request_context
from apps.core.ids import broker_of
from apps.core.tenancy import enter_broker, leave_broker

if TYPE_CHECKING:
    from drf_spectacular.openapi import AutoSchema


@dataclass(frozen=True)
class ApiKey:
    """What `request.auth` is when ADMIN_API_KEY opened the door."""

    name: str = "admin"


class PlatformKeyHolder:
    """What `request.user` is then: somebody with all rights on the platform and no account."""

    is_authenticated = True
    is_superadmin = True
    pk = None

    def actor(self, *, broker_id: int | None = None) -> Actor:
        """The key's holder as the doer of an action."""
        context = request_context()
        return Actor(
            kind="integration",
            broker_id=broker_id,
            role="superadmin",
            name="ADMIN_API_KEY",
            permissions=frozenset({"*"}),
            address=context.address,
            request_id=context.request_id,
        )


class BearerAuthentication(BaseAuthentication):
    """Checks the access token with one query, then enters the caller's broker and sets `request.broker_id`."""

    def authenticate(self, request: Request) -> tuple[object, LoginSession | ApiKey] | None:
        """None without an Authorization header.

        Raises InvalidToken (401) for any other than a live token, Forbidden where token, host and path disagree.
        """
        raw = bearer_of(request._request)
        if raw is None:
            return None
        session = session_of_access_token(raw)
        broker_id = resolve_for_token(session.user, request._request, named_by_path=_named_by_path(request, session))
        _enter(request, broker_id)
        return session.user, session

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class AdminKeyAuthentication(BearerAuthentication):
    """`Authorization: Bearer <ADMIN_API_KEY>`, or a superadmin's token, for /api/v1/admin/*."""

    def authenticate(self, request: Request) -> tuple[object, LoginSession | ApiKey] | None:
        raw = bearer_of(request._request)
        if raw is not None and is_admin_key(raw):
            _enter(request, _broker_of_path_uid(request))
            return PlatformKeyHolder(), ApiKey()
        return super().authenticate(request)


def bearer_of(request: HttpRequest) -> str | None:
    """The token of the Authorization header; None where there is no header.

    Raises InvalidToken for another scheme or a header that is no `Bearer <token>`.
    """
    header = request.headers.get("Authorization", "").strip()
    if not header:
        return None
    scheme, _space, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip() or " " in token.strip():
        raise InvalidToken()
    return token.strip()


def is_admin_key(token: str) -> bool:
    """Whether it is the configured ADMIN_API_KEY, compared in constant time; none is where none is configured."""
    return bool(settings.ADMIN_API_KEY) and hmac.compare_digest(token.encode(), settings.ADMIN_API_KEY.encode())


def _enter(request: Request, broker_id: int | None) -> None:
    request._request.broker_id = broker_id  # type: ignore[attr-defined]
    if broker_id is None:
        leave_broker()
    else:
        enter_broker(broker_id)


def _named_by_path(request: Request, session: LoginSession) -> int | None:
    """The broker in the path: by number for everyone, by a row's UUID for superadmins alone.

    To anyone else a UUID of another broker is simply a row that does not exist: a 404 by the query, not a 403.
    """
    kwargs = (request.parser_context or {}).get("kwargs", {})
    view = (request.parser_context or {}).get("view")
    if getattr(view, "path_names_broker", False):
        number = str(kwargs.get("broker_id", ""))
        return int(number) if number.isascii() and number.isdigit() and len(number) < 10 else None
    return _broker_of_path_uid(request) if session.user.broker_id is None else None


def _broker_of_path_uid(request: Request) -> int | None:
    for value in (request.parser_context or {}).get("kwargs", {}).values():
        try:
            return broker_of(uuid.UUID(str(value)))
        except ValueError:
            continue
    return None


class BearerScheme(OpenApiAuthenticationExtension):
    """How OpenAPI names the bearer token."""

    target_class = BearerAuthentication
    name = "bearer"

    def get_security_definition(self, auto_schema: "AutoSchema") -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


class AdminKeyScheme(OpenApiAuthenticationExtension):
    """How OpenAPI names the platform's key."""

    target_class = AdminKeyAuthentication
    name = "adminApiKey"

    def get_security_definition(self, auto_schema: "AutoSchema") -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "ADMIN_API_KEY, or a superadmin's access token."}
