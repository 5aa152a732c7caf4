"""The table of leads: what it shows, how it is narrowed, and who sees what."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core.tenancy import in_broker
from apps.leads.models import CustomField, Lead
from tests.factories import make_lead, make_user


@pytest.fixture
def table(broker, browser, admin_user):
    """`table(stage="agendado")`: the first names on the page, in order."""

    def names(**query) -> list[str]:
        answer = browser(admin_user).get("/app/leads", query)
        assert answer.status_code == 200
        return [lead.first_name for lead in answer.context["page"].items]

    return names


def test_the_newest_lead_stands_first(table):
    make_lead(first_name="Primera")
    make_lead(first_name="Segunda")

    assert table() == ["Segunda", "Primera"]


def test_quick_filters_narrow_together(table, admin_user):
    make_lead(first_name="Ana", stage="agendado", status="hot", tags=["vip"], assigned_agent=admin_user)
    make_lead(first_name="Beto", stage="agendado", status="cold", tags=["vip"])
    make_lead(first_name="Caro", stage="entrada", status="hot")

    assert table(stage=["agendado", "ganado"]) == ["Beto", "Ana"]
    assert table(stage="agendado", status="hot") == ["Ana"]
    assert table(tag="vip") == ["Beto", "Ana"]
    assert table(agent="me") == ["Ana"]
    assert table(agent="none") == ["Caro", "Beto"]
    assert table(agent=admin_user.pk) == ["Ana"]


def test_a_built_filter_and_a_search_narrow_what_the_quick_ones_left(table):
    make_lead(first_name="Ana", stage="agendado", score=80)
    make_lead(first_name="Beto", stage="agendado", score=20)
    built = json.dumps({"any": [{"field": "score", "op": "gte", "value": 50}]})

    assert table(stage="agendado", filter=built) == ["Ana"]
    assert table(filter=built, q="beto") == []
    assert table(q="ANÁ") == ["Ana"]


@pytest.mark.parametrize(
    "query",
    [
        {"filter": "{"},
        {"filter": "[1]"},
        {"filter": '{"all": 7}'},
        {"filter": '{"all": "abc"}'},
        {"filter": '{"all": [{"field": "password", "op": "is", "value": 1}]}'},
        {"filter": "[" * 5000},
        {"stage": "nirvana"},
        {"agent": "x"},
        {"sort": "password"},
    ],
)
def test_an_address_that_cannot_be_read_says_so_and_shows_no_leads(broker, browser, admin_user, query):
    make_lead()

    answer = browser(admin_user).get("/app/leads", query)

    assert answer.status_code == 200
    assert answer.context["problem"]
    assert not answer.context["page"].items


@pytest.mark.parametrize("query", [{"page": "x"}, {"page": "999999999999"}, {"columns": "a,b,,"}, {"view": "7"}])
def test_what_is_not_known_in_an_address_is_passed_over(table, query):
    make_lead(first_name="Ana")

    assert table(**query) == ["Ana"]


def test_heads_sort_up_and_down_and_back(broker, browser, admin_user, table):
    make_lead(first_name="Ana", score=10)
    make_lead(first_name="Beto", score=90)

    assert table(sort="-score") == ["Beto", "Ana"]
    assert table(sort="score") == ["Ana", "Beto"]
    heads = {head.column.key: head for head in browser(admin_user).get("/app/leads?sort=-score").context["heads"]}
    assert heads["score"].direction == "descending"
    assert "sort=score" in heads["score"].query


def test_custom_fields_are_columns_and_orders(broker, browser, admin_user, table):
    CustomField.objects.create(name="comuna", label="Comuna")
    make_lead(first_name="Ana", attributes={"comuna": "Ñuñoa"})
    make_lead(first_name="Beto", attributes={"comuna": "Maipú"})

    page = browser(admin_user).get("/app/leads?columns=attributes.comuna,email").content.decode()

    assert "Comuna" in page and "Ñuñoa" in page
    assert table(sort="attributes.comuna") == ["Beto", "Ana"]


def test_pages_follow_each_other_and_keep_the_filter(broker, browser, admin_user):
    Lead.objects.bulk_create(Lead(first_name=f"L{number}", stage="agendado") for number in range(60))
    make_lead(first_name="Otro")

    first = browser(admin_user).get("/app/leads?stage=agendado")
    second = browser(admin_user).get(f"/app/leads?{first.context['pages'].next}")

    assert len(first.context["page"].items) == 50
    assert len(second.context["page"].items) == 10
    assert first.context["page"].total == second.context["page"].total == 60
    assert "stage=agendado" in second.context["pages"].previous
    assert not second.context["pages"].next


def test_a_script_gets_the_part_below_the_head_alone(broker, browser, admin_user):
    part = browser(admin_user).part("/app/leads").content.decode()

    assert "<html" not in part
    assert 'id="leads-form"' in part


def test_agents_see_their_leads_alone(broker, browser, agent_user):
    make_lead(first_name="Suya", assigned_agent=agent_user)
    make_lead(first_name="Ajena", assigned_agent=make_user())

    page = browser(agent_user).get("/app/leads")

    assert [lead.first_name for lead in page.context["page"].items] == ["Suya"]
    assert "Ajena" not in page.content.decode()


def test_another_broker_sees_nothing_of_it(broker, browser, other_broker, other_admin_user):
    make_lead(first_name="Ajena")

    with in_broker(other_broker.pk):
        assert not browser(other_admin_user).get("/app/leads").context["page"].items


def test_strangers_are_sent_to_the_sign_in_page(broker, browser):
    assert browser().get("/app/leads").status_code == 302
    assert browser().part("/app/leads").status_code == 401


def test_a_page_costs_the_same_however_many_leads_and_columns(broker, browser, admin_user):
    for number in range(3):
        CustomField.objects.create(name=f"campo{number}")
    columns = "name,assigned_agent,tags,attributes.campo0,attributes.campo1,attributes.campo2"
    for number in range(2):
        make_lead(assigned_agent=admin_user, tags=["a", "b"], attributes={f"campo{number}": "x"})
    few = queries_of(browser(admin_user), f"/app/leads?columns={columns}&stage=entrada")
    for number in range(40):
        make_lead(assigned_agent=make_user(), tags=["c"], attributes={f"campo{number % 3}": "x"})

    many = queries_of(browser(admin_user), f"/app/leads?columns={columns}&stage=entrada")

    assert many == few
    assert many <= 20


def queries_of(client, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(path).status_code == 200
    return len([one for one in captured.captured_queries if "search_path" not in one["sql"]])


def test_one_row_is_drawn_again_while_it_belongs_to_the_table(broker, browser, agent_user, admin_user):
    lead = make_lead(first_name="Ana", stage="agendado", assigned_agent=agent_user)
    ajena = make_lead(assigned_agent=admin_user)

    row = browser(agent_user).part(f"/app/leads/{lead.pk}/row", stage="agendado")

    assert f'id="lead-{lead.pk}"' in row.content.decode()
    assert browser(agent_user).part(f"/app/leads/{lead.pk}/row", stage="ganado").status_code == 204
    assert browser(agent_user).part(f"/app/leads/{ajena.pk}/row").status_code == 204


# ---- new leads


def test_a_new_lead_is_made_and_opened(broker, browser, agent_user):
    answer = browser(agent_user).press("/app/leads/new", name="Rosa Núñez", phone="9 8765 4321", email="")

    lead = Lead.objects.get(first_name="Rosa")
    assert answer.headers["HX-Redirect"] == f"/app/leads/{lead.pk}"
    assert (lead.phone, lead.assigned_agent_id) == ("+56987654321", agent_user.pk)


@pytest.mark.parametrize(
    ("typed", "status", "field"),
    [
        ({"phone": "12"}, 422, "phone"),
        ({"email": "nada"}, 422, "email"),
        ({}, 422, "name"),
        ({"phone": "+56911112222"}, 400, "phone"),
    ],
)
def test_a_new_lead_that_cannot_be_is_shown_with_what_to_mend(broker, browser, admin_user, typed, status, field):
    make_lead(phone="+56911112222")

    answer = browser(admin_user).press("/app/leads/new", **typed)

    assert answer.status_code == status
    assert answer.context["field"] == field
    assert 'aria-invalid="true"' in answer.content.decode()
    assert Lead.objects.count() == 1


def test_tags_in_use_are_suggested(broker, browser, admin_user, agent_user):
    make_lead(tags=["vip"])
    make_lead(tags=["suya", "vip"], assigned_agent=agent_user)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE leads_lead")

    assert browser(admin_user).get("/app/leads").context["tags"] == ["vip", "suya"]
    assert browser(agent_user).get("/app/leads?tag=otra").context["quick"]["tags"] == ["otra", "suya", "vip"]
