"""One change to many leads, from the table."""

import json

import pytest

from apps.core.tenancy import in_broker
from apps.leads.models import Lead
from tests.factories import make_lead


@pytest.fixture
def three(broker):
    return [make_lead(first_name=name, stage="agendado") for name in ("Ana", "Beto", "Caro")]


def ids_of(leads) -> str:
    return ",".join(str(lead.pk) for lead in leads)


def toast_of(answer) -> dict:
    return json.loads(answer.headers["HX-Trigger"])["toast"]


def test_tags_are_added_to_the_chosen_and_taken_back(three, browser, admin_user):
    client = browser(admin_user)

    done = client.press("/app/leads/bulk", form="tags", how="add", tags="vip, nuevo", ids=ids_of(three[:2]), shown=2)

    assert done.status_code == 204, done.content
    assert [lead.tags for lead in Lead.objects.order_by("pk")] == [["vip", "nuevo"], ["vip", "nuevo"], []]
    assert client.press(toast_of(done)["action"]["url"]).status_code == 204
    assert not Lead.objects.exclude(tags=[]).exists()


def test_all_that_the_filter_finds_are_changed_and_no_other(three, browser, admin_user):
    other = make_lead(stage="entrada")

    done = browser(admin_user).press(
        "/app/leads/bulk", form="status", status="hot", all="1", query="stage=agendado", shown=3
    )

    assert done.status_code == 204, done.content
    assert Lead.objects.filter(status="hot").count() == 3
    other.refresh_from_db()
    assert other.status == "cold"


def test_the_form_says_how_many_it_concerns(three, browser, admin_user):
    form = browser(admin_user).press("/app/leads/bulk/form", action="stage", all="1", query="q=ana")

    assert form.status_code == 200
    assert form.context["number"] == 1


def test_more_than_was_confirmed_is_refused(three, browser, admin_user):
    answer = browser(admin_user).press(
        "/app/leads/bulk", form="status", status="hot", all="1", query="stage=agendado", shown=2
    )

    assert answer.status_code == 409
    assert not Lead.objects.filter(status="hot").exists()
    assert answer.context["number"] == 3


def test_deleting_wants_the_number_written(three, browser, admin_user):
    client, chosen = browser(admin_user), ids_of(three)

    for confirmed in ("", "2", "99"):
        refused = client.press("/app/leads/bulk", form="delete", ids=chosen, shown=3, confirmed=confirmed)
        assert refused.status_code == 422
    assert Lead.objects.count() == 3
    done = client.press("/app/leads/bulk", form="delete", ids=chosen, shown=3, confirmed="3")

    assert done.status_code == 204
    assert "action" not in toast_of(done)
    assert not Lead.objects.exists()


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"form": "tags", "tags": ""}, 422),
        ({"form": "stage", "stage": "nirvana"}, 422),
        ({"form": "stage", "stage": "perdido"}, 422),
        ({"form": "status", "status": "x"}, 422),
        ({"form": "assign", "agent_id": "99999999"}, 400),
        ({"form": "assign", "agent_id": "x"}, 400),
    ],
)
def test_what_cannot_be_done_is_said_in_the_form(three, browser, admin_user, given, status):
    answer = browser(admin_user).press("/app/leads/bulk", ids=ids_of(three), shown=3, **given)

    assert answer.status_code == status
    assert answer.context["error"]


@pytest.mark.parametrize("given", [{"ids": ""}, {"ids": "x,y"}, {}, {"all": "1", "query": "filter=%7B"}])
def test_no_lead_is_changed_where_none_is_named(three, browser, admin_user, given):
    answer = browser(admin_user).press("/app/leads/bulk", form="status", status="hot", **given)

    assert answer.status_code == 422
    assert not Lead.objects.filter(status="hot").exists()


def test_agents_change_their_own_and_neither_give_nor_delete(three, browser, agent_user):
    Lead.objects.filter(pk=three[0].pk).update(assigned_agent=agent_user)
    client = browser(agent_user)

    done = client.press("/app/leads/bulk", form="tags", how="add", tags="vip", ids=ids_of(three))

    assert done.status_code == 204
    assert list(Lead.objects.filter(tags=["vip"])) == [three[0]]
    for form in ("assign", "delete"):
        assert client.press("/app/leads/bulk/form", action=form, ids=ids_of(three)).status_code == 403
        assert client.press("/app/leads/bulk", form=form, ids=ids_of(three), shown=1, confirmed=1).status_code == 403
    assert Lead.objects.count() == 3


def test_another_broker_changes_nothing(three, browser, other_broker, other_admin_user):
    with in_broker(other_broker.pk):
        answer = browser(other_admin_user).press("/app/leads/bulk", form="status", status="hot", ids=ids_of(three))

    assert answer.status_code == 422
    assert not Lead.objects.filter(status="hot").exists()


def test_a_job_of_somebody_else_is_not_seen(three, browser, admin_user, agent_user):
    client = browser(admin_user)
    done = client.press("/app/leads/bulk", form="tags", how="add", tags="vip", ids=ids_of(three), shown=3)
    number = toast_of(done)["action"]["url"].split("/")[-2]

    assert browser(agent_user).part(f"/app/leads/bulk/{number}/").status_code == 404
    assert browser(agent_user).press(f"/app/leads/bulk/{number}/undo").status_code == 404
    assert browser(agent_user).press(f"/app/leads/bulk/{number}/cancel").status_code == 404
    assert "toast" in json.loads(client.part(f"/app/leads/bulk/{number}/").headers["HX-Trigger"])


def test_leads_are_given_to_a_colleague(three, browser, supervisor_user, agent_user):
    done = browser(supervisor_user).press("/app/leads/bulk", form="assign", agent_id=agent_user.pk, ids=ids_of(three))

    assert done.status_code == 204
    assert Lead.objects.filter(assigned_agent=agent_user).count() == 3
