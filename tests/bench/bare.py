"""The least that could do the job, as the limit to measure against: prove the HMAC, insert one row, tell the sockets.

Served by daphne like the product; one INSERT and one commit for each request, over psycopg's own pool.
"""

import hashlib
import hmac
import os
from collections.abc import Awaitable, Callable
from typing import Any

from psycopg_pool import AsyncConnectionPool

CREATE = """
    CREATE TABLE IF NOT EXISTS bench_bare (id bigserial PRIMARY KEY, body bytea NOT NULL, at timestamptz DEFAULT now())
"""
_INSERT = "INSERT INTO public.bench_bare (body) VALUES (%b)"
_SECRET = os.environ.get("BARE_SECRET", "").encode()

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

_pools: list[AsyncConnectionPool] = []
_sockets: set[Send] = set()


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """POST anything: a signed body; any WebSocket: hears every body that was taken."""
    if scope["type"] == "http":
        await _take(scope, receive, send)
    elif scope["type"] == "websocket":
        await _listen(receive, send)


async def _take(scope: Scope, receive: Receive, send: Send) -> None:
    message = await receive()
    body = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
    given = next((value for name, value in scope["headers"] if name == b"x-hub-signature-256"), b"").decode()
    expected = "sha256=" + hmac.new(_SECRET, body, hashlib.sha256).hexdigest()
    status = 401
    if hmac.compare_digest(given, expected):
        async with (await _pool()).connection() as connection:
            await connection.execute(_INSERT, (body,))
        for tell in list(_sockets):
            await tell({"type": "websocket.send", "text": body.decode()})
        status = 200
    headers = [(b"content-type", b"application/json"), (b"content-length", b"2")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"{}"})


async def _listen(receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    _sockets.add(send)
    while (await receive())["type"] != "websocket.disconnect":
        pass
    _sockets.discard(send)


async def _pool() -> AsyncConnectionPool:
    if not _pools:
        pool = AsyncConnectionPool(
            os.environ["BARE_DATABASE_URL"], kwargs={"autocommit": True}, min_size=10, max_size=10, open=False
        )
        _pools.append(pool)
        await pool.open()
    return _pools[0]
