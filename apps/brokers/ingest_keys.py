"""The keys by which other systems write to a broker, and the brokers seen as the accounts that those keys open.

A key is the only secret in its address: it is found by a digest and kept encrypted. After a rotation the old key opens
the door too until its grace period ends.
"""

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.brokers.actions import provision_broker, update_broker
from apps.brokers.events import BrokerUpdated, IngestKeyRotated
from apps.brokers.models import Broker, BrokerConfig, IngestKey
from apps.brokers.permissions import require_platform
from apps.core.access import Actor
from apps.core.errors import InvalidInput, NotFound
from apps.core.events import publish
from apps.core.tenancy import in_public

PREFIX: Final = "cc_"
GRACE_DAYS: Final = 7
MOST_GRACE_DAYS: Final = 90
_RANDOM_BYTES: Final = 32
_LONGEST_KEY: Final = 100
_HOLDER = """
    SELECT b.id, b.country, b.language, c.creates_fields
      FROM public.brokers_ingestkey k
      JOIN public.brokers_broker b ON b.id = k.broker_id
      JOIN public.brokers_brokerconfig c ON c.broker_id = b.id
     WHERE k.digest = %s AND (k.expires_at IS NULL OR k.expires_at > %s) AND b.is_active AND b.deleted_at IS NULL
"""


@dataclass(frozen=True, kw_only=True)
class KeyHolder:
    """The broker behind a key, with what ingest needs to know of it."""

    broker_id: int
    country: str
    language: str
    creates_fields: bool


def holder_of(key: str) -> KeyHolder | None:
    """Who is written to with this key: one indexed read, never from memory, so that a closed broker or an expired key
    stops at once. None for an unknown key or a closed broker."""
    if not key.isascii() or len(key) > _LONGEST_KEY:
        return None
    with connection.cursor() as cursor:
        cursor.execute(_HOLDER, [digest_of(key), timezone.now()])
        row = cursor.fetchone()
    if row is None:
        return None
    return KeyHolder(broker_id=row[0], country=row[1], language=row[2], creates_fields=row[3])


def key_holder(broker_id: int) -> KeyHolder:
    """The same for a broker known otherwise: records that are processed later.

    Raises NotFound.
    """
    config = BrokerConfig.objects.select_related("broker").filter(broker_id=broker_id).first()
    if config is None:
        raise NotFound(_("There is no broker with this number."))
    broker = config.broker
    return KeyHolder(
        broker_id=broker_id,
        country=broker.country,
        language=broker.language,
        creates_fields=config.creates_fields,
    )


def digest_of(key: str) -> str:
    """By what the key is found."""
    return hashlib.sha256(key.encode()).hexdigest()


# ---- keys


def present_key(actor: Actor, broker_id: int) -> IngestKey:
    """The broker's key, made at the first call.

    Raises Forbidden unless the platform or an administrator of the broker asks.
    """
    _require_own(actor, broker_id)
    return present_keys([broker_id])[broker_id]


def present_keys(broker_ids: Iterable[int]) -> dict[int, IngestKey]:
    """The present key of each broker: one query where all have theirs."""
    wanted = set(broker_ids)
    rows = IngestKey.objects.filter(expires_at__isnull=True)
    found = {row.broker_id: row for row in rows.filter(broker_id__in=wanted)}
    missing = sorted(wanted - set(found))
    if missing:
        # Two who ask at once make one: the constraint lets the first through.
        IngestKey.objects.bulk_create([_new_key(broker_id) for broker_id in missing], ignore_conflicts=True)
        found |= {row.broker_id: row for row in rows.filter(broker_id__in=missing)}
    return found


def old_keys(actor: Actor, broker_id: int) -> list[IngestKey]:
    """Replaced keys that still open the door, the next to close first."""
    _require_own(actor, broker_id)
    return list(IngestKey.objects.filter(broker_id=broker_id, expires_at__gt=timezone.now()).order_by("expires_at"))


def rotate_key(*, actor: Actor, broker_id: int, grace_days: int = GRACE_DAYS) -> IngestKey:
    """Give the broker a new key; the old one works for so many days more (0: it stops now).

    Older ones keep their own end, unless the new grace period ends sooner. Raises Forbidden, NotFound, InvalidInput.
    """
    _require_own(actor, broker_id)
    if not 0 <= grace_days <= MOST_GRACE_DAYS:
        raise InvalidInput(_("Choose between 0 and %(most)d days.") % {"most": MOST_GRACE_DAYS}, field="grace_days")
    with in_public(), transaction.atomic():
        broker = _locked(broker_id)
        ends = timezone.now() + timedelta(days=grace_days)

        keys = IngestKey.objects.filter(broker=broker)
        keys.filter(expires_at__gt=ends).update(expires_at=ends)
        keys.filter(expires_at__isnull=True).update(expires_at=ends)
        key = _new_key(broker.pk)
        key.save(force_insert=True)
        _touch(broker)
        publish(IngestKeyRotated(broker_id=broker.pk, actor=actor, label=broker.name, old_until=ends.isoformat()))
    return key


def end_old_keys(*, actor: Actor, broker_id: int) -> int:
    """Close the door to every replaced key now; returns how many there were."""
    _require_own(actor, broker_id)
    with in_public(), transaction.atomic():
        broker = _locked(broker_id)
        now = timezone.now()

        ended = IngestKey.objects.filter(broker=broker, expires_at__gt=now).update(expires_at=now)
        if ended:
            publish(IngestKeyRotated(broker_id=broker.pk, actor=actor, label=broker.name, old_until=now.isoformat()))
    return ended


def set_creates_fields(*, actor: Actor, broker_id: int, creates_fields: bool) -> Broker:
    """Whether names that ingest does not know become fields. Setting it twice changes nothing.

    Raises Forbidden, NotFound.
    """
    _require_own(actor, broker_id)
    with in_public(), transaction.atomic():
        broker = _locked(broker_id)
        config = BrokerConfig.objects.select_for_update().get(broker=broker)
        if config.creates_fields == creates_fields:
            return broker

        _set_creates_fields(actor, broker, config, creates_fields)
    return broker


# ---- accounts: what the Centro de Control document calls a broker


def create_account(*, actor: Actor, name: str, creates_fields: bool) -> Broker:
    """Provision a broker that has no users yet, with its key.

    Raises Forbidden unless the platform acts, InvalidInput for the name.
    """
    with in_public(), transaction.atomic():
        broker = provision_broker(actor=actor, name=name)
        config = BrokerConfig.objects.get(broker=broker)
        if config.creates_fields != creates_fields:
            config.creates_fields = creates_fields
            config.save(update_fields=["creates_fields", "updated_at"])
        present_keys([broker.pk])
        broker.config = config
    return broker


def update_account(*, actor: Actor, broker_id: int, changes: Mapping[str, object]) -> Broker:
    """Change `name`, `is_active`, `creates_fields`, or some of them: all or nothing.

    Raises Forbidden, NotFound, InvalidInput.
    """
    own = {name: value for name, value in changes.items() if name != "creates_fields"}
    with in_public(), transaction.atomic():
        before = _locked(broker_id)
        broker = update_broker(actor=actor, broker_id=broker_id, changes=own) if own else before
        if "creates_fields" in changes:
            broker = set_creates_fields(
                actor=actor, broker_id=broker_id, creates_fields=bool(changes["creates_fields"])
            )
        elif (before.name, before.is_active) != (broker.name, broker.is_active):
            _touch(broker)
    return broker


def toggle_creates_fields(*, actor: Actor, broker_id: int) -> Broker:
    """Turn it to the other way: two who toggle at once end where they began.

    Raises Forbidden, NotFound.
    """
    _require_own(actor, broker_id)
    with in_public(), transaction.atomic():
        broker = _locked(broker_id)
        config = BrokerConfig.objects.select_for_update().get(broker=broker)

        _set_creates_fields(actor, broker, config, not config.creates_fields)
    return broker


def visible_accounts(actor: Actor) -> QuerySet[Broker]:
    """Brokers with their configuration, oldest first, deleted ones left out.

    Raises Forbidden for anyone but the platform.
    """
    require_platform(actor)
    return Broker.objects.filter(deleted_at__isnull=True).select_related("config").order_by("pk")


def get_account(actor: Actor, uid: UUID) -> Broker:
    """One account by its id.

    Raises Forbidden, NotFound.
    """
    broker = visible_accounts(actor).filter(uid=uid).first()
    if broker is None:
        raise NotFound
    return broker


def _new_key(broker_id: int) -> IngestKey:
    key = PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
    return IngestKey(broker_id=broker_id, digest=digest_of(key), key=key)


def _set_creates_fields(actor: Actor, broker: Broker, config: BrokerConfig, creates_fields: bool) -> None:
    config.creates_fields = creates_fields
    config.save(update_fields=["creates_fields", "updated_at"])
    _touch(broker)
    publish(
        BrokerUpdated(
            broker_id=broker.pk,
            actor=actor,
            label=broker.name,
            changes={"creates_fields": [not creates_fields, creates_fields]},
        )
    )


def _touch(broker: Broker) -> None:
    """The account changed, though none of the broker's own columns did."""
    broker.updated_at = timezone.now()
    Broker.objects.filter(pk=broker.pk).update(updated_at=broker.updated_at)


def _locked(broker_id: int) -> Broker:
    broker = Broker.objects.select_for_update().filter(pk=broker_id, deleted_at__isnull=True).first()
    if broker is None:
        raise NotFound(_("There is no broker with this number."))
    return broker


def _require_own(actor: Actor, broker_id: int) -> None:
    """The platform, or who manages ingest in this very broker."""
    if actor.is_superadmin or actor.kind == "system":
        return
    if actor.broker_id != broker_id:
        raise NotFound(_("There is no broker with this number."))
    actor.require("ingest.manage")
