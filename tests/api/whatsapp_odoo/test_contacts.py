"""/api/contacts: the leads as the WhatsApp + Odoo document shows them."""

import uuid
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.audit.models import AuditEntry
from apps.core.ids import broker_of
from apps.core.tenancy import in_broker
from apps.leads.models import Activity, Lead
from tests.factories import make_lead, make_user

CONTACTS = "/api/contacts"
KEYS = {
    "id",
    "phone_number",
    "name",
    "email",
    "company",
    "tags",
    "metadata",
    "odoo_partner_id",
    "created_at",
    "updated_at",
}
JUAN = {
    "phone_number": "+525551234567",
    "name": "Juan Pérez",
    "email": "juan@email.com",
    "company": "Empresa ABC",
    "tags": ["lead", "interesado"],
    "metadata": {"producto_interes": "Laptop Pro"},
}
# Every operation that names a contact, with a body that it takes.
NAMING_A_CONTACT = [
    ("GET", "", None),
    ("PUT", "", {"name": "Otra"}),
    ("DELETE", "", None),
    ("POST", "/tags", {"tags": ["nuevo"]}),
]


def call(client, method, path, body=None):
    return client.generic(method, path) if body is None else getattr(client, method.lower())(path, body)


def ids_of(answer) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["items"]]


def refusal(answer, status) -> tuple[str, str | None]:
    assert answer.status_code == status, answer.content
    detail = answer.json()["detail"]
    assert set(detail) == {"code", "message", "field"}
    return detail["code"], detail["field"]


# ---------------------------------------------------------------- list


def test_the_list_is_a_page_of_contacts_newest_first(api, admin_user, broker):
    first = make_lead(
        phone="+525551234567",
        first_name="Juan",
        last_name="Pérez",
        email="juan@email.com",
        company="Empresa ABC",
        tags=["lead"],
        attributes={"producto_interes": "Laptop Pro"},
        odoo_partner_id=42,
        created_at=datetime(2024, 1, 15, 14, 30, tzinfo=UTC),
    )
    second = make_lead()

    body = api(admin_user).get(CONTACTS).json()

    assert set(body) == {"items", "total", "page", "limit"}
    assert (body["total"], body["page"], body["limit"]) == (2, 1, 20)
    assert [row["id"] for row in body["items"]] == [str(second.uid), str(first.uid)]
    assert body["items"][1] | {"updated_at": ""} == {
        "id": str(first.uid),
        "phone_number": "+525551234567",
        "name": "Juan Pérez",
        "email": "juan@email.com",
        "company": "Empresa ABC",
        "tags": ["lead"],
        "metadata": {"producto_interes": "Laptop Pro"},
        "odoo_partner_id": 42,
        "created_at": "2024-01-15T14:30:00Z",
        "updated_at": "",
    }
    assert broker_of(uuid.UUID(body["items"][0]["id"])) == broker.pk


def test_page_and_limit_choose_the_page(api, admin_user):
    leads = [make_lead() for _number in range(5)]

    answer = api(admin_user).get(CONTACTS, {"page": 2, "limit": 2})

    assert ids_of(answer) == [str(leads[2].uid), str(leads[1].uid)]
    assert (answer.json()["total"], answer.json()["page"]) == (5, 2)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("search=juan", {"juan"}),
        ("search=perez", {"juan"}),
        ("search=juan@email", {"juan"}),
        ("search=555-123-4567", {"juan"}),
        ("search=nadie", set()),
        ("tags=lead", {"juan", "ana"}),
        ("tags=lead&tags=vip", {"ana"}),
        ("tags=lead,vip", {"ana"}),
        ("tags=lead,%20vip,", {"ana"}),
        ("tags=", {"juan", "ana", "luz"}),
        ("has_odoo=true", {"juan"}),
        ("has_odoo=false", {"ana", "luz"}),
        ("has_odoo=false&tags=lead", {"ana"}),
        (
            'filter={"any":[{"field":"name","op":"contains","value":"luz"},{"field":"tags","op":"has_any","value":["vip"]}]}',
            {"ana", "luz"},
        ),
        ("", {"juan", "ana", "luz"}),
    ],
)
def test_filters_narrow_the_list(api, admin_user, query, found):
    named = {
        "juan": make_lead(
            phone="+525551234567", first_name="Juan", last_name="Pérez", email="juan@email.com", tags=["lead"],
            odoo_partner_id=42,
        ),
        "ana": make_lead(last_name="Soto", tags=["lead", "vip"]),
        "luz": make_lead(first_name="Luz", last_name="Soto"),
    }  # fmt: skip

    answer = api(admin_user).get(f"{CONTACTS}?{query}")

    assert set(ids_of(answer)) == {str(named[name].uid) for name in found}
    assert answer.json()["total"] == len(found)


@pytest.mark.parametrize(
    "query", [{"limit": 101}, {"limit": 0}, {"page": 0}, {"page": "x"}, {"has_odoo": "quizás"}, {"search": "x" * 201}]
)
def test_a_wrong_filter_is_refused_and_named(api, admin_user, query):
    assert refusal(api(admin_user).get(CONTACTS, query), 422) == ("VALIDATION_ERROR", next(iter(query)))


def test_an_agent_sees_their_own_contacts_alone(api, agent_user, admin_user, supervisor_user):
    own = make_lead(assigned_agent=agent_user)
    others = make_lead(assigned_agent=admin_user)

    assert ids_of(api(agent_user).get(CONTACTS)) == [str(own.uid)]
    assert ids_of(api(supervisor_user).get(CONTACTS)) == [str(others.uid), str(own.uid)]


def test_the_list_of_another_broker_is_another_list(api, other_admin_user, broker):
    make_lead()

    assert ids_of(api(other_admin_user).get(CONTACTS)) == []


def test_a_longer_list_takes_no_more_queries(api, admin_user):
    client = api(admin_user)
    make_lead()
    client.get(CONTACTS)
    with CaptureQueriesContext(connection) as few:
        client.get(CONTACTS)
    for _number in range(12):
        make_lead()

    with CaptureQueriesContext(connection) as many:
        assert len(ids_of(client.get(CONTACTS))) == 13

    assert len(many) == len(few) <= 10


# ---------------------------------------------------------------- create


def test_a_new_contact_is_answered_as_the_document_shows(api, admin_user):
    answer = api(admin_user).post(CONTACTS, JUAN)

    assert answer.status_code == 201, answer.content
    made = answer.json()
    assert set(made) == KEYS
    assert {name: made[name] for name in JUAN} == JUAN
    assert made["odoo_partner_id"] is None
    lead = Lead.objects.get(uid=made["id"])
    assert (lead.first_name, lead.last_name, lead.source) == ("Juan", "Pérez", "api")
    assert [line.kind for line in Activity.objects.filter(lead=lead)] == ["created"]


def test_what_an_agent_makes_is_theirs(api, agent_user):
    made = api(agent_user).post(CONTACTS, JUAN).json()

    assert ids_of(api(agent_user).get(CONTACTS)) == [made["id"]]


@pytest.mark.parametrize("spelling", ["+5215551234567", "+52 555 123 4567"])
def test_a_known_phone_is_a_conflict_in_every_spelling(api, admin_user, spelling):
    make_lead(phone="+525551234567")

    answer = api(admin_user).post(CONTACTS, {**JUAN, "phone_number": spelling})

    assert refusal(answer, 409) == ("DUPLICATE_PHONE", "phone_number")
    assert Lead.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "phone_number"),
        ({"phone_number": "hola"}, "phone_number"),
        ({"phone_number": 525551234567}, "phone_number"),
        ({**JUAN, "email": "nadie"}, "email"),
        ({**JUAN, "name": "x" * 302}, "name"),
        ({**JUAN, "tags": "vip"}, "tags"),
        ({**JUAN, "metadata": []}, "metadata"),
    ],
)
def test_a_wrong_new_contact_is_refused_and_nothing_is_stored(api, admin_user, body, field):
    assert refusal(api(admin_user).post(CONTACTS, body), 422) == ("VALIDATION_ERROR", field)
    assert not Lead.objects.exists()


# ---------------------------------------------------------------- one contact


def test_a_contact_is_found_by_its_uuid(api, agent_user):
    lead = make_lead(assigned_agent=agent_user)

    answer = api(agent_user).get(f"{CONTACTS}/{lead.uid}")

    assert answer.status_code == 200
    assert set(answer.json()) == KEYS
    assert answer.json()["id"] == str(lead.uid)


@pytest.mark.parametrize(("method", "path", "body"), NAMING_A_CONTACT)
def test_a_contact_of_another_broker_does_not_exist(api, admin_user, other_broker, method, path, body):
    with in_broker(other_broker.pk):
        foreign = make_lead(first_name="Ana")

    answer = call(api(admin_user), method, f"{CONTACTS}/{foreign.uid}{path}", body)

    assert refusal(answer, 404)[0] == "NOT_FOUND"
    with in_broker(other_broker.pk):
        assert Lead.objects.get(pk=foreign.pk).first_name == "Ana"


@pytest.mark.parametrize(("method", "path", "body"), NAMING_A_CONTACT)
def test_a_contact_of_a_colleague_does_not_exist_for_an_agent(api, agent_user, method, path, body):
    lead = make_lead(assigned_agent=make_user("agent"))

    assert refusal(call(api(agent_user), method, f"{CONTACTS}/{lead.uid}{path}", body), 404)[0] == "NOT_FOUND"
    assert Lead.objects.filter(pk=lead.pk, tags=[]).exists()


@pytest.mark.parametrize("given", [uuid.uuid4(), "00000000-0000-0000-0000-000000000000"])
def test_a_uuid_of_nobody_is_not_found(api, admin_user, given):
    assert refusal(api(admin_user).get(f"{CONTACTS}/{given}"), 404)[0] == "NOT_FOUND"


def test_an_id_that_is_no_uuid_is_refused(api, admin_user):
    assert refusal(api(admin_user).get(f"{CONTACTS}/7"), 422) == ("VALIDATION_ERROR", "contact_id")


@pytest.mark.parametrize(("method", "path", "body"), [*NAMING_A_CONTACT, ("POST", None, JUAN), ("GET", None, None)])
def test_nothing_is_answered_without_a_token(api, broker, method, path, body):
    address = CONTACTS if path is None else f"{CONTACTS}/{uuid.uuid4()}{path}"

    assert refusal(call(api(), method, address, body), 401)[0] == "UNAUTHORIZED"


# ---------------------------------------------------------------- update


def test_only_what_is_sent_changes(api, agent_user):
    lead = make_lead(assigned_agent=agent_user, company="ABC", attributes={"interes": "depto", "pisos": 2})

    answer = api(agent_user).put(
        f"{CONTACTS}/{lead.uid}", {"name": "Ana María Soto", "metadata": {"pisos": None, "patio": True}}
    )

    assert answer.status_code == 200
    body = answer.json()
    assert (body["name"], body["company"], body["phone_number"]) == ("Ana María Soto", "ABC", lead.phone)
    assert body["metadata"] == {"interes": "depto", "patio": True}


def test_a_changed_phone_must_be_free(api, admin_user):
    lead, other = make_lead(), make_lead()
    client = api(admin_user)

    refused = client.put(f"{CONTACTS}/{lead.uid}", {"phone_number": other.phone})
    taken = client.put(f"{CONTACTS}/{lead.uid}", {"phone_number": "+525551234567"})

    assert refusal(refused, 409) == ("DUPLICATE_PHONE", "phone_number")
    assert taken.json()["phone_number"] == "+525551234567"


@pytest.mark.parametrize("body", [{"email": "nadie"}, {"tags": [1]}, {"metadata": "x"}, {"phone_number": "hola"}, []])
def test_a_wrong_change_is_refused(api, admin_user, body):
    refusal(api(admin_user).put(f"{CONTACTS}/{make_lead().uid}", body), 422)


# ---------------------------------------------------------------- delete, tags, Odoo


def test_a_deleted_contact_is_gone_and_leaves_a_trail(api, admin_user):
    lead = make_lead()

    answer = api(admin_user).delete(f"{CONTACTS}/{lead.uid}")

    assert (answer.status_code, answer.content) == (204, b"")
    assert not Lead.objects.exists()
    assert AuditEntry.objects.get(name="lead.deleted").object_id == str(lead.pk)


def test_an_agent_may_not_delete_a_contact(api, agent_user):
    lead = make_lead(assigned_agent=agent_user)

    assert refusal(api(agent_user).delete(f"{CONTACTS}/{lead.uid}"), 403)[0] == "FORBIDDEN"
    assert Lead.objects.filter(pk=lead.pk).exists()


def test_tags_are_added_to_those_that_are_there(api, agent_user):
    lead = make_lead(assigned_agent=agent_user, tags=["vip"])

    answer = api(agent_user).post(f"{CONTACTS}/{lead.uid}/tags", {"tags": ["cliente", "vip"]})

    assert (answer.status_code, set(answer.json())) == (200, KEYS)
    assert answer.json()["tags"] == ["vip", "cliente"]


@pytest.mark.parametrize("body", [{}, {"tags": []}, {"tags": "vip"}, {"tags": [" "]}, {"tags": ["x" * 61]}])
def test_added_tags_are_short_texts(api, admin_user, body):
    lead = make_lead(tags=["vip"])

    code, field = refusal(api(admin_user).post(f"{CONTACTS}/{lead.uid}/tags", body), 422)

    assert (code, str(field).split(".")[0]) == ("VALIDATION_ERROR", "tags")
    assert Lead.objects.get(pk=lead.pk).tags == ["vip"]


def test_odoo_is_not_connected_yet(api, admin_user):
    answer = api(admin_user).post(f"{CONTACTS}/{make_lead().uid}/sync-odoo")

    assert refusal(answer, 501)[0] == "NOT_IMPLEMENTED"
