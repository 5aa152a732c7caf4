"""POST /api/v1/ingest/{account_api_key}."""

import json
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.utils import timezone

from apps.brokers.models import Broker, IngestKey
from apps.core.models import DeadLetter, ScheduledWork
from apps.core.tenancy import in_broker
from apps.leads.models import Activity, CustomField, IngestRecord, Lead
from apps.leads.types import FieldReview, IngestState
from tests.factories import make_lead

EXAMPLE = {
    "nombre": "Juan Perez",
    "email": "juan@example.com",
    "telefono": "+5491155551234",
    "empresa": "ACME Corp",
}
ANSWER = ["success", "record_id", "lead_id", "unknown_fields", "auto_create_enabled", "fields_created"]


def send(api, path, body, **headers):
    answer = api().post(path, body, headers=headers)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_the_document_s_example_makes_a_record_a_lead_and_its_fields(api, ingest_path):
    answer = send(api, ingest_path, EXAMPLE)

    lead, record = Lead.objects.get(), IngestRecord.objects.get()
    assert list(answer) == ANSWER
    assert answer == {
        "success": True,
        "record_id": str(record.uid),
        "lead_id": str(lead.uid),
        "unknown_fields": [],
        "auto_create_enabled": True,
        "fields_created": ["nombre", "email", "telefono", "empresa"],
    }
    assert (lead.first_name, lead.last_name, lead.email) == ("Juan", "Perez", "juan@example.com")
    assert (lead.phone, lead.company, lead.source) == ("+5491155551234", "ACME Corp", "ingest")
    assert record.payload == EXAMPLE
    assert (record.state, record.source_ip, record.lead_id) == (IngestState.PROCESSED, "127.0.0.1", lead.pk)


def test_what_has_no_column_becomes_an_attribute_of_its_type(api, ingest_path):
    send(
        api,
        ingest_path,
        {
            "nombre": "Ana",
            "presupuesto": "85000000",
            "pieza": 3,
            "credito": True,
            "visita": "2026-03-01",
            "zona": "Ñuñoa",
        },
    )

    types = dict(CustomField.objects.values_list("name", "type"))
    assert types == {
        "nombre": "string",
        "presupuesto": "number",
        "pieza": "number",
        "credito": "boolean",
        "visita": "datetime",
        "zona": "string",
    }
    assert Lead.objects.get().attributes == {
        "presupuesto": 85000000,
        "pieza": 3,
        "credito": True,
        "visita": "2026-03-01",
        "zona": "Ñuñoa",
    }


def test_new_fields_wait_for_review_and_known_columns_do_not(api, ingest_path):
    send(api, ingest_path, {"nombre": "Ana", "zona": "Centro"})

    assert CustomField.objects.get(name="zona").review == FieldReview.WAITING
    name = CustomField.objects.get(name="nombre")
    assert (name.review, name.mapped_to) == (FieldReview.ACCEPTED, "name")


def test_with_auto_creation_off_unknown_names_are_reported_and_kept_in_the_record(api, ingest_path, without_new_fields):
    CustomField.objects.create(name="zona")

    answer = send(api, ingest_path, {"nombre": "Ana", "zona": "Centro", "color": "azul"})

    assert answer["auto_create_enabled"] is False
    assert answer["unknown_fields"] == ["nombre", "color"]
    assert answer["fields_created"] == []
    lead = Lead.objects.get()
    assert (lead.first_name, lead.attributes) == ("Ana", {"zona": "Centro"})
    assert IngestRecord.objects.get().payload["color"] == "azul"


@pytest.mark.parametrize(
    "spelled", ["+525512345678", "+5215512345678", "+52 55 1234-5678", "525512345678", 525512345678]
)
def test_a_known_phone_updates_its_lead_in_every_spelling(api, ingest_path, spelled):
    known = make_lead(phone="+525512345678", first_name="", last_name="", email="")

    answer = send(api, ingest_path, {"name": "Ana Pérez", "celular": spelled, "correo": "Ana@Example.com"})

    assert answer["lead_id"] == str(known.uid)
    known.refresh_from_db()
    assert (known.name, known.email) == ("Ana Pérez", "ana@example.com")


def test_a_known_email_is_the_same_person_where_the_phone_is_new(api, ingest_path):
    known = make_lead(phone=None, email="ana@example.com")

    answer = send(api, ingest_path, {"email": "ANA@example.com", "telefono": "+56912345678"})

    assert answer["lead_id"] == str(known.uid)
    known.refresh_from_db()
    assert (known.phone, known.phone_key) == ("+56912345678", "56912345678")


def test_the_phone_counts_more_than_the_email(api, ingest_path):
    by_phone = make_lead(phone="+56911111111", email="")
    make_lead(phone=None, email="ana@example.com")

    answer = send(api, ingest_path, {"email": "ana@example.com", "telefono": "+56911111111"})

    assert answer["lead_id"] == str(by_phone.uid)


def test_what_a_lead_has_is_never_overwritten(api, ingest_path):
    known = make_lead(phone="+56911111111", first_name="Ana", last_name="", email="a@b.co", attributes={"zona": "Sur"})

    send(api, ingest_path, {"telefono": "+56911111111", "nombre": "Otra", "email": "x@y.co", "zona": "Norte", "m2": 80})

    known.refresh_from_db()
    assert (known.name, known.email) == ("Ana", "a@b.co")
    assert known.attributes == {"zona": "Sur", "m2": 80}


def test_a_number_without_country_code_is_read_as_the_broker_s(api, ingest_path, broker):
    Broker.objects.filter(pk=broker.pk).update(country="CL")

    send(api, ingest_path, {"telefono": "9 1234 5678"})

    assert Lead.objects.get().phone == "+56912345678"


def test_wrong_values_and_missing_ones_are_reported_and_reject_nothing(api, ingest_path):
    CustomField.objects.create(name="presupuesto", type="number")
    CustomField.objects.create(name="rut", is_required=True)

    answer = send(api, ingest_path, {"nombre": "Ana", "presupuesto": "mucho", "email": "no es", "telefono": "abc"})

    assert answer["problems"] == [
        {"field": "presupuesto", "problem": "wrong_type"},
        {"field": "email", "problem": "wrong_type"},
        {"field": "telefono", "problem": "wrong_type"},
        {"field": "rut", "problem": "missing"},
    ]
    lead = Lead.objects.get()
    assert (lead.phone, lead.email) == (None, "")
    assert lead.attributes == {"presupuesto": "mucho", "email": "no es", "telefono": "abc"}
    assert [row["problem"] for row in IngestRecord.objects.get().mapping].count("wrong_type") == 3


def test_an_ignored_field_stays_in_the_record_alone(api, ingest_path):
    CustomField.objects.create(name="utm_id", review=FieldReview.IGNORED)

    send(api, ingest_path, {"nombre": "Ana", "utm_id": "x7"})

    assert Lead.objects.get().attributes == {}
    assert IngestRecord.objects.get().payload["utm_id"] == "x7"


def test_a_mapped_field_hands_its_values_on(api, ingest_path):
    CustomField.objects.create(name="presupuesto", type="number")
    CustomField.objects.create(name="budget_max", mapped_to="presupuesto")
    CustomField.objects.create(name="quien", mapped_to="name")

    send(api, ingest_path, {"quien": "Ana Pérez", "budget_max": "1.500.000"})

    lead = Lead.objects.get()
    assert (lead.name, lead.attributes) == ("Ana Pérez", {"presupuesto": 1500000})


def test_where_the_lead_comes_from_may_be_said(api, ingest_path):
    send(api, ingest_path, {"nombre": "Ana", "origen": "Feria del hogar"})

    assert Lead.objects.get().source == "Feria del hogar"


def test_the_lead_appears_on_its_timeline_and_live(api, ingest_path):
    send(api, ingest_path, EXAMPLE)

    activity = Activity.objects.get(kind="created")
    assert (activity.actor_kind, activity.details) == ("integration", {"source": "ingest"})


def test_nothing_said_of_a_person_makes_no_lead(api, ingest_path):
    answer = send(api, ingest_path, {})

    assert (answer["success"], answer["lead_id"]) == (True, None)
    assert not Lead.objects.exists()
    assert IngestRecord.objects.get().state == IngestState.PROCESSED


# ---- what may be sent


def test_a_form_is_as_good_as_json(api, ingest_path):
    answer = api().generic(
        "POST",
        ingest_path,
        urlencode([("nombre", "Ana Pérez"), ("telefono", "+56912345678"), ("zonas", "A"), ("zonas", "B")]),
        content_type="application/x-www-form-urlencoded",
    )

    assert answer.status_code == 200
    lead = Lead.objects.get()
    assert (lead.name, lead.phone, lead.attributes) == ("Ana Pérez", "+56912345678", {"zonas": ["A", "B"]})


def test_a_multipart_form_is_too_and_its_files_are_named(api, ingest_path):
    from django.core.files.uploadedfile import SimpleUploadedFile

    cv = SimpleUploadedFile("plano.pdf", b"%PDF-1.4")
    answer = api().post(ingest_path, {"nombre": "Ana", "plano": cv}, format="multipart")

    assert answer.status_code == 200
    assert Lead.objects.get().attributes == {"plano": {"file": "plano.pdf", "size": 8}}


@pytest.mark.parametrize("kind", ["", "text/plain", "application/vnd.api+json", "application/octet-stream"])
def test_json_is_read_under_any_other_content_type(api, ingest_path, kind):
    answer = api().generic("POST", ingest_path, json.dumps({"nombre": "Ana"}), content_type=kind)

    assert answer.status_code == 200
    assert Lead.objects.get().first_name == "Ana"


@pytest.mark.parametrize("body", [b"[]", b"7", b'"x"', b"null", b"true", b"{", b"<xml/>", b"\xff\xfe", b'{"a": NaN}'])
def test_what_is_no_object_is_refused_and_kept(api, ingest_path, body):
    answer = api().generic("POST", ingest_path, body, content_type="application/json")

    assert answer.status_code == 422
    assert set(answer.json()) == {"detail"}
    record = IngestRecord.objects.get()
    assert (record.state, record.lead_id) == (IngestState.FAILED, None)
    assert list(record.payload) == ["raw"]


def test_a_body_that_is_too_large_is_refused(api, ingest_path, settings):
    settings.WEBHOOK_MAX_BYTES = 1000

    answer = api().post(ingest_path, {"nombre": "x" * 1000})

    assert answer.status_code == 413
    assert not IngestRecord.objects.exists()


def test_nul_characters_are_dropped(api, ingest_path):
    answer = api().generic("POST", ingest_path, '{"nom\\u0000bre": "A\\u0000na"}', content_type="application/json")

    assert answer.status_code == 200
    assert Lead.objects.get().first_name == "Ana"


def test_names_nobody_can_use_are_reported(api, ingest_path):
    answer = send(api, ingest_path, {"nombre": "Ana", "x" * 121: "1", " ": "2", "a\nb": 3})

    assert {problem["problem"] for problem in answer["problems"]} == {"unusable_name"}
    assert list(CustomField.objects.values_list("name", flat=True)) == ["nombre"]


def test_one_sender_cannot_make_fields_without_end(api, ingest_path, monkeypatch):
    monkeypatch.setattr("apps.leads.fields.MOST_FIELDS", 10)

    send(api, ingest_path, {f"campo{number}": number for number in range(30)})

    assert CustomField.objects.count() == 10
    assert len(Lead.objects.get().attributes) == 30


# ---- whose address it is


@pytest.mark.parametrize("key", ["cc_unknown", "x", "ñ", "a" * 4000])
def test_an_unknown_key_is_not_found(api, broker, key):
    answer = api().post(f"/api/v1/ingest/{key}", EXAMPLE)

    assert answer.status_code == 404
    assert answer.json() == {"detail": "Account not found or inactive"}


def test_whoever_tries_many_keys_is_slowed_down(api, broker, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "ingest.unknown": (3, 60)}

    statuses = [api().post(f"/api/v1/ingest/cc_{number}", EXAMPLE).status_code for number in range(5)]

    assert statuses == [404, 404, 404, 429, 429]


def test_an_inactive_account_takes_nothing(api, broker, ingest_path):
    Broker.objects.filter(pk=broker.pk).update(is_active=False)

    answer = api().post(ingest_path, EXAMPLE)

    assert answer.status_code == 404
    assert answer.json() == {"detail": "Account not found or inactive"}


def test_an_old_key_ends_with_its_grace_period(api, broker, ingest_path):
    keys = IngestKey.objects.filter(broker=broker)

    keys.update(expires_at=timezone.now() + timedelta(minutes=1))
    assert api().post(ingest_path, EXAMPLE).status_code == 200
    keys.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert api().post(ingest_path, EXAMPLE).status_code == 404


def test_what_is_sent_to_one_broker_is_out_of_sight_of_another(api, ingest_path, other_broker):
    send(api, ingest_path, EXAMPLE)

    with in_broker(other_broker.pk):
        assert not Lead.objects.exists()
        assert not IngestRecord.objects.exists()


def test_an_account_that_sends_too_much_is_told_when_to_go_on(api, ingest_path, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "ingest.account": (2, 60)}

    statuses = [api().post(ingest_path, {"nombre": "Ana"}) for _number in range(3)]

    assert [answer.status_code for answer in statuses] == [200, 200, 429]
    assert 1 <= int(statuses[-1].headers["Retry-After"]) <= 60


def test_meta_can_verify_the_address(api, ingest_path):
    key = ingest_path.rsplit("/", 1)[1]

    answer = api().get(ingest_path, {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": key})

    assert (answer.status_code, answer.content) == (200, b"1158201444")
    assert api().get(ingest_path, {"hub.challenge": "1", "hub.verify_token": "x"}).status_code == 404


# ---- the same call again


@pytest.mark.parametrize("header", ["Idempotency-Key", "Webhook-Id"])
def test_a_repeated_key_gets_the_same_answer_and_changes_nothing(api, ingest_path, header):
    first = send(api, ingest_path, EXAMPLE, **{header: "a-key"})
    Lead.objects.update(first_name="", last_name="")

    second = send(api, ingest_path, {**EXAMPLE, "otro": 1}, **{header: "a-key"})

    assert second == first
    assert IngestRecord.objects.count() == 1
    assert Lead.objects.get().name == ""


def test_the_same_key_at_another_broker_is_another_call(api, ingest_path, other_broker):
    from apps.brokers.ingest_keys import present_keys

    other = f"/api/v1/ingest/{present_keys([other_broker.pk])[other_broker.pk].key}"
    first = send(api, ingest_path, EXAMPLE, **{"Idempotency-Key": "k"})
    second = send(api, other, EXAMPLE, **{"Idempotency-Key": "k"})

    assert first["record_id"] != second["record_id"]


@pytest.mark.parametrize("key", ["x" * 201, "a\tb"])
def test_an_unusable_idempotency_key_is_refused(api, ingest_path, key):
    answer = api().post(ingest_path, EXAMPLE, headers={"Idempotency-Key": key})

    assert answer.status_code == 422


def test_a_refused_body_leaves_the_key_free(api, ingest_path):
    headers = {"Idempotency-Key": "k"}
    api().generic("POST", ingest_path, b"{", content_type="application/json", headers=headers)

    assert send(api, ingest_path, EXAMPLE, **headers)["lead_id"]


# ---- faults of ours


def test_what_fails_is_kept_told_as_success_and_tried_again(api, ingest_path, run_work, monkeypatch, settings):
    def broken(*_args, **_options):
        raise RuntimeError("a fault of ours")

    with monkeypatch.context() as patched:
        patched.setattr("apps.leads.ingest.plan_of", broken)
        answer = send(api, ingest_path, EXAMPLE)
    record = IngestRecord.objects.get()
    assert (answer["success"], answer["record_id"], answer["lead_id"]) == (True, str(record.uid), None)
    assert (record.state, record.error, record.payload) == (IngestState.FAILED, "RuntimeError", EXAMPLE)

    run_work(until=timezone.now() + timedelta(minutes=2))

    record.refresh_from_db()
    assert (record.state, record.error) == (IngestState.PROCESSED, "")
    assert record.lead == Lead.objects.get()


def test_a_record_that_a_dead_process_left_is_processed_later(ingest_path, broker, run_work):
    from apps.brokers.ingest_keys import key_holder
    from apps.leads import ingest, providers

    delivery = ingest.Delivery(raw=json.dumps(EXAMPLE).encode())
    recognised = providers.recognise(EXAMPLE)
    ingest._keep(key_holder(broker.pk), delivery, EXAMPLE, recognised, "")

    run_work(until=timezone.now() + timedelta(minutes=2))

    assert Lead.objects.get().name == "Juan Perez"


def test_what_was_processed_is_not_made_again(api, ingest_path, run_work):
    send(api, ingest_path, {"nombre": "Ana"})

    run_work(until=timezone.now() + timedelta(minutes=2))

    assert Lead.objects.count() == 1
    assert IngestRecord.objects.get().attempts == 1


def test_many_calls_are_looked_after_by_one_row_of_work(api, ingest_path, capture_commit):
    with capture_commit():
        for number in range(5):
            send(api, ingest_path, {"nombre": f"Ana {number}"})

    assert ScheduledWork.objects.filter(kind="leads.ingest").count() <= 2


def test_what_fails_for_good_stays_failed_and_is_told_as_a_dead_letter(api, ingest_path, run_work, monkeypatch):
    def broken(*_args, **_options):
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("apps.leads.ingest.plan_of", broken)
    send(api, ingest_path, EXAMPLE)

    run_work(failing=True, until=timezone.now() + timedelta(days=1))

    record = IngestRecord.objects.get()
    assert (record.state, record.payload) == (IngestState.FAILED, EXAMPLE)
    assert record.attempts > 5
    assert DeadLetter.objects.filter(kind="leads.ingest").exists()


def test_a_call_costs_a_fixed_number_of_queries(api, ingest_path, django_assert_max_num_queries):
    send(api, ingest_path, EXAMPLE)

    with django_assert_max_num_queries(30):
        send(api, ingest_path, {**EXAMPLE, "telefono": "+5491155559999", "email": "otra@example.com"})
