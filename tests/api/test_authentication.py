"""The platform's key and UUIDs that name a broker, on a view of the test's own."""

import pytest
from django.urls import include, path
from rest_framework.response import Response

from apps.api.centro_control.dialect import DIALECT
from apps.api.kit import routing
from apps.api.kit.authentication import AdminKeyAuthentication
from apps.api.kit.routing import op
from apps.api.kit.views import ApiViewSet
from apps.core.ids import uid_for
from apps.core.tenancy import current_broker_id

KEY = "a-long-key-of-the-platform"


class WhereViewSet(ApiViewSet):
    authentication_classes = [AdminKeyAuthentication]  # type: ignore[misc]
    needs_broker = False

    def where(self, request, account_id):
        return Response({"broker": current_broker_id(), "actor": self.actor.name, "admin": self.actor.is_superadmin})


_operation = op("centro_control.test.where", "GET", "api/v1/admin/where/{account_id}", WhereViewSet, "where")
_endpoint = routing.Endpoint({"GET": routing.view_of(_operation, DIALECT)})
urlpatterns = [path("api/v1/admin/where/<str:account_id>", _endpoint), path("", include("config.urls"))]

pytestmark = pytest.mark.urls(__name__)


@pytest.fixture
def with_key(settings):
    settings.ADMIN_API_KEY = KEY


def ask(api, token, broker):
    client = api()
    if token:
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client.get(f"/api/v1/admin/where/{uid_for(broker.pk)}")


def test_the_key_opens_the_broker_that_the_uuid_names(api, with_key, other_broker):
    answer = ask(api, KEY, other_broker)

    assert answer.status_code == 200
    assert answer.json() == {"broker": other_broker.pk, "actor": "ADMIN_API_KEY", "admin": True}


@pytest.mark.parametrize("token", [None, "wrong", KEY + "x", KEY[:-1]])
def test_a_wrong_key_is_401(api, with_key, other_broker, token):
    answer = ask(api, token, other_broker)

    assert answer.status_code == 401
    assert set(answer.json()) == {"detail"}


def test_without_a_configured_key_an_empty_one_opens_nothing(api, settings, other_broker):
    settings.ADMIN_API_KEY = ""

    assert ask(api, "x", other_broker).status_code == 401


def test_a_superadmin_s_token_opens_it_too(api, superadmin_user, other_broker):
    answer = api(superadmin_user).get(f"/api/v1/admin/where/{uid_for(other_broker.pk)}")

    assert answer.json()["broker"] == other_broker.pk


def test_a_uuid_of_another_broker_moves_nobody_else(api, admin_user, other_broker):
    answer = api(admin_user).get(f"/api/v1/admin/where/{uid_for(other_broker.pk)}")

    assert answer.json()["broker"] == admin_user.broker_id


def test_what_is_no_uuid_is_named(api, with_key):
    client = api()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {KEY}")

    for value in ("7", "{00000000-0000-0000-0000-000000000000}", "urn:uuid:00000000-0000-0000-0000-000000000000"):
        answer = client.get(f"/api/v1/admin/where/{value}")
        assert answer.status_code == 422
        assert "account_id" in answer.json()["detail"]
