"""/api/v1/admin/accounts: brokers, as this document sees them."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.centro_control.access import PlatformViewSet
from apps.api.kit.pagination import PageSizeQuery, window_of
from apps.api.kit.schema import documented
from apps.api.kit.serializers import Int, Serializer, Text, Time, serializers
from apps.brokers import ingest_keys
from apps.brokers.actions import suspend_broker
from apps.brokers.models import Broker
from apps.core.pagination import page_of


class Flag(serializers.BooleanField):
    """true or false, and no word for it."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class NewAccount(Serializer):
    nombre = Text(max_length=200, source="name")
    auto_crear_campos = Flag(default=True, source="creates_fields")


class AccountChanges(Serializer):
    nombre = Text(max_length=200, required=False, source="name")
    activo = Flag(required=False, source="is_active")
    auto_crear_campos = Flag(required=False, source="creates_fields")


class Rotation(Serializer):
    grace_days = Int(default=ingest_keys.GRACE_DAYS, min_value=0, max_value=ingest_keys.MOST_GRACE_DAYS)


class AccountResponse(Serializer):
    id = serializers.UUIDField()
    nombre = Text()
    api_key = Text()
    activo = serializers.BooleanField()
    auto_crear_campos = serializers.BooleanField()
    created_at = Time()
    updated_at = Time()


class AccountList(Serializer):
    items = AccountResponse(many=True)
    total = Int()


class AccountViewSet(PlatformViewSet):
    """An account is a broker: the same one that signs in, and whose leads these are."""

    @documented(body=NewAccount, answer=AccountResponse, status=201)
    def create(self, request: Request) -> Response:
        """A broker without users, with a key for its ingest address."""
        broker = ingest_keys.create_account(actor=self.actor, **self.body(NewAccount))
        return Response(_answer(broker), status=201)

    @documented(query=PageSizeQuery, answer=AccountList)
    def list(self, request: Request) -> Response:
        """The active ones, oldest first."""
        accounts = ingest_keys.visible_accounts(self.actor).filter(is_active=True)
        window = window_of(self.query(PageSizeQuery))
        page = page_of(accounts, offset=window.offset, limit=window.limit)
        return Response({"items": _answers(page.items), "total": page.total})

    @documented(answer=AccountResponse)
    def get(self, request: Request, account_id: UUID) -> Response:
        """An inactive one, too."""
        return Response(_answer(self.account(account_id)))

    @documented(body=AccountChanges, answer=AccountResponse)
    def update(self, request: Request, account_id: UUID) -> Response:
        """`activo` closes and opens every door of the broker."""
        broker = self.account(account_id)
        changes = self.body(AccountChanges)
        ingest_keys.update_account(actor=self.actor, broker_id=broker.pk, changes=changes)
        return Response(_answer(self.account(account_id)))

    @documented(status=204)
    def delete(self, request: Request, account_id: UUID) -> Response:
        """Its doors close, its rows stay; `activo: true` opens it again."""
        suspend_broker(actor=self.actor, broker_id=self.account(account_id).pk)
        return Response(status=204)

    @documented(answer=AccountResponse)
    def toggle_auto_create(self, request: Request, account_id: UUID) -> Response:
        broker = self.account(account_id)
        ingest_keys.toggle_creates_fields(actor=self.actor, broker_id=broker.pk)
        return Response(_answer(self.account(account_id)))

    @documented(body=Rotation, answer=AccountResponse)
    def rotate_key(self, request: Request, account_id: UUID) -> Response:
        """A new key; the old one works for `grace_days` more."""
        broker = self.account(account_id)
        ingest_keys.rotate_key(actor=self.actor, broker_id=broker.pk, **self.body(Rotation))
        return Response(_answer(self.account(account_id)))


def _answer(broker: Broker) -> dict[str, Any]:
    return _answers([broker])[0]


def _answers(brokers: Iterable[Broker]) -> list[dict[str, Any]]:
    """One query for all keys."""
    rows = list(brokers)
    keys = ingest_keys.present_keys([broker.pk for broker in rows])
    shown = [
        {
            "id": broker.uid,
            "nombre": broker.name,
            "api_key": keys[broker.pk].key,
            "activo": broker.is_active,
            "auto_crear_campos": broker.config.creates_fields,
            "created_at": broker.created_at,
            "updated_at": broker.updated_at,
        }
        for broker in rows
    ]
    return list(AccountResponse(shown, many=True).data)
