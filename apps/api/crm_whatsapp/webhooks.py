"""/v1/webhooks: what Meta posts for one number. In production the ASGI door answers these before Django is asked."""

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api import webhooks
from apps.api.kit.schema import documented
from apps.api.kit.serializers import JSONObject, Serializer, Text
from apps.api.kit.views import OpenViewSet
from apps.messaging.types import Channel


class MetaPayload(JSONObject):
    """Meta's WhatsApp Cloud API payload."""


class Received(Serializer):
    status = Text()


class Challenge(Serializer):
    """Meta's names have dots, which no attribute can have."""

    def get_fields(self) -> dict[str, Text]:  # type: ignore[override]
        names = ("hub.mode", "hub.verify_token", "hub.challenge")
        return {name: Text(required=False) for name in names}


class NumberWebhookViewSet(OpenViewSet):
    """Callers hold no token: Meta signs what it sends."""

    @documented(query=Challenge, answer=str, media_type="text/plain")
    def verify(self, request: Request, number_id: int) -> HttpResponse:
        return webhooks.answer_challenge(request, account_id=number_id)

    @documented(body=MetaPayload, answer=Received)
    def receive(self, request: Request, number_id: int) -> Response:
        """Incoming messages, their statuses, notices about the account."""
        webhooks.take(request, Channel.WHATSAPP_META, account_id=number_id)
        return Response({"status": "received"})
