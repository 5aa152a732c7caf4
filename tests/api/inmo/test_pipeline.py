"""/api/v1/pipeline: board, figures, stages and what advances by itself."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.core.tenancy import in_broker
from apps.leads.models import Lead, StageChange
from apps.leads.types import STAGE_ORDER
from tests.factories import make_lead

PIPELINE = "/api/v1/pipeline"
ENTRADA = f"{PIPELINE}/stages/entrada"


def changed(lead, from_stage, to_stage, seconds=0):
    StageChange.objects.create(
        lead=lead, from_stage=from_stage, to_stage=to_stage, seconds_in_stage=seconds, actor_kind="system"
    )


# ---------------------------------------------------------------- board


def test_the_board_has_every_stage_in_order_with_its_best_leads_first(api, admin_user):
    low, high = make_lead(score=10), make_lead(score=60)
    won = make_lead(stage="ganado")

    answer = api(admin_user).get(PIPELINE)

    assert answer.status_code == 200
    stages = answer.json()["stages"]
    assert [each["stage"] for each in stages] == list(STAGE_ORDER)
    by_stage = {each["stage"]: each for each in stages}
    assert [lead["id"] for lead in by_stage["entrada"]["leads"]] == [high.pk, low.pk]
    assert [lead["id"] for lead in by_stage["ganado"]["leads"]] == [won.pk]
    assert by_stage["agendado"] == {"stage": "agendado", "total": 0, "leads": []}


def test_a_full_stage_shows_its_number_and_the_first_leads(api, admin_user):
    for _number in range(4):
        make_lead()

    entrada = api(admin_user).get(PIPELINE, {"limit": 3}).json()["stages"][0]

    assert (entrada["total"], len(entrada["leads"])) == (4, 3)


def test_the_board_shows_an_agent_their_own_leads(api, agent_user):
    own = make_lead(assigned_agent=agent_user)
    make_lead()

    entrada = api(agent_user).get(PIPELINE).json()["stages"][0]

    assert (entrada["total"], [lead["id"] for lead in entrada["leads"]]) == (1, [own.pk])


# ---------------------------------------------------------------- metrics


def test_metrics_tell_how_leads_go_through_the_pipeline(api, admin_user):
    make_lead()
    looking = make_lead(stage="perfilamiento")
    changed(looking, "entrada", "perfilamiento", 100)
    won = make_lead(stage="ganado", status="converted")
    changed(won, "entrada", "perfilamiento", 300)
    changed(won, "perfilamiento", "ganado", 50)
    lost = make_lead(stage="perdido", status="lost")
    changed(lost, "entrada", "perdido", 200)

    answer = api(admin_user).get(f"{PIPELINE}/metrics")

    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"total_leads", "stages", "won", "lost", "conversion_rate"}
    assert (body["total_leads"], body["won"], body["lost"], body["conversion_rate"]) == (4, 1, 1, 0.25)
    assert [each["stage"] for each in body["stages"]] == list(STAGE_ORDER)
    entrada, perfilamiento, *others = body["stages"]
    assert (entrada["count"], entrada["reached"], entrada["conversion_rate"]) == (1, 4, 0.5)
    assert entrada["average_seconds"] == 200.0
    assert entrada["average_seconds_so_far"] is not None
    assert (perfilamiento["count"], perfilamiento["reached"], perfilamiento["conversion_rate"]) == (1, 2, 0.5)
    assert {each["conversion_rate"] for each in others[:4]} == {0.0}
    assert {each["conversion_rate"] for each in others[4:]} == {None}


def test_metrics_of_no_leads_are_zero(api, admin_user):
    body = api(admin_user).get(f"{PIPELINE}/metrics").json()

    assert (body["total_leads"], body["conversion_rate"]) == (0, 0.0)
    assert {each["average_seconds"] for each in body["stages"]} == {None}


def test_metrics_count_an_agents_own_leads(api, agent_user):
    make_lead(assigned_agent=agent_user, stage="ganado")
    changed(make_lead(stage="agendado"), "entrada", "agendado", 10)

    body = api(agent_user).get(f"{PIPELINE}/metrics").json()

    assert (body["total_leads"], body["conversion_rate"]) == (1, 1.0)
    assert body["stages"][0]["reached"] == 0


# ---------------------------------------------------------------- stages


def test_the_leads_of_a_stage_are_a_page(api, admin_user):
    make_lead(stage="agendado", score=10)
    high = make_lead(stage="agendado", score=60)
    make_lead()

    body = api(admin_user).get(f"{PIPELINE}/stages/agendado/leads", {"limit": 1}).json()

    assert (body["total"], body["skip"], body["limit"]) == (2, 0, 1)
    assert [lead["id"] for lead in body["data"]] == [high.pk]


def test_inactive_is_who_nobody_wrote_to_for_long(api, admin_user):
    now = timezone.now()
    forgotten = make_lead(created_at=now - timedelta(days=30), last_contacted_at=now - timedelta(days=8))
    untouched = make_lead(created_at=now - timedelta(days=20))
    make_lead(created_at=now - timedelta(days=30), last_contacted_at=now - timedelta(days=1))
    make_lead()
    client = api(admin_user)

    a_week = client.get(f"{ENTRADA}/inactive").json()
    ten_days = client.get(f"{ENTRADA}/inactive", {"inactivity_days": 10}).json()

    assert [lead["id"] for lead in a_week["data"]] == [untouched.pk, forgotten.pk]
    assert [lead["id"] for lead in ten_days["data"]] == [untouched.pk]


@pytest.mark.parametrize("list_name", ["leads", "inactive"])
def test_stage_lists_keep_to_the_callers_sight(api, agent_user, other_admin_user, list_name):
    long_ago = timezone.now() - timedelta(days=60)
    own = make_lead(assigned_agent=agent_user, created_at=long_ago)
    make_lead(created_at=long_ago)

    assert [row["id"] for row in api(agent_user).get(f"{ENTRADA}/{list_name}").json()["data"]] == [own.pk]
    assert api(other_admin_user).get(f"{ENTRADA}/{list_name}").json()["data"] == []


@pytest.mark.parametrize(
    "path",
    [
        f"{PIPELINE}/stages/nunca/leads",
        f"{PIPELINE}/stages/nunca/inactive",
        f"{ENTRADA}/leads?limit=201",
        f"{ENTRADA}/inactive?inactivity_days=0",
        f"{ENTRADA}/inactive?inactivity_days=999999999",
        f"{PIPELINE}?limit=201",
    ],
)
def test_a_wrong_stage_or_limit_is_refused(api, admin_user, path):
    answer = api(admin_user).get(path)

    assert answer.status_code == 422
    assert isinstance(answer.json()["detail"], list)


@pytest.mark.parametrize("path", [PIPELINE, f"{PIPELINE}/metrics", f"{ENTRADA}/leads", f"{ENTRADA}/inactive"])
def test_more_leads_take_no_more_queries(api, admin_user, agent_user, path):
    client = api(admin_user)
    long_ago = timezone.now() - timedelta(days=60)
    changed(make_lead(created_at=long_ago), "perfilamiento", "entrada")
    client.get(path)
    with CaptureQueriesContext(connection) as few:
        client.get(path)
    for stage in STAGE_ORDER:
        changed(make_lead(created_at=long_ago, stage=stage, assigned_agent=agent_user), "entrada", stage)
        make_lead(created_at=long_ago, assigned_agent=agent_user)

    with CaptureQueriesContext(connection) as many:
        assert client.get(path).status_code == 200

    assert len(many) == len(few)


# ---------------------------------------------------------------- auto-advance


def test_one_lead_goes_as_far_as_is_known_of_it_and_stays_there(api, agent_user):
    lead = make_lead(assigned_agent=agent_user, attributes={"location": ["Ñuñoa"], "budget_amount": 3000})
    client = api(agent_user)

    first = client.post(f"{PIPELINE}/leads/{lead.pk}/auto-advance")
    second = client.post(f"{PIPELINE}/leads/{lead.pk}/auto-advance")

    stage = "calificacion_financiera"
    assert first.status_code == 200
    assert first.json() == {
        "lead_id": lead.pk,
        "advanced": True,
        "previous_stage": "entrada",
        "pipeline_stage": stage,
    }
    assert second.json() == {"lead_id": lead.pk, "advanced": False, "previous_stage": stage, "pipeline_stage": stage}
    assert StageChange.objects.get(lead=lead).reason == "auto_advance.budget_and_place_are_known"


@pytest.mark.parametrize("path", ["auto-advance", "move-stage"])
def test_a_lead_out_of_sight_does_not_exist(api, agent_user, admin_user, other_broker, path):
    colleagues = make_lead()
    with in_broker(other_broker.pk):
        [make_lead() for _number in range(3)]
        foreign = make_lead()

    for user, lead in ((agent_user, colleagues), (admin_user, foreign)):
        answer = api(user).post(f"{PIPELINE}/leads/{lead.pk}/{path}", {"new_stage": "agendado"})
        assert answer.status_code == 404


def test_all_leads_are_checked_and_those_that_can_go_on(api, admin_user):
    known = make_lead(attributes={"visit_date": "2999-01-01"})
    make_lead()
    make_lead(stage="perdido", attributes={"visit_date": "2999-01-01"})

    answer = api(admin_user).post(f"{PIPELINE}/auto-advance")

    assert (answer.status_code, answer.json()) == (200, {"checked": 2, "advanced": 1})
    assert Lead.objects.get(pk=known.pk).stage == "agendado"
    assert api(admin_user).post(f"{PIPELINE}/auto-advance").json() == {"checked": 2, "advanced": 0}


def test_a_superadmin_advances_the_broker_they_name(api, superadmin_user, broker):
    make_lead(attributes={"purpose": "buy"})

    answer = api(superadmin_user).post(f"{PIPELINE}/auto-advance?broker_id={broker.pk}")

    assert answer.json() == {"checked": 1, "advanced": 1}


@pytest.mark.parametrize("role", ["agent", "supervisor"])
def test_only_administrators_advance_all(api, request, role):
    user = request.getfixturevalue(f"{role}_user")
    lead = make_lead(attributes={"purpose": "buy"}, assigned_agent=user)

    assert api(user).post(f"{PIPELINE}/auto-advance").status_code == 403
    assert Lead.objects.get(pk=lead.pk).stage == "entrada"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("GET", "/metrics"),
        ("POST", "/auto-advance"),
        ("POST", "/leads/1/auto-advance"),
        ("POST", "/leads/1/move-stage"),
        ("GET", "/stages/entrada/leads"),
        ("GET", "/stages/entrada/inactive"),
    ],
)
def test_the_pipeline_needs_a_token(api, broker, method, path):
    assert api().generic(method, f"{PIPELINE}{path}").status_code == 401
