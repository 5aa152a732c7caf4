"""How far along somebody is, from what they told."""

from datetime import date
from decimal import Decimal

import pytest

from apps.assistant.qualification import stage_hint
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
