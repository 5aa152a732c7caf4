"""From facts to points: a score from 0 to 100 and the parts that it is the sum of. No database, no clock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from apps.leads.scoring.facts import Facts
from apps.leads.scoring.rules import MOST_POINTS, ScoringRules

SOURCE: Final = "source"
DECAY: Final = "decay"
# A score that somebody set: its only part.
BY_HAND: Final = "by_hand"
FIELD_PREFIX: Final = "attributes."
# The first message is the greeting; who wrote as many has all the points of engagement.
MANY_MESSAGES: Final = 10
# Days since they last wrote, and the share of the points of recency.
RECENCY: Final = ((3, 1.0), (7, 0.6), (14, 0.3))
_SOON_DAYS = 14
_LATER_DAYS = 45
# Rough lending rules: a month of a mortgage costs about 0.6 % of the price, and a household spends a third on housing.
_MONTHLY_COST_OF_PRICE = Decimal("0.006")
_SHARE_FOR_HOUSING = Decimal("0.34")
# Only to compare a price in UF with an income in pesos; a few per cent do not change whether they fit.
_CLP_IN_A_UF = Decimal(39_500)

Part = dict[str, str | float]


@dataclass(frozen=True, slots=True)
class Scored:
    """`parts` are what a lead keeps: {"name", "points", "most"} of each part that earned or cost something."""

    score: float
    parts: list[Part]


def score_of(facts: Facts, rules: ScoringRules, now: datetime) -> Scored:
    """The score at that moment, which must be aware; days are those of the rules' zone."""
    parts: list[Part] = []
    total = 0.0
    local = now.astimezone(rules.zone)
    for name, share_of in SHARES.items():
        most = rules.weights[name]
        points = round(most * share_of(facts, local), 2) if most else 0.0
        if points:
            total += points
            parts.append({"name": name, "points": points, "most": most})
    for name, points, most in _of_the_brokers_own(facts, rules):
        total += points
        parts.append({"name": name, "points": points, "most": most})
    total = min(MOST_POINTS, total)
    lost = decay(facts, rules, now, total)
    if lost:
        total -= lost
        parts.append({"name": DECAY, "points": -lost, "most": 0.0})
    return Scored(round(total, 2), parts)


def budget_fit(facts: Facts, _now: datetime | None = None) -> float:
    """From 0 to 1, whether the income carries the budget; a half where currencies cannot be compared."""
    if facts.budget_amount is None or facts.income_amount is None or facts.purpose == "sell":
        return 0.0
    budget, currency = _comparable(facts.budget_amount, facts.budget_currency)
    income, other = _comparable(facts.income_amount, facts.income_currency)
    if currency != other:
        return 0.5
    monthly = budget if facts.purpose == "rent" else budget * _MONTHLY_COST_OF_PRICE
    affordable = income * _SHARE_FOR_HOUSING
    return round(float(min(Decimal(1), affordable / monthly)), 2) if monthly else 0.0


def urgency(facts: Facts, now: datetime) -> float:
    """From 0 to 1, how near the visit is; one that is over does not hurry."""
    if facts.visit_date is None:
        return 0.0
    days = (facts.visit_date - now.date()).days
    if days < 0:
        return 0.0
    return 1.0 if days <= _SOON_DAYS else 0.5 if days <= _LATER_DAYS else 0.0


def engagement(facts: Facts, _now: datetime | None = None) -> float:
    """From 0 to 1, how much they wrote."""
    return min(1.0, max(0, facts.inbound_count - 1) / (MANY_MESSAGES - 1))


def recency(facts: Facts, now: datetime) -> float:
    """From 0 to 1, how fresh their last message is."""
    if facts.last_inbound_at is None:
        return 0.0
    days = (now - facts.last_inbound_at).days
    return next((share for limit, share in RECENCY if days <= limit), 0.0)


def decay(facts: Facts, rules: ScoringRules, now: datetime, total: float) -> float:
    """The points that silence costs, by begun weeks."""
    rule = rules.decay
    days = silent_days(facts, now)
    if facts.is_settled or not rule.points_per_week or days < rule.after_days:
        return 0.0
    weeks = (days - rule.after_days) // 7 + 1
    return round(min(max(0.0, total - rule.floor), weeks * rule.points_per_week), 2)


def silent_days(facts: Facts, now: datetime) -> int:
    """Whole days since their last word; since they came where they never said one."""
    since = facts.last_inbound_at or facts.created_at
    return max(0, (now - since) // timedelta(days=1)) if since else 0


def is_filled(value: object) -> bool:
    """Whether something is said: neither nothing nor an empty text or list."""
    return value is not None and value != "" and value != []


SHARES: Final[Mapping[str, Callable[[Facts, datetime], float]]] = {
    "engaged": lambda _facts, _now: 1.0,
    "name": lambda facts, _now: float(bool(facts.name)),
    "purpose": lambda facts, _now: float(bool(facts.purpose)),
    "location": lambda facts, _now: float(bool(facts.location)),
    "budget": lambda facts, _now: float(facts.budget_amount is not None),
    "bedrooms": lambda facts, _now: float(facts.bedrooms is not None),
    "income": lambda facts, _now: float(facts.income_amount is not None),
    "contact": lambda facts, _now: float(bool(facts.contact)),
    "budget_fit": budget_fit,
    "urgency": urgency,
    "visit": lambda facts, _now: float(facts.visit_date is not None),
    "engagement": engagement,
    "recency": recency,
}


def _of_the_brokers_own(facts: Facts, rules: ScoringRules) -> list[tuple[str, float, float]]:
    """(name, points, most) by source and by custom field."""
    earned = []
    points = rules.sources.get(facts.source, 0.0)
    if points:
        earned.append((SOURCE, points, rules.best_source))
    for name, most in rules.fields.items():
        if most and is_filled(facts.attributes.get(name)):
            earned.append((FIELD_PREFIX + name, most, most))
    return earned


def _comparable(amount: Decimal, currency: str) -> tuple[Decimal, str]:
    return (amount * _CLP_IN_A_UF, "CLP") if currency == "UF" else (amount, currency)
