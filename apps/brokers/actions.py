"""Making, changing, closing and reopening brokers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import available_timezones

import phonenumbers
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone as clock
from django.utils.translation import gettext_lazy as _

from apps.brokers.errors import DomainTaken
from apps.brokers.events import (
    BrokerCreated,
    BrokerDeleted,
    BrokerRestored,
    BrokerSuspended,
    BrokerUpdated,
    DomainAdded,
    DomainRemoved,
)
from apps.brokers.models import Broker, BrokerConfig, Domain, PromptVersion
from apps.brokers.permissions import require_platform
from apps.brokers.provisioning import clone_template, share_template
from apps.core.access import Actor
from apps.core.errors import InvalidInput, NotFound
from apps.core.events import publish
from apps.core.ids import uid_for
from apps.core.tenancy import in_broker, in_public, schema_of

_HOST_NAME = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


@dataclass(frozen=True)
class _Habits:
    timezone: str
    currency: str


_HABITS_OF_COUNTRY: dict[str, _Habits] = {
    "AR": _Habits("America/Argentina/Buenos_Aires", "ARS"),
    "BR": _Habits("America/Sao_Paulo", "BRL"),
    "CL": _Habits("America/Santiago", "CLP"),
    "CO": _Habits("America/Bogota", "COP"),
    "EC": _Habits("America/Guayaquil", "USD"),
    "ES": _Habits("Europe/Madrid", "EUR"),
    "MX": _Habits("America/Mexico_City", "MXN"),
    "PE": _Habits("America/Lima", "PEN"),
    "US": _Habits("America/New_York", "USD"),
    "UY": _Habits("America/Montevideo", "UYU"),
}


def provision_broker(
    *,
    actor: Actor,
    name: str,
    country: str = "",
    timezone: str = "",
    language: str = "es",
    currency: str = "",
) -> Broker:
    """Make a broker with its schema, its configuration and what it starts with, in the caller's transaction.

    An empty time zone or currency follows the country, an empty country is the installation's. Takes some forty
    milliseconds, however many brokers there are. Raises InvalidInput, and Forbidden unless the platform acts.
    """
    require_platform(actor)
    country = (country or settings.DEFAULT_COUNTRY).upper()
    habits = _HABITS_OF_COUNTRY.get(country, _Habits(settings.DEFAULT_TIMEZONE, "USD"))
    values = _checked(
        {
            "name": name,
            "country": country,
            "timezone": timezone or habits.timezone,
            "language": language,
            "currency": currency or habits.currency,
        }
    )

    with in_public(), transaction.atomic():
        share_template()
        broker_id = _next_broker_id()
        clone_template(schema_of(broker_id))
        broker = Broker(pk=broker_id, schema_name=schema_of(broker_id), uid=uid_for(broker_id), **values)
        broker.save(force_insert=True)
        config = BrokerConfig.objects.create(broker=broker)
        PromptVersion.objects.create(
            broker=broker, version=config.version, agent_name=config.agent_name, created_by_id=actor.user_id
        )
        with in_broker(broker_id):
            publish(
                BrokerCreated(
                    broker_id=broker_id, actor=actor, label=broker.name, language=broker.language, changes=_made(values)
                )
            )
    return broker


def update_broker(*, actor: Actor, broker_id: int, changes: Mapping[str, object]) -> Broker:
    """Change the name, country, time zone, language, currency, what agents see, or suspend and reopen it.

    Raises Forbidden, NotFound, InvalidInput (also for a field that cannot be changed).
    """
    with in_public(), transaction.atomic():
        broker = _locked(actor, broker_id)
        wanted = dict(changes)
        is_active = wanted.pop("is_active", None)
        values = _checked(wanted)
        if is_active is not None and not isinstance(is_active, bool):
            raise InvalidInput(_("Say true or false."), field="is_active")
        differing = {field: value for field, value in values.items() if getattr(broker, field) != value}

        if differing:
            before = {field: getattr(broker, field) for field in differing}
            for field, value in differing.items():
                setattr(broker, field, value)
            broker.save(update_fields=[*differing, "updated_at"])
            publish(
                BrokerUpdated(
                    broker_id=broker_id,
                    actor=actor,
                    label=broker.name,
                    changes={field: [before[field], value] for field, value in differing.items()},
                )
            )
        if is_active is True:
            _reopen(actor, broker)
        elif is_active is False:
            _suspend(actor, broker)
    return broker


def suspend_broker(*, actor: Actor, broker_id: int) -> Broker:
    """Close every door of the broker at once; its rows stay. Suspending twice changes nothing."""
    with in_public(), transaction.atomic():
        broker = _locked(actor, broker_id)

        _suspend(actor, broker)
    return broker


def delete_broker(*, actor: Actor, broker_id: int) -> None:
    """Close every door and take the broker out of sight; `restore_broker` takes it back.

    Raises Forbidden, and NotFound for one that is deleted already.
    """
    with in_public(), transaction.atomic():
        broker = _locked(actor, broker_id)

        broker.deleted_at = clock.now()
        broker.save(update_fields=["deleted_at", "updated_at"])
        publish(BrokerDeleted(broker_id=broker_id, actor=actor, label=broker.name))


def restore_broker(*, actor: Actor, broker_id: int) -> Broker:
    """Open a suspended or deleted broker again, with all that it had. An open one stays as it is."""
    with in_public(), transaction.atomic():
        broker = _locked(actor, broker_id, also_deleted=True)

        _reopen(actor, broker)
    return broker


def add_domain(*, actor: Actor, broker_id: int, domain: str) -> Domain:
    """Let a host name lead to the broker; the first one is its primary.

    Raises InvalidInput for what is no host name, DomainTaken where it leads somewhere already.
    """
    host = domain.strip().lower().rstrip(".")
    if not _HOST_NAME.fullmatch(host):
        raise InvalidInput(_("Write a host name such as crm.example.com, without a scheme or a port."), field="domain")
    with in_public(), transaction.atomic():
        broker = _locked(actor, broker_id)
        if Domain.objects.filter(domain=host).exists():
            raise DomainTaken(field="domain")

        is_first = not Domain.objects.filter(tenant=broker).exists()
        row = Domain.objects.create(tenant=broker, domain=host, is_primary=is_first)
        publish(DomainAdded(broker_id=broker_id, actor=actor, label=broker.name, domain=host))
    return row


def remove_domain(*, actor: Actor, broker_id: int, domain: str) -> None:
    """The host name leads nowhere any more. Raises NotFound where it did not lead to this broker."""
    with in_public(), transaction.atomic():
        broker = _locked(actor, broker_id)
        row = Domain.objects.filter(tenant=broker, domain=domain.strip().lower()).first()
        if row is None:
            raise NotFound(_("This domain does not lead to the broker."))

        row.delete()
        publish(DomainRemoved(broker_id=broker_id, actor=actor, label=broker.name, domain=row.domain))


def _next_broker_id() -> int:
    """The number first: it names the schema and is readable in every id of the broker."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('public.brokers_broker', 'id'))")
        return int(cursor.fetchone()[0])


def _locked(actor: Actor, broker_id: int, *, also_deleted: bool = False) -> Broker:
    require_platform(actor)
    brokers = Broker.objects.select_for_update().filter(pk=broker_id)
    broker = (brokers if also_deleted else brokers.filter(deleted_at__isnull=True)).first()
    if broker is None:
        raise NotFound(_("There is no broker with this number."))
    return broker


def _suspend(actor: Actor, broker: Broker) -> None:
    if not broker.is_active:
        return
    broker.is_active = False
    broker.save(update_fields=["is_active", "updated_at"])
    publish(BrokerSuspended(broker_id=broker.pk, actor=actor, label=broker.name))


def _reopen(actor: Actor, broker: Broker) -> None:
    if broker.is_open:
        return
    broker.is_active, broker.deleted_at = True, None
    broker.save(update_fields=["is_active", "deleted_at", "updated_at"])
    publish(BrokerRestored(broker_id=broker.pk, actor=actor, label=broker.name))


def _made(values: Mapping[str, object]) -> dict[str, list[object]]:
    return {field: [None, value] for field, value in values.items()}


def _checked(values: Mapping[str, object]) -> dict[str, object]:
    """The values, tidied, or InvalidInput at the first that is not usable."""
    return {field: _checked_value(field, value) for field, value in values.items()}


def _checked_value(field: str, value: object) -> object:
    if field == "is_open_to_agents":
        if not isinstance(value, bool):
            raise InvalidInput(_("Say true or false."), field=field)
        return value
    if field not in {"name", "country", "timezone", "language", "currency"}:
        raise InvalidInput(_("This field cannot be changed."), field=field)
    if not isinstance(value, str) or "\x00" in value:
        raise InvalidInput(_("Write text here."), field=field)
    text = value.strip()
    match field:
        case "name" if not 1 <= len(text) <= 200:
            raise InvalidInput(_("Write a name of 1 to 200 characters."), field=field)
        case "country" if text not in phonenumbers.SUPPORTED_REGIONS:
            raise InvalidInput(_("Use a country's two-letter code, such as CL or MX."), field=field)
        case "timezone" if text not in _known_timezones():
            raise InvalidInput(_("Use a time zone's name, such as America/Santiago."), field=field)
        case "language" if text not in dict(settings.LANGUAGES):
            raise InvalidInput(_("Use one of these languages: es, en, pt."), field=field)
        case "currency" if not re.fullmatch(r"[A-Z]{3}", text):
            raise InvalidInput(_("Use a currency's three-letter code, such as CLP or MXN."), field=field)
    return text


@lru_cache(maxsize=1)
def _known_timezones() -> frozenset[str]:
    return frozenset(available_timezones())
