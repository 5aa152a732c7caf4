"""The list of leads: pages, totals, searches, and what they cost."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.types import Role
from apps.core.access import system_actor
from apps.core.errors import InvalidInput
from apps.core.models import ScheduledWork
from apps.core.tenancy import in_public
from apps.leads import tallies
from apps.leads.filters import parse_conditions
from apps.leads.models import Lead, LeadTally
from apps.leads.pipeline import board
from apps.leads.queries import LeadFilter, matching_leads, page_of_leads
from apps.leads.sorting import SORTS
from tests.factories import make_lead, make_user

LEADS = "/api/v1/leads"


@pytest.fixture
def actor(broker):
    return system_actor(broker.pk)


def page(actor, offset=0, limit=50, **wanted):
    return page_of_leads(actor, LeadFilter(**wanted), offset, limit)


def condition(field, op, value=None):
    return parse_conditions({"all": [{"field": field, "op": op, "value": value}]})


# ---------------------------------------------------------------- search


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("inigo", True),
        ("ÍÑIGO", True),
        ("nunez iñi", True),
        ("pena", True),
        ("casas", True),
        ("inigo.nunez@casas.cl", True),
        ("constru sur", True),
        ("+56 9 5777-5777", True),
        ("957775777", True),
        ("9 5777", True),
        ("5777 5", True),
        ("5777", True),
        ("0957775777", True),
        ("7775777", True),
        ("777", True),
        ("inigo 5777", True),
        ("igo", False),
        ("asas", False),
        ("inigo perez", False),
        ("5778", False),
        ("57", False),
        ("%", False),
        ("'&|!:*", False),
        ("\\", False),
        ("\x00", True),
        ("   ", True),
        ("\ud800inigo", True),
    ],
)
def test_a_search_finds_beginnings_of_words_and_both_ends_of_phones(actor, text, is_found):
    lead = make_lead(
        first_name="Íñigo",
        last_name="Núñez-Peña",
        email="Inigo.Nunez@casas.cl",
        company="Constructora del Sur",
        phone="+56957775777",
    )
    make_lead(first_name="Zoe", last_name="Quiroga", phone="+34600100200") if text.strip(" \x00") else None

    assert [row.pk for row in page(actor, search=text).items] == ([lead.pk] if is_found else [])


def test_a_mexican_phone_is_found_in_its_old_spelling(actor):
    lead = make_lead(phone="+525512345678")

    assert [row.pk for row in page(actor, search="+52 1 55 1234 5678").items] == [lead.pk]


# ---------------------------------------------------------------- pages and totals


def test_pages_follow_each_other_and_end(actor, monkeypatch):
    leads = [make_lead(tags=["vip"]).pk for _number in range(5)][::-1]

    every: list[dict[str, Any]] = [{}, {"tags": ("vip",)}, {"min_score": 0, "source": ""}, {"search": "ana"}]
    for wanted in every:
        pages = [page(actor, offset, 2, **wanted) for offset in (0, 2, 4, 6)]
        assert [[row.pk for row in one.items] for one in pages] == [leads[:2], leads[2:4], leads[4:], []]
        assert {one.total for one in pages} == {5}
        assert all(one.is_exact for one in pages)


@pytest.mark.parametrize("wanted", [{"tags": ("vip",)}, {"search": "ana"}, {"max_score": 50}])
def test_a_total_beyond_the_bound_is_an_estimate_and_never_less_than_what_was_seen(actor, monkeypatch, wanted):
    monkeypatch.setattr(tallies, "EXACT_UP_TO", 3)
    leads = [make_lead(tags=["vip"]).pk for _number in range(8)][::-1]

    second = page(actor, 2, 4, **wanted)
    last = page(actor, 6, 4, **wanted)
    beyond = page(actor, 100, 4, **wanted)

    assert [row.pk for row in second.items] == leads[2:6]
    assert not second.is_exact
    assert second.total >= 6
    assert (last.total, last.is_exact) == (8, True)
    assert beyond.items == []


def test_whole_stages_are_counted_by_the_tally_exactly(actor, monkeypatch):
    monkeypatch.setattr(tallies, "EXACT_UP_TO", 1)
    leads = [make_lead(stage="agendado", status="hot") for _number in range(3)]
    make_lead()
    leads[0].delete()
    Lead.objects.filter(pk=leads[1].pk).update(status="warm")

    assert page(actor, 0, 1).total == 3
    assert page(actor, 0, 1, stage="agendado").total == 2
    assert page(actor, 0, 1, stage="agendado", status="hot").total == 1
    assert page(actor, 0, 1, stage="ganado").total == 0
    assert {column.stage: column.total for column in board(actor, per_stage=1)}["agendado"] == 2


def test_an_agent_sees_and_counts_their_own(broker, agent_user):
    mine = make_lead(assigned_agent=agent_user)
    make_lead()
    make_lead(assigned_agent=make_user(Role.AGENT))
    actor = agent_user.actor()

    every: list[dict[str, Any]] = [
        {},
        {"search": "ana"},
        {"stage": "entrada"},
        {"conditions": condition("name", "known")},
    ]
    for wanted in every:
        found = page(actor, **wanted)
        assert [row.pk for row in found.items] == [mine.pk]
        assert found.total == 1
    assert sum(column.total for column in board(actor, per_stage=5)) == 1


def test_the_tally_is_folded_when_it_grew_and_counts_the_same(actor, monkeypatch, run_work):
    monkeypatch.setattr(tallies, "_FOLDED_FROM", 4)
    for _number in range(5):
        make_lead()
    make_lead(stage="ganado").delete()

    before = tallies.leads_per_stage()
    run_work()

    assert LeadTally.objects.count() == 1
    assert tallies.leads_per_stage() == before == {"entrada": 5}
    with in_public():
        assert not ScheduledWork.objects.filter(kind="leads.fold_tally").exists()


# ---------------------------------------------------------------- order


@pytest.mark.parametrize("sort", [*SORTS, "attributes.m2"])
def test_a_list_can_be_turned_round(actor, sort):
    values: list[dict[str, Any]] = [
        {"score": 5, "attributes": {"m2": 50}},
        {"score": 90, "attributes": {"m2": 200}},
        {"phone": None},
    ]
    leads = {make_lead(**fields).pk for fields in values}

    up = [row.pk for row in page(actor, sort=sort).items]
    down = [row.pk for row in page(actor, sort=f"-{sort}").items]

    assert set(up) == set(down) == leads
    if sort not in {"phone", "attributes.m2"}:
        assert up == down[::-1]


def test_numbers_of_a_custom_field_sort_as_numbers_and_gaps_last(actor):
    small = make_lead(attributes={"m2": 90})
    large = make_lead(attributes={"m2": 100})
    without = make_lead()

    assert [row.pk for row in page(actor, sort="attributes.m2").items] == [small.pk, large.pk, without.pk]
    assert [row.pk for row in page(actor, sort="-attributes.m2").items] == [large.pk, small.pk, without.pk]


@pytest.mark.parametrize("sort", ["password", "-", "attributes.", "attributes.a\x00", "id; DROP TABLE", "?"])
def test_an_unknown_order_is_refused(actor, sort):
    if sort == "-":
        assert list(matching_leads(actor, LeadFilter(sort=sort))) == []
        return
    with pytest.raises(InvalidInput) as refusal:
        page(actor, sort=sort)

    assert refusal.value.field == "sort"


# ---------------------------------------------------------------- cost


@pytest.mark.parametrize(
    ("wanted", "queries"),
    [
        ({}, 2),
        ({"stage": "entrada"}, 2),
        ({"max_score": 50}, 2),
        ({"tags": ("vip",)}, 2),
        ({"search": "ana"}, 2),
        ({"conditions": {"all": [{"field": "attributes.m2", "op": "is", "value": 3}]}}, 3),
    ],
)
def test_a_page_costs_the_same_queries_for_ten_leads_as_for_two(actor, wanted, queries):
    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert page(actor, 0, 2, **wanted).items
        return len(captured)

    for _number in range(2):
        make_lead(tags=["vip"], attributes={"m2": 3})
    few = cost()
    for _number in range(8):
        make_lead(tags=["vip"], attributes={"m2": 3})

    assert few == cost() == queries


def test_the_page_over_the_api_names_agents_without_a_query_for_each(api, admin_user, broker):
    client = api(admin_user)
    make_lead(assigned_agent=make_user(Role.AGENT))
    with CaptureQueriesContext(connection) as one:
        client.get(LEADS)
    for _number in range(5):
        make_lead(assigned_agent=make_user(Role.AGENT))

    with CaptureQueriesContext(connection) as six:
        answer = client.get(LEADS)

    assert len(answer.json()["data"]) == 6
    assert len(one) == len(six)
