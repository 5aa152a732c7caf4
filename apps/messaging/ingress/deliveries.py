"""Which account a webhook belongs to, and whether its sender is who it says: rules on plain values, without I/O."""

import hashlib
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from apps.core.errors import NotFound
from apps.messaging.errors import InvalidSignature, VerificationRefused
from apps.messaging.providers import adapter_for
from apps.messaging.providers.telegram import SECRET_HEADERS
from apps.messaging.providers.whatsapp_meta import business_account_ids, phone_number_ids, verify_subscription
from apps.messaging.types import AccountRef, Channel

log = logging.getLogger(__name__)
_SIGNATURE_HEADERS: dict[str, tuple[str, ...]] = {
    Channel.WHATSAPP_META: ("x-hub-signature-256",),
    Channel.TELEGRAM: SECRET_HEADERS,
}
# Reading the whole JSON costs ten times this; the adapter reads it properly later and keeps only what is the account's.
_PHONE_NUMBER_ID = re.compile(rb'"phone_number_id"\s*:\s*"?(\d{1,32})')


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """One webhook call as it came. Header names are in lower case; the path may name the broker or the account."""

    channel: Channel
    headers: Mapping[str, str]
    body: bytes
    broker_id: int | None = None
    account_id: int | None = None
    received_at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What is known of the accounts looked for; everything that is given must fit."""

    channel: Channel | None = None
    external_ids: frozenset[str] = frozenset()
    waba_ids: frozenset[str] = frozenset()
    secret_key: str = ""
    verify_key: str = ""
    public_key: str = ""
    account_id: int | None = None
    broker_id: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Accepted:
    """Bytes to store for one account."""

    account: AccountRef
    body: bytes
    received_at: datetime
    is_signed: bool = True


def secret_key_of(secret: str) -> str:
    """Under what key an account with this webhook secret is found: the secret itself is only kept encrypted."""
    return hashlib.sha256(f"webhook:{secret}".encode("utf-8", "replace")).hexdigest()[:48]


def wanted_by(delivery: Delivery) -> Wanted:
    """Whose delivery this can be.

    Raises InvalidSignature where the path names nobody and no secret came, NotFound where nothing names an account.
    """
    if delivery.account_id is not None:
        return Wanted(channel=delivery.channel, account_id=delivery.account_id)
    if delivery.broker_id is not None:
        return Wanted(channel=delivery.channel, broker_id=delivery.broker_id)
    if delivery.channel == Channel.TELEGRAM:
        secret = _given_signature(delivery)
        if not secret:
            return _anyone_unsigned(delivery)
        return Wanted(channel=delivery.channel, secret_key=secret_key_of(secret))
    numbers = _numbers_in(delivery.body)
    if numbers:
        return Wanted(channel=delivery.channel, external_ids=numbers)
    owners = business_account_ids(delivery.body)
    if owners:
        return Wanted(channel=delivery.channel, waba_ids=frozenset(owners))
    raise _unknown_account()


def wanted_besides(delivery: Delivery, named: Sequence[AccountRef]) -> Wanted | None:
    """The broker's other numbers that a body sent to one number's address speaks of: Meta calls one address for all."""
    if delivery.account_id is None or delivery.channel != Channel.WHATSAPP_META or not named:
        return None
    others = _numbers_in(delivery.body) - {account.external_id for account in named}
    if not others:
        return None
    return Wanted(channel=delivery.channel, external_ids=others, broker_id=named[0].broker_id)


def accept(delivery: Delivery, accounts: Sequence[AccountRef]) -> list[Accepted]:
    """The events to store, one for each account that the body concerns and whose secret fits.

    Raises NotFound where no account is left, InvalidSignature where none of them is signed for.
    """
    concerned = _concerned(delivery, accounts)
    if not concerned:
        raise _unknown_account()
    proven = [account for account in concerned if _is_signed_for(account, delivery)]
    is_signed = bool(proven)
    if not proven:
        proven = _taken_unsigned(delivery, concerned)
    return [
        Accepted(account=account, body=delivery.body, received_at=delivery.received_at, is_signed=is_signed)
        for account in proven
    ]


def wanted_by_challenge(query: Mapping[str, str], *, broker_id: int | None, account_id: int | None) -> Wanted:
    """Whose verification call this can be.

    Raises VerificationRefused where it carries no token.
    """
    token = query.get("hub.verify_token", "")
    if not token:
        raise VerificationRefused
    if account_id is not None or broker_id is not None:
        return Wanted(channel=Channel.WHATSAPP_META, account_id=account_id, broker_id=broker_id)
    return Wanted(channel=Channel.WHATSAPP_META, verify_key=secret_key_of(token))


def challenge_of(query: Mapping[str, str], accounts: Sequence[AccountRef], *, is_named: bool) -> str:
    """What the verification call is answered with.

    Raises VerificationRefused where no account has this token, NotFound where the path names nobody that is there.
    """
    if not accounts and is_named:
        raise _unknown_account()
    for account in accounts:
        try:
            return verify_subscription(account, query)
        except VerificationRefused:
            continue
    raise VerificationRefused


def _numbers_in(body: bytes) -> frozenset[str]:
    found = frozenset(match.decode() for match in _PHONE_NUMBER_ID.findall(body))
    return found or frozenset(phone_number_ids(body))


def _concerned(delivery: Delivery, accounts: Sequence[AccountRef]) -> list[AccountRef]:
    """Of the accounts that the path leaves open, those that a WhatsApp body names; all of them where it names none."""
    if delivery.channel != Channel.WHATSAPP_META or (delivery.account_id is None and delivery.broker_id is None):
        return list(accounts)
    numbers = _numbers_in(delivery.body)
    if numbers:
        return [account for account in accounts if account.external_id in numbers]
    return list(accounts)


def _is_signed_for(account: AccountRef, delivery: Delivery) -> bool:
    try:
        adapter_for(account.channel).verify(account, delivery.headers, delivery.body)
    except InvalidSignature:
        return False
    return True


def _taken_unsigned(delivery: Delivery, accounts: list[AccountRef]) -> list[AccountRef]:
    """Only the embedded development mode takes what carries no signature; a wrong one is refused there too."""
    if not settings.ALLOW_UNSIGNED_WEBHOOKS or _given_signature(delivery):
        raise InvalidSignature
    log.warning("an unsigned webhook was accepted", extra={"channel": delivery.channel.value})
    return accounts if delivery.channel == Channel.WHATSAPP_META else accounts[:1]


def _anyone_unsigned(delivery: Delivery) -> Wanted:
    if not settings.ALLOW_UNSIGNED_WEBHOOKS:
        raise InvalidSignature
    return Wanted(channel=delivery.channel)


def _given_signature(delivery: Delivery) -> str:
    names = _SIGNATURE_HEADERS.get(delivery.channel, ())
    return next((value for name in names if (value := delivery.headers.get(name, ""))), "")


def _unknown_account() -> NotFound:
    return NotFound(_("No connected account is known for this webhook."), code="UNKNOWN_ACCOUNT")
