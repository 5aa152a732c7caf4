"""Finding brokers."""

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from apps.brokers.models import Broker
from apps.brokers.permissions import require_platform
from apps.core.access import Actor
from apps.core.errors import NotFound


def get_broker(actor: Actor, broker_id: int) -> Broker:
    """The broker with its configuration.

    Raises Forbidden for anyone but the platform, NotFound for an unknown or deleted one.
    """
    return _one(visible_brokers(actor), broker_id)


def get_deleted_broker(actor: Actor, broker_id: int) -> Broker:
    """A deleted broker, to be taken back; errors as `get_broker`."""
    require_platform(actor)
    return _one(Broker.objects.filter(deleted_at__isnull=False), broker_id)


def visible_brokers(actor: Actor) -> QuerySet[Broker]:
    """Every broker that is not deleted, by number.

    Raises Forbidden for anyone but the platform.
    """
    require_platform(actor)
    return Broker.objects.filter(deleted_at__isnull=True).order_by("pk")


def is_open(broker_id: int) -> bool:
    """Whether the broker's doors are open: one indexed read, for those who hold no Broker."""
    return Broker.objects.filter(pk=broker_id, is_active=True, deleted_at__isnull=True).exists()


def _one(brokers: QuerySet[Broker], broker_id: int) -> Broker:
    broker = brokers.filter(pk=broker_id).first()
    if broker is None:
        raise NotFound(_("There is no broker with this number."))
    return broker
