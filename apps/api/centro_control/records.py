"""/api/v1/admin/.../records: what was sent, as it came."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.centro_control.access import PlatformViewSet
from apps.api.kit.pagination import PageSizeQuery, items_page_size, window_of
from apps.api.kit.schema import documented
from apps.api.kit.serializers import Int, JSONObject, Serializer, Strings, Text, Time, serializers
from apps.brokers.models import Broker
from apps.core.errors import NotFound
from apps.core.pagination import page_of
from apps.leads.ingest import replay
from apps.leads.ingesting.records import visible_records
from apps.leads.models import IngestRecord
from apps.leads.types import IngestState

NO_RECORD = "Record not found"


class RecordMetadata(Serializer):
    source_ip = Text(allow_null=True)
    unknown_fields = Strings(allow_null=True)
    state = serializers.ChoiceField(choices=IngestState.values)
    error = Text(allow_null=True)


class RecordResponse(Serializer):
    id = serializers.UUIDField()
    cuenta_id = serializers.UUIDField()
    datos = JSONObject()
    metadata_ = RecordMetadata()
    created_at = Time()


class RecordPage(Serializer):
    items = RecordResponse(many=True)
    total = Int()
    page = Int()
    page_size = Int()


class RecordViewSet(PlatformViewSet):
    """Every call of the ingest address, also those of which nothing could be made."""

    @documented(query=PageSizeQuery, answer=RecordPage)
    def list(self, request: Request, account_id: UUID) -> Response:
        """Newest first."""
        broker = self.enter_account(account_id)
        window = window_of(self.query(PageSizeQuery))
        page = page_of(visible_records(self.actor), offset=window.offset, limit=window.limit)
        return Response(items_page_size(page, _answers(page.items, broker)))

    @documented(answer=RecordResponse)
    def get(self, request: Request, record_id: UUID) -> Response:
        broker = self.enter_account_of(record_id, missing=NO_RECORD)
        return Response(_answers([_record(record_id)], broker)[0])

    @documented(answer=RecordResponse)
    def replay(self, request: Request, record_id: UUID) -> Response:
        """Processed again, with the fields as they are now; the same person stays the same lead."""
        broker = self.enter_account_of(record_id, missing=NO_RECORD)
        record = replay(actor=self.actor, record_id=_record(record_id).pk)
        return Response(_answers([record], broker)[0])


def _record(record_id: UUID) -> IngestRecord:
    record = IngestRecord.objects.filter(uid=record_id).first()
    if record is None:
        raise NotFound(NO_RECORD)
    return record


def _answers(records: Iterable[IngestRecord], broker: Broker) -> list[dict[str, Any]]:
    shown = [
        {
            "id": record.uid,
            "cuenta_id": broker.uid,
            "datos": record.payload,
            "metadata_": {
                "source_ip": record.source_ip,
                "unknown_fields": record.unknown_fields,
                "state": record.state,
                "error": record.error or None,
            },
            "created_at": record.created_at,
        }
        for record in records
    ]
    return list(RecordResponse(shown, many=True).data)
