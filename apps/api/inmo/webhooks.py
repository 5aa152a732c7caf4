"""/webhooks: what messaging providers post. In production the ASGI door answers these before Django is asked."""

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api import webhooks
from apps.api.kit.schema import documented
from apps.api.kit.serializers import JSONObject, Serializer, Text, serializers
from apps.api.kit.views import OpenViewSet
from apps.messaging.types import Channel


class AnyPayload(JSONObject):
    """The provider's own payload."""


class TelegramReceived(Serializer):
    ok = serializers.BooleanField()


class Received(Serializer):
    status = Text()


class Challenge(Serializer):
    """Meta's names have dots, which no attribute can have."""

    def get_fields(self) -> dict[str, Text]:  # type: ignore[override]
        names = ("hub.mode", "hub.verify_token", "hub.challenge")
        return {name: Text(required=False) for name in names}


class WebhookViewSet(OpenViewSet):
    """Callers hold no token: they are known by their signature or secret."""

    @documented(body=AnyPayload, answer=TelegramReceived)
    def telegram(self, request: Request) -> Response:
        """The bot is found by the secret in the header."""
        webhooks.take(request, Channel.TELEGRAM)
        return Response({"ok": True})

    @documented(query=Challenge, answer=str, media_type="text/plain")
    def whatsapp_verify(self, request: Request) -> HttpResponse:
        return webhooks.answer_challenge(request)

    @documented(body=AnyPayload, answer=Received)
    def whatsapp(self, request: Request) -> Response:
        """The number is found by the phone_number_id in the body."""
        webhooks.take(request, Channel.WHATSAPP_META)
        return Response({"status": "received"})

    @documented(body=AnyPayload, answer=Received)
    def chat(self, request: Request, broker_id: int, provider_name: str) -> Response:
        webhooks.take(request, webhooks.channel_of(provider_name), broker_id=broker_id)
        return Response({"status": "received"})

    @documented(query=Challenge, answer=str, media_type="text/plain")
    def chat_verify(self, request: Request, broker_id: int, provider_name: str) -> HttpResponse:
        webhooks.channel_of(provider_name)
        return webhooks.answer_challenge(request, broker_id=broker_id)
