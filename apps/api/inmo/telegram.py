"""/api/v1/telegram: the broker's bot and its webhook."""

from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.kit.schema import documented
from apps.api.kit.serializers import Int, Serializer, Text, serializers
from apps.api.kit.views import ApiViewSet
from apps.messaging import actions
from apps.messaging.permissions import MANAGE_CHANNELS
from apps.messaging.providers import TELEGRAM
from apps.messaging.queries import account_of_channel
from apps.messaging.types import Channel


class WebhookSetup(Serializer):
    webhook_url = serializers.URLField(max_length=512)


class WebhookSet(Serializer):
    ok = serializers.BooleanField()
    webhook_url = Text()


class WebhookInfo(Serializer):
    url = Text()
    pending_update_count = Int()
    last_error_message = Text(required=False)
    max_connections = Int(required=False)


class TelegramViewSet(ApiViewSet):
    """A refusal of Telegram is 502, no bot is 503."""

    takes_broker_id = True

    @documented(body=WebhookSetup, answer=WebhookSet)
    def set_up(self, request: Request) -> Response:
        """Telegram gets a fresh secret with the address; updates without it are refused from then on."""
        self.actor.require(MANAGE_CHANNELS)
        url = self.body(WebhookSetup)["webhook_url"]
        account = account_of_channel(self.actor, Channel.TELEGRAM)
        actions.connect_account(actor=self.actor, account_id=account.pk, webhook_url=url)
        return Response({"ok": True, "webhook_url": url})

    @documented(answer=WebhookInfo)
    def info(self, request: Request) -> Response:
        self.actor.require(MANAGE_CHANNELS)
        account = account_of_channel(self.actor, Channel.TELEGRAM)
        return Response(WebhookInfo(TELEGRAM.webhook_info(account.ref())).data)
