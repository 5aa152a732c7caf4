"""Saved views: whose they are, who may change them, and what they find."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.accounts.types import Role
from apps.audit.models import AuditEntry
from apps.core.access import system_actor
from apps.core.errors import DomainError, Forbidden, InvalidInput, NotFound
from apps.core.tenancy import in_broker
from apps.leads.models import SavedView
from apps.leads.queries import page_of_leads
from apps.leads.saved_views import (
    ViewExists,
    create_view,
    delete_view,
    get_view,
    list_views,
    reorder_views,
    update_view,
)
from tests.factories import make_lead, make_user

HOT = {"all": [{"field": "status", "op": "is", "value": "hot"}]}


@pytest.fixture
def ana(broker):
    return make_user(Role.AGENT).actor()


@pytest.fixture
def supervisor(supervisor_user):
    return supervisor_user.actor()


def own_names(actor) -> list[str]:
    return [str(view.name) for view in list_views(actor) if not view.is_builtin]


def found(actor, view_id) -> set[int]:
    return {lead.pk for lead in page_of_leads(actor, get_view(actor, view_id).filter, 0, 50).items}


def test_a_view_keeps_all_that_makes_a_list(supervisor):
    made = create_view(
        actor=supervisor,
        name="  Mis   calientes ",
        conditions=HOT,
        search="ana",
        sort="-score",
        columns=["name", "score"],
    )

    view = get_view(supervisor, made.id)

    assert (view.name, view.conditions, view.search, view.sort) == ("Mis calientes", HOT, "ana", "-score")
    assert view.columns == ("name", "score")
    assert view.may_change
    assert AuditEntry.objects.filter(name="view.created").count() == 1


def test_everybody_begins_with_views_that_find_what_they_say(broker, supervisor, ana):
    now = timezone.now()
    old = now - timedelta(days=30)
    hot = make_lead(status="hot", created_at=old, last_contacted_at=now, assigned_agent_id=ana.user_id)
    never = make_lead(created_at=old)
    silent = make_lead(created_at=old, last_contacted_at=old, assigned_agent_id=supervisor.user_id)
    make_lead(created_at=old, last_contacted_at=old, stage="ganado", assigned_agent_id=ana.user_id)
    new = make_lead(assigned_agent_id=ana.user_id)

    assert [view.id for view in list_views(supervisor)] == ["mine", "hot", "unassigned", "silent", "new"]
    assert found(supervisor, "mine") == {silent.pk}
    assert found(supervisor, "hot") == {hot.pk}
    assert found(supervisor, "unassigned") == {never.pk}
    assert found(supervisor, "silent") == {never.pk, silent.pk}
    assert found(supervisor, "new") == {new.pk}
    assert [view.id for view in list_views(ana)] == ["hot", "silent", "new"]


def test_a_view_is_its_owners_until_it_is_shared(supervisor, ana):
    own = create_view(actor=supervisor, name="Propia")
    shared = create_view(actor=supervisor, name="De todos", is_shared=True)

    assert own_names(ana) == ["De todos"]
    assert not get_view(ana, shared.id).may_change
    with pytest.raises(NotFound):
        get_view(ana, own.id)
    with pytest.raises(NotFound):
        delete_view(actor=ana, view_id=own.id)


def test_agents_share_nothing_and_change_nothing_shared(supervisor, ana):
    shared = create_view(actor=supervisor, name="De todos", is_shared=True)
    own = create_view(actor=ana, name="Propia")

    for refused in (
        lambda: create_view(actor=ana, name="Para todos", is_shared=True),
        lambda: update_view(actor=ana, view_id=own.id, is_shared=True),
        lambda: update_view(actor=ana, view_id=shared.id, name="Mía"),
        lambda: delete_view(actor=ana, view_id=shared.id),
    ):
        with pytest.raises(Forbidden):
            refused()
    assert own_names(ana) == ["Propia", "De todos"]


def test_another_supervisor_may_change_and_delete_what_is_shared(supervisor):
    shared = create_view(actor=supervisor, name="De todos", is_shared=True)
    other = make_user(Role.SUPERVISOR).actor()

    changed = update_view(actor=other, view_id=shared.id, name="De todas", conditions=HOT)

    assert (changed.name, changed.conditions) == ("De todas", HOT)
    assert (AuditEntry.objects.get(name="view.updated").before or {})["name"] == "De todos"
    delete_view(actor=other, view_id=shared.id)
    assert own_names(supervisor) == []


def test_a_name_is_taken_once_by_each_person(supervisor, ana):
    view = create_view(actor=supervisor, name="Hoy")
    create_view(actor=ana, name="hoy")

    with pytest.raises(ViewExists):
        create_view(actor=supervisor, name="HOY")
    assert update_view(actor=supervisor, view_id=view.id, name="hoy").name == "hoy"


def test_views_stand_in_the_order_that_their_owner_gives_them(supervisor, ana):
    first, second, third = (create_view(actor=supervisor, name=name).id for name in ("Uno", "Dos", "Tres"))
    foreign = create_view(actor=ana, name="Ajena").id

    reorder_views(actor=supervisor, view_ids=[third, first])

    assert own_names(supervisor) == ["Tres", "Uno", "Dos"]
    with pytest.raises(NotFound):
        reorder_views(actor=supervisor, view_ids=[second, foreign])


@pytest.mark.parametrize(
    "values",
    [
        {"name": ""},
        {"name": "x" * 121},
        {"name": "a\x00b"},
        {"name": "a", "conditions": {"all": [{"field": "password", "op": "is", "value": 1}]}},
        {"name": "a", "conditions": "hot"},
        {"name": "a", "sort": "password"},
        {"name": "a", "search": "x" * 201},
        {"name": "a", "search": "\x00"},
        {"name": "a", "columns": ["x" * 131]},
        {"name": "a", "columns": [1]},
        {"name": "a", "columns": ["name"] * 61},
    ],
)
def test_what_makes_no_list_is_refused_and_nothing_is_kept(supervisor, values):
    with pytest.raises(InvalidInput):
        create_view(actor=supervisor, **values)

    assert not SavedView.objects.exists()


@pytest.mark.parametrize("view_id", ["0", "nobody", "-1", "9" * 30, "١", ""])
def test_what_is_no_view_is_not_found(supervisor, view_id):
    for look in (lambda: get_view(supervisor, view_id), lambda: delete_view(actor=supervisor, view_id=view_id)):
        with pytest.raises(NotFound):
            look()


def test_a_starting_view_stays_as_it_is(supervisor):
    with pytest.raises(DomainError):
        update_view(actor=supervisor, view_id="hot", name="Otra")
    with pytest.raises(DomainError):
        delete_view(actor=supervisor, view_id="hot")


def test_programs_own_no_views_and_see_the_shared_ones(broker, supervisor):
    create_view(actor=supervisor, name="De todos", is_shared=True)
    program = system_actor(broker.pk)

    with pytest.raises(InvalidInput):
        create_view(actor=program, name="Mía")
    assert own_names(program) == ["De todos"]


def test_nobody_has_more_views_than_a_person_can_read(supervisor, monkeypatch):
    monkeypatch.setattr("apps.leads.saved_views.keeping.MOST_VIEWS", 1)
    create_view(actor=supervisor, name="Una")

    with pytest.raises(InvalidInput):
        create_view(actor=supervisor, name="Dos")


def test_another_brokers_views_are_not_there(supervisor, other_broker, other_admin_user):
    shared = create_view(actor=supervisor, name="De todos", is_shared=True)

    with in_broker(other_broker.pk):
        assert own_names(other_admin_user.actor()) == []
        with pytest.raises(NotFound):
            get_view(other_admin_user.actor(), shared.id)


def test_the_list_of_views_costs_one_query(supervisor, django_assert_num_queries):
    for number in range(5):
        create_view(actor=supervisor, name=f"Vista {number}")

    with django_assert_num_queries(1):
        list_views(supervisor)
