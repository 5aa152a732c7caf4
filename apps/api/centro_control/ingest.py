"""/api/v1/ingest/{account_api_key}: the door for every other system. It needs no token; the address is the secret."""

import hmac
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.kit.schema import documented
from apps.api.kit.serializers import JSONObject, Serializer, Strings, Text, serializers
from apps.api.kit.views import OpenViewSet
from apps.brokers.ingest_keys import KeyHolder, holder_of
from apps.core import limits
from apps.core.context import request_context
from apps.core.errors import NotFound, PayloadTooLarge
from apps.core.tenancy import in_broker
from apps.leads.ingest import Delivery, IngestAnswer, receive

# The document's own words.
NO_ACCOUNT = "Account not found or inactive"


class IngestProblem(Serializer):
    field = Text()
    problem = serializers.ChoiceField(choices=["missing", "wrong_type", "unusable_name"])


class IngestResponse(Serializer):
    success = serializers.BooleanField()
    record_id = serializers.UUIDField()
    lead_id = serializers.UUIDField(allow_null=True)
    unknown_fields = Strings()
    auto_create_enabled = serializers.BooleanField()
    fields_created = Strings()
    problems = IngestProblem(many=True, required=False)


class FreeObject(JSONObject):
    """The sender's own names and values. Forms and e-mails (message/rfc822) are taken too."""


class IngestViewSet(OpenViewSet):
    """Everything that comes is kept, whatever can be made of it."""

    @documented(body=FreeObject, answer=IngestResponse)
    def receive(self, request: Request, account_api_key: str) -> Response:
        """`Idempotency-Key` (or `webhook-id`) makes a repeated call the same call.

        A payload whose phone, else e-mail, is known fills what that lead lacks; any other makes a lead. `lead_id` is
        null where the payload said nothing of a person, and where it is tried again later because of a fault of ours.
        """
        holder = _holder(account_api_key)
        limits.spend("ingest.account", str(holder.broker_id))
        delivery = _delivery(request)
        with in_broker(holder.broker_id):
            answer = receive(holder=holder, delivery=delivery)
            return Response(_answer(answer))

    @documented(answer=str, media_type="text/plain")
    def verify(self, request: Request, account_api_key: str) -> HttpResponse:
        """Meta asks once whether the address is ours: `hub.verify_token` is the account's key."""
        _holder(account_api_key)
        token = request.query_params.get("hub.verify_token", "")
        if not hmac.compare_digest(token.encode(), account_api_key.encode()):
            raise NotFound(NO_ACCOUNT)
        challenge = request.query_params.get("hub.challenge", "")[:200]
        return HttpResponse(challenge, content_type="text/plain; charset=utf-8")


def _holder(key: str) -> KeyHolder:
    """Raises NotFound; whoever tries many keys is slowed down."""
    holder = holder_of(key)
    if holder is None:
        limits.spend("ingest.unknown", request_context().address)
        raise NotFound(NO_ACCOUNT)
    return holder


def _delivery(request: Request) -> Delivery:
    """Raises PayloadTooLarge."""
    most: int = settings.WEBHOOK_MAX_BYTES
    raw = request._request.read(most + 1)
    if len(raw) > most:
        raise PayloadTooLarge
    return Delivery(
        raw=raw,
        content_type=request.headers.get("Content-Type", ""),
        address=request_context().address,
        idempotency_key=request.headers.get("Idempotency-Key", "") or request.headers.get("Webhook-Id", ""),
    )


def _answer(answer: IngestAnswer) -> dict[str, Any]:
    record = answer.record
    shown: dict[str, Any] = {
        "success": True,
        "record_id": record.uid,
        "lead_id": answer.lead_uid,
        "unknown_fields": record.unknown_fields or [],
        "auto_create_enabled": answer.creates_fields,
        "fields_created": record.fields_created,
    }
    return shown | ({"problems": answer.problems} if answer.problems else {})
