"""The board: what stands where, for whom, and what moving a lead does."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.core.tenancy import in_broker
from apps.leads.board import BoardFilter, board_figures
from apps.leads.models import StageChange
from apps.leads.types import STAGE_ORDER
from tests.factories import make_identity, make_lead


def cards(html: str) -> dict[str, list[int]]:
    """Stage → numbers of the leads in it, from above."""
    found: dict[str, list[int]] = {stage: [] for stage in STAGE_ORDER}
    for number, stage in re.findall(r'id="card-(\d+)" data-id="\d+" data-stage="(\w+)"', html):
        found[stage].append(int(number))
    return found


def totals(html: str) -> dict[str, str]:
    """Stage → the number above its column."""
    return dict(re.findall(r'id="head-(\w+)".*?<span class="badge" data-total>([^<]*)<', html, re.S))


def shown(answer) -> dict[str, list[int]]:
    assert answer.status_code == 200
    return cards(answer.content.decode())


def test_every_stage_is_a_column_with_the_most_promising_on_top(browser, admin_user):
    low, high = make_lead(score=10), make_lead(score=90)
    won = make_lead(stage="ganado")

    answer = browser(admin_user).get("/app/board")

    html = answer.content.decode()
    assert re.findall(r'<section class="column[^>]*data-stage="(\w+)"', html) == list(STAGE_ORDER)
    assert shown(answer)["entrada"] == [high.pk, low.pk]
    assert shown(answer)["ganado"] == [won.pk]
    assert (totals(html)["entrada"], totals(html)["ganado"], totals(html)["perdido"]) == ("2", "1", "0")


def test_an_agent_sees_their_own_leads_and_counts_only(browser, agent_user, supervisor_user):
    own, other = make_lead(assigned_agent=agent_user), make_lead()

    mine = browser(agent_user).get("/app/board")
    all_of_them = browser(supervisor_user).get("/app/board")

    assert shown(mine)["entrada"] == [own.pk]
    assert totals(mine.content.decode())["entrada"] == "1"
    assert shown(all_of_them)["entrada"] == [other.pk, own.pk]
    assert browser(agent_user).part(f"/app/board/card/{other.pk}").status_code == 204


def test_a_stranger_is_sent_to_sign_in(browser, broker):
    assert browser().get("/app/board").status_code == 302


def test_another_brokers_leads_are_not_there(browser, admin_user, broker, other_broker):
    with in_broker(other_broker.pk):
        make_lead()
        foreign = make_lead()
    page = browser(admin_user)

    assert not any(shown(page.get("/app/board")).values())
    assert page.part(f"/app/board/card/{foreign.pk}").status_code == 204


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "nunez"}, {"rosa"}),
        ({"agent": "none"}, {"rosa", "luis"}),
        ({"source": "telegram"}, {"luis"}),
        ({"tag": "vip"}, {"eva"}),
        ({"tag": "vip", "source": "telegram"}, set()),
        ({"agent": "99999999999999999999"}, set()),
        ({"agent": "x'\x00", "q": "\x00"}, set()),
    ],
)
def test_a_board_is_narrowed(browser, admin_user, agent_user, query, found):
    leads = {
        "rosa": make_lead(first_name="Rosa", last_name="Núñez"),
        "luis": make_lead(first_name="Luis", source="telegram"),
        "eva": make_lead(first_name="Eva", tags=["vip"], assigned_agent=agent_user),
    }

    answer = browser(admin_user).part("/app/board/columns", **query)

    assert set(shown(answer)["entrada"]) == {leads[name].pk for name in found}
    assert totals(answer.content.decode())["entrada"] == str(len(found))


def test_one_agents_board(browser, admin_user, agent_user):
    theirs = make_lead(assigned_agent=agent_user)
    make_lead()

    answer = browser(admin_user).get("/app/board", {"agent": agent_user.pk})

    assert shown(answer)["entrada"] == [theirs.pk]


def test_the_rest_of_a_column_comes_in_pages_without_gaps_or_repeats(browser, admin_user):
    made = [make_lead(score=number % 4) for number in range(40)]
    page = browser(admin_user)
    html = page.get("/app/board").content.decode()
    seen = cards(html)["entrada"]

    while more := re.search(r'data-more="([^"]+)"', html):
        html = page.part(more.group(1).replace("&amp;", "&")).content.decode()
        seen += cards(html)["entrada"]

    expected = sorted(made, key=lambda lead: (-lead.score, -lead.pk))
    assert seen == [lead.pk for lead in expected]


@pytest.mark.parametrize("cursor", ["x", "5", "NaN:1", "5:99999999999999999999", "-1:2", "\x00"])
def test_a_cursor_that_is_not_ours_starts_from_the_top(browser, admin_user, cursor):
    lead = make_lead()

    assert shown(browser(admin_user).part("/app/board/more/entrada", cursor=cursor))["entrada"] == [lead.pk]


def test_an_unknown_stage_has_no_cards(browser, admin_user):
    assert browser(admin_user).part("/app/board/more/nada").status_code == 422


def test_a_card_says_what_to_do_next(browser, admin_user, agent_user):
    now = timezone.now()
    waits = make_lead(last_inbound_at=now, tags=["a", "b", "c"], assigned_agent=agent_user)
    make_identity(waits)
    silent = make_lead(last_contacted_at=now - timedelta(days=9))
    visit = make_lead(attributes={"visit_date": timezone.localdate().isoformat(), "location": ["Ñuñoa"]})
    page = browser(admin_user)

    told = {
        lead.pk: page.part(f"/app/board/card/{lead.pk}").content.decode()
        for lead in (waits, silent, visit, make_lead())
    }

    assert "card-hint warning" in told[waits.pk] and "+1" in told[waits.pk] and "WhatsApp" in told[waits.pk]
    assert agent_user.name in told[waits.pk]
    assert "card-hint danger" in told[silent.pk] and "9" in told[silent.pk]
    assert "card-hint sofia" in told[visit.pk] and "Ñuñoa" in told[visit.pk]
    assert "card-hint info" in list(told.values())[-1]


def test_what_a_customer_wrote_is_not_run(browser, admin_user):
    make_lead(
        first_name="<script>alert(1)</script>", tags=["<b>"], attributes={"location": "<i>", "budget_amount": "x"}
    )

    html = browser(admin_user).get("/app/board").content.decode()

    assert "<script>alert" not in html and "<b>" not in html and "<i>" not in html


def test_figures_are_of_the_newest_stays_and_of_budgets_said_in_numbers(broker, admin_user, agent_user):
    actor = admin_user.actor()
    for seconds in (100, 300):
        StageChange.objects.create(
            lead=make_lead(), from_stage="entrada", to_stage="agendado", seconds_in_stage=seconds, actor_kind="user"
        )
    for budget in (4000, "1500.5", "mucho", None, True, [1]):
        make_lead(stage="agendado", attributes={"budget_amount": budget, "budget_currency": "UF"})

    figures = {each.stage: each for each in board_figures(actor, BoardFilter())}

    assert figures["entrada"].average_seconds == 200
    assert {name: float(value) for name, value in figures["agendado"].money.items()} == {"UF": 5500.5}
    assert figures["perdido"].average_seconds is None and figures["perdido"].money == {}
    assert board_figures(agent_user.actor(), BoardFilter())[0].average_seconds is None


def test_a_filter_that_finds_too_much_counts_at_least_and_still_shows_the_best(browser, admin_user, monkeypatch):
    monkeypatch.setattr("apps.leads.board.finding.MOST_FOUND", 3)
    made = [make_lead(source="web", score=number) for number in range(20)]
    page = browser(admin_user)

    narrowed = page.part("/app/board/columns", source="web")
    rest = re.search(r'data-more="([^"]+)"', narrowed.content.decode())
    assert rest
    below = page.part(rest.group(1).replace("&amp;", "&"))

    best = [lead.pk for lead in reversed(made)]
    assert totals(narrowed.content.decode())["entrada"] == "4+"
    assert shown(narrowed)["entrada"] + shown(below)["entrada"] == best
    assert totals(page.get("/app/board").content.decode())["entrada"] == "20"


@pytest.mark.parametrize(("path", "queries"), [("", 13), ("/columns", 11), ("/heads", 8), ("/more/entrada", 9)])
def test_the_number_of_queries_does_not_depend_on_the_number_of_leads(
    browser, admin_user, agent_user, django_assert_num_queries, path, queries
):
    page = browser(admin_user)
    for number in range(20):
        make_identity(make_lead(stage=STAGE_ORDER[number % 8], score=number, assigned_agent=agent_user))
    page.part(f"/app/board{path}")

    with django_assert_num_queries(queries):
        assert page.part(f"/app/board{path}").status_code == 200
    for number in range(60):
        make_identity(make_lead(stage=STAGE_ORDER[number % 8], source="web", tags=["x"]))

    with django_assert_num_queries(queries):
        page.part(f"/app/board{path}")


# ---- moving


def test_a_moved_lead_stands_in_its_new_column(browser, agent_user):
    lead = make_lead(assigned_agent=agent_user)
    page = browser(agent_user)

    assert page.press(f"/app/leads/{lead.pk}/stage", stage="seguimiento").status_code == 204

    assert shown(page.part(f"/app/board/card/{lead.pk}"))["seguimiento"] == [lead.pk]
    assert lead.stage_changes.get().actor_user_id == agent_user.pk
