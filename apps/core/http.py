"""Calls to the outside. Any address a tenant can give passes the guard below: private, loopback, link-local, multicast
and metadata ranges are refused at connect time, on the address actually dialled, so DNS rebinding gains nothing.
"""

import ipaddress
import socket
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from apps.core.errors import InvalidInput

MAX_BYTES = 10 * 1024 * 1024


class ForbiddenAddress(httpx.ConnectError):
    """The name resolves to an address that we do not call."""


class ResponseTooLarge(httpx.ReadError):
    """The answer is longer than the caller allowed."""


def outbound_client(
    *,
    timeout: float | None = None,
    max_bytes: int = MAX_BYTES,
    headers: dict[str, str] | None = None,
    base_url: str = "",
) -> httpx.Client:
    """An httpx client behind the guard: no redirects, no proxies from the environment, capped time and size.

    `timeout` is in seconds (settings.OUTBOUND_TIMEOUT_SECONDS by default). Raises `ForbiddenAddress` on connecting to
    a refused address, `ResponseTooLarge` while reading.
    """
    seconds = timeout or settings.OUTBOUND_TIMEOUT_SECONDS
    transport = httpx.HTTPTransport(trust_env=False, retries=0)
    transport._pool = httpcore.ConnectionPool(  # httpx has no parameter for the network backend (httpx issue 2211)
        ssl_context=httpx.create_ssl_context(trust_env=False),
        max_connections=20,
        max_keepalive_connections=5,
        keepalive_expiry=30.0,
        network_backend=_GuardedBackend(),
    )
    return httpx.Client(
        transport=_Capped(transport, max_bytes),
        timeout=httpx.Timeout(seconds, connect=min(seconds, 5.0)),
        follow_redirects=False,
        headers=headers,
        base_url=base_url,
        trust_env=False,
    )


def check_public_url(url: str, *, field: str = "url") -> str:
    """The URL itself if it may be stored as a target; its address is checked again at each call.

    Raises InvalidInput for another scheme, credentials in it, or a name that resolves to a refused address.
    """
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise InvalidInput(_("This is not a valid address."), field=field) from error
    if parsed.scheme not in {"http", "https"} or not parsed.host or parsed.userinfo:
        raise InvalidInput(
            _("Write an address that starts with https:// and has no user or password in it."), field=field
        )
    port = parsed.port or (443 if parsed.scheme == "https" else 80)
    try:
        resolve_public(parsed.host, port)
    except ForbiddenAddress as error:
        raise InvalidInput(_("This address is inside a private network and cannot be used."), field=field) from error
    except OSError as error:
        raise InvalidInput(_("This address cannot be found. Check its spelling."), field=field) from error
    return url


def resolve_public(host: str, port: int) -> list[str]:
    """The addresses of the name, every one of which is allowed.

    Raises ForbiddenAddress if any is refused (a name with one public and one private address is a trick), OSError if
    it has none.
    """
    found = [str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if f"{host}:{port}" in settings.OUTBOUND_ALLOW:
        return found
    for address in found:
        if not is_public_address(address):
            raise ForbiddenAddress(f"{host} is not a public address")
    return found


def is_public_address(address: str) -> bool:
    """Whether the IP is on the public internet; IPv4 inside IPv6 is unwrapped first."""
    ip = ipaddress.ip_address(address.split("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is not None:
            ip = inner
        elif ip in ipaddress.ip_network("64:ff9b::/96"):
            ip = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


class _GuardedBackend(httpcore.NetworkBackend):
    def __init__(self) -> None:
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            addresses = resolve_public(host, port)
        except ForbiddenAddress as error:
            raise httpcore.ConnectError(str(error)) from error
        except OSError as error:
            raise httpcore.ConnectError(f"cannot resolve {host}") from error
        last: Exception | None = None
        for address in dict.fromkeys(addresses):
            try:
                return self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
        raise last or httpcore.ConnectError(f"no address for {host}")

    def connect_unix_socket(self, path: str, *_args: Any, **_kwargs: Any) -> httpcore.NetworkStream:
        raise httpcore.ConnectError("unix sockets are not called")

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(seconds)


class _Capped(httpx.BaseTransport):
    def __init__(self, inner: httpx.BaseTransport, max_bytes: int) -> None:
        self._inner = inner
        self._max_bytes = max_bytes

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self._inner.handle_request(request)
        response.stream = _CappedStream(response.stream, self._max_bytes)  # type: ignore[arg-type]
        return response

    def close(self) -> None:
        self._inner.close()


class _CappedStream(httpx.SyncByteStream):
    def __init__(self, inner: httpx.SyncByteStream, max_bytes: int) -> None:
        self._inner = inner
        self._max_bytes = max_bytes

    def __iter__(self) -> Any:
        seen = 0
        for chunk in self._inner:
            seen += len(chunk)
            if seen > self._max_bytes:
                raise ResponseTooLarge("the answer is larger than allowed")
            yield chunk

    def close(self) -> None:
        self._inner.close()
