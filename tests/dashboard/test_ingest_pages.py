"""/app/settings/fields and /app/ingest: what they show, to whom, and what their buttons do."""

import json

import pytest

from apps.brokers.ingest_keys import key_holder, present_keys
from apps.brokers.models import BrokerConfig, IngestKey
from apps.core.tenancy import in_broker
from apps.leads.ingest import Delivery, receive
from apps.leads.models import CustomField, IngestRecord, Job, Lead
from apps.leads.types import FieldReview
from tests.factories import make_lead

FIELDS = "/app/settings/fields"
INGEST = "/app/ingest"


@pytest.fixture
def admin(browser_session, admin_user):
    return browser_session(admin_user)


def post(client, path, **data):
    return client.post(path, data, format="multipart", headers={"HX-Request": "true"})


def sent(broker, **payload):
    return receive(holder=key_holder(broker.pk), delivery=Delivery(raw=json.dumps(payload).encode())).record


# ---- fields


def test_the_page_shows_what_waits_with_values_and_what_is_defined(admin, broker):
    CustomField.objects.create(name="zona", review=FieldReview.WAITING)
    CustomField.objects.create(name="rut", label="RUT", is_required=True)
    CustomField.objects.create(name="correo", mapped_to="email")
    CustomField.objects.create(name="utm_id", review=FieldReview.IGNORED)
    make_lead(attributes={"zona": "Ñuñoa"})

    page = admin.get(FIELDS).content.decode()

    for words in ("zona", "Ñuñoa", "RUT", "correo", "utm_id"):
        assert words in page


def test_the_page_costs_the_same_for_one_and_for_many_fields(admin, broker, django_assert_num_queries):
    admin.get(FIELDS)
    CustomField.objects.create(name="zona", review=FieldReview.WAITING)
    with django_assert_num_queries(9):
        admin.get(FIELDS)
    CustomField.objects.bulk_create([CustomField(name=f"c{n}", review=FieldReview.WAITING) for n in range(30)])
    CustomField.objects.bulk_create([CustomField(name=f"d{n}") for n in range(30)])
    with django_assert_num_queries(9):
        admin.get(FIELDS)


@pytest.mark.parametrize("role", ["supervisor_user", "agent_user"])
def test_only_administrators_see_and_change_fields(request, browser_session, broker, role):
    client = browser_session(request.getfixturevalue(role))
    field = CustomField.objects.create(name="zona")

    assert client.get(FIELDS).status_code == 403
    assert client.get(f"{FIELDS}/new").status_code == 403
    for path in ("new", f"{field.pk}/edit", f"{field.pk}/review", f"{field.pk}/filterable", f"{field.pk}/delete"):
        assert post(client, f"{FIELDS}/{path}", verb="accept", name="x", type="string").status_code == 403
    assert CustomField.objects.count() == 1


def test_a_field_of_another_broker_is_not_there(admin, broker, other_broker):
    with in_broker(other_broker.pk):
        field = CustomField.objects.create(name="zona")

    assert admin.get(f"{FIELDS}/{field.pk}/edit").status_code == 404
    assert post(admin, f"{FIELDS}/{field.pk}/delete").status_code == 404
    with in_broker(other_broker.pk):
        assert CustomField.objects.count() == 1


def test_a_field_is_defined_in_the_form(admin, broker):
    assert admin.get(f"{FIELDS}/new").status_code == 200

    answer = post(admin, f"{FIELDS}/new", name="rut", label="RUT", type="string", is_required="on")

    assert answer.status_code == 204
    assert {"close-dialog", "fields-changed", "toast"} == set(json.loads(answer.headers["HX-Trigger"]))
    row = CustomField.objects.get()
    assert (row.name, row.label, row.type, row.is_required) == ("rut", "RUT", "string", True)


@pytest.mark.parametrize(
    "wrong",
    [{"name": ""}, {"name": "x" * 121}, {"type": "x"}, {"name": "zona"}, {"name": "a\nb"}, {"label": "x" * 121}],
)
def test_a_wrong_definition_is_shown_again_with_what_is_wrong(admin, broker, wrong):
    CustomField.objects.create(name="zona")

    answer = post(admin, f"{FIELDS}/new", **{"name": "rut", "type": "string", **wrong})

    assert answer.status_code == 422
    assert 'class="error"' in answer.content.decode()
    assert CustomField.objects.count() == 1


def test_a_definition_is_changed_and_its_name_stays(admin, broker):
    row = CustomField.objects.create(name="m2", type="string")
    make_lead(attributes={"m2": "80"})

    answer = post(admin, f"{FIELDS}/{row.pk}/edit", name="otro", label="Metros", type="number", description="útiles")

    assert answer.status_code == 204
    row.refresh_from_db()
    assert (row.name, row.label, row.type, row.description) == ("m2", "Metros", "number", "útiles")
    assert Job.objects.get().params["to"] == "number"


def test_a_waiting_field_is_accepted_with_another_type(admin, broker):
    row = CustomField.objects.create(name="m2", type="string", review=FieldReview.WAITING)

    answer = post(admin, f"{FIELDS}/{row.pk}/review", verb="accept", type="number")

    assert answer.status_code == 200
    row.refresh_from_db()
    assert (row.review, row.type) == (FieldReview.ACCEPTED, "number")


def test_a_waiting_field_is_sent_elsewhere_and_back(admin, broker):
    row = CustomField.objects.create(name="ciudad_interes", review=FieldReview.WAITING)

    post(admin, f"{FIELDS}/{row.pk}/review", verb="map", target="city")
    row.refresh_from_db()
    assert (row.review, row.mapped_to) == (FieldReview.ACCEPTED, "city")

    post(admin, f"{FIELDS}/{row.pk}/review", verb="unmap")
    row.refresh_from_db()
    assert row.mapped_to == ""


def test_an_ignored_field_comes_back_by_the_toast_s_button(admin, broker):
    row = CustomField.objects.create(name="utm_id", review=FieldReview.WAITING)

    answer = post(admin, f"{FIELDS}/{row.pk}/review", verb="ignore")
    undo = json.loads(answer.headers["HX-Trigger"])["toast"]["action"]["url"]
    row.refresh_from_db()
    assert row.review == FieldReview.IGNORED

    assert post(admin, undo).status_code == 204
    row.refresh_from_db()
    assert row.review == FieldReview.ACCEPTED


@pytest.mark.parametrize(
    "data", [{}, {"verb": "x"}, {"verb": "map", "target": "nowhere"}, {"verb": "accept", "type": "x"}]
)
def test_a_verdict_that_is_none_changes_nothing(admin, broker, data):
    row = CustomField.objects.create(name="utm_id", review=FieldReview.WAITING)

    assert post(admin, f"{FIELDS}/{row.pk}/review", **data).status_code == 422
    row.refresh_from_db()
    assert (row.review, row.mapped_to, row.type) == (FieldReview.WAITING, "", "string")


def test_a_field_is_deleted(admin, broker):
    row = CustomField.objects.create(name="utm_id")

    assert post(admin, f"{FIELDS}/{row.pk}/delete").status_code == 200
    assert not CustomField.objects.exists()


def test_a_field_is_filtered_often_by_a_switch(admin, broker):
    row = CustomField.objects.create(name="zona")

    post(admin, f"{FIELDS}/{row.pk}/filterable", is_filterable="on")
    row.refresh_from_db()
    assert row.is_filterable
    assert Job.objects.get().kind == "index"

    post(admin, f"{FIELDS}/{row.pk}/filterable")
    row.refresh_from_db()
    assert not row.is_filterable


def test_a_conversion_is_shown_with_what_did_not_fit(admin, broker):
    from apps.leads.types import JobKind, JobState

    Job.objects.create(
        kind=JobKind.RETYPE,
        state=JobState.DONE,
        params={"label": "Presupuesto"},
        result={"converted": 2, "kept": 1, "examples": [{"lead_id": 5, "value": "mucho"}]},
    )

    page = admin.get(FIELDS).content.decode()

    assert "Presupuesto" in page
    assert '<a href="/app/leads/5">mucho</a>' in page


# ---- ingest


def test_the_page_shows_the_address_and_what_came(admin, broker):
    sent(broker, nombre="Ana Pérez", zona="Centro")

    page = admin.get(INGEST).content.decode()

    assert f"/api/v1/ingest/{present_keys([broker.pk])[broker.pk].key}" in page
    assert "Ana Pérez" in page


def test_supervisors_see_what_came_and_not_the_address(browser_session, supervisor_user, broker):
    record = sent(broker, nombre="Ana Pérez")
    client = browser_session(supervisor_user)

    page = client.get(INGEST).content.decode()

    assert "Ana Pérez" in page
    assert "cc_" not in page
    assert client.get(f"{INGEST}/records/{record.pk}").status_code == 200
    for path in ("rotate", "end-old", "auto-create", f"records/{record.pk}/replay"):
        assert post(client, f"{INGEST}/{path}", grace_days="1").status_code == 403


def test_agents_have_no_business_here(browser_session, agent_user, broker):
    record = sent(broker, nombre="Ana Pérez")
    client = browser_session(agent_user)

    for path in (INGEST, f"{INGEST}/records", f"{INGEST}/records/{record.pk}"):
        assert client.get(path).status_code == 403


def test_a_record_shows_where_each_name_went(admin, broker):
    CustomField.objects.create(name="presupuesto", label="Presupuesto máximo", type="number")
    record = sent(broker, nombre="Ana Pérez", presupuesto="mucho")

    page = admin.get(f"{INGEST}/records/{record.pk}").content.decode()

    for words in ("nombre", "presupuesto", "Presupuesto máximo", "mucho", f"/app/leads/{record.lead_id}"):
        assert words in page


def test_what_was_sent_is_shown_as_text_whatever_it_is(admin, broker):
    record = sent(broker, nombre="<script>alert(1)</script>", **{"<b>": "</pre>"})

    for path in (INGEST, f"{INGEST}/records/{record.pk}", FIELDS):
        page = admin.get(path).content.decode()
        assert "<script>alert" not in page
        assert "<b>" not in page


def test_a_record_of_another_broker_is_not_there(admin, broker, other_broker):
    with in_broker(other_broker.pk):
        record = sent(other_broker, nombre="Ana")

    assert admin.get(f"{INGEST}/records/{record.pk}").status_code == 404
    assert post(admin, f"{INGEST}/records/{record.pk}/replay").status_code == 404


def test_records_are_narrowed_and_paged(admin, broker, monkeypatch):
    monkeypatch.setattr("apps.dashboard.ingest_queries.PAGE_SIZE", 2)
    for number in range(3):
        sent(broker, nombre=f"Lead {number}")
    IngestRecord.objects.filter(payload__nombre="Lead 1").update(state="failed")

    first = admin.get(f"{INGEST}/records").content.decode()
    assert "Lead 2" in first and "Lead 1" in first and "Lead 0" not in first
    oldest = IngestRecord.objects.get(payload__nombre="Lead 1").pk
    assert "Lead 0" in admin.get(f"{INGEST}/records?before={oldest}").content.decode()
    failed = admin.get(f"{INGEST}/records?state=failed").content.decode()
    assert "Lead 1" in failed and "Lead 2" not in failed
    assert admin.get(f"{INGEST}/records?state=x&before=y").status_code == 200


def test_a_list_costs_the_same_for_one_and_for_many(admin, broker, django_assert_num_queries):
    sent(broker, nombre="Lead")
    admin.get(f"{INGEST}/records")
    with django_assert_num_queries(6):
        admin.get(f"{INGEST}/records")
    for number in range(5):
        sent(broker, nombre=f"Lead {number}")
    with django_assert_num_queries(6):
        admin.get(f"{INGEST}/records")


def test_a_record_is_processed_again(admin, broker):
    BrokerConfig.objects.filter(broker=broker).update(creates_fields=False)
    record = sent(broker, email="ana@example.com", zona="Centro")
    CustomField.objects.create(name="zona")

    answer = post(admin, f"{INGEST}/records/{record.pk}/replay")

    assert answer.status_code == 200
    assert Lead.objects.get().attributes == {"zona": "Centro"}


def test_the_address_is_changed_and_the_old_one_ends_when_wanted(admin, broker):
    old = present_keys([broker.pk])[broker.pk].key

    page = post(admin, f"{INGEST}/rotate", grace_days="7").content.decode()

    new = present_keys([broker.pk])[broker.pk].key
    assert new != old
    assert new in page and old not in page
    assert post(admin, f"{INGEST}/end-old").status_code == 200
    assert IngestKey.objects.filter(expires_at__isnull=True).count() == 1


@pytest.mark.parametrize("days", ["", "x", "-1", "91", "²", "99999999999999"])
def test_a_grace_period_that_is_none_changes_nothing(admin, broker, days):
    old = present_keys([broker.pk])[broker.pk].key

    assert post(admin, f"{INGEST}/rotate", grace_days=days).status_code == 422
    assert present_keys([broker.pk])[broker.pk].key == old


def test_auto_creation_is_switched(admin, broker):
    post(admin, f"{INGEST}/auto-create")
    assert not BrokerConfig.objects.get(broker=broker).creates_fields

    post(admin, f"{INGEST}/auto-create", creates_fields="on")
    assert BrokerConfig.objects.get(broker=broker).creates_fields


def test_nothing_is_changed_by_looking(admin, broker):
    for path in (f"{INGEST}/rotate", f"{INGEST}/end-old", f"{INGEST}/auto-create", f"{FIELDS}/1/delete"):
        assert admin.get(path).status_code == 405
