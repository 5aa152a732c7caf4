"""Finding channel accounts. Credentials are never part of what leaves this room."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from apps.brokers.models import Broker
from apps.core.access import Actor
from apps.core.errors import NotFound
from apps.messaging.errors import NotConnected
from apps.messaging.ingress.deliveries import Wanted
from apps.messaging.ingress.directory import find_now
from apps.messaging.models import ChannelAccount
from apps.messaging.permissions import READ_CHANNELS
from apps.messaging.types import AccountRef, Channel


def visible_accounts(actor: Actor) -> QuerySet[ChannelAccount]:
    """The broker's accounts that are not removed, by number.

    Raises Forbidden without `whatsapp.numbers.read`.
    """
    actor.require(READ_CHANNELS)
    rows = ChannelAccount.objects.filter(deleted_at__isnull=True).order_by("pk")
    if actor.broker_id is None:
        return rows if actor.is_superadmin else rows.none()
    return rows.filter(broker_id=actor.broker_id)


def get_account(actor: Actor, account_id: int) -> ChannelAccount:
    """One account in sight.

    Raises NotFound for accounts of other brokers.
    """
    return _found(visible_accounts(actor).filter(pk=account_id).first())


def get_removed_account(actor: Actor, account_id: int) -> ChannelAccount:
    """A removed account of the broker, to be taken back; errors as `get_account`."""
    actor.require(READ_CHANNELS)
    rows = ChannelAccount.objects.filter(deleted_at__isnull=False, broker=actor.broker_id)
    return _found(rows.filter(pk=account_id).first())


def account_of_channel(actor: Actor, channel: Channel) -> ChannelAccount:
    """The broker's first account of a channel.

    Raises NotConnected where there is none.
    """
    account = visible_accounts(actor).filter(channel=channel).first()
    if account is None:
        raise NotConnected
    return account


def account_for_webhook(channel: Channel, external_id: str) -> AccountRef | None:
    """The account that a provider's id names, if its doors and its broker's are open."""
    return next(iter(find_now(Wanted(channel=channel, external_ids=frozenset({external_id})))), None)


def webchat_account(public_key: str) -> AccountRef:
    """The open web chat with this public key.

    Raises NotFound for an unknown, removed or suspended one.
    """
    found = find_now(Wanted(channel=Channel.WEBCHAT, public_key=public_key))
    if not found:
        raise NotFound(_("This chat is not available."))
    return found[0]


def webchat_config(account: AccountRef) -> dict[str, Any]:
    """How the widget looks and greets: what the account's settings say, the brokerage's name, and nothing secret."""
    keys = ("name", "color", "greeting", "agent_name", "locale", "position", "theme")
    chosen = {key: account.settings[key] for key in keys if account.settings.get(key)}
    return {"name": str(Broker.objects.only("name").get(pk=account.broker_id)), **chosen}


def _found(account: ChannelAccount | None) -> ChannelAccount:
    if account is None:
        raise NotFound(_("There is no channel account with this number."), field="account_id")
    return account
