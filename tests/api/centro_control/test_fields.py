"""/api/v1/admin/.../fields: an account's custom fields."""

import uuid

import pytest

from apps.core.ids import uid_for
from apps.core.tenancy import in_broker
from apps.leads.models import CustomField
from tests.api.centro_control.conftest import ADMIN

KEYS = ["id", "cuenta_id", "nombre_campo", "tipo_dato", "descripcion", "es_requerido", "created_at"]
EMPRESA = {
    "nombre_campo": "empresa",
    "tipo_dato": "string",
    "descripcion": "Nombre de la empresa",
    "es_requerido": False,
}


@pytest.fixture
def fields_path(broker):
    return f"{ADMIN}/accounts/{broker.uid}/fields"


def field_path(field):
    return f"{ADMIN}/fields/{field.uid}"


def test_a_field_is_made_by_hand(platform, fields_path, broker):
    answer = platform.post(fields_path, EMPRESA)

    assert answer.status_code == 201
    made = answer.json()
    assert list(made) == KEYS
    row = CustomField.objects.get()
    assert (made["id"], made["cuenta_id"]) == (str(row.uid), str(broker.uid))
    assert {name: made[name] for name in EMPRESA} == EMPRESA
    assert (row.origin, row.review) == ("person", "accepted")


def test_description_and_requirement_may_be_left_out(platform, fields_path):
    made = platform.post(fields_path, {"nombre_campo": "rut", "tipo_dato": "string"}).json()

    assert (made["descripcion"], made["es_requerido"]) == (None, False)


def test_the_same_name_twice_is_a_conflict(platform, fields_path):
    platform.post(fields_path, EMPRESA)

    answer = platform.post(fields_path, EMPRESA)

    assert answer.status_code == 409
    assert answer.json() == {"detail": "Field already exists for this account"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"nombre_campo": ""},
        {"nombre_campo": "x" * 121},
        {"nombre_campo": "a\nb"},
        {"nombre_campo": None},
        {"tipo_dato": "texto"},
        {"tipo_dato": None},
        {"descripcion": "x" * 501},
        {"es_requerido": "x"},
    ],
)
def test_a_wrong_definition_is_refused(platform, fields_path, wrong):
    answer = platform.post(fields_path, {**EMPRESA, **wrong})

    assert answer.status_code == 422
    assert set(answer.json()) == {"detail"}
    assert not CustomField.objects.exists()


@pytest.mark.parametrize("missing", ["nombre_campo", "tipo_dato"])
def test_name_and_type_are_needed(platform, fields_path, missing):
    answer = platform.post(fields_path, {name: value for name, value in EMPRESA.items() if name != missing})

    assert answer.status_code == 422
    assert missing in answer.json()["detail"]


def test_fields_are_listed_in_the_order_in_which_they_came(platform, fields_path, django_assert_num_queries):
    for number in range(3):
        CustomField.objects.create(name=f"campo{number}", type="number")

    with django_assert_num_queries(6):
        answer = platform.get(f"{fields_path}?page=1&page_size=2").json()

    assert set(answer) == {"items", "total"}
    assert [item["nombre_campo"] for item in answer["items"]] == ["campo0", "campo1"]
    assert answer["total"] == 3
    assert list(answer["items"][0]) == KEYS


def test_what_ingest_made_is_listed_with_its_type(platform, api, fields_path, ingest_path):
    api().post(ingest_path, {"email": "a@b.co", "piezas": 3})

    items = platform.get(fields_path).json()["items"]

    assert {(item["nombre_campo"], item["tipo_dato"]) for item in items} == {("email", "email"), ("piezas", "number")}


def test_fifty_fields_are_a_page_and_two_hundred_the_most(platform, fields_path):
    CustomField.objects.bulk_create([CustomField(name=f"campo{number}") for number in range(60)])

    assert len(platform.get(fields_path).json()["items"]) == 50
    assert len(platform.get(f"{fields_path}?page_size=200").json()["items"]) == 60
    assert platform.get(f"{fields_path}?page_size=201").status_code == 422
    assert platform.get(f"{fields_path}?page=0").status_code == 422


def test_every_part_of_a_definition_can_be_changed_alone(platform, broker):
    field = CustomField.objects.create(name="correo2")

    assert platform.put(field_path(field), {"tipo_dato": "email"}).json()["tipo_dato"] == "email"
    assert platform.put(field_path(field), {"descripcion": "Otro correo"}).json()["descripcion"] == "Otro correo"
    answer = platform.put(field_path(field), {"es_requerido": True})
    assert answer.status_code == 200
    assert list(answer.json()) == KEYS
    assert (answer.json()["tipo_dato"], answer.json()["es_requerido"]) == ("email", True)
    assert platform.put(field_path(field), {"descripcion": None}).json()["descripcion"] is None


@pytest.mark.parametrize("wrong", [{"tipo_dato": "x"}, {"tipo_dato": None}, {"es_requerido": 3}, {"descripcion": 7}])
def test_a_wrong_change_is_refused(platform, broker, wrong):
    field = CustomField.objects.create(name="correo2")

    assert platform.put(field_path(field), wrong).status_code == 422
    field.refresh_from_db()
    assert (field.type, field.is_required) == ("string", False)


def test_a_deleted_field_is_gone(platform, broker):
    field = CustomField.objects.create(name="correo2")

    answer = platform.delete(field_path(field))

    assert (answer.status_code, answer.content) == (204, b"")
    assert not CustomField.objects.exists()
    assert platform.delete(field_path(field)).json() == {"detail": "Field not found"}


@pytest.mark.parametrize("method", ["put", "delete"])
@pytest.mark.parametrize("make", [uuid.uuid4, lambda: uid_for(999_999), lambda: uid_for(1)])
def test_an_unknown_field_is_not_found(platform, broker, method, make):
    answer = getattr(platform, method)(f"{ADMIN}/fields/{make()}")

    assert answer.status_code == 404
    assert answer.json() == {"detail": "Field not found"}
    assert getattr(platform, method)(f"{ADMIN}/fields/7").status_code == 422


def test_a_field_is_found_in_the_account_that_its_id_names(platform, broker, other_broker):
    with in_broker(other_broker.pk):
        field = CustomField.objects.create(name="correo2")

    assert platform.put(field_path(field), {"descripcion": "x"}).json()["cuenta_id"] == str(other_broker.uid)


def test_an_unknown_account_has_no_fields(platform, broker):
    path = f"{ADMIN}/accounts/{uuid.uuid4()}/fields"

    assert platform.get(path).json() == {"detail": "Account not found"}
    assert platform.post(path, EMPRESA).status_code == 404
    assert platform.get(f"{ADMIN}/accounts/x/fields").status_code == 422


def test_without_the_key_nothing_is_answered(api, broker, fields_path, admin_user):
    field = CustomField.objects.create(name="correo2")

    for client, status in ((api(), 401), (api(admin_user), 403)):
        assert client.get(fields_path).status_code == status
        assert client.post(fields_path, EMPRESA).status_code == status
        assert client.put(field_path(field), {}).status_code == status
        assert client.delete(field_path(field)).status_code == status
