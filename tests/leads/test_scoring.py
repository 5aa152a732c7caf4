"""Scores that can be explained."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from apps.brokers.models import BrokerConfig
from apps.leads.models import Lead
from apps.leads.scoring import WEIGHTS, Decay, Facts, ScoringRules, explain, facts_of, rules_from, score_of
from apps.leads.scoring.points import budget_fit, decay, recency, urgency
from tests.factories import make_lead

NOW = datetime(2026, 3, 12, 15, tzinfo=UTC)
FULL = Facts(
    name="Ana",
    purpose="buy",
    location="Ñuñoa",
    budget_amount=Decimal(3000),
    budget_currency="UF",
    bedrooms=2,
    income_amount=Decimal(3_000_000),
    income_currency="CLP",
    visit_date=date(2026, 3, 14),
    contact="ana@example.com",
    inbound_count=12,
    last_inbound_at=NOW - timedelta(hours=3),
    created_at=NOW - timedelta(days=2),
)


def points_of(facts: Facts, rules: ScoringRules | None = None, now: datetime = NOW) -> dict:
    return {part["name"]: part["points"] for part in score_of(facts, rules or ScoringRules(), now).parts}


def test_somebody_who_only_greeted_scores_fifteen():
    greeted = Facts(inbound_count=1, last_inbound_at=NOW, created_at=NOW)

    assert score_of(greeted, ScoringRules(), NOW).score == 15.0
    assert points_of(greeted) == {"engaged": 10.0, "recency": 5.0}


def test_the_usual_weights_add_up_to_a_hundred():
    assert sum(WEIGHTS.values()) == ScoringRules().total == 100


def test_everything_known_scores_a_hundred_and_the_parts_add_up():
    scored = score_of(FULL, ScoringRules(), NOW)

    assert scored.score == 100.0
    assert sum(float(part["points"]) for part in scored.parts) == scored.score
    assert {part["name"] for part in scored.parts} == set(WEIGHTS)
    assert all(part["points"] == part["most"] for part in scored.parts)


def test_each_fact_raises_the_score():
    steps = [
        Facts(),
        Facts(name="Ana"),
        Facts(name="Ana", location="Ñuñoa"),
        Facts(name="Ana", location="Ñuñoa", budget_amount=Decimal(3000)),
        FULL,
    ]
    scores = [score_of(facts, ScoringRules(), NOW).score for facts in steps]

    assert scores == sorted(set(scores))


def test_a_broker_weighs_otherwise_and_nonsense_is_ignored():
    stored = {"engaged": 5, "visit": "lots", "name": -3, "unknown": 50, "budget": True, "income": 500}
    rules = rules_from(stored, {"hot": "soon", "warm": 30}, {"sources": [], "decay": {"after_days": "x"}})

    assert rules.weights == {**WEIGHTS, "engaged": 5}
    assert (rules.warm, rules.hot, rules.sources, rules.decay) == (30, 70, {}, Decay())
    assert score_of(FULL, rules, NOW).score == 95.0


def test_the_score_stays_within_a_hundred():
    rules = ScoringRules(weights=dict.fromkeys(WEIGHTS, 100.0), sources={"portal": 50}, fields={"patio": 40})

    assert score_of(FULL, rules, NOW).score == 100.0


def test_a_source_and_a_custom_field_count_where_the_broker_says_so():
    rules = ScoringRules(sources={"portal": 8, "feria": 2}, fields={"credito": 6})
    facts = Facts(source="feria", attributes={"credito": True, "other": 1})

    parts = score_of(facts, rules, NOW).parts

    assert {"name": "source", "points": 2, "most": 8} in parts
    assert {"name": "attributes.credito", "points": 6, "most": 6} in parts
    assert "attributes.credito" not in points_of(replace(facts, attributes={"credito": ""}), rules)
    assert "source" not in points_of(replace(facts, source="otra"), rules)


@pytest.mark.parametrize(("days", "share"), [(0, 1.0), (3, 1.0), (4, 0.6), (7, 0.6), (8, 0.3), (14, 0.3), (15, 0.0)])
def test_a_message_loses_its_freshness(days, share):
    assert recency(Facts(last_inbound_at=NOW - timedelta(days=days)), NOW) == share


@pytest.mark.parametrize(("count", "points"), [(0, None), (1, None), (4, 1.67), (10, 5.0), (99, 5.0)])
def test_who_writes_more_is_more_engaged(count, points):
    assert points_of(Facts(inbound_count=count)).get("engagement") == points


@pytest.mark.parametrize(
    ("day", "share"),
    [("2026-03-12", 1.0), ("2026-03-26", 1.0), ("2026-04-20", 0.5), ("2026-05-20", 0), ("2026-03-11", 0)],
)
def test_a_near_visit_hurries_and_one_that_is_over_does_not(day, share):
    assert urgency(Facts(visit_date=date.fromisoformat(day)), NOW) == share


def test_the_day_of_the_visit_is_that_of_the_broker():
    late = datetime(2026, 3, 13, 1, tzinfo=UTC)
    facts = Facts(visit_date=date(2026, 3, 12))

    assert "urgency" not in points_of(facts, now=late)
    assert "urgency" in points_of(facts, rules_from({}, {}, {}, zone="America/Santiago"), now=late)


@pytest.mark.parametrize(("days", "lost"), [(0, 0), (13, 0), (14, 5), (20, 5), (21, 10), (35, 20), (400, 60)])
def test_silence_costs_points_by_the_week(days, lost):
    facts = Facts(last_inbound_at=NOW - timedelta(days=days), created_at=NOW - timedelta(days=900))

    assert decay(facts, ScoringRules(), NOW, 60.0) == lost


def test_silence_begins_with_the_lead_where_they_never_wrote():
    assert decay(Facts(created_at=NOW - timedelta(days=15)), ScoringRules(), NOW, 60.0) == 5


def test_silence_never_takes_a_score_below_the_floor():
    rules = ScoringRules(decay=Decay(after_days=1, points_per_week=50, floor=20))
    facts = replace(FULL, last_inbound_at=NOW - timedelta(days=90))

    scored = score_of(facts, rules, NOW)

    assert scored.score == 20.0
    assert round(sum(float(part["points"]) for part in scored.parts), 2) == 20.0


def test_silence_does_not_matter_where_it_is_switched_off_or_the_lead_is_decided():
    silent = Facts(last_inbound_at=NOW - timedelta(days=90))

    assert decay(silent, ScoringRules(decay=Decay(points_per_week=0)), NOW, 60.0) == 0
    assert decay(replace(silent, is_settled=True), ScoringRules(), NOW, 60.0) == 0


def test_an_income_that_cannot_carry_the_budget_fits_less():
    def buyer(income: int, currency: str = "CLP") -> Facts:
        return Facts(
            purpose="buy",
            budget_amount=Decimal(5000),
            budget_currency="UF",
            income_amount=Decimal(income),
            income_currency=currency,
        )

    assert budget_fit(buyer(500_000)) < budget_fit(buyer(2_000_000)) < budget_fit(buyer(9_000_000)) == 1.0
    assert budget_fit(buyer(3_000, "USD")) == 0.5


def test_columns_and_attributes_are_one_knowledge(broker):
    by_columns = make_lead(first_name="Ana", city="Ñuñoa", email="ana@example.com", phone=None)
    by_attributes = make_lead(
        first_name="", last_name="", phone=None, attributes={"name": "Ana", "location": ["Ñuñoa"], "email": "a@b.cl"}
    )

    assert points_of(facts_of(by_columns)) == points_of(facts_of(by_attributes))


def test_what_others_wrote_into_the_attributes_does_no_harm(broker):
    lead = make_lead(
        attributes={"location": {"a": 1}, "budget": "many", "bedrooms": [], "income_amount": "NaN", "visit_date": 7}
    )

    assert points_of(facts_of(lead)).keys() <= {"engaged", "name", "contact", "recency"}


def test_an_opened_score_says_what_earned_points_and_what_is_missing(broker):
    BrokerConfig.objects.update_or_create(
        broker=broker, defaults={"scoring": {"sources": {"portal": 8}, "fields": {"credito": 6}}}
    )
    lead = make_lead(source="portal", attributes={"budget_amount": 3000, "budget_currency": "UF"}, inbound_count=4)
    lead.score_parts = [
        {"name": "budget", "points": 15, "most": 15},
        {"name": "source", "points": 8, "most": 8},
        {"name": "decay", "points": -5, "most": 0},
    ]

    parts = {part.name: part for part in explain(lead)}

    assert (parts["budget"].points, parts["budget"].percent, parts["budget"].is_earned) == (15, 100, True)
    assert parts["budget"].why == "3\xa0000 UF"
    assert parts["decay"].points == -5
    assert (parts["income"].points, parts["income"].most, parts["income"].is_earned) == (0, 10, False)
    assert parts["income"].why
    assert parts["attributes.credito"].label == "Credito"
    assert [part.is_earned for part in explain(lead)] == sorted(
        (part.is_earned for part in explain(lead)), reverse=True
    )


def test_opening_a_score_costs_two_queries(broker, django_assert_num_queries):
    BrokerConfig.objects.update_or_create(broker=broker, defaults={"scoring": {"fields": {"a": 1, "b": 2}}})
    make_lead()
    lead = Lead.objects.get()

    with django_assert_num_queries(2):
        explain(lead)
