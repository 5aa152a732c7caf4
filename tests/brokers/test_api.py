"""/api/brokers over HTTP: for superadmins, and what a closed broker means for its people."""

import pytest

from apps.brokers.actions import restore_broker
from apps.brokers.models import Broker
from apps.core.tenancy import in_public
from apps.messaging.queries import account_for_webhook
from apps.messaging.types import Channel
from tests.factories import make_account

KEYS = {"id", "name", "is_active", "created_at"}
SLASHES = pytest.mark.parametrize("slash", ["", "/"])


@SLASHES
def test_a_superadmin_creates_reads_changes_and_deletes(api, superadmin_user, broker, slash):
    client = api(superadmin_user)

    made = client.post(f"/api/brokers{slash}", {"name": "Inmobiliaria Sur"})
    assert made.status_code == 201, made.json()
    assert set(made.json()) >= KEYS
    assert (made.json()["name"], made.json()["is_active"]) == ("Inmobiliaria Sur", True)
    assert made.json()["created_at"].endswith("Z")
    address = f"/api/brokers/{made.json()['id']}{slash}"

    assert client.get(address).json() == made.json()
    changed = client.put(address, {"is_active": False})
    assert (changed.status_code, changed.json()["is_active"], changed.json()["name"]) == (
        200,
        False,
        "Inmobiliaria Sur",
    )
    assert client.put(address, {"is_active": True, "name": "Sur"}).json()["name"] == "Sur"
    assert client.delete(address).status_code == 204
    assert client.get(address).status_code == 404
    assert client.delete(address).status_code == 404


@SLASHES
def test_the_list_is_paged_and_leaves_deleted_ones_out(api, superadmin_user, broker, other_broker, slash):
    client = api(superadmin_user)
    client.delete(f"/api/brokers/{other_broker.pk}")

    body = client.get(f"/api/brokers{slash}?skip=0&limit=1").json()

    assert (set(body), body["total"], body["skip"], body["limit"]) == ({"data", "total", "skip", "limit"}, 1, 0, 1)
    assert body["data"][0]["id"] == broker.pk
    assert client.get("/api/brokers?limit=201").status_code == 422
    assert client.get("/api/brokers?skip=-1").status_code == 422


@pytest.mark.parametrize("who", ["admin_user", "supervisor_user", "agent_user"])
def test_everyone_else_is_refused(api, who, request, broker):
    client = api(request.getfixturevalue(who))

    assert client.get("/api/brokers").status_code == 403
    assert client.post("/api/brokers", {"name": "Mía"}).status_code == 403
    assert client.post("/api/brokers", {}).status_code == 403
    assert client.get(f"/api/brokers/{broker.pk}").status_code == 403
    assert client.put(f"/api/brokers/{broker.pk}", {"name": "Mía"}).status_code == 403
    assert client.delete(f"/api/brokers/{broker.pk}").status_code == 403
    assert api().get("/api/brokers").status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "   "},
        {"name": 7},
        {"name": "x" * 201},
        {"name": "nul\x00"},
        {"name": "Casa", "country": "ZZ"},
        {"name": "Casa", "timezone": "Nowhere"},
        [],
    ],
)
def test_wrong_input_is_a_422_that_makes_nothing(api, superadmin_user, body):
    with in_public():
        before = Broker.objects.count()

    answer = api(superadmin_user).post("/api/brokers", body)

    assert answer.status_code == 422, answer.content
    assert answer.json()["detail"]
    with in_public():
        assert Broker.objects.count() == before


def test_unknown_numbers_are_404_and_words_are_422(api, superadmin_user):
    client = api(superadmin_user)

    assert client.get("/api/brokers/999999").status_code == 404
    assert client.put("/api/brokers/999999", {"name": "x"}).status_code == 404
    assert client.get("/api/brokers/ninguno").status_code == 422


def test_a_deleted_brokers_tokens_are_dead_at_once_and_live_again_when_it_is_restored(
    api, superadmin_user, admin_user, broker
):
    people, platform = api(admin_user), api(superadmin_user)
    assert people.get("/auth/me").status_code == 200

    platform.delete(f"/api/brokers/{broker.pk}")
    assert people.get("/auth/me").status_code == 401
    login = api().post("/auth/login", {"email": admin_user.email, "password": "Casa-Azul-77"})
    assert login.status_code == 401

    restore_broker(actor=superadmin_user.actor(), broker_id=broker.pk)
    assert people.get("/auth/me").status_code == 200


def test_a_suspended_brokers_webhooks_are_closed(api, superadmin_user, broker):

    account = make_account()
    api(superadmin_user).put(f"/api/brokers/{broker.pk}", {"is_active": False})

    with in_public():
        assert account_for_webhook(Channel(account.channel), account.external_id) is None
