"""Reading an ASGI scope: headers, cookies, the client's address."""

from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

from django.conf import settings

Scope = dict[str, Any]


def header_of(scope: Scope, name: str) -> str:
    """The first header of that name (lower case), empty where it is missing."""
    wanted = name.encode()
    return next((value.decode("latin-1") for key, value in scope.get("headers", ()) if key == wanted), "")


def cookie_of(scope: Scope, name: str) -> str:
    """A cookie's value, empty where it is missing."""
    try:
        cookies = SimpleCookie(header_of(scope, "cookie"))
    except CookieError:
        return ""
    return cookies[name].value if name in cookies else ""


def bearer_of(scope: Scope) -> tuple[str, str | None]:
    """An access token from ?token=, the Authorization header or the subprotocols `bearer, <token>`; and the subprotocol
    to accept with, if it came that way."""
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    if query.get("token"):
        return without_scheme(query["token"][0]), None
    header = header_of(scope, "authorization")
    if header:
        return without_scheme(header), None
    protocols = list(scope.get("subprotocols", ()))
    if len(protocols) >= 2 and protocols[0].lower() == "bearer":
        return protocols[1], protocols[0]
    return "", None


def without_scheme(text: str) -> str:
    """A token with or without the word Bearer before it."""
    scheme, _space, rest = text.strip().partition(" ")
    return rest.strip() if scheme.lower() == "bearer" and rest else text.strip()


def address_of(scope: Scope) -> str:
    """The client's IP: the socket's, or the one that our own proxies report."""
    count: int = settings.TRUSTED_PROXY_COUNT
    forwarded = [part.strip() for part in header_of(scope, "x-forwarded-for").split(",") if part.strip()]
    if count and len(forwarded) >= count:
        return forwarded[-count]
    client = scope.get("client") or ("",)
    return str(client[0])
