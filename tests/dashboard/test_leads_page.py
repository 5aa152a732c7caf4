"""The page of one lead: what it shows, and what can be changed on it."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.core.tenancy import in_broker
from apps.leads import actions
from apps.leads.models import Activity, CustomField, DuplicatePair, IngestRecord, Lead, LossReason, Pipeline
from tests.factories import make_conversation, make_identity, make_lead, make_user


@pytest.fixture
def lead(broker, agent_user):
    return make_lead(first_name="Rosa", last_name="Núñez", phone="+56987654321", assigned_agent=agent_user)


@pytest.fixture
def asks_for_email(broker):
    """Nobody is scheduled whose e-mail is not known."""
    pipeline, _made = Pipeline.objects.get_or_create(is_default=True, defaults={"name": "Ventas"})
    pipeline.stages.update_or_create(stage="agendado", defaults={"position": 3, "required_fields": ["email"]})


def test_the_page_shows_everything_known_of_the_lead(lead, browser, agent_user):
    make_identity(lead, display_name="Rosita")
    conversation = make_conversation(lead, last_message_preview="Hola", status="closed", assigned_agent=agent_user)
    IngestRecord.objects.create(lead=lead, payload={"mensaje": "Quiero visitar"}, state="processed")
    CustomField.objects.create(name="comuna", label="Comuna")

    page = browser(agent_user).get(f"/app/leads/{lead.pk}").content.decode()

    for words in ("Rosa Núñez", "+56987654321", "Rosita", f"/app/inbox/{conversation.pk}", "Quiero visitar", "Comuna"):
        assert words in page


def test_an_agent_finds_no_lead_of_a_colleague(lead, browser, broker, other_broker, other_admin_user):
    stranger = make_user(broker_id=broker.pk)
    paths = ["", "/live", "/story", "/value?column=name", "/row"]

    for path in paths:
        assert browser(stranger).part(f"/app/leads/{lead.pk}{path}").status_code in {204, 404}
    for path in ("/value", "/stage", "/score", "/delete"):
        answer = browser(stranger).press(f"/app/leads/{lead.pk}{path}", column="name", value="X", stage="ganado")
        assert answer.status_code == 404
    with in_broker(other_broker.pk):
        assert browser(other_admin_user).get(f"/app/leads/{lead.pk}").status_code == 404
    lead.refresh_from_db()
    assert (lead.first_name, lead.stage) == ("Rosa", "entrada")


def test_an_agent_does_not_read_a_colleagues_conversation_on_it(lead, browser, agent_user):
    make_conversation(lead, last_message_preview="Secreto", status="active", assigned_agent=make_user())

    assert "Secreto" not in browser(agent_user).get(f"/app/leads/{lead.pk}").content.decode()


def test_possible_duplicates_are_named(lead, browser, admin_user, agent_user):
    twin = make_lead(first_name="Rosa", last_name="Nuñez Gemela")
    DuplicatePair.objects.create(first=lead, second=twin, reason="name")

    assert "Nuñez Gemela" in browser(admin_user).get(f"/app/leads/{lead.pk}").content.decode()
    assert "Nuñez Gemela" not in browser(agent_user).get(f"/app/leads/{lead.pk}").content.decode()


def test_the_page_costs_the_same_however_much_happened(lead, browser, admin_user):
    def happen(times: int) -> None:
        for number in range(times):
            CustomField.objects.create(name=f"campo{lead.activities.count()}{number}")
            actions.update_lead(actor=admin_user.actor(), lead_id=lead.pk, city=f"Ciudad {number}", tags=[str(number)])
            make_identity(lead, kind="telegram")
            IngestRecord.objects.create(lead=lead, payload={"a": number}, state="processed")
            DuplicatePair.objects.create(first=lead, second=make_lead(), reason="name")
            make_conversation(lead, status="closed", assigned_agent=make_user())
        actions.assign_lead(actor=admin_user.actor(), lead_id=lead.pk, agent_id=make_user().pk)

    happen(1)
    few = queries_of(browser(admin_user), f"/app/leads/{lead.pk}")
    happen(4)

    assert queries_of(browser(admin_user), f"/app/leads/{lead.pk}") == few
    assert few <= 30


def queries_of(client, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len([one for one in captured.captured_queries if "search_path" not in one["sql"]])


# ---- values


@pytest.mark.parametrize(
    ("column", "typed", "stored"),
    [
        ("name", "  Rosa   Elena Soto ", {"first_name": "Rosa", "last_name": "Elena Soto"}),
        ("phone", "9 1111 2222", {"phone": "+56911112222"}),
        ("phone", "", {"phone": None}),
        ("email", "ROSA@Correo.CL", {"email": "rosa@correo.cl"}),
        ("country", "perú", {"country": "PE"}),
        ("tags", "vip, , inversionista,vip", {"tags": ["vip", "inversionista"]}),
        ("status", "hot", {"status": "hot"}),
        ("stage", "seguimiento", {"stage": "seguimiento"}),
        ("is_opted_out", "true", {"is_opted_out": True}),
        ("notes", "Llamar el lunes\n<b>urgente</b>", {"notes": "Llamar el lunes\n<b>urgente</b>"}),
    ],
)
def test_a_value_is_changed_where_it_stands(lead, browser, agent_user, column, typed, stored):
    answer = browser(agent_user).press(f"/app/leads/{lead.pk}/value", column=column, value=typed)

    assert answer.status_code == 200, answer.content
    assert "<b>urgente" not in answer.content.decode()
    lead.refresh_from_db()
    assert {name: getattr(lead, name) for name in stored} == stored


@pytest.mark.parametrize(
    ("kind", "typed", "stored"),
    [
        ("string", "Ñuñoa", "Ñuñoa"),
        ("number", "1.234,5", 1234.5),
        ("boolean", "true", True),
        ("datetime", "12/02/2026", "2026-02-12"),
        ("email", "A@B.cl", "a@b.cl"),
        ("phone", "9 1111 2222", "+56911112222"),
    ],
)
def test_custom_fields_are_changed_by_their_type(lead, browser, agent_user, kind, typed, stored):
    CustomField.objects.create(name="campo", type=kind)
    client, path = browser(agent_user), f"/app/leads/{lead.pk}/value"

    assert client.part(path, column="attributes.campo").status_code == 200
    assert client.press(path, column="attributes.campo", value=typed).status_code == 200
    assert Lead.objects.get(pk=lead.pk).attributes == {"campo": stored}
    assert client.press(path, column="attributes.campo", value=" ").status_code == 200
    assert Lead.objects.get(pk=lead.pk).attributes == {}


@pytest.mark.parametrize(
    ("column", "typed", "status"),
    [
        ("phone", "12", 422),
        ("phone", "+56933334444", 400),
        ("email", "nada", 422),
        ("email", "a" * 250 + "@b.cl", 422),
        ("country", "Narnia", 422),
        ("status", "tibio", 422),
        ("stage", "nirvana", 422),
        ("city", "x" * 121, 422),
        ("notes", "x" * 20_001, 422),
        ("attributes.numero", "siete", 422),
    ],
)
def test_a_value_that_cannot_be_comes_back_with_what_to_mend(lead, browser, agent_user, column, typed, status):
    make_lead(phone="+56933334444")
    CustomField.objects.create(name="numero", type="number")
    before = Lead.objects.filter(pk=lead.pk).values().get()

    answer = browser(agent_user).press(f"/app/leads/{lead.pk}/value", column=column, value=typed)

    assert answer.status_code == status
    assert 'aria-invalid="true"' in answer.content.decode()
    assert answer.context["text"] == typed
    assert Lead.objects.filter(pk=lead.pk).values().get() == before


@pytest.mark.parametrize("column", ["score", "created_at", "id", "attributes.nada", "", "lost_reason"])
def test_what_is_not_edited_by_hand_is_not_found(lead, browser, agent_user, column):
    client, path = browser(agent_user), f"/app/leads/{lead.pk}/value"

    assert client.part(path, column=column).status_code == 404
    assert client.press(path, column=column, value="1").status_code == 404


def test_supervisors_give_leads_and_agents_do_not(lead, browser, agent_user, supervisor_user, other_admin_user):
    path = f"/app/leads/{lead.pk}/value"

    assert browser(agent_user).press(path, column="assigned_agent", value="").status_code == 403
    for wrong in (other_admin_user.pk, "x", "9" * 30):
        answer = browser(supervisor_user).press(path, column="assigned_agent", value=wrong)
        assert answer.status_code in {400, 422}
    assert browser(supervisor_user).press(path, column="assigned_agent", value=supervisor_user.pk).status_code == 200
    assert Lead.objects.get(pk=lead.pk).assigned_agent_id == supervisor_user.pk


# ---- stages


def test_a_stage_is_one_press_away(lead, browser, agent_user):
    answer = browser(agent_user).press(f"/app/leads/{lead.pk}/stage", stage="seguimiento")

    assert answer.status_code == 204
    assert Lead.objects.get(pk=lead.pk).stage == "seguimiento"


def test_what_a_stage_needs_is_asked_and_stored_with_the_move(lead, browser, agent_user, asks_for_email):
    client, path = browser(agent_user), f"/app/leads/{lead.pk}/stage"

    asked = client.press(path, stage="agendado")
    wrong = client.press(path, stage="agendado", asked="1", **{"value:email": "nada"})

    assert [item.column.key for item in asked.context["missing"]] == ["email"]
    assert (asked.status_code, wrong.status_code) == (200, 422)
    assert wrong.context["missing"][0].error
    assert Lead.objects.get(pk=lead.pk).stage == "entrada"
    moved = client.press(path, stage="agendado", asked="1", **{"value:email": "rosa@correo.cl"})
    assert moved.status_code == 204
    found = Lead.objects.get(pk=lead.pk)
    assert (found.stage, found.email) == ("agendado", "rosa@correo.cl")


def test_a_form_without_what_is_needed_moves_nothing(lead, browser, agent_user, asks_for_email):
    answer = browser(agent_user).press(f"/app/leads/{lead.pk}/stage", stage="agendado", asked="1")

    assert answer.status_code == 422
    assert answer.context["error"]
    assert Lead.objects.get(pk=lead.pk).stage == "entrada"


def test_losing_a_lead_asks_why(lead, browser, agent_user):
    LossReason.objects.get_or_create(name="Precio")
    client, path = browser(agent_user), f"/app/leads/{lead.pk}/stage"

    asked = client.press(path, stage="perdido")

    assert "Precio" in asked.content.decode()
    assert Lead.objects.get(pk=lead.pk).stage == "entrada"
    assert client.press(path, stage="perdido", asked="1", lost_reason="Precio").status_code == 204
    assert Lead.objects.get(pk=lead.pk).stage == "perdido"


def test_an_unknown_stage_is_refused(lead, browser, agent_user):
    assert browser(agent_user).press(f"/app/leads/{lead.pk}/stage", stage="nirvana").status_code == 422


# ---- score, deleting, the timeline


def test_the_score_is_computed_anew(lead, browser, agent_user):
    answer = browser(agent_user).press(f"/app/leads/{lead.pk}/score")

    assert answer.status_code == 204
    assert Lead.objects.get(pk=lead.pk).scored_at is not None


def test_supervisors_delete_and_agents_do_not(lead, browser, agent_user, supervisor_user):
    path = f"/app/leads/{lead.pk}/delete"

    assert browser(agent_user).part(path).status_code == 403
    assert browser(agent_user).press(path).status_code == 403
    assert Lead.objects.filter(pk=lead.pk).exists()
    assert browser(supervisor_user).part(path).status_code == 200
    answer = browser(supervisor_user).press(path)
    assert answer.headers["HX-Redirect"] == "/app/leads"
    assert not Lead.objects.filter(pk=lead.pk).exists()


def test_the_timeline_goes_back_page_by_page_and_is_narrowed(lead, browser, agent_user):
    for number in range(40):
        Activity.objects.create(
            lead=lead,
            kind="scored" if number % 2 else "updated",
            details={"changes": {"city": ["", f"Ciudad {number}"]}, "before": 1, "after": number},
            actor_kind="system",
        )
    client = browser(agent_user)

    first = client.get(f"/app/leads/{lead.pk}").context["view"].story
    older = client.part(f"/app/leads/{lead.pk}/story", before=first.older).context["story"]
    scores = client.part(f"/app/leads/{lead.pk}/live", kind="score").context["view"].story
    again = client.part(f"/app/leads/{lead.pk}/live", down_to=older.days[-1].activities[-1].pk).context["view"].story

    assert [len(day.activities) for story in (first, older) for day in story.days] == [30, 10]
    assert not older.older
    assert {activity.kind for day in scores.days for activity in day.activities} == {"scored"}
    assert sum(len(day.activities) for day in again.days) == 40


@pytest.mark.parametrize("query", ["kind=nada", "down_to=x", "down_to=" + "9" * 30, "before=-1", "before=x"])
def test_strange_addresses_of_the_timeline_are_harmless(lead, browser, agent_user, query):
    assert browser(agent_user).part(f"/app/leads/{lead.pk}/live?{query}").status_code == 200
    assert browser(agent_user).part(f"/app/leads/{lead.pk}/story?{query}").status_code == 200


def test_saving_tells_the_page_what_to_fetch_again(lead, browser, agent_user):
    answer = browser(agent_user).press(f"/app/leads/{lead.pk}/value", column="city", value="Lima")

    assert json.loads(answer.headers["HX-Trigger"])["lead-saved"]["lead_id"] == lead.pk


def test_the_inbox_leads_to_the_page_of_those_in_sight(lead, browser, agent_user, admin_user):
    mine = make_conversation(lead, status="active", assigned_agent=agent_user)
    theirs = make_conversation(make_lead(assigned_agent=admin_user), status="active", assigned_agent=agent_user)
    client = browser(agent_user)

    assert f"/app/leads/{lead.pk}" in client.part(f"/app/inbox/{mine.pk}/lead").content.decode()
    assert "/app/leads/" not in client.part(f"/app/inbox/{theirs.pk}/lead").content.decode()


def test_a_name_in_the_table_stays_a_link(lead, browser, agent_user):
    given = {"column": "name", "value": "Rosa Soto", "as": "cell"}

    answer = browser(agent_user).press(f"/app/leads/{lead.pk}/value", **given)

    assert f'href="/app/leads/{lead.pk}"' in answer.content.decode()
    assert "data-edit-open" in answer.content.decode()
