"""What a new broker starts with, and counting: this room stands high enough to reach all the others."""

from django.utils.translation import gettext as _
from django.utils.translation import override

from apps.brokers.events import BrokerCreated
from apps.conversations.events import MessageStatusChanged
from apps.core.events import Phase, subscribe
from apps.messaging.models import AccountStatus, ChannelAccount
from apps.messaging.types import Channel
from apps.operations.metrics import count_send
from apps.queues.models import Queue


@subscribe(BrokerCreated)
def give_first_queue_and_web_chat(event: BrokerCreated) -> None:
    """One queue where people can be assigned at once, and a web chat that works without any set-up."""
    with override(event.language):
        Queue.objects.get_or_create(is_default=True, defaults={"name": _("Sales")})
        if not ChannelAccount.objects.filter(broker_id=event.broker_id, channel=Channel.WEBCHAT).exists():
            account = ChannelAccount(
                broker_id=event.broker_id, channel=Channel.WEBCHAT, name=_("Web chat"), status=AccountStatus.CONNECTED
            )
            account.external_id = account.public_key
            account.save()


@subscribe(MessageStatusChanged, phase=Phase.AFTER_COMMIT)
def count_outcome(event: MessageStatusChanged) -> None:
    """For /metrics: how many messages were sent, delivered, read, failed or left uncertain."""
    count_send(event.status)
