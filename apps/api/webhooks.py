"""Webhooks for whoever comes through Django: the same rules as `apps.api.ingress`, which serves them in production."""

from django.conf import settings
from django.http import HttpResponse
from rest_framework.request import Request

from apps.core.errors import NotFound, PayloadTooLarge
from apps.messaging.ingress import Delivery, receive_now, verify_challenge_now
from apps.messaging.types import Channel

PROVIDERS = {"telegram": Channel.TELEGRAM, "whatsapp": Channel.WHATSAPP_META}


def take(request: Request, channel: Channel, *, broker_id: int | None = None, account_id: int | None = None) -> None:
    """Store the webhook.

    Raises PayloadTooLarge, NotFound, InvalidSignature.
    """
    body = request._request.body
    if len(body) > settings.WEBHOOK_MAX_BYTES:
        raise PayloadTooLarge
    headers = {name.lower(): value for name, value in request.headers.items()}
    receive_now(Delivery(channel=channel, headers=headers, body=body, broker_id=broker_id, account_id=account_id))


def answer_challenge(request: Request, *, broker_id: int | None = None, account_id: int | None = None) -> HttpResponse:
    """The bare challenge.

    Raises VerificationRefused, NotFound.
    """
    challenge = verify_challenge_now(request.query_params, broker_id=broker_id, account_id=account_id)
    return HttpResponse(challenge, content_type="text/plain; charset=utf-8")


def channel_of(provider_name: str) -> Channel:
    """Raises NotFound for a provider that this address does not take."""
    channel = PROVIDERS.get(provider_name)
    if channel is None:
        raise NotFound(code="UNKNOWN_PROVIDER")
    return channel
