"""/api/v1/admin/accounts: brokers with their ingest key."""

import re
import uuid

import pytest

from apps.accounts.models import User
from apps.audit.models import AuditEntry
from apps.brokers.ingest_keys import digest_of
from apps.brokers.models import Broker, IngestKey
from apps.core.ids import uid_for
from apps.core.tenancy import in_broker, in_public
from apps.leads.models import Lead
from tests.api.centro_control.conftest import ADMIN, KEY

ACCOUNTS = f"{ADMIN}/accounts"
KEYS = ["id", "nombre", "api_key", "activo", "auto_crear_campos", "created_at", "updated_at"]


def create(platform, **fields):
    answer = platform.post(ACCOUNTS, {"nombre": "Mi Empresa", "auto_crear_campos": True, **fields})
    assert answer.status_code == 201, answer.content
    return answer.json()


def test_an_account_is_made_with_a_key_of_its_own(platform):
    made = create(platform)

    assert list(made) == KEYS
    assert re.fullmatch(r"cc_[\w-]{32,}", made["api_key"])
    assert (made["nombre"], made["activo"], made["auto_crear_campos"]) == ("Mi Empresa", True, True)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", made["created_at"])


def test_an_account_is_a_broker_that_can_be_entered_and_has_no_users(platform):
    made = create(platform)

    row = Broker.objects.get(uid=made["id"])
    assert not User.objects.filter(broker=row).exists()
    with in_broker(row.pk):
        assert not Lead.objects.exists()


def test_auto_creation_is_on_unless_it_is_said_otherwise(platform):
    assert platform.post(ACCOUNTS, {"nombre": "A"}).json()["auto_crear_campos"] is True
    assert create(platform, auto_crear_campos=False)["auto_crear_campos"] is False


def test_the_key_is_not_readable_in_the_table(platform):
    made = create(platform)

    row = IngestKey.objects.extra(select={"stored": "key"}).get(digest=digest_of(made["api_key"]))
    assert made["api_key"] not in row.stored


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"nombre": ""},
        {"nombre": "  "},
        {"nombre": 7},
        {"nombre": "x" * 201},
        {"nombre": "A", "auto_crear_campos": "quizás"},
        {"nombre": "A", "auto_crear_campos": 1},
        [],
        "text",
    ],
)
def test_a_body_that_makes_no_account_is_refused(platform, body):
    answer = platform.post(ACCOUNTS, body)

    assert answer.status_code == 422
    assert set(answer.json()) == {"detail"}


def test_only_active_accounts_are_listed(platform, broker, other_broker):
    closed = create(platform)
    platform.delete(f"{ACCOUNTS}/{closed['id']}")

    answer = platform.get(ACCOUNTS).json()

    assert set(answer) == {"items", "total"}
    assert [item["nombre"] for item in answer["items"]] == [broker.name, other_broker.name]
    assert answer["total"] == 2
    assert list(answer["items"][0]) == KEYS


def test_brokers_that_had_no_key_get_one_when_they_are_first_listed(platform, broker):
    first = platform.get(ACCOUNTS).json()["items"][0]["api_key"]

    assert first.startswith("cc_")
    assert platform.get(ACCOUNTS).json()["items"][0]["api_key"] == first


def test_a_page_of_accounts_costs_the_same_for_one_and_for_many(platform, django_assert_num_queries):
    for number in range(3):
        create(platform, nombre=f"Cuenta {number}")
    platform.get(ACCOUNTS)

    with django_assert_num_queries(4):
        assert len(platform.get(f"{ACCOUNTS}?page_size=2").json()["items"]) == 2
    with django_assert_num_queries(4):
        assert len(platform.get(f"{ACCOUNTS}?page=1&page_size=100").json()["items"]) == 5


def test_pages_are_counted_from_one(platform, broker, other_broker):
    second = platform.get(f"{ACCOUNTS}?page=2&page_size=1").json()

    assert [item["nombre"] for item in second["items"]] == [other_broker.name]
    assert second["total"] == 2


@pytest.mark.parametrize("query", ["page=0", "page_size=0", "page_size=101", "page=x", "page_size=-1"])
def test_a_page_outside_its_limits_is_refused(platform, query):
    answer = platform.get(f"{ACCOUNTS}?{query}")

    assert answer.status_code == 422
    assert query.split("=")[0] in answer.json()["detail"]


def test_one_account_is_shown(platform, broker):
    answer = platform.get(f"{ACCOUNTS}/{broker.uid}")

    assert answer.status_code == 200
    assert list(answer.json()) == KEYS
    assert answer.json()["id"] == str(broker.uid)


@pytest.mark.parametrize("method", ["get", "put", "delete"])
@pytest.mark.parametrize("unknown", [uuid.uuid4(), uid_for(999_999), uuid.UUID(int=0)])
def test_an_unknown_account_is_not_found(platform, method, unknown):
    answer = getattr(platform, method)(f"{ACCOUNTS}/{unknown}")

    assert answer.status_code == 404
    assert answer.json() == {"detail": "Account not found"}


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_what_is_no_uuid_is_refused(platform, method):
    assert getattr(platform, method)(f"{ACCOUNTS}/7").status_code == 422


def test_every_field_of_an_account_can_be_changed_alone(platform, broker):
    path = f"{ACCOUNTS}/{broker.uid}"

    assert platform.put(path, {"nombre": "Nuevo Nombre"}).json()["nombre"] == "Nuevo Nombre"
    assert platform.put(path, {"auto_crear_campos": False}).json()["auto_crear_campos"] is False
    assert platform.put(path, {"activo": False}).json()["activo"] is False
    answer = platform.put(path, {"activo": True}).json()
    assert (answer["nombre"], answer["auto_crear_campos"], answer["activo"]) == ("Nuevo Nombre", False, True)


@pytest.mark.parametrize(
    "body", [{"nombre": ""}, {"nombre": 5}, {"activo": "x"}, {"activo": None}, {"auto_crear_campos": "x"}]
)
def test_a_wrong_value_changes_nothing(platform, broker, body):
    answer = platform.put(f"{ACCOUNTS}/{broker.uid}", {"nombre": "Otro", **body})

    assert answer.status_code == 422
    broker.refresh_from_db()
    assert broker.name != "Otro"


@pytest.mark.parametrize("body", [{"nombre": "Otro"}, {"auto_crear_campos": False}, {"activo": False}])
def test_every_change_shows_in_updated_at(platform, broker, body):
    Broker.objects.filter(pk=broker.pk).update(updated_at="2020-01-01T00:00:00Z")

    assert platform.put(f"{ACCOUNTS}/{broker.uid}", body).json()["updated_at"] > "2026"


def test_a_deleted_account_keeps_its_rows_and_can_be_opened_again(platform, broker):
    answer = platform.delete(f"{ACCOUNTS}/{broker.uid}")

    assert (answer.status_code, answer.content) == (204, b"")
    assert platform.get(f"{ACCOUNTS}/{broker.uid}").json()["activo"] is False
    assert platform.delete(f"{ACCOUNTS}/{broker.uid}").status_code == 204
    assert platform.put(f"{ACCOUNTS}/{broker.uid}", {"activo": True}).json()["activo"] is True


def test_auto_creation_is_toggled(platform, broker):
    path = f"{ACCOUNTS}/{broker.uid}/toggle-auto-create"

    assert platform.patch(path).json()["auto_crear_campos"] is False
    answer = platform.patch(path)
    assert answer.json()["auto_crear_campos"] is True
    assert list(answer.json()) == KEYS


def test_toggling_needs_an_account(platform):
    assert platform.patch(f"{ACCOUNTS}/{uuid.uuid4()}/toggle-auto-create").status_code == 404
    assert platform.patch(f"{ACCOUNTS}/7/toggle-auto-create").status_code == 422


def test_a_rotated_key_is_another_and_the_old_one_works_a_while(platform, broker, ingest_path):
    answer = platform.post(f"{ACCOUNTS}/{broker.uid}/rotate-key", {})

    new_path = f"/api/v1/ingest/{answer.json()['api_key']}"
    assert answer.status_code == 200
    assert new_path != ingest_path
    assert platform.post(ingest_path, {"nombre": "A"}).status_code == 200
    assert platform.post(new_path, {"nombre": "B"}).status_code == 200


def test_without_grace_the_old_key_stops_at_once(platform, broker, ingest_path):
    platform.post(f"{ACCOUNTS}/{broker.uid}/rotate-key", {"grace_days": 0})

    answer = platform.post(ingest_path, {"nombre": "A"})

    assert answer.status_code == 404
    assert answer.json() == {"detail": "Account not found or inactive"}


@pytest.mark.parametrize("days", [-1, 91, "x", 1.5])
def test_a_grace_period_outside_its_limits_is_refused(platform, broker, days):
    assert platform.post(f"{ACCOUNTS}/{broker.uid}/rotate-key", {"grace_days": days}).status_code == 422


def test_the_trail_says_that_the_key_s_holder_did_it(platform, broker):
    platform.patch(f"{ACCOUNTS}/{broker.uid}/toggle-auto-create")

    with in_public():
        entry = AuditEntry.objects.latest("id")
    assert (entry.name, entry.actor_kind, entry.actor_name) == ("broker.updated", "integration", "ADMIN_API_KEY")
    assert entry.after == {"creates_fields": False, "label": broker.name}


# ---- who may


@pytest.mark.parametrize("token", [None, "wrong", KEY + "x", "Ñ"])
def test_without_the_key_nothing_is_answered(api, settings, token):
    settings.ADMIN_API_KEY = KEY
    client = api()
    if token:
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}".encode().decode("latin-1"))

    answer = client.get(ACCOUNTS)

    assert answer.status_code == 401
    assert answer.json() == {"detail": "Invalid or missing API key"}
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_superadmin_s_token_is_as_good_as_the_key(api, superadmin_user, broker):
    answer = api(superadmin_user).get(ACCOUNTS)

    assert answer.status_code == 200
    assert api(superadmin_user).get(f"{ACCOUNTS}/{broker.uid}").status_code == 200


def test_a_broker_s_own_administrator_has_no_business_here(api, admin_user, broker):
    client = api(admin_user)

    assert client.get(ACCOUNTS).status_code == 403
    assert client.get(f"{ACCOUNTS}/{broker.uid}").status_code == 403
    assert client.post(ACCOUNTS, {"nombre": "X"}).status_code == 403


def test_with_authentication_off_no_token_is_needed(api, settings, broker):
    settings.AUTH_ENABLED = False

    assert api().get(ACCOUNTS).status_code == 200
    assert api().post(ACCOUNTS, {"nombre": "Mi Empresa"}).status_code == 201
