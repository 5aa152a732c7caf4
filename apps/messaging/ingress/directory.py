"""Channel accounts whose doors are open, found by what a webhook knows of them.

Kept in memory for one second: a suspended broker or a removed account is refused after that at the latest, and a busy
number costs one query a second.
"""

import asyncio
import json
import logging
import time
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from django.db import connection

from apps.core.crypto import decrypt
from apps.messaging.ingress.deliveries import Wanted
from apps.messaging.ingress.writer import Store
from apps.messaging.types import AccountRef, Channel

log = logging.getLogger(__name__)
FRESH_SECONDS = 1.0
MOST_KEPT = 20_000
MOST_FOUND = 200

_SELECT = """
    SELECT a.id, a.broker_id, a.channel, a.external_id, a.credentials, a.settings::text
      FROM public.messaging_channelaccount a JOIN public.brokers_broker b ON b.id = a.broker_id
     WHERE a.deleted_at IS NULL AND a.is_active AND b.is_active AND b.deleted_at IS NULL
"""


class Directory:
    """The accounts of one event loop's webhooks; callers that want the same at once share one query."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[Wanted, tuple[float, tuple[AccountRef, ...]]] = {}
        self._asked: dict[Wanted, asyncio.Future[tuple[AccountRef, ...]]] = {}

    async def find(self, wanted: Wanted) -> tuple[AccountRef, ...]:
        """The accounts that fit, at most one second old.

        Raises Unavailable where the database cannot be asked.
        """
        known = self._known.get(wanted)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        asked = self._asked.get(wanted)
        if asked is None:
            asked = asyncio.ensure_future(self._ask(wanted))
            self._asked[wanted] = asked
            asked.add_done_callback(lambda _done: self._asked.pop(wanted, None))
        return await asyncio.shield(asked)

    async def _ask(self, wanted: Wanted) -> tuple[AccountRef, ...]:
        sql, params = query_of(wanted)
        found = accounts_in(await self._store.fetch(sql, params))
        if len(self._known) >= MOST_KEPT:
            self._known.clear()
        self._known[wanted] = (time.monotonic() + FRESH_SECONDS, found)
        return found


def find_now(wanted: Wanted) -> tuple[AccountRef, ...]:
    """The same over this thread's Django connection, never from memory."""
    sql, params = query_of(wanted)
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return accounts_in(cursor.fetchall())


def query_of(wanted: Wanted) -> tuple[str, list[Any]]:
    """The SQL for what is wanted, the same for both kinds of connection."""
    conditions: list[str] = []
    params: list[Any] = []

    def add(condition: str, *values: Any) -> None:
        conditions.append(condition)
        params.extend(values)

    if wanted.channel is not None:
        add("a.channel = %s", wanted.channel.value)
    if wanted.account_id is not None:
        add("a.id = %s", wanted.account_id)
    if wanted.broker_id is not None:
        add("a.broker_id = %s", wanted.broker_id)
    if wanted.external_ids:
        add("a.external_id = ANY(%s)", sorted(wanted.external_ids))
    if wanted.waba_ids:
        add("a.settings->>'waba_id' = ANY(%s)", sorted(wanted.waba_ids))
    if wanted.public_key:
        add("a.public_key = %s", wanted.public_key)
    if wanted.secret_key:
        # Accounts that our own actions did not make have no such key yet; the adapter compares their secrets.
        add("(a.public_key = %s OR length(a.public_key) <> 48)", wanted.secret_key)
    if wanted.verify_key:
        add("(a.settings->>'verify_key' = %s OR NOT a.settings ? 'verify_key')", wanted.verify_key)
    return f"{_SELECT} AND {' AND '.join(conditions)} ORDER BY a.id LIMIT {MOST_FOUND}", params


def accounts_in(rows: Iterable[Sequence[Any]]) -> tuple[AccountRef, ...]:
    """Plain copies of the rows; one whose secrets no longer decrypt keeps none, so that nothing is signed for it."""
    return tuple(_account(*row) for row in rows)


def _account(
    account_id: int, broker_id: int, channel: str, external_id: str, credentials: str, settings_text: str
) -> AccountRef:
    options = json.loads(settings_text) if settings_text else {}
    return AccountRef(
        id=account_id,
        broker_id=broker_id,
        channel=Channel(channel),
        external_id=external_id,
        credentials=_decrypted(credentials) if credentials else {},
        settings=options,
        base_url=str(options.get("base_url", "")),
    )


@lru_cache(maxsize=4096)
def _decrypted(token: str) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = json.loads(decrypt(token))
    except ValueError:
        log.exception("an account's credentials do not decrypt")
        return {}
    return loaded
