"""Adding, changing, connecting and removing channel accounts."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.core.access import Actor
from apps.core.errors import InvalidInput, NotFound
from apps.core.events import publish
from apps.core.http import check_public_url
from apps.core.tenancy import in_broker
from apps.messaging.errors import AccountTaken, ProviderCallFailed
from apps.messaging.events import (
    ChannelAccountCreated,
    ChannelAccountEvent,
    ChannelAccountRemoved,
    ChannelAccountRestored,
    ChannelAccountStatusChanged,
    ChannelAccountUpdated,
)
from apps.messaging.ingress.deliveries import secret_key_of
from apps.messaging.models import AccountStatus, ChannelAccount
from apps.messaging.permissions import MANAGE_CHANNELS
from apps.messaging.providers import TELEGRAM, WHATSAPP_META
from apps.messaging.queries import get_account, get_removed_account
from apps.messaging.types import Channel, ErrorAction, ProviderError

TELEGRAM_WEBHOOK_PATH = "/webhooks/telegram"
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_ORIGIN = re.compile(r"https?://[a-z0-9.\-]{1,253}(:\d{1,5})?")


@dataclass(frozen=True, slots=True)
class _Shape:
    """What an account of a channel is made of."""

    credentials: frozenset[str]
    required: frozenset[str]
    settings: frozenset[str]


_SHAPES: Mapping[str, _Shape] = {
    Channel.WHATSAPP_META: _Shape(
        credentials=frozenset({"access_token", "app_secret", "verify_token"}),
        required=frozenset({"access_token", "verify_token"}),
        settings=frozenset({"waba_id", "base_url", "daily_message_limit", "rate_limit_per_minute"}),
    ),
    Channel.TELEGRAM: _Shape(
        credentials=frozenset({"bot_token", "webhook_secret"}),
        required=frozenset({"bot_token"}),
        settings=frozenset({"base_url"}),
    ),
    Channel.WEBCHAT: _Shape(
        credentials=frozenset(),
        required=frozenset(),
        settings=frozenset(
            {"name", "color", "greeting", "agent_name", "locale", "position", "theme", "allowed_origins"}
        ),
    ),
}


def create_account(
    *,
    actor: Actor,
    channel: Channel,
    name: str,
    external_id: str = "",
    display_number: str = "",
    credentials: Mapping[str, str] | None = None,
    options: Mapping[str, Any] | None = None,
) -> ChannelAccount:
    """Add a number, a bot or a widget; it is pending until `connect_account` (a web chat is connected at once).

    `external_id` is Meta's phone_number_id; a bot's is in its token, a widget's is made here. Raises Forbidden,
    InvalidInput, AccountTaken where the number or bot has an account already, in whichever broker.
    """
    actor.require(MANAGE_CHANNELS)
    if actor.broker_id is None:
        raise InvalidInput(_("Say which broker the account is for."), field="broker_id")
    shape = _shape_of(channel)
    secrets_given = _checked_credentials(shape, dict(credentials or {}))
    if missing := sorted(shape.required - secrets_given.keys()):
        raise InvalidInput(_("This value is needed to connect the account."), field=missing[0])
    account = ChannelAccount(
        broker_id=actor.broker_id,
        channel=channel,
        name=_checked_name(name),
        display_number=_checked_text(display_number, field="display_number", most=64),
        settings=_checked_options(shape, dict(options or {})),
    )
    account.credentials = secrets_given
    account.external_id = _external_id_for(account, external_id)
    _file_under_its_secrets(account)
    if channel == Channel.WEBCHAT:
        account.status = AccountStatus.CONNECTED

    with transaction.atomic():
        _save(account)
        _announce(ChannelAccountCreated, actor, account)
    return account


def update_account(
    *,
    actor: Actor,
    account_id: int,
    name: str | None = None,
    display_number: str | None = None,
    is_active: bool | None = None,
    credentials: Mapping[str, str] | None = None,
    options: Mapping[str, Any] | None = None,
) -> ChannelAccount:
    """Change what is given; credentials and options are merged, an empty value takes one out.

    Raises Forbidden, NotFound, InvalidInput.
    """
    with transaction.atomic():
        account = _locked(actor, account_id)
        shape = _shape_of(Channel(account.channel))
        fields: list[str] = []
        if name is not None:
            account.name = _checked_name(name)
            fields.append("name")
        if display_number is not None:
            account.display_number = _checked_text(display_number, field="display_number", most=64)
            fields.append("display_number")
        if is_active is not None:
            account.is_active = is_active
            fields.append("is_active")
        if credentials:
            given = _checked_credentials(shape, dict(credentials))
            account.credentials = _merged(account.credentials, given)
            fields += [f"credentials.{key}" for key in given]
        if options:
            given_options = _checked_options(shape, dict(options))
            account.settings = _merged(account.settings, given_options)
            fields += [f"settings.{key}" for key in given_options]
        if not fields:
            return account

        _file_under_its_secrets(account)
        _save(account)
        _announce(ChannelAccountUpdated, actor, account, fields=tuple(fields))
    return account


def remove_account(*, actor: Actor, account_id: int) -> None:
    """Take the account out of sight and close its webhooks; its conversations stay. `restore_account` takes it back.

    Raises Forbidden, NotFound.
    """
    with transaction.atomic():
        account = _locked(actor, account_id)

        account.deleted_at = timezone.now()
        _save(account)
        _announce(ChannelAccountRemoved, actor, account)


def restore_account(*, actor: Actor, account_id: int) -> ChannelAccount:
    """Take a removed account back.

    Raises Forbidden, NotFound, AccountTaken where another one answers for its number by now.
    """
    actor.require(MANAGE_CHANNELS)
    with transaction.atomic():
        account = ChannelAccount.objects.select_for_update().get(pk=get_removed_account(actor, account_id).pk)

        account.deleted_at = None
        _save(account)
        _announce(ChannelAccountRestored, actor, account)
    return account


def connect_account(*, actor: Actor, account_id: int, webhook_url: str = "") -> ChannelAccount:
    """Have the provider know us: a bot gets its webhook with a fresh secret, a number is checked and subscribed.

    `webhook_url` is for a bot whose updates arrive through another address. Calls the provider, so it is not for the
    inside of a transaction. Raises Forbidden, NotFound, ProviderCallFailed (the account then shows the reason).
    """
    actor.require(MANAGE_CHANNELS)
    account = get_account(actor, account_id)
    try:
        if account.channel == Channel.TELEGRAM:
            return _connect_bot(actor, account, webhook_url or settings.PUBLIC_URL + TELEGRAM_WEBHOOK_PATH)
        if account.channel == Channel.WHATSAPP_META:
            return _connect_number(actor, account)
    except ProviderCallFailed as failure:
        _set_status(actor, account_id, AccountStatus.ERROR, failure.error.message)
        raise
    return _set_status(actor, account_id, AccountStatus.CONNECTED)


def disconnect_account(*, actor: Actor, account_id: int) -> ChannelAccount:
    """Stop the channel: a bot's webhook is taken away. Raises Forbidden, NotFound, ProviderCallFailed."""
    actor.require(MANAGE_CHANNELS)
    account = get_account(actor, account_id)
    if account.channel == Channel.TELEGRAM:
        TELEGRAM.delete_webhook(account.ref())
    return _set_status(actor, account_id, AccountStatus.DISCONNECTED)


def note_status(*, actor: Actor, account_id: int, status: AccountStatus, detail: str = "") -> ChannelAccount:
    """Record what was learned about the account while using it. Raises NotFound."""
    return _set_status(actor, account_id, status, detail)


def _connect_bot(actor: Actor, account: ChannelAccount, url: str) -> ChannelAccount:
    if not url.startswith(("https://", "http://")) or len(url) > 512:
        raise InvalidInput(_("Write an address that starts with https://."), field="webhook_url")
    bot = TELEGRAM.get_me(account.ref())
    secret = secrets.token_urlsafe(32)
    # Told to Telegram first: what it sends before our commit is refused once and repeated, while the other way round
    # a failed call would leave a working bot with a secret that nobody sends.
    TELEGRAM.set_webhook(account.ref(), url, secret)
    with transaction.atomic():
        account = _locked(actor, account.pk)
        account.credentials = {**account.credentials, "webhook_secret": secret}
        account.display_number = f"@{bot.username}" if bot.username else account.display_number
        _file_under_its_secrets(account)
        _save(account)
    return _set_status(actor, account.pk, AccountStatus.CONNECTED)


def _connect_number(actor: Actor, account: ChannelAccount) -> ChannelAccount:
    health = WHATSAPP_META.health(account.ref())
    if not health.ok:
        error = ProviderError(
            code=str(health.facts.get("code", "unhealthy")), message=health.detail, action=ErrorAction.STOP_CHANNEL
        )
        raise ProviderCallFailed(error)
    if account.settings.get("waba_id"):
        WHATSAPP_META.subscribe(account.ref())
    if health.detail and not account.display_number:
        with transaction.atomic():
            account = _locked(actor, account.pk)
            account.display_number = health.detail[:64]
            _save(account)
    return _set_status(actor, account.pk, AccountStatus.CONNECTED)


def _set_status(actor: Actor, account_id: int, status: AccountStatus, detail: str = "") -> ChannelAccount:
    with transaction.atomic():
        account = ChannelAccount.objects.select_for_update().filter(pk=account_id, broker=actor.broker_id).first()
        if account is None:
            raise NotFound(_("There is no channel account with this number."), field="account_id")
        previous = account.status
        if (previous, account.status_detail) == (status, detail[:300]):
            return account

        account.status, account.status_detail = status, detail[:300]
        account.save(update_fields=["status", "status_detail"])
        _announce(
            ChannelAccountStatusChanged, actor, account, status=str(status), previous=previous, detail=detail[:300]
        )
    return account


def _locked(actor: Actor, account_id: int) -> ChannelAccount:
    actor.require(MANAGE_CHANNELS)
    return ChannelAccount.objects.select_for_update().get(pk=get_account(actor, account_id).pk)


def _save(account: ChannelAccount) -> None:
    try:
        with transaction.atomic():
            account.save()
    except IntegrityError as error:
        raise AccountTaken(field="external_id") from error


def _announce(kind: type[ChannelAccountEvent], actor: Actor, account: ChannelAccount, **facts: Any) -> None:
    with in_broker(account.broker_id):
        publish(
            kind(
                broker_id=account.broker_id,
                actor=actor,
                account_id=account.pk,
                channel=account.channel,
                label=account.name,
                **facts,
            )
        )


def _file_under_its_secrets(account: ChannelAccount) -> None:
    """Secrets are encrypted, so what webhooks are found by is kept beside them as a digest."""
    secret = account.credentials.get("webhook_secret")
    if account.channel == Channel.TELEGRAM and secret:
        account.public_key = secret_key_of(secret)
    token = account.credentials.get("verify_token")
    if account.channel == Channel.WHATSAPP_META:
        account.settings = {**account.settings, "verify_key": secret_key_of(token) if token else ""}


def _external_id_for(account: ChannelAccount, given: str) -> str:
    if account.channel == Channel.WEBCHAT:
        return account.public_key
    if account.channel == Channel.TELEGRAM:
        return str(account.credentials["bot_token"]).partition(":")[0]
    if not re.fullmatch(r"\d{5,32}", given):
        raise InvalidInput(_("Write the phone number id that Meta shows, digits only."), field="external_id")
    return given


def _shape_of(channel: Channel) -> _Shape:
    shape = _SHAPES.get(channel)
    if shape is None:
        raise InvalidInput(_("This channel is not available in this version."), field="channel")
    return shape


def _checked_credentials(shape: _Shape, given: dict[str, Any]) -> dict[str, str]:
    checked: dict[str, str] = {}
    for key, value in given.items():
        if key not in shape.credentials:
            raise InvalidInput(_("This channel has no such credential."), field=key)
        checked[key] = _checked_text(value, field=key, most=2000)
    token = checked.get("bot_token")
    if token and not re.fullmatch(r"\d{3,20}:[\w\-]{10,100}", token):
        raise InvalidInput(_("This is not a bot token. Copy it from BotFather."), field="bot_token")
    secret = checked.get("webhook_secret")
    if secret and not re.fullmatch(r"[A-Za-z0-9_\-]{16,256}", secret):
        raise InvalidInput(_("Use 16 to 256 letters, digits, _ and -."), field="webhook_secret")
    return checked


def _checked_options(shape: _Shape, given: dict[str, Any]) -> dict[str, Any]:
    return {key: _checked_option(shape, key, value) for key, value in given.items()}


def _checked_option(shape: _Shape, key: str, value: Any) -> Any:
    if key not in shape.settings:
        raise InvalidInput(_("This channel has no such setting."), field=key)
    match key:
        case "daily_message_limit" | "rate_limit_per_minute":
            if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 10_000_000:
                raise InvalidInput(_("Write a whole number from 1."), field=key)
            return value
        case "allowed_origins":
            return _checked_origins(value)
        case "base_url":
            return check_public_url(_checked_text(value, field=key, most=300), field=key) if value else ""
        case "color":
            if value and not (isinstance(value, str) and _COLOR.fullmatch(value)):
                raise InvalidInput(_("Write a colour such as #0b6152."), field=key)
            return value
        case "position":
            return _one_of(value, {"", "left", "right"}, field=key)
        case "theme":
            return _one_of(value, {"", "auto", "light", "dark"}, field=key)
        case "locale":
            return _one_of(value, {"", *dict(settings.LANGUAGES)}, field=key)
        case _:
            return _checked_text(value, field=key, most=500)


def _checked_origins(value: Any) -> list[str]:
    if not isinstance(value, list) or len(value) > 50:
        raise InvalidInput(_("Give a list of at most 50 site addresses."), field="allowed_origins")
    origins = [str(origin).strip().rstrip("/").lower() for origin in value]
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise InvalidInput(_("Write a site's address such as https://example.com."), field="allowed_origins")
    return origins


def _one_of(value: Any, allowed: set[str], *, field: str) -> str:
    if not isinstance(value, str) or value not in allowed:
        raise InvalidInput(_("Choose one of the offered values."), field=field)
    return value


def _checked_name(name: str) -> str:
    text = _checked_text(name, field="name", most=120)
    if not text:
        raise InvalidInput(_("Give the account a name."), field="name")
    return text


def _checked_text(value: Any, *, field: str, most: int) -> str:
    if not isinstance(value, str) or "\x00" in value or len(value) > most:
        raise InvalidInput(_("Write a shorter text here."), field=field)
    return value.strip()


def _merged(before: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in {**before, **given}.items() if value not in ("", None, [])}
