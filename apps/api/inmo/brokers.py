"""/api/brokers: the brokerages of the platform, for superadmins alone."""

from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.kit.pagination import SkipLimitQuery, skip_limit, skip_limit_page_of, window_of
from apps.api.kit.schema import documented
from apps.api.kit.serializers import Int, Serializer, Text, Time, serializers
from apps.api.kit.views import ApiViewSet
from apps.brokers import actions
from apps.brokers.permissions import require_platform
from apps.brokers.queries import get_broker, visible_brokers
from apps.core.pagination import page_of


class BrokerResponse(Serializer):
    id = Int(source="pk")
    name = Text()
    is_active = serializers.BooleanField()
    created_at = Time()
    uid = serializers.UUIDField()
    country = Text()
    timezone = Text()
    language = Text()
    currency = Text()


class NewBroker(Serializer):
    name = Text(max_length=200)
    country = Text(max_length=2, required=False)
    timezone = Text(max_length=64, required=False)
    language = Text(max_length=5, required=False)
    currency = Text(max_length=3, required=False)


class BrokerChanges(Serializer):
    name = Text(max_length=200, required=False)
    is_active = serializers.BooleanField(required=False)
    country = Text(max_length=2, required=False)
    timezone = Text(max_length=64, required=False)
    language = Text(max_length=5, required=False)
    currency = Text(max_length=3, required=False)


class BrokerViewSet(ApiViewSet):
    """Every action here asks for a superadmin by itself."""

    needs_broker = False

    @documented(query=SkipLimitQuery, answer=skip_limit_page_of(BrokerResponse))
    def list(self, request: Request) -> Response:
        brokers = visible_brokers(self.actor)
        window = window_of(self.query(SkipLimitQuery))
        page = page_of(brokers, offset=window.offset, limit=window.limit)
        return Response(skip_limit(page, BrokerResponse(page.items, many=True).data))

    @documented(body=NewBroker, answer=BrokerResponse, status=201)
    def create(self, request: Request) -> Response:
        """The broker gets its configuration, a first queue and a web chat."""
        require_platform(self.actor)
        broker = actions.provision_broker(actor=self.actor, **self.body(NewBroker))
        broker.refresh_from_db(fields=["created_at"])
        return Response(BrokerResponse(broker).data, status=201)

    @documented(answer=BrokerResponse)
    def get(self, request: Request, broker_id: int) -> Response:
        return Response(BrokerResponse(get_broker(self.actor, broker_id)).data)

    @documented(body=BrokerChanges, answer=BrokerResponse)
    def update(self, request: Request, broker_id: int) -> Response:
        """Only the fields that are sent change; `is_active: false` closes every door at once."""
        require_platform(self.actor)
        broker = actions.update_broker(actor=self.actor, broker_id=broker_id, changes=self.body(BrokerChanges))
        return Response(BrokerResponse(broker).data)

    @documented(status=204)
    def delete(self, request: Request, broker_id: int) -> Response:
        """A soft delete: every door closes at once, and the platform can take it back."""
        actions.delete_broker(actor=self.actor, broker_id=broker_id)
        return Response(status=204)
