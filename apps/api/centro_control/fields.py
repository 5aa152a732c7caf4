"""/api/v1/admin/.../fields: an account's custom fields."""

from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.centro_control.access import PlatformViewSet
from apps.api.centro_control.accounts import Flag
from apps.api.kit.pagination import window_of
from apps.api.kit.schema import documented
from apps.api.kit.serializers import AnyCaseChoice, Int, Serializer, Text, Time, serializers
from apps.brokers.models import Broker
from apps.core.errors import NotFound
from apps.core.pagination import page_of
from apps.leads.field_actions import change_field, define_field, delete_field
from apps.leads.fields import FieldExists
from apps.leads.models import CustomField
from apps.leads.types import FieldType

# The document's own words.
EXISTS = "Field already exists for this account"
NO_FIELD = "Field not found"


class FieldsQuery(Serializer):
    page = Int(default=1, min_value=1)
    page_size = Int(default=50, min_value=1, max_value=200)


class NewField(Serializer):
    nombre_campo = Text(max_length=120, source="name")
    tipo_dato = AnyCaseChoice(choices=FieldType.values, source="type")
    descripcion = Text(max_length=500, required=False, allow_null=True, allow_blank=True, source="description")
    es_requerido = Flag(default=False, source="is_required")


class FieldChanges(Serializer):
    tipo_dato = AnyCaseChoice(choices=FieldType.values, required=False, source="type")
    descripcion = Text(max_length=500, required=False, allow_null=True, allow_blank=True, source="description")
    es_requerido = Flag(required=False, source="is_required")


class FieldResponse(Serializer):
    id = serializers.UUIDField(source="uid")
    cuenta_id = serializers.SerializerMethodField()
    nombre_campo = Text(source="name")
    tipo_dato = serializers.ChoiceField(choices=FieldType.values, source="type")
    descripcion = Text(allow_null=True, source="description")
    es_requerido = serializers.BooleanField(source="is_required")
    created_at = Time()

    def get_cuenta_id(self, _field: CustomField) -> UUID:
        return self.context["account"].uid


class FieldList(Serializer):
    items = FieldResponse(many=True)
    total = Int()


class FieldViewSet(PlatformViewSet):
    """Those that ingest made by itself are among them."""

    @documented(query=FieldsQuery, answer=FieldList)
    def list(self, request: Request, account_id: UUID) -> Response:
        broker = self.enter_account(account_id)
        window = window_of(self.query(FieldsQuery))
        page = page_of(CustomField.objects.order_by("id"), offset=window.offset, limit=window.limit)
        return Response({"items": _answers(page.items, broker), "total": page.total})

    @documented(body=NewField, answer=FieldResponse, status=201)
    def create(self, request: Request, account_id: UUID) -> Response:
        broker = self.enter_account(account_id)
        values = self.body(NewField)
        try:
            field = define_field(actor=self.actor, **values)
        except FieldExists as error:
            raise FieldExists(EXISTS) from error
        return Response(_answers([field], broker)[0], status=201)

    @documented(body=FieldChanges, answer=FieldResponse)
    def update(self, request: Request, field_id: UUID) -> Response:
        """Another `tipo_dato` has the values that leads hold converted in the background."""
        broker = self.enter_account_of(field_id, missing=NO_FIELD)
        field = change_field(actor=self.actor, field_id=_number_of(field_id), changes=self.body(FieldChanges))
        return Response(_answers([field], broker)[0])

    @documented(status=204)
    def delete(self, request: Request, field_id: UUID) -> Response:
        """The definition goes; what leads hold under its name stays."""
        self.enter_account_of(field_id, missing=NO_FIELD)
        delete_field(actor=self.actor, field_id=_number_of(field_id))
        return Response(status=204)


def _answers(fields: Any, broker: Broker) -> list[dict[str, Any]]:
    return list(FieldResponse(fields, many=True, context={"account": broker}).data)


def _number_of(field_id: UUID) -> int:
    number = CustomField.objects.filter(uid=field_id).values_list("pk", flat=True).first()
    if number is None:
        raise NotFound(NO_FIELD)
    return number
