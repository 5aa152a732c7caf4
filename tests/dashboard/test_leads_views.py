"""Saved views of the table of leads, through the browser."""

import json

import pytest

from apps.core.tenancy import in_broker
from apps.leads.models import SavedView
from tests.factories import make_lead, make_user


@pytest.fixture
def hot_ones(broker, browser, admin_user):
    """A view of the administrator's: hot leads that are scheduled, the best first."""
    answer = browser(admin_user).press(
        "/app/leads/views/new", name="Calientes", query="stage=agendado&status=hot&sort=-score&columns=name,email&q=ana"
    )
    assert answer.status_code == 204, answer.content
    return SavedView.objects.get(name="Calientes")


def test_a_view_keeps_filter_search_order_and_columns(hot_ones, browser, admin_user):
    make_lead(first_name="Ana", stage="agendado", status="hot", score=70)
    make_lead(first_name="Ana", stage="agendado", status="hot", score=90)
    make_lead(first_name="Ana", stage="entrada", status="hot")

    page = browser(admin_user).get(f"/app/leads?view={hot_ones.pk}")

    assert [int(lead.score) for lead in page.context["page"].items] == [90, 70]
    assert [column.key for column in page.context["columns"]] == ["name", "email"]
    assert page.context["state"].quick.stages == ("agendado",)
    assert not page.context["state"].is_changed


def test_a_changed_view_says_so_and_can_be_saved(hot_ones, browser, admin_user):
    changed = f"view={hot_ones.pk}&changed=1&status=warm"

    page = browser(admin_user).get(f"/app/leads?{changed}")
    saved = browser(admin_user).press(f"/app/leads/views/{hot_ones.pk}/save", query=changed)

    assert page.context["state"].is_changed
    assert saved.status_code == 204
    hot_ones.refresh_from_db()
    assert hot_ones.conditions == {"all": [{"field": "status", "op": "in", "value": ["warm"]}]}
    assert hot_ones.search == ""


def test_everything_can_be_cleared_from_a_view(hot_ones, browser, admin_user):
    make_lead(first_name="Otra")

    page = browser(admin_user).get(f"/app/leads?view={hot_ones.pk}&changed=1")

    assert [lead.first_name for lead in page.context["page"].items] == ["Otra"]


def test_a_view_is_renamed_and_shared(hot_ones, browser, admin_user, agent_user):
    answer = browser(admin_user).press(f"/app/leads/views/{hot_ones.pk}", name="Urgentes", is_shared="on")

    assert answer.status_code == 204
    names = [view.name for view in browser(agent_user).get("/app/leads").context["views"]]
    assert "Urgentes" in names


def test_a_deleted_view_comes_back(hot_ones, browser, admin_user):
    deleted = browser(admin_user).press(f"/app/leads/views/{hot_ones.pk}/delete")
    undo = json.loads(deleted.headers["HX-Trigger"])["toast"]["action"]["url"]

    assert not SavedView.objects.filter(pk=hot_ones.pk).exists()
    assert browser(make_user(broker_id=admin_user.broker_id)).press(undo).status_code == 404
    assert browser(admin_user).press(undo).status_code == 204
    assert SavedView.objects.get(name="Calientes").conditions == hot_ones.conditions


@pytest.mark.parametrize("token", ["", "x", "a:b:c"])
def test_a_made_up_token_brings_nothing_back(broker, browser, admin_user, token):
    assert browser(admin_user).press(f"/app/leads/views/restore?token={token}").status_code == 404


@pytest.mark.parametrize("name", ["", " " * 5, "x" * 121, "calientes"])
def test_a_name_that_cannot_be_is_shown_with_what_to_mend(hot_ones, browser, admin_user, name):
    answer = browser(admin_user).press("/app/leads/views/new", name=name, query="")

    assert answer.status_code in {409, 422}
    assert 'aria-invalid="true"' in answer.content.decode()


def test_nobody_changes_another_ones_view(hot_ones, browser, agent_user, other_broker, other_admin_user):
    for path in (f"{hot_ones.pk}", f"{hot_ones.pk}/save", f"{hot_ones.pk}/delete", "mine/delete"):
        assert browser(agent_user).press(f"/app/leads/views/{path}", name="Mía").status_code == 404
    with in_broker(other_broker.pk):
        assert browser(other_admin_user).press(f"/app/leads/views/{hot_ones.pk}/delete").status_code == 404
    hot_ones.refresh_from_db()
    assert hot_ones.name == "Calientes"


def test_an_agent_shares_nothing(broker, browser, agent_user):
    answer = browser(agent_user).press("/app/leads/views/new", name="Mía", is_shared="on", query="")

    assert answer.status_code == 403
    assert not SavedView.objects.exists()


def test_a_filter_that_cannot_be_read_is_not_saved(broker, browser, admin_user):
    answer = browser(admin_user).press("/app/leads/views/new", name="Mía", query="filter=%7B&stage=nirvana")

    assert answer.status_code == 422
    assert not SavedView.objects.exists()
