"""What a broker's scores are made of: points for each part, by source and custom field, and how silence lowers them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final
from zoneinfo import ZoneInfo

from apps.brokers.models import Broker
from apps.core.tenancy import entered_broker_id
from apps.leads.types import DEFAULT_THRESHOLDS, LeadStatus

# Points for each part; together 100. A broker may weigh them otherwise.
WEIGHTS: Final[Mapping[str, float]] = {
    "engaged": 10,
    "name": 10,
    "purpose": 5,
    "location": 10,
    "budget": 15,
    "bedrooms": 5,
    "income": 10,
    "contact": 5,
    "budget_fit": 5,
    "urgency": 5,
    "visit": 10,
    "engagement": 5,
    "recency": 5,
}
MOST_POINTS: Final = 100.0
# These stay as they are: scoring neither warms nor cools what is decided.
SETTLED: Final = frozenset({LeadStatus.CONVERTED.value, LeadStatus.LOST.value})


@dataclass(frozen=True, kw_only=True, slots=True)
class Decay:
    """After so many days without a word from them, a score loses points by the week, never below the floor."""

    after_days: int = 14
    points_per_week: float = 5.0
    floor: float = 0.0


@dataclass(frozen=True, kw_only=True)
class ScoringRules:
    """How one broker weighs leads. `sources` and `fields` map the name of a source or custom field to points."""

    weights: Mapping[str, float] = field(default_factory=lambda: dict(WEIGHTS))
    warm: float = DEFAULT_THRESHOLDS["warm"]
    hot: float = DEFAULT_THRESHOLDS["hot"]
    sources: Mapping[str, float] = field(default_factory=dict)
    fields: Mapping[str, float] = field(default_factory=dict)
    decay: Decay = field(default_factory=Decay)
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))

    @cached_property
    def best_source(self) -> float:
        """The most points that a source can give."""
        return max(self.sources.values(), default=0.0)

    @property
    def total(self) -> float:
        """What a lead would have of whom everything is known; the score itself ends at a hundred."""
        return sum(self.weights.values()) + self.best_source + sum(self.fields.values())

    def status_of(self, score: float) -> str:
        """The temperature that a score means."""
        return status_of_score(score, {"warm": self.warm, "hot": self.hot})


def status_of_score(score: float, thresholds: Mapping[str, float] | None = None) -> str:
    """Cold below warm's threshold (40), hot from hot's (70)."""
    limits = {**DEFAULT_THRESHOLDS, **(thresholds or {})}
    if score >= float(limits["hot"]):
        return LeadStatus.HOT
    return LeadStatus.WARM if score >= float(limits["warm"]) else LeadStatus.COLD


def scoring_rules() -> ScoringRules:
    """The rules of the broker entered now; in one query."""
    zone, weights, thresholds, scoring = Broker.objects.values_list(
        "timezone", "config__weights", "config__thresholds", "config__scoring"
    ).get(pk=entered_broker_id())
    return rules_from(weights, thresholds, scoring, zone=zone)


def rules_from(weights: object, thresholds: object, scoring: object, *, zone: str = "UTC") -> ScoringRules:
    """As they were stored. What is no number from 0 to 100 counts as not said."""
    limits = {**DEFAULT_THRESHOLDS, **_points(thresholds)}
    rest = scoring if isinstance(scoring, Mapping) else {}
    own = {name: points for name, points in _points(weights).items() if name in WEIGHTS}
    return ScoringRules(
        weights={**WEIGHTS, **own},
        warm=limits["warm"],
        hot=limits["hot"],
        sources=_points(rest.get("sources")),
        fields=_points(rest.get("fields")),
        decay=_decay(rest.get("decay")),
        zone=ZoneInfo(zone),
    )


def _decay(given: object) -> Decay:
    said = _points(given, most=3650)
    usual = Decay()
    return Decay(
        after_days=int(said.get("after_days", usual.after_days)),
        points_per_week=min(MOST_POINTS, said.get("points_per_week", usual.points_per_week)),
        floor=min(MOST_POINTS, said.get("floor", usual.floor)),
    )


def _points(given: object, *, most: float = MOST_POINTS) -> dict[str, float]:
    if not isinstance(given, Mapping):
        return {}
    return {
        str(name): float(value)
        for name, value in given.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= most
    }
