"""/api/v1/admin/.../leads: an account's leads, as they were sent."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.centro_control.access import PlatformViewSet
from apps.api.kit.pagination import PageSizeQuery, items_page_size, window_of
from apps.api.kit.schema import documented
from apps.api.kit.serializers import Int, JSONObject, Serializer, Time, serializers
from apps.brokers.models import Broker
from apps.core.errors import NotFound
from apps.leads.ingesting.records import SentLead, sent_leads
from apps.leads.queries import LeadFilter, get_lead_by_uid, page_of_leads

NO_LEAD = "Lead not found"


class LeadResponse(Serializer):
    id = serializers.UUIDField()
    cuenta_id = serializers.UUIDField()
    record_id = serializers.UUIDField(allow_null=True)
    datos = JSONObject()
    created_at = Time()


class LeadPage(Serializer):
    items = LeadResponse(many=True)
    total = Int()
    page = Int()
    page_size = Int()


class LeadViewSet(PlatformViewSet):
    """Leads that no other system sent have no record; `datos` is then what they hold."""

    @documented(query=PageSizeQuery, answer=LeadPage)
    def list(self, request: Request, account_id: UUID) -> Response:
        """Newest first."""
        broker = self.enter_account(account_id)
        window = window_of(self.query(PageSizeQuery))
        page = page_of_leads(self.actor, LeadFilter(), offset=window.offset, limit=window.limit)
        return Response(items_page_size(page, _answers(sent_leads(page.items), broker)))

    @documented(answer=LeadResponse)
    def get(self, request: Request, lead_id: UUID) -> Response:
        broker = self.enter_account_of(lead_id, missing=NO_LEAD)
        try:
            lead = get_lead_by_uid(self.actor, lead_id)
        except NotFound as error:
            raise NotFound(NO_LEAD) from error
        return Response(_answers(sent_leads([lead]), broker)[0])


def _answers(leads: Iterable[SentLead], broker: Broker) -> list[dict[str, Any]]:
    shown = [
        {
            "id": each.lead.uid,
            "cuenta_id": broker.uid,
            "record_id": each.record.uid if each.record else None,
            "datos": each.told,
            "created_at": each.lead.created_at,
        }
        for each in leads
    ]
    return list(LeadResponse(shown, many=True).data)
