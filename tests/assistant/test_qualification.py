"""Scores that can be explained."""

from datetime import date
from decimal import Decimal

import pytest

from apps.assistant.qualification import WEIGHTS, budget_fit, score_lead, stage_hint
from apps.assistant.types import Slots, Stage

FULL = Slots(
    name="Ana",
    purpose="buy",
    location=("Ñuñoa",),
    budget_amount=Decimal(3000),
    budget_currency="UF",
    bedrooms=2,
    income_amount=Decimal(3_000_000),
    income_currency="CLP",
    visit_date=date(2026, 3, 14),
    email="ana@example.com",
)


def test_somebody_who_only_greeted_scores_fifteen():
    assert score_lead(Slots()) == (15.0, {"engaged": 15.0})


def test_everything_known_scores_a_hundred_and_the_parts_add_up():
    score, parts = score_lead(FULL, today=date(2026, 3, 12))

    assert score == 100.0
    assert sum(parts.values()) == score
    assert set(parts) == set(WEIGHTS)


def test_each_fact_raises_the_score():
    steps = [
        Slots(),
        Slots(name="Ana"),
        Slots(name="Ana", location=("Ñuñoa",)),
        Slots(name="Ana", location=("Ñuñoa",), budget_amount=Decimal(3000)),
        FULL,
    ]
    scores = [score_lead(slots)[0] for slots in steps]

    assert scores == sorted(set(scores))


def test_a_broker_weighs_otherwise_and_nonsense_is_ignored():
    score, parts = score_lead(
        FULL, weights={"engaged": 5, "visit": "lots", "name": -3, "unknown": 50, "budget": True, "income": 500}
    )

    assert parts["engaged"] == 5
    assert parts["visit"] == WEIGHTS["visit"]
    assert parts["budget"] == WEIGHTS["budget"]
    assert "unknown" not in parts
    assert score == 90.0


def test_the_score_stays_within_a_hundred():
    assert score_lead(FULL, weights=dict.fromkeys(WEIGHTS, 100))[0] == 100.0


@pytest.mark.parametrize(
    ("slots", "stage"),
    [
        (Slots(), Stage.ENTRADA),
        (Slots(declined=("name",)), Stage.ENTRADA),
        (Slots(name="Ana"), Stage.PERFILAMIENTO),
        (Slots(bedrooms=2), Stage.PERFILAMIENTO),
        (Slots(budget_amount=Decimal(1)), Stage.PERFILAMIENTO),
        (Slots(budget_amount=Decimal(1), location=("Ñuñoa",)), Stage.CALIFICACION_FINANCIERA),
        (FULL, Stage.AGENDADO),
    ],
)
def test_the_stage_follows_what_is_known(slots, stage):
    assert stage_hint(slots) is stage


def test_an_income_that_cannot_carry_the_budget_fits_less():
    def buyer(income: int, currency: str = "CLP") -> Slots:
        return Slots(
            purpose="buy",
            budget_amount=Decimal(5000),
            budget_currency="UF",
            income_amount=Decimal(income),
            income_currency=currency,
        )

    assert budget_fit(buyer(500_000)) < budget_fit(buyer(2_000_000)) < budget_fit(buyer(9_000_000)) == 1.0
    assert budget_fit(buyer(3_000, "USD")) == 0.5


def test_slots_survive_the_journey_through_json():
    assert Slots.from_attributes(FULL.to_attributes()) == FULL


def test_what_others_wrote_into_the_attributes_does_no_harm():
    slots = Slots.from_attributes(
        {
            "name": ["x"],
            "location": "Monterrey",
            "budget": "2000000",
            "bedrooms": "many",
            "visit_date": "soon",
            "visit_time": 5,
            "income_amount": "NaN",
            "purpose": {"a": 1},
            "declined": ["income", "nonsense"],
            "budget_currency": "XXX",
        }
    )

    assert slots == Slots(location=("Monterrey",), budget_amount=Decimal(2_000_000), declined=("income",))
