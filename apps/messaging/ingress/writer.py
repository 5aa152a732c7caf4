"""Raw events on their way into PostgreSQL: whatever arrives while one insert commits goes into the next, together.

One commit per request would make the disk's flush the limit of the whole door; a group shares it. The caller waits for
the commit of its own rows, so nothing is answered before it is stored.
"""

import asyncio
import logging
import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from django.db import connections
from django.utils.translation import gettext_lazy as _
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from apps.core.errors import Unavailable

log = logging.getLogger(__name__)
MOST_ROWS = 400
MOST_BYTES = 8 * 1024 * 1024
MOST_WAITING = 20_000
PATIENCE_SECONDS = 4.0

_INSERT = """
    INSERT INTO public.messaging_rawevent (broker_id, account_id, body, is_signed, received_at, state, attempts, error)
    SELECT broker_id, account_id, body, is_signed, received_at, 'waiting', 0, ''
      FROM unnest(%b::int8[], %b::int8[], %b::bytea[], %b::bool[], %b::timestamptz[])
        AS given (broker_id, account_id, body, is_signed, received_at)
"""


@dataclass(frozen=True, slots=True)
class EventRow:
    """One raw event to be."""

    broker_id: int
    account_id: int
    body: bytes
    is_signed: bool
    received_at: datetime


class Store:
    """The ledger as one event loop reaches it: its own small pool, and the group that is being collected."""

    def __init__(self) -> None:
        self._pool: AsyncConnectionPool | None = None
        self._opening = asyncio.Lock()
        self._waiting: list[tuple[EventRow, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def add(self, rows: Sequence[EventRow]) -> None:
        """Return when the rows are committed.

        Raises Unavailable where they could not be stored: the provider repeats, and a repeated event changes nothing.
        """
        if len(self._waiting) + len(rows) > MOST_WAITING:
            raise _store_away()
        loop = asyncio.get_running_loop()
        committed = [loop.create_future() for _row in rows]
        self._waiting.extend(zip(rows, committed, strict=True))
        if self._writing is None or self._writing.done():
            self._writing = loop.create_task(self._write_groups())
        for future in committed:
            await future

    async def fetch(self, sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The rows of a query.

        Raises Unavailable where PostgreSQL stays away.
        """
        return await self._patiently(lambda connection: _fetch(connection, sql, params))

    async def close(self) -> None:
        """Let go of the connections."""
        if self._pool is not None:
            await self._pool.close()

    async def _write_groups(self) -> None:
        while self._waiting:
            group = self._take_group()
            try:
                await self._patiently(
                    lambda connection, group=group: _insert(connection, [row for row, _done in group])
                )
            except Unavailable as error:
                _settle(group, error)
            except psycopg.Error as error:
                await self._write_singly(group, error)
            else:
                _settle(group, None)

    async def _write_singly(self, group: list[tuple[EventRow, asyncio.Future[None]]], error: psycopg.Error) -> None:
        """One row that PostgreSQL refuses (its account was just purged) must not refuse its neighbours."""
        log.warning("a group of raw events was refused; storing them one by one", extra={"error": type(error).__name__})
        for row, done in group:
            try:
                await self._patiently(lambda connection, row=row: _insert(connection, [row]))
            except (Unavailable, psycopg.Error) as refused:
                log.error(
                    "a raw event could not be stored", extra={"error": str(refused), "account_id": row.account_id}
                )
                _settle([(row, done)], _store_away())
            else:
                _settle([(row, done)], None)

    def _take_group(self) -> list[tuple[EventRow, asyncio.Future[None]]]:
        size = count = 0
        for row, _done in self._waiting:
            size += len(row.body)
            if count and (count >= MOST_ROWS or size > MOST_BYTES):
                break
            count += 1
        group, self._waiting = self._waiting[:count], self._waiting[count:]
        return group

    async def _patiently(self, work: Any) -> Any:
        """Run work on a connection; after a restart of PostgreSQL the stale ones are replaced and it is tried again."""
        pool = await self._opened()
        deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while True:
            try:
                async with asyncio.timeout_at(deadline), pool.connection(timeout=PATIENCE_SECONDS) as connection:
                    return await work(connection)
            except (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout, TimeoutError) as error:
                log.warning("the event store did not answer", extra={"error": type(error).__name__})
                if asyncio.get_running_loop().time() + 0.2 >= deadline:
                    raise _store_away() from error
                await asyncio.sleep(0.1)

    async def _opened(self) -> AsyncConnectionPool:
        async with self._opening:
            if self._pool is None:
                self._pool = AsyncConnectionPool(
                    kwargs=connection_parameters(), min_size=1, max_size=4, open=False, check=_is_alive, name="ingress"
                )
                await self._pool.open(wait=False)
        return self._pool


_stores: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Store] = weakref.WeakKeyDictionary()


def store_of_loop() -> Store:
    """The store of the running event loop; connections never cross loops."""
    loop = asyncio.get_running_loop()
    store = _stores.get(loop)
    if store is None:
        store = _stores[loop] = Store()
    return store


def connection_parameters() -> dict[str, Any]:
    """What psycopg needs to reach the database of the settings. Tables are named with their schema, so that no
    search path is needed (PgBouncer refuses one at start-up)."""
    database = connections.settings["default"]
    ours = {"pool", "server_side_binding"}
    options = {key: value for key, value in database.get("OPTIONS", {}).items() if key not in ours}
    found = {
        "dbname": database["NAME"],
        "user": database.get("USER"),
        "password": database.get("PASSWORD"),
        "host": database.get("HOST"),
        "port": database.get("PORT"),
    }
    # Behind PgBouncer in transaction mode prepared statements do not survive their transaction.
    prepare = None if database.get("DISABLE_SERVER_SIDE_CURSORS") else 2
    return {
        **{key: value for key, value in found.items() if value},
        **options,
        "autocommit": True,
        "prepare_threshold": prepare,
        "connect_timeout": 3,
    }


async def _insert(connection: psycopg.AsyncConnection, rows: Sequence[EventRow]) -> None:
    await connection.execute(
        _INSERT,
        (
            [row.broker_id for row in rows],
            [row.account_id for row in rows],
            [row.body for row in rows],
            [row.is_signed for row in rows],
            [row.received_at for row in rows],
        ),
    )


async def _fetch(connection: psycopg.AsyncConnection, sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
    cursor = await connection.execute(sql, params)
    return await cursor.fetchall()


async def _is_alive(connection: psycopg.AsyncConnection) -> None:
    """Only a socket that the server has closed is refused here; a query per borrow would cost a round trip."""
    if connection.closed:
        raise psycopg.OperationalError("the connection is closed")


def _settle(group: Sequence[tuple[EventRow, asyncio.Future[None]]], error: Exception | None) -> None:
    for _row, done in group:
        if done.done():
            continue
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)


def _store_away() -> Unavailable:
    return Unavailable(_("The event could not be stored right now. Send it again in a moment."))
