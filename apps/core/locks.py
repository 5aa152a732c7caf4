"""Locks inside a transaction, released with it."""

import hashlib
from collections.abc import Iterable

from django.db import connection

LOCK_TIMEOUT_MS = 10_000


def lock_names(names: Iterable[str]) -> None:
    """Take a lock on each name until the transaction ends, in sorted order so that no two callers deadlock.

    Raises django.db.OperationalError where another holds one for more than ten seconds.
    """
    keys = sorted({_key(name) for name in names})
    with connection.cursor() as cursor:
        # One statement: its parts run in the order in which they stand, and the array is sorted.
        cursor.execute(
            """
            SELECT set_config('lock_timeout', %s, true)
             UNION ALL SELECT pg_advisory_xact_lock(key)::text FROM unnest(%s::bigint[]) AS key
            """,
            [str(LOCK_TIMEOUT_MS), keys],
        )


def _key(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)
