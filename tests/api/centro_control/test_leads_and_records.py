"""/api/v1/admin/.../leads and /records: an account's leads, as they were sent."""

import uuid

import pytest

from apps.core.ids import uid_for
from apps.leads.models import CustomField, IngestRecord, Lead
from tests.api.centro_control.conftest import ADMIN
from tests.factories import make_lead

SENT = {"nombre": "Juan Perez", "email": "juan@example.com", "zona": "Centro"}


@pytest.fixture
def account(broker):
    return f"{ADMIN}/accounts/{broker.uid}"


def test_leads_are_shown_as_they_were_sent(platform, api, account, ingest_path, broker):
    sent = api().post(ingest_path, SENT).json()

    answer = platform.get(f"{account}/leads").json()

    assert set(answer) == {"items", "total", "page", "page_size"}
    assert (answer["total"], answer["page"], answer["page_size"]) == (1, 1, 20)
    item = answer["items"][0]
    assert list(item) == ["id", "cuenta_id", "record_id", "datos", "created_at"]
    assert (item["id"], item["record_id"]) == (sent["lead_id"], sent["record_id"])
    assert (item["cuenta_id"], item["datos"]) == (str(broker.uid), SENT)
    assert platform.get(f"{ADMIN}/leads/{sent['lead_id']}").json() == item


def test_the_newest_record_is_a_lead_s(platform, api, account, ingest_path):
    api().post(ingest_path, SENT)
    second = api().post(ingest_path, {"email": "juan@example.com", "zona": "Norte"}).json()

    item = platform.get(f"{account}/leads").json()["items"][0]

    assert (item["record_id"], item["datos"]["zona"]) == (second["record_id"], "Norte")


def test_a_lead_that_nobody_sent_is_told_by_what_it_holds(platform, account, broker):
    make_lead(phone="+56912345678", first_name="Ana", last_name="Pérez", attributes={"zona": "Sur"})

    item = platform.get(f"{account}/leads").json()["items"][0]

    assert item["record_id"] is None
    assert item["datos"] == {"nombre": "Ana Pérez", "telefono": "+56912345678", "zona": "Sur"}


def test_with_auto_creation_off_only_defined_fields_are_told(platform, api, account, ingest_path, without_new_fields):
    CustomField.objects.create(name="zona")
    api().post(ingest_path, {**SENT, "color": "azul"})

    assert platform.get(f"{account}/leads").json()["items"][0]["datos"] == SENT


def test_a_page_of_leads_costs_the_same_for_one_and_for_many(
    platform, api, account, ingest_path, django_assert_num_queries
):
    for number in range(4):
        api().post(ingest_path, {"email": f"a{number}@example.com"})

    with django_assert_num_queries(7):
        assert len(platform.get(f"{account}/leads?page_size=1").json()["items"]) == 1
    with django_assert_num_queries(7):
        assert len(platform.get(f"{account}/leads?page_size=3").json()["items"]) == 3
    page = platform.get(f"{account}/leads?page=2&page_size=3").json()
    assert (len(page["items"]), page["total"], page["page"], page["page_size"]) == (1, 4, 2, 3)


def test_leads_are_listed_newest_first(platform, api, account, ingest_path):
    for number in range(3):
        api().post(ingest_path, {"nombre": f"Lead {number}"})

    items = platform.get(f"{account}/leads").json()["items"]

    assert [item["datos"]["nombre"] for item in items] == ["Lead 2", "Lead 1", "Lead 0"]


def test_records_are_shown_with_where_they_came_from(platform, api, account, ingest_path, broker):
    sent = api().post(ingest_path, SENT).json()

    answer = platform.get(f"{account}/records").json()

    assert (answer["total"], answer["page"], answer["page_size"]) == (1, 1, 20)
    item = answer["items"][0]
    assert list(item) == ["id", "cuenta_id", "datos", "metadata_", "created_at"]
    assert (item["id"], item["cuenta_id"], item["datos"]) == (sent["record_id"], str(broker.uid), SENT)
    assert item["metadata_"]["source_ip"] == "127.0.0.1"
    assert item["metadata_"]["unknown_fields"] is None
    assert platform.get(f"{ADMIN}/records/{sent['record_id']}").json() == item


def test_a_record_says_what_was_unknown(platform, api, account, ingest_path, without_new_fields):
    api().post(ingest_path, {"color": "azul"})

    item = platform.get(f"{account}/records").json()["items"][0]

    assert item["metadata_"]["unknown_fields"] == ["color"]


def test_a_page_of_records_costs_the_same_for_one_and_for_many(
    platform, api, account, ingest_path, django_assert_num_queries
):
    for number in range(3):
        api().post(ingest_path, {"nombre": f"Lead {number}"})

    with django_assert_num_queries(6):
        assert len(platform.get(f"{account}/records?page_size=1").json()["items"]) == 1
    with django_assert_num_queries(6):
        assert len(platform.get(f"{account}/records?page_size=100").json()["items"]) == 3


def test_a_record_is_replayed_with_the_fields_as_they_are_now(platform, api, ingest_path, without_new_fields):
    sent = api().post(ingest_path, {"nombre": "Ana", "color": "azul"}).json()
    CustomField.objects.create(name="nombre")
    CustomField.objects.create(name="color")

    answer = platform.post(f"{ADMIN}/records/{sent['record_id']}/replay")

    assert answer.status_code == 200
    assert answer.json()["metadata_"]["unknown_fields"] == []
    assert Lead.objects.latest("id").attributes["color"] == "azul"


def test_a_record_of_a_known_person_is_replayed_onto_their_lead(platform, api, ingest_path, without_new_fields):
    sent = api().post(ingest_path, {"email": "ana@example.com", "color": "azul"}).json()
    CustomField.objects.create(name="color")

    platform.post(f"{ADMIN}/records/{sent['record_id']}/replay")

    assert Lead.objects.get().attributes == {"color": "azul"}


def test_a_record_of_nothing_cannot_be_replayed(platform, api, ingest_path):
    api().generic("POST", ingest_path, b"[", content_type="application/json")

    answer = platform.post(f"{ADMIN}/records/{IngestRecord.objects.get().uid}/replay")

    assert answer.status_code == 422


@pytest.mark.parametrize(("what", "detail"), [("leads", "Lead not found"), ("records", "Record not found")])
@pytest.mark.parametrize("make", [uuid.uuid4, lambda: uid_for(999_999), lambda: uid_for(1)])
def test_an_unknown_row_is_not_found(platform, broker, what, detail, make):
    answer = platform.get(f"{ADMIN}/{what}/{make()}")

    assert answer.status_code == 404
    assert answer.json() == {"detail": detail}
    assert platform.get(f"{ADMIN}/{what}/7").status_code == 422


@pytest.mark.parametrize("what", ["leads", "records"])
def test_lists_refuse_what_is_outside_their_limits(platform, account, what):
    assert platform.get(f"{account}/{what}?page_size=101").status_code == 422
    assert platform.get(f"{account}/{what}?page=0").status_code == 422
    assert platform.get(f"{ADMIN}/accounts/{uuid.uuid4()}/{what}").json() == {"detail": "Account not found"}
    assert platform.get(f"{ADMIN}/accounts/x/{what}").status_code == 422


def test_without_the_key_nothing_is_answered(api, account, ingest_path, admin_user):
    sent = api().post(ingest_path, SENT).json()

    for client, status in ((api(), 401), (api(admin_user), 403)):
        assert client.get(f"{account}/leads").status_code == status
        assert client.get(f"{account}/records").status_code == status
        assert client.get(f"{ADMIN}/leads/{sent['lead_id']}").status_code == status
        assert client.get(f"{ADMIN}/records/{sent['record_id']}").status_code == status
        assert client.post(f"{ADMIN}/records/{sent['record_id']}/replay").status_code == status
