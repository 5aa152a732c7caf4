"""/api/v1/leads: who sees and changes which lead, and what each answer holds."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.types import UserStatus
from apps.audit.models import AuditEntry
from apps.conversations.models import Conversation, Message
from apps.core.tenancy import in_broker
from apps.leads.models import Activity, Lead, StageChange
from tests.factories import make_account, make_conversation, make_lead, make_message, make_user

LEADS = "/api/v1/leads"
LEAD_KEYS = {
    "id",
    "phone",
    "name",
    "email",
    "status",
    "lead_score",
    "pipeline_stage",
    "tags",
    "metadata",
    "last_contacted",
    "created_at",
    "assigned_agent_id",
    "updated_at",
}
KNOWN = {"location": "Ñuñoa", "budget_amount": 3000, "budget_currency": "UF"}
# Every operation that names a lead, with a body that it takes.
NAMING_A_LEAD = [
    ("GET", "", None),
    ("PUT", "", {"name": "Otra"}),
    ("DELETE", "", None),
    ("PUT", "/assign", {"agent_id": 1}),
    ("PUT", "/pipeline", {"stage": "agendado"}),
    ("POST", "/recalculate", None),
]


def call(client, method, path, body=None):
    return client.generic(method, path) if body is None else getattr(client, method.lower())(path, body)


def ids_of(answer) -> list[int]:
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["data"]]


# ---------------------------------------------------------------- list


def test_the_list_is_a_page_of_leads_newest_first(api, admin_user):
    first = make_lead(
        email="juan@example.com",
        score="45.50",
        status="warm",
        stage="perfilamiento",
        tags=["zona-norte"],
        attributes={"budget": "2000000"},
        last_contacted_at=datetime(2026, 2, 20, 15, 30, tzinfo=UTC),
        created_at=datetime(2026, 2, 15, 10, 0, tzinfo=UTC),
    )
    second = make_lead()

    answer = api(admin_user).get(LEADS)

    body = answer.json()
    assert set(body) == {"data", "total", "skip", "limit"}
    assert (body["total"], body["skip"], body["limit"]) == (2, 0, 50)
    assert [row["id"] for row in body["data"]] == [second.pk, first.pk]
    row = body["data"][1]
    assert set(row) == LEAD_KEYS
    assert row | {"updated_at": ""} == {
        "id": first.pk,
        "phone": first.phone,
        "name": first.name,
        "email": "juan@example.com",
        "status": "warm",
        "lead_score": 45.5,
        "pipeline_stage": "perfilamiento",
        "tags": ["zona-norte"],
        "metadata": {"budget": "2000000"},
        "last_contacted": "2026-02-20T15:30:00Z",
        "created_at": "2026-02-15T10:00:00Z",
        "assigned_agent_id": None,
        "updated_at": "",
    }


def test_skip_and_limit_choose_the_page(api, admin_user):
    leads = [make_lead() for _number in range(5)]

    answer = api(admin_user).get(LEADS, {"skip": 1, "limit": 2})

    assert ids_of(answer) == [leads[3].pk, leads[2].pk]
    assert answer.json()["total"] == 5


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"status": "hot"}, {"hot"}),
        ({"status": "HOT"}, {"hot"}),
        ({"min_score": 40}, {"warm", "hot"}),
        ({"max_score": "40"}, {"cold", "warm"}),
        ({"min_score": 40, "max_score": 60.5}, {"warm"}),
        ({"pipeline_stage": "agendado"}, {"hot"}),
        ({"search": "bernardita"}, {"warm"}),
        ({"search": "soto berna"}, {"warm"}),
        ({"search": "5777"}, {"hot"}),
        ({"search": "+56 9 5777-5777"}, {"hot"}),
        ({"search": "(9) 5777"}, {"hot"}),
        ({"search": "@casas"}, {"cold"}),
        ({"search": "nobody"}, set()),
        ({"search": ""}, {"cold", "warm", "hot"}),
        ({"search": "%"}, set()),
        ({"status": "hot", "search": "bernardita"}, set()),
    ],
)
def test_filters_narrow_the_list(api, admin_user, query, found):
    named = {
        "cold": make_lead(score=10, status="cold", email="ana@casas.cl"),
        "warm": make_lead(score=40, status="warm", first_name="Bernardita", last_name="Soto"),
        "hot": make_lead(score=80, status="hot", stage="agendado", phone="+56957775777"),
    }

    answer = api(admin_user).get(LEADS, query)

    assert set(ids_of(answer)) == {named[name].pk for name in found}
    assert answer.json()["total"] == len(found)


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 201},
        {"limit": 0},
        {"skip": -1},
        {"status": "tibio"},
        {"min_score": "mucho"},
        {"min_score": "nan"},
        {"max_score": 101},
        {"pipeline_stage": "nunca"},
        {"search": "x" * 201},
    ],
)
def test_a_wrong_filter_is_refused_and_named(api, admin_user, query):
    answer = api(admin_user).get(LEADS, query)

    assert answer.status_code == 422
    [wrong] = answer.json()["detail"]
    assert wrong["loc"] == ["query", *query]


def test_an_agent_sees_their_own_leads_alone(api, agent_user, admin_user, supervisor_user):
    own = make_lead(assigned_agent=agent_user)
    others = make_lead(assigned_agent=admin_user)

    assert ids_of(api(agent_user).get(LEADS)) == [own.pk]
    assert ids_of(api(supervisor_user).get(LEADS)) == [others.pk, own.pk]


def test_a_superadmin_names_the_broker(api, superadmin_user, broker):
    lead = make_lead()

    assert ids_of(api(superadmin_user).get(LEADS, {"broker_id": broker.pk})) == [lead.pk]
    assert api(superadmin_user).get(LEADS).status_code == 422


def test_the_list_of_another_broker_is_another_list(api, other_admin_user, broker):
    make_lead()

    assert ids_of(api(other_admin_user).get(LEADS)) == []


def test_a_longer_list_takes_no_more_queries(api, admin_user, agent_user):
    client = api(admin_user)
    make_lead()
    client.get(LEADS)
    with CaptureQueriesContext(connection) as few:
        client.get(LEADS)
    for _number in range(12):
        make_lead(assigned_agent=agent_user)

    with CaptureQueriesContext(connection) as many:
        assert len(ids_of(client.get(LEADS))) == 13

    assert len(many) == len(few)


# ---------------------------------------------------------------- one lead


def test_a_lead_comes_with_the_last_ten_lines_of_its_timeline(api, admin_user):
    lead = make_lead()
    lines = [Activity.objects.create(lead=lead, kind=f"kind{number}", actor_kind="system") for number in range(12)]

    answer = api(admin_user).get(f"{LEADS}/{lead.pk}")

    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == LEAD_KEYS | {"recent_activities"}
    assert [line["id"] for line in body["recent_activities"]] == [line.pk for line in reversed(lines)][:10]
    assert set(body["recent_activities"][0]) == {"id", "action_type", "details", "created_at"}


@pytest.mark.parametrize(("method", "path", "body"), NAMING_A_LEAD)
def test_a_lead_of_another_broker_does_not_exist(api, admin_user, other_broker, method, path, body):
    with in_broker(other_broker.pk):
        foreign = make_lead()

    answer = call(api(admin_user), method, f"{LEADS}/{foreign.pk}{path}", body)

    assert answer.status_code == 404
    assert isinstance(answer.json()["detail"], str)
    with in_broker(other_broker.pk):
        assert Lead.objects.get(pk=foreign.pk).stage == "entrada"


@pytest.mark.parametrize(("method", "path", "body"), NAMING_A_LEAD)
def test_a_lead_of_a_colleague_does_not_exist_for_an_agent(api, agent_user, method, path, body):
    lead = make_lead(assigned_agent=make_user("agent"))

    answer = call(api(agent_user), method, f"{LEADS}/{lead.pk}{path}", body)

    assert answer.status_code == 404
    assert Lead.objects.filter(pk=lead.pk, stage="entrada").exists()


@pytest.mark.parametrize(("method", "path", "body"), [*NAMING_A_LEAD, ("POST", "", {"phone": "+56912345678"})])
def test_nothing_is_answered_without_a_token(api, broker, method, path, body):
    address = LEADS if method == "POST" and not path else f"{LEADS}/1{path}"

    assert call(api(), method, address, body).status_code == 401


# ---------------------------------------------------------------- create


def test_a_new_lead_is_cold_and_at_the_entry(api, admin_user):
    body = {"phone": "9 1234 5678", "name": "María José Soto", "email": "Maria@Email.com", "tags": ["activo", "activo"]}

    answer = api(admin_user).post(LEADS, {**body, "metadata": {"budget": "2000000"}})

    assert answer.status_code == 201
    made = answer.json()
    lead = Lead.objects.get(pk=made["id"])
    assert set(made) == LEAD_KEYS
    assert (made["phone"], made["name"], made["email"]) == ("+56912345678", "María José Soto", "maria@email.com")
    assert (made["status"], made["lead_score"], made["pipeline_stage"]) == ("cold", 0.0, "entrada")
    assert (made["tags"], made["metadata"]) == (["activo"], {"budget": "2000000"})
    assert made["last_contacted"] is None
    assert made["created_at"].endswith("Z")
    assert (lead.first_name, lead.last_name) == ("María", "José Soto")
    assert AuditEntry.objects.filter(name="lead.created", object_id=str(lead.pk)).exists()


def test_a_phone_is_read_with_the_brokers_country(api, admin_user, broker):
    broker.country = "MX"
    broker.save(update_fields=["country"])

    assert api(admin_user).post(LEADS, {"phone": "55 1234 5678"}).json()["phone"] == "+525512345678"


def test_what_an_agent_makes_is_theirs(api, agent_user):
    answer = api(agent_user).post(LEADS, {"phone": "+56912345678"})

    assert answer.status_code == 201
    assert answer.json()["assigned_agent_id"] == agent_user.pk
    assert ids_of(api(agent_user).get(LEADS)) == [answer.json()["id"]]


@pytest.mark.parametrize("spelling", ["+5215512345678", "+52 55 1234 5678"])
def test_a_known_phone_is_refused_in_every_spelling(api, admin_user, spelling):
    make_lead(phone="+525512345678")

    answer = api(admin_user).post(LEADS, {"phone": spelling})

    assert answer.status_code == 400
    assert isinstance(answer.json()["detail"], str)
    assert Lead.objects.count() == 1


def test_another_broker_may_know_the_same_phone(api, admin_user, other_broker):
    with in_broker(other_broker.pk):
        make_lead(phone="+56912345678")

    assert api(admin_user).post(LEADS, {"phone": "+56912345678"}).status_code == 201


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "phone"),
        ({"phone": ""}, "phone"),
        ({"phone": "hola"}, "phone"),
        ({"phone": 56912345678}, "phone"),
        ({"phone": "+56912345678", "email": "nadie"}, "email"),
        ({"phone": "+56912345678", "name": "x" * 151}, "name"),
        ({"phone": "+56912345678", "tags": "vip"}, "tags"),
        ({"phone": "+56912345678", "tags": ["x" * 61]}, "tags"),
        ({"phone": "+56912345678", "metadata": []}, "metadata"),
        ({"phone": "+56912345678", "metadata": {"budget": [{"uf": 1e20}]}}, "metadata"),
    ],
)
def test_a_wrong_new_lead_is_refused_and_nothing_is_stored(api, admin_user, body, field):
    answer = api(admin_user).post(LEADS, body)

    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"][:2] == ["body", field]
    assert not Lead.objects.exists()


# ---------------------------------------------------------------- update


def test_only_what_is_sent_changes(api, agent_user):
    lead = make_lead(assigned_agent=agent_user, email="a@example.com", attributes={"budget": 1, "rooms": 2})

    answer = api(agent_user).put(
        f"{LEADS}/{lead.pk}", {"name": "Ana María", "tags": ["vip"], "metadata": {"rooms": None, "floor": 3}}
    )

    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == LEAD_KEYS
    assert (body["name"], body["email"], body["tags"]) == ("Ana María", "a@example.com", ["vip"])
    assert body["metadata"] == {"budget": 1, "floor": 3}
    assert body["phone"] == lead.phone


def test_a_status_can_be_set_by_hand(api, admin_user):
    lead = make_lead()

    assert api(admin_user).put(f"{LEADS}/{lead.pk}", {"status": "Converted"}).json()["status"] == "converted"


def test_a_changed_phone_must_be_free(api, admin_user):
    lead, other = make_lead(), make_lead()
    client = api(admin_user)

    assert client.put(f"{LEADS}/{lead.pk}", {"phone": other.phone}).status_code == 400
    assert client.put(f"{LEADS}/{lead.pk}", {"phone": "+56987654321"}).json()["phone"] == "+56987654321"


@pytest.mark.parametrize("body", [{"status": "tibio"}, {"email": "nadie"}, {"tags": [1]}, {"metadata": "x"}, []])
def test_a_wrong_change_is_refused(api, admin_user, body):
    lead = make_lead()

    assert api(admin_user).put(f"{LEADS}/{lead.pk}", body).status_code == 422


# ---------------------------------------------------------------- delete


def test_a_deleted_lead_takes_its_conversations_along_and_leaves_a_trail(api, admin_user):
    lead = make_lead()
    make_message(make_conversation(lead, make_account()))
    StageChange.objects.create(lead=lead, to_stage="entrada", actor_kind="system")

    answer = api(admin_user).delete(f"{LEADS}/{lead.pk}")

    assert (answer.status_code, answer.content) == (204, b"")
    for model in (Lead, Conversation, Message, Activity, StageChange):
        assert not model.objects.exists()
    entry = AuditEntry.objects.get(name="lead.deleted")
    assert (entry.object_id, entry.actor_user_id) == (str(lead.pk), admin_user.pk)
    assert api(admin_user).get(f"{LEADS}/{lead.pk}").status_code == 404


# ---------------------------------------------------------------- assign


def test_an_administrator_gives_a_lead_to_an_agent(api, admin_user, agent_user):
    lead = make_lead()

    answer = api(admin_user).put(f"{LEADS}/{lead.pk}/assign", {"agent_id": agent_user.pk})

    assert answer.status_code == 200
    assert set(answer.json()) == LEAD_KEYS
    assert answer.json()["assigned_agent_id"] == agent_user.pk
    assert Activity.objects.get(lead=lead).kind == "assigned"


@pytest.mark.parametrize("role", ["supervisor", "agent", "superadmin"])
def test_nobody_else_assigns(api, request, agent_user, broker, role):
    user = request.getfixturevalue(f"{role}_user")
    lead = make_lead(assigned_agent=agent_user)

    answer = api(user).put(
        f"{LEADS}/{lead.pk}/assign?broker_id={broker.pk}" if role == "superadmin" else f"{LEADS}/{lead.pk}/assign",
        {"agent_id": agent_user.pk},
    )

    assert answer.status_code == 403
    assert isinstance(answer.json()["detail"], str)


def test_a_lead_is_not_given_to_who_cannot_take_it(api, admin_user, other_admin_user, superadmin_user):
    lead = make_lead()
    inactive = make_user("agent", status=UserStatus.INACTIVE)
    client = api(admin_user)

    for agent_id in (inactive.pk, other_admin_user.pk, superadmin_user.pk, 2_000_000_000):
        answer = client.put(f"{LEADS}/{lead.pk}/assign", {"agent_id": agent_id})
        assert answer.status_code == 400
        assert isinstance(answer.json()["detail"], str)
    assert Lead.objects.get(pk=lead.pk).assigned_agent_id is None


@pytest.mark.parametrize("body", [{}, {"agent_id": None}, {"agent_id": "ana"}, {"agent_id": True}, {"agent_id": 0}])
def test_an_assignment_names_an_agent(api, admin_user, body):
    assert api(admin_user).put(f"{LEADS}/{make_lead().pk}/assign", body).status_code == 422


# ---------------------------------------------------------------- stage


@pytest.mark.parametrize("name", ["stage", "new_stage"])
@pytest.mark.parametrize(
    ("method", "path"), [("put", "{}/{}/pipeline"), ("post", "/api/v1/pipeline/leads/{1}/move-stage")]
)
def test_a_lead_is_moved_under_either_name(api, agent_user, name, method, path):
    lead = make_lead(assigned_agent=agent_user)

    answer = getattr(api(agent_user), method)(
        path.format(LEADS, lead.pk), {name: "agendado", "reason": "Viene el martes"}
    )

    assert answer.status_code == 200
    assert set(answer.json()) == LEAD_KEYS
    assert answer.json()["pipeline_stage"] == "agendado"
    change = StageChange.objects.get(lead=lead)
    assert (change.from_stage, change.to_stage, change.reason) == ("entrada", "agendado", "Viene el martes")
    assert change.actor_user_id == agent_user.pk


@pytest.mark.parametrize(("stage", "status"), [("ganado", "converted"), ("perdido", "lost")])
def test_the_end_of_the_pipeline_sets_the_status(api, admin_user, stage, status):
    lead = make_lead(score=50, status="warm")
    client = api(admin_user)

    assert client.put(f"{LEADS}/{lead.pk}/pipeline", {"stage": stage}).json()["status"] == status
    assert client.put(f"{LEADS}/{lead.pk}/pipeline", {"stage": "seguimiento"}).json()["status"] == "warm"


@pytest.mark.parametrize("body", [{}, {"stage": "nunca"}, {"new_stage": 7}, {"stage": None}, {"reason": "x"}])
@pytest.mark.parametrize(
    ("method", "path"), [("put", "{}/{}/pipeline"), ("post", "/api/v1/pipeline/leads/{1}/move-stage")]
)
def test_a_move_names_a_stage(api, admin_user, method, path, body):
    lead = make_lead()

    assert getattr(api(admin_user), method)(path.format(LEADS, lead.pk), body).status_code == 422
    assert not StageChange.objects.exists()


# ---------------------------------------------------------------- recalculate


def test_a_recalculation_answers_score_qualification_and_stage(api, agent_user):
    lead = make_lead(assigned_agent=agent_user, attributes={**KNOWN, "name": "Ana", "purpose": "buy"})

    answer = api(agent_user).post(f"{LEADS}/{lead.pk}/recalculate")

    assert answer.status_code == 200
    assert answer.json() == {
        "lead_id": lead.pk,
        "lead_score": 55.0,
        "score": 55.0,
        "qualification": "warm",
        "calificacion": "potencial",
        "pipeline_stage": "calificacion_financiera",
    }


def test_a_recalculation_leaves_what_is_won(api, admin_user):
    lead = make_lead(stage="ganado", status="converted", attributes=KNOWN)

    body = api(admin_user).post(f"{LEADS}/{lead.pk}/recalculate").json()

    assert (body["qualification"], body["pipeline_stage"]) == ("converted", "ganado")
