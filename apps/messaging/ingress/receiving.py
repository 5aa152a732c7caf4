"""Receiving a webhook, on the event loop and on a thread: the same rules around two ways to the database."""

import asyncio
import weakref
from collections.abc import Mapping, Sequence

from django.db import transaction

from apps.core.tenancy import in_public
from apps.messaging.ingress.bell import bell_of_loop, ring_now
from apps.messaging.ingress.deliveries import (
    Accepted,
    Delivery,
    Wanted,
    accept,
    challenge_of,
    wanted_besides,
    wanted_by,
    wanted_by_challenge,
)
from apps.messaging.ingress.directory import Directory, find_now
from apps.messaging.ingress.writer import EventRow, store_of_loop
from apps.messaging.models import RawEvent
from apps.messaging.types import AccountRef

_directories: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, Directory] = weakref.WeakKeyDictionary()


async def receive(delivery: Delivery) -> list[Accepted]:
    """Store a webhook; returns after the commit with what was stored.

    Raises NotFound for an unknown account, InvalidSignature, Unavailable where it could not be stored.
    """
    accounts = await find_accounts(wanted_by(delivery))
    others = wanted_besides(delivery, accounts)
    if others is not None:
        accounts += await find_accounts(others)
    accepted = accept(delivery, accounts)
    await keep(accepted)
    return accepted


async def keep(accepted: Sequence[Accepted]) -> None:
    """Commit events that are already proven, and wake a worker.

    Raises Unavailable.
    """
    await store_of_loop().add([_row(event) for event in accepted])
    bell_of_loop().ring()


async def find_accounts(wanted: Wanted) -> tuple[AccountRef, ...]:
    """The open accounts that fit, at most a second old.

    Raises Unavailable.
    """
    loop = asyncio.get_running_loop()
    directory = _directories.get(loop)
    if directory is None:
        directory = _directories[loop] = Directory(store_of_loop())
    return await directory.find(wanted)


async def verify_challenge(
    query: Mapping[str, str], *, broker_id: int | None = None, account_id: int | None = None
) -> str:
    """The answer to a verification call.

    Raises VerificationRefused, or NotFound where the path names nobody that is there.
    """
    wanted = wanted_by_challenge(query, broker_id=broker_id, account_id=account_id)
    return challenge_of(query, await find_accounts(wanted), is_named=not wanted.verify_key)


def receive_now(delivery: Delivery) -> list[Accepted]:
    """`receive` on this thread, in the caller's transaction if there is one."""
    with in_public(), transaction.atomic():
        accounts = find_now(wanted_by(delivery))
        others = wanted_besides(delivery, accounts)
        if others is not None:
            accounts += find_now(others)
        accepted = accept(delivery, accounts)
        keep_now(accepted)
    return accepted


def keep_now(accepted: Sequence[Accepted]) -> None:
    """`keep` on this thread."""
    RawEvent.objects.bulk_create(
        RawEvent(
            broker_id=event.account.broker_id,
            account_id=event.account.id,
            body=event.body,
            is_signed=event.is_signed,
            received_at=event.received_at,
        )
        for event in accepted
    )
    transaction.on_commit(ring_now)


def verify_challenge_now(
    query: Mapping[str, str], *, broker_id: int | None = None, account_id: int | None = None
) -> str:
    """`verify_challenge` on this thread."""
    wanted = wanted_by_challenge(query, broker_id=broker_id, account_id=account_id)
    with in_public():
        accounts = find_now(wanted)
    return challenge_of(query, accounts, is_named=not wanted.verify_key)


def _row(event: Accepted) -> EventRow:
    return EventRow(event.account.broker_id, event.account.id, event.body, event.is_signed, event.received_at)
