"""How promising a lead is, from what is known of it: a score from 0 to 100 with the parts that explain it."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from apps.assistant.types import Slots, Stage

# Points for each part; together 100. A broker may weigh them otherwise (configuration: leads.weights).
WEIGHTS: Mapping[str, float] = {
    "engaged": 15,
    "name": 10,
    "purpose": 5,
    "location": 10,
    "budget": 15,
    "bedrooms": 5,
    "income": 10,
    "contact": 5,
    "budget_fit": 5,
    "urgency": 5,
    "visit": 15,
}
_SOON_DAYS = 14
_LATER_DAYS = 45
# Rough lending rules: a month of a mortgage costs about 0.6 % of the price, and a household spends a third on housing.
_MONTHLY_COST_OF_PRICE = Decimal("0.006")
_SHARE_FOR_HOUSING = Decimal("0.34")
# Only to compare a price in UF with an income in pesos; a few per cent do not change whether they fit.
_CLP_IN_A_UF = Decimal(39_500)


def score_lead(
    slots: Slots, *, weights: Mapping[str, object] | None = None, today: date | None = None
) -> tuple[float, dict[str, float]]:
    """Score and its parts, each the points that the part earned. Somebody who only said hello has 15.

    `weights` replaces points by name; what is not a number from 0 to 100 is ignored.
    """
    points = {**WEIGHTS, **_numbers(weights or {})}
    shares: dict[str, float] = {
        "engaged": 1.0,
        "name": float(bool(slots.name)),
        "purpose": float(slots.purpose is not None),
        "location": float(bool(slots.location)),
        "budget": float(slots.budget_amount is not None),
        "bedrooms": float(slots.bedrooms is not None),
        "income": float(slots.income_amount is not None),
        "contact": float(bool(slots.email or slots.phone)),
        "budget_fit": budget_fit(slots),
        "urgency": urgency(slots, today),
        "visit": float(slots.visit_date is not None),
    }
    parts = {name: round(points[name] * share, 2) for name, share in shares.items() if share and points[name]}
    return round(min(100.0, sum(parts.values())), 2), parts


def stage_hint(slots: Slots) -> Stage:
    """The furthest stage that what is known allows."""
    if slots.visit_date is not None:
        return Stage.AGENDADO
    if slots.budget_amount is not None and slots.location:
        return Stage.CALIFICACION_FINANCIERA
    return Stage.ENTRADA if slots.is_empty else Stage.PERFILAMIENTO


def budget_fit(slots: Slots) -> float:
    """From 0 to 1, whether the income carries the budget; a half where currencies cannot be compared."""
    if slots.budget_amount is None or slots.income_amount is None or slots.purpose == "sell":
        return 0.0
    budget = _comparable(slots.budget_amount, slots.budget_currency)
    income = _comparable(slots.income_amount, slots.income_currency)
    if budget[1] != income[1]:
        return 0.5
    monthly = budget[0] if slots.purpose == "rent" else budget[0] * _MONTHLY_COST_OF_PRICE
    affordable = income[0] * _SHARE_FOR_HOUSING
    return float(min(Decimal(1), max(Decimal(0), affordable / monthly)).quantize(Decimal("0.01"))) if monthly else 0.0


def urgency(slots: Slots, today: date | None) -> float:
    """From 0 to 1, how near the visit is; without today's date a visit counts as near."""
    if slots.visit_date is None:
        return 0.0
    days = (slots.visit_date - today).days if today else 0
    return 1.0 if days <= _SOON_DAYS else 0.5 if days <= _LATER_DAYS else 0.0


def _comparable(amount: Decimal, currency: str) -> tuple[Decimal, str]:
    return (amount * _CLP_IN_A_UF, "CLP") if currency == "UF" else (amount, currency)


def _numbers(weights: Mapping[str, object]) -> dict[str, float]:
    return {
        name: float(value)
        for name, value in weights.items()
        if name in WEIGHTS and isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 100
    }
