"""/v1/clients: the leads as the WhatsApp CRM document shows them."""

import json
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.audit.models import AuditEntry
from apps.core.tenancy import in_broker
from apps.leads.models import Activity, Lead, StageChange
from tests.factories import make_account, make_conversation, make_lead, make_user

CLIENTS = "/v1/clients"
ROW_KEYS = {
    "id",
    "phone_number",
    "first_name",
    "last_name",
    "email",
    "company",
    "city",
    "country",
    "lead_status",
    "lead_score",
    "segment",
    "tags",
    "total_chats",
    "last_contact_at",
    "created_at",
}
DETAIL_KEYS = (ROW_KEYS - {"total_chats"}) | {
    "address",
    "ltv",
    "total_purchases",
    "last_purchase_at",
    "custom_fields",
    "notes",
    "is_blocked",
    "opt_in",
    "chats",
    "tasks",
}
CARLOS = {
    "phone": "+573001234567",
    "first_name": "Carlos",
    "last_name": "Rodríguez",
    "email": "carlos@email.com",
    "company": "Acme Corp",
    "city": "Bogotá",
    "country": "CO",
    "contact_status": "contacted",
    "score": "74.50",
    "segment": "vip",
    "tags": ["recurrente", "vip"],
    "last_contacted_at": datetime(2025, 11, 14, 9, 30, tzinfo=UTC),
    "last_inbound_at": datetime(2025, 11, 13, 9, 30, tzinfo=UTC),
    "created_at": datetime(2025, 1, 15, 10, 0, tzinfo=UTC),
}
ANA = {
    "phone_number": "+573009999999",
    "first_name": "Ana",
    "last_name": "Martínez",
    "email": "Ana@email.com",
    "company": "Tech Solutions",
    "city": "Medellín",
    "country": "Colombia",
    "lead_status": "new",
    "segment": "regular",
    "custom_fields": {"industria": "Tecnología", "empleados": "50-100"},
    "tags": ["prospecto"],
}
# Every operation that names a client, with a body that it takes.
NAMING_A_CLIENT = [
    ("GET", "", None),
    ("PUT", "", {"first_name": "Otra"}),
    ("DELETE", "", None),
    ("POST", "/tags", {"tag": "nuevo"}),
    ("DELETE", "/tags/vip", None),
]


def call(client, method, path, body=None):
    return client.generic(method, path) if body is None else getattr(client, method.lower())(path, body)


def ids_of(answer) -> list[int]:
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["data"]]


def wrong_fields(answer) -> list[str]:
    assert answer.status_code == 422, answer.content
    error = answer.json()["error"]
    assert (error["code"], set(error)) == ("VALIDATION_ERROR", {"code", "message", "details"})
    return [detail["field"] for detail in error["details"]]


# ---------------------------------------------------------------- list


def test_the_list_is_a_page_of_clients_newest_first(api, admin_user):
    carlos = make_lead(**CARLOS)
    for _number in range(2):
        make_conversation(carlos, make_account())
    newest = make_lead()

    body = api(admin_user).get(CLIENTS).json()

    assert set(body) == {"data", "meta"}
    assert body["meta"] == {"current_page": 1, "per_page": 20, "total": 2, "total_pages": 1}
    assert [row["id"] for row in body["data"]] == [newest.pk, carlos.pk]
    assert body["data"][1] == {
        "id": carlos.pk,
        "phone_number": "+573001234567",
        "first_name": "Carlos",
        "last_name": "Rodríguez",
        "email": "carlos@email.com",
        "company": "Acme Corp",
        "city": "Bogotá",
        "country": "Colombia",
        "lead_status": "contacted",
        "lead_score": 75,
        "segment": "vip",
        "tags": ["recurrente", "vip"],
        "total_chats": 2,
        "last_contact_at": "2025-11-14T09:30:00Z",
        "created_at": "2025-01-15T10:00:00Z",
    }
    assert (body["data"][0]["total_chats"], body["data"][0]["last_contact_at"]) == (0, None)


def test_page_and_limit_choose_the_page(api, admin_user):
    leads = [make_lead() for _number in range(5)]

    answer = api(admin_user).get(CLIENTS, {"page": 2, "limit": 2})

    assert ids_of(answer) == [leads[2].pk, leads[1].pk]
    assert answer.json()["meta"] == {"current_page": 2, "per_page": 2, "total": 5, "total_pages": 3}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"search": "carlos"}, {"carlos"}),
        ({"search": "rodriguez"}, {"carlos"}),
        ({"search": "RODRÍGUEZ car"}, {"carlos"}),
        ({"search": "acme"}, {"carlos"}),
        ({"search": "300 123 4567"}, {"carlos"}),
        ({"search": "carlos@email"}, {"carlos"}),
        ({"search": "nobody"}, set()),
        ({"segment": "vip"}, {"carlos", "lost"}),
        ({"segment": "vip", "lead_status": "contacted"}, {"carlos"}),
        ({"lead_status": "new"}, {"new"}),
        ({"lead_status": "CONTACTED"}, {"carlos"}),
        ({"lead_status": "converted"}, {"won", "customer"}),
        ({"lead_status": "customer"}, {"won", "customer"}),
        ({"lead_status": "lost"}, {"lost"}),
        ({"lead_status": "qualified"}, set()),
        ({}, {"carlos", "new", "won", "customer", "lost"}),
    ],
)
def test_filters_narrow_the_list_to_what_they_say(api, admin_user, query, found):
    named = {
        "carlos": make_lead(**CARLOS),
        "new": make_lead(),
        "won": make_lead(status="converted", contact_status="qualified"),
        "customer": make_lead(contact_status="customer"),
        "lost": make_lead(status="lost", contact_status="customer", segment="vip"),
    }

    answer = api(admin_user).get(CLIENTS, query)

    assert set(ids_of(answer)) == {named[name].pk for name in found}
    assert answer.json()["meta"]["total"] == len(found)
    if "lead_status" in query and found:
        shown = {row["lead_status"] for row in answer.json()["data"]}
        assert shown == {query["lead_status"].lower().replace("customer", "converted")}


@pytest.mark.parametrize(
    "query",
    [{"limit": 101}, {"limit": 0}, {"page": 0}, {"page": "x"}, {"lead_status": "tibio"}, {"search": "x" * 201}],
)
def test_a_wrong_filter_is_refused_and_named(api, admin_user, query):
    assert wrong_fields(api(admin_user).get(CLIENTS, query)) == [*query]


def test_any_field_can_be_asked_for_by_the_products_own_filter(api, admin_user):
    found = make_lead(attributes={"comuna": "Ñuñoa"}, segment="vip")
    make_lead(attributes={"comuna": "Ñuñoa"})
    make_lead(attributes={"comuna": "Maipú"}, segment="vip")
    asked = {"all": [{"field": "attributes.comuna", "op": "is", "value": "Ñuñoa"}]}

    answer = api(admin_user).get(CLIENTS, {"filter": json.dumps(asked), "segment": "vip"})

    assert ids_of(answer) == [found.pk]


@pytest.mark.parametrize("asked", ["{", "[]", "7", '{"all": [{"field": "nada", "op": "is", "value": 1}]}', "x" * 4001])
def test_a_filter_that_is_none_is_refused_and_named(api, admin_user, asked):
    assert wrong_fields(api(admin_user).get(CLIENTS, {"filter": asked})) == ["filter"]


def test_an_agent_sees_their_own_clients_alone(api, agent_user, admin_user, supervisor_user):
    own = make_lead(assigned_agent=agent_user)
    others = make_lead(assigned_agent=admin_user)

    assert ids_of(api(agent_user).get(CLIENTS)) == [own.pk]
    assert ids_of(api(supervisor_user).get(CLIENTS)) == [others.pk, own.pk]


def test_the_list_of_another_broker_is_another_list(api, other_admin_user, broker):
    make_lead()

    assert ids_of(api(other_admin_user).get(CLIENTS)) == []


@pytest.mark.parametrize("who", ["admin_user", "agent_user"])
def test_a_longer_list_takes_no_more_queries(api, request, who):
    user = request.getfixturevalue(who)
    client = api(user)
    make_conversation(make_lead(assigned_agent=user))
    client.get(CLIENTS)
    with CaptureQueriesContext(connection) as few:
        client.get(CLIENTS)
    for _number in range(12):
        make_conversation(make_lead(assigned_agent=user))

    with CaptureQueriesContext(connection) as many:
        assert len(ids_of(client.get(CLIENTS))) == 13

    assert len(many) == len(few) <= 12


# ---------------------------------------------------------------- create


def test_a_new_client_is_answered_as_the_document_shows(api, admin_user):
    answer = api(admin_user).post(CLIENTS, ANA)

    assert answer.status_code == 201, answer.content
    made = answer.json()
    lead = Lead.objects.get(pk=made["id"])
    assert set(made) == ROW_KEYS | {"custom_fields"}
    assert made == {
        **ANA,
        "email": "ana@email.com",
        "id": lead.pk,
        "lead_score": 0,
        "total_chats": 0,
        "last_contact_at": None,
        "created_at": made["created_at"],
    }
    assert (lead.country, lead.source, lead.stage) == ("CO", "api", "entrada")
    assert [line.kind for line in Activity.objects.filter(lead=lead)] == ["created"]


@pytest.mark.parametrize(
    ("said", "shown"), [("co", "Colombia"), ("méxico", "México"), ("Mexico", "México"), ("Brazil", "Brasil"), ("", "")]
)
def test_a_country_is_taken_by_name_or_letters_and_answered_in_spanish(api, admin_user, said, shown):
    answer = api(admin_user).post(CLIENTS, {"phone_number": "+573009999999", "country": said})

    assert answer.json()["country"] == shown


def test_a_phone_without_its_code_is_read_with_the_clients_country(api, admin_user):
    answer = api(admin_user).post(CLIENTS, {"phone_number": "300 999 9999", "country": "Colombia"})

    assert answer.json()["phone_number"] == "+573009999999"


@pytest.mark.parametrize(
    ("standing", "stage", "status"),
    [("qualified", "entrada", "cold"), ("converted", "ganado", "converted"), ("lost", "perdido", "lost")],
)
def test_a_client_may_be_new_with_any_status(api, admin_user, standing, stage, status):
    answer = api(admin_user).post(CLIENTS, {**ANA, "lead_status": standing})

    assert (answer.status_code, answer.json()["lead_status"]) == (201, standing)
    lead = Lead.objects.get()
    assert (lead.stage, lead.status) == (stage, status)


def test_what_an_agent_makes_is_theirs(api, agent_user):
    made = api(agent_user).post(CLIENTS, ANA).json()

    assert ids_of(api(agent_user).get(CLIENTS)) == [made["id"]]


@pytest.mark.parametrize("spelling", ["+5215512345678", "+52 55 1234 5678"])
def test_a_known_phone_is_a_conflict_in_every_spelling(api, admin_user, spelling):
    make_lead(phone="+525512345678")

    answer = api(admin_user).post(CLIENTS, {**ANA, "phone_number": spelling})

    assert answer.status_code == 409
    error = answer.json()["error"]
    assert error["code"] == "DUPLICATE_PHONE"
    assert [detail["field"] for detail in error["details"]] == ["phone_number"]
    assert Lead.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "phone_number"),
        ({"phone_number": ""}, "phone_number"),
        ({"phone_number": "hola"}, "phone_number"),
        ({"phone_number": 573009999999}, "phone_number"),
        ({**ANA, "email": "nadie"}, "email"),
        ({**ANA, "country": "Wakanda"}, "country"),
        ({**ANA, "first_name": "x" * 151}, "first_name"),
        ({**ANA, "lead_status": "tibio"}, "lead_status"),
        ({**ANA, "tags": "vip"}, "tags"),
        ({**ANA, "tags": ["x" * 61]}, "tags.0"),
        ({**ANA, "custom_fields": []}, "custom_fields"),
    ],
)
def test_a_wrong_new_client_is_refused_and_nothing_is_stored(api, admin_user, body, field):
    assert wrong_fields(api(admin_user).post(CLIENTS, body)) == [field]
    assert not Lead.objects.exists()


# ---------------------------------------------------------------- one client


def test_a_client_comes_with_chats_and_what_they_bought(api, admin_user):
    lead = make_lead(
        **CARLOS,
        address="Calle 123 #45-67",
        lifetime_value=500000,
        total_purchases=3,
        last_purchase_at=datetime(2025, 10, 1, tzinfo=UTC),
        attributes={"cargo": "Gerente"},
        notes="Paga a tiempo",
    )
    chats = [make_conversation(lead, make_account(), status=status) for status in ("closed", "active")]

    answer = api(admin_user).get(f"{CLIENTS}/{lead.pk}")

    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == DETAIL_KEYS
    assert [(chat["id"], chat["status"]) for chat in body["chats"]] == [
        (chats[1].pk, "active"),
        (chats[0].pk, "closed"),
    ]
    assert set(body["chats"][0]) == {"id", "status", "created_at"}
    assert body["tasks"] == []
    assert (body["ltv"], body["total_purchases"], body["last_purchase_at"]) == (500000, 3, "2025-10-01T00:00:00Z")
    assert (body["custom_fields"], body["notes"]) == ({"cargo": "Gerente"}, "Paga a tiempo")
    assert (body["is_blocked"], body["opt_in"], body["country"]) == (False, True, "Colombia")


@pytest.mark.parametrize(("method", "path", "body"), NAMING_A_CLIENT)
def test_a_client_of_another_broker_does_not_exist(api, admin_user, other_broker, method, path, body):
    with in_broker(other_broker.pk):
        foreign = make_lead(tags=["vip"])

    answer = call(api(admin_user), method, f"{CLIENTS}/{foreign.pk}{path}", body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NOT_FOUND")
    with in_broker(other_broker.pk):
        assert Lead.objects.get(pk=foreign.pk).tags == ["vip"]


@pytest.mark.parametrize(("method", "path", "body"), NAMING_A_CLIENT)
def test_a_client_of_a_colleague_does_not_exist_for_an_agent(api, agent_user, method, path, body):
    lead = make_lead(assigned_agent=make_user("agent"), tags=["vip"])

    assert call(api(agent_user), method, f"{CLIENTS}/{lead.pk}{path}", body).status_code == 404
    assert Lead.objects.get(pk=lead.pk).tags == ["vip"]


@pytest.mark.parametrize(("method", "path", "body"), [*NAMING_A_CLIENT, ("POST", None, ANA), ("GET", None, None)])
def test_nothing_is_answered_without_a_token(api, broker, method, path, body):
    address = CLIENTS if path is None else f"{CLIENTS}/1{path}"

    answer = call(api(), method, address, body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "UNAUTHORIZED")


# ---------------------------------------------------------------- update


def test_only_what_is_sent_changes(api, agent_user):
    lead = make_lead(**CARLOS, assigned_agent=agent_user, attributes={"cargo": "Gerente", "hijos": 2})

    answer = api(agent_user).put(
        f"{CLIENTS}/{lead.pk}",
        {
            "email": "nuevo@email.com",
            "country": "México",
            "address": "Calle 1",
            "custom_fields": {"hijos": None, "mascota": "gato"},
            "notes": "Paga a tiempo",
            "opt_in": False,
            "is_blocked": True,
        },
    )

    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == DETAIL_KEYS
    assert (body["email"], body["country"], body["address"]) == ("nuevo@email.com", "México", "Calle 1")
    assert body["custom_fields"] == {"cargo": "Gerente", "mascota": "gato"}
    assert (body["notes"], body["opt_in"], body["is_blocked"]) == ("Paga a tiempo", False, True)
    assert (body["first_name"], body["phone_number"], body["tags"]) == (
        "Carlos",
        "+573001234567",
        ["recurrente", "vip"],
    )


@pytest.mark.parametrize(("score", "status"), [(0, "cold"), (40, "warm"), (100, "hot")])
def test_a_score_set_by_hand_brings_its_temperature_and_says_where_it_is_from(api, admin_user, score, status):
    lead = make_lead(score=10)

    answer = api(admin_user).put(f"{CLIENTS}/{lead.pk}", {"lead_score": score})

    lead.refresh_from_db()
    assert (answer.json()["lead_score"], float(lead.score), lead.status) == (score, score, status)
    assert [part["name"] for part in lead.score_parts] == ["by_hand"]


@pytest.mark.parametrize(
    ("given", "stage", "status", "contact_status"),
    [
        ("contacted", "agendado", "warm", "contacted"),
        ("unqualified", "agendado", "warm", "unqualified"),
        ("converted", "ganado", "converted", "customer"),
        ("customer", "ganado", "converted", "customer"),
        ("lost", "perdido", "lost", "qualified"),
    ],
)
def test_a_status_moves_the_pipeline_where_it_ends_there(api, admin_user, given, stage, status, contact_status):
    lead = make_lead(stage="agendado", status="warm", score=50, contact_status="qualified")

    answer = api(admin_user).put(f"{CLIENTS}/{lead.pk}", {"lead_status": given})

    assert answer.json()["lead_status"] == given.replace("customer", "converted")
    lead.refresh_from_db()
    assert (lead.stage, lead.status, lead.contact_status) == (stage, status, contact_status)


@pytest.mark.parametrize("end", ["converted", "lost"])
def test_a_status_takes_a_client_back_from_the_end_of_the_pipeline(api, admin_user, end):
    lead = make_lead(stage="agendado", status="warm", score=50)
    client = api(admin_user)
    client.put(f"{CLIENTS}/{lead.pk}", {"lead_status": end})

    answer = client.put(f"{CLIENTS}/{lead.pk}", {"lead_status": "qualified"})

    assert answer.json()["lead_status"] == "qualified"
    lead.refresh_from_db()
    assert (lead.stage, lead.status) == ("agendado", "warm")
    assert [change.to_stage for change in StageChange.objects.order_by("-id")][0] == "agendado"


def test_a_status_that_is_there_already_changes_nothing(api, admin_user):
    lead = make_lead(status="lost")

    api(admin_user).put(f"{CLIENTS}/{lead.pk}", {"lead_status": "lost"})

    assert not StageChange.objects.exists()


def test_a_changed_phone_must_be_free(api, admin_user):
    lead, other = make_lead(), make_lead()
    client = api(admin_user)

    assert client.put(f"{CLIENTS}/{lead.pk}", {"phone_number": other.phone, "city": "Cali"}).status_code == 409
    assert Lead.objects.get(pk=lead.pk).city == ""
    assert client.put(f"{CLIENTS}/{lead.pk}", {"phone_number": "+573009999999"}).json()["phone_number"] == (
        "+573009999999"
    )


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"lead_score": 101}, "lead_score"),
        ({"lead_score": -1}, "lead_score"),
        ({"lead_score": 7.5}, "lead_score"),
        ({"lead_status": "tibio"}, "lead_status"),
        ({"email": "nadie"}, "email"),
        ({"country": "Wakanda", "city": "Cali"}, "country"),
        ({"is_blocked": "quizás"}, "is_blocked"),
        ({"opt_in": None}, "opt_in"),
    ],
)
def test_a_wrong_change_is_refused_and_nothing_changes(api, admin_user, body, field):
    lead = make_lead()

    assert wrong_fields(api(admin_user).put(f"{CLIENTS}/{lead.pk}", body)) == [field]
    assert Lead.objects.get(pk=lead.pk).city == ""


# ---------------------------------------------------------------- delete


def test_a_deleted_client_is_gone_and_leaves_a_trail(api, supervisor_user):
    lead = make_lead()
    make_conversation(lead)

    answer = api(supervisor_user).delete(f"{CLIENTS}/{lead.pk}")

    assert (answer.status_code, answer.content) == (204, b"")
    assert not Lead.objects.exists()
    assert AuditEntry.objects.get(name="lead.deleted").actor_user_id == supervisor_user.pk


def test_an_agent_may_not_delete_a_client(api, agent_user):
    lead = make_lead(assigned_agent=agent_user)

    answer = api(agent_user).delete(f"{CLIENTS}/{lead.pk}")

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "FORBIDDEN")
    assert Lead.objects.filter(pk=lead.pk).exists()


# ---------------------------------------------------------------- tags


def test_a_tag_is_added_once_and_taken_off(api, agent_user):
    lead = make_lead(assigned_agent=agent_user, tags=["recurrente"])
    client = api(agent_user)

    for _time in range(2):
        answer = client.post(f"{CLIENTS}/{lead.pk}/tags", {"tag": " vip "})
        assert (answer.status_code, answer.json()) == (200, {"id": lead.pk, "tags": ["recurrente", "vip"]})
    removed = client.delete(f"{CLIENTS}/{lead.pk}/tags/recurrente")

    assert (removed.status_code, removed.content) == (204, b"")
    assert Lead.objects.get(pk=lead.pk).tags == ["vip"]


def test_a_tag_with_signs_can_be_taken_off(api, admin_user):
    lead = make_lead(tags=["ñandú 50%"])

    assert api(admin_user).delete(f"{CLIENTS}/{lead.pk}/tags/%C3%B1and%C3%BA%2050%25").status_code == 204
    assert Lead.objects.get(pk=lead.pk).tags == []


def test_a_tag_that_is_not_there_is_not_found(api, admin_user):
    lead = make_lead(tags=["vip"])

    answer = api(admin_user).delete(f"{CLIENTS}/{lead.pk}/tags/otra")

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("body", [{}, {"tag": ""}, {"tag": "  "}, {"tag": "x" * 61}, {"tag": 7}, {"tag": ["vip"]}])
def test_a_tag_is_a_short_text(api, admin_user, body):
    assert wrong_fields(api(admin_user).post(f"{CLIENTS}/{make_lead().pk}/tags", body)) == ["tag"]


def test_a_client_has_at_most_fifty_tags(api, admin_user):
    lead = make_lead(tags=[f"t{number}" for number in range(50)])

    answer = api(admin_user).post(f"{CLIENTS}/{lead.pk}/tags", {"tag": "una más"})

    assert answer.status_code == 422
    assert "una más" not in Lead.objects.get(pk=lead.pk).tags
