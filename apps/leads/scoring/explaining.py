"""A score opened: each part with its points and the reason, as sentences."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.utils import formats, timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.leads.changes import label_of, label_of_source, labels_of, readable
from apps.leads.models import Lead
from apps.leads.scoring.facts import Facts, facts_of
from apps.leads.scoring.points import BY_HAND, DECAY, FIELD_PREFIX, SOURCE, budget_fit, silent_days
from apps.leads.scoring.rules import ScoringRules, scoring_rules

PART_LABELS: Final[Mapping[str, Promise]] = {
    "engaged": gettext_lazy("First contact"),
    "name": gettext_lazy("Name"),
    "contact": gettext_lazy("How to reach them"),
    "purpose": gettext_lazy("Purpose"),
    "location": gettext_lazy("Area"),
    "budget": gettext_lazy("Budget"),
    "bedrooms": gettext_lazy("Bedrooms"),
    "income": gettext_lazy("Income"),
    "budget_fit": gettext_lazy("The budget fits the income"),
    "visit": gettext_lazy("Visit"),
    "urgency": gettext_lazy("The visit is soon"),
    "engagement": gettext_lazy("How much they write"),
    "recency": gettext_lazy("How lately they wrote"),
    SOURCE: gettext_lazy("Source"),
    DECAY: gettext_lazy("Silence"),
    BY_HAND: gettext_lazy("Set by hand"),
}


@dataclass(frozen=True, kw_only=True)
class ExplainedPart:
    """`points` of at most `most` (negative where it lowers the score); `why` is a sentence in the active language."""

    name: str
    label: str
    points: float
    most: float
    why: str

    @property
    def is_earned(self) -> bool:
        """Whether it moves the score."""
        return self.points != 0

    @property
    def percent(self) -> int:
        """How much of what it could give it gives."""
        return round(100 * self.points / self.most) if self.points > 0 and self.most else 0


def explain(lead: Lead, rules: ScoringRules | None = None) -> list[ExplainedPart]:
    """All parts of the lead's score as it is kept: what earned points in the order of the rules, then what is missing.

    Two queries at most; none for the rules where the caller has them.
    """
    rules = rules or scoring_rules()
    facts, now = facts_of(lead), timezone.now().astimezone(rules.zone)
    kept = {str(part.get("name")): part for part in lead.score_parts if isinstance(part, Mapping)}
    names = _names_in(rules, kept)
    labels = labels_of([name.removeprefix(FIELD_PREFIX) for name in names if name.startswith(FIELD_PREFIX)])
    parts = [
        ExplainedPart(
            name=name,
            label=part_label(name, labels),
            points=_number(kept.get(name, {}).get("points")),
            most=_number(kept.get(name, {}).get("most")) or _most(name, rules),
            why=_why(name, facts, now),
        )
        for name in names
    ]
    return sorted(parts, key=lambda part: not part.is_earned)


def part_label(name: str, labels: Mapping[str, str] | None = None) -> str:
    """What a part is called."""
    if name.startswith(FIELD_PREFIX):
        return label_of(name, labels)
    return str(PART_LABELS.get(name) or label_of(name))


def _names_in(rules: ScoringRules, kept: Mapping[str, object]) -> Sequence[str]:
    """What counts now, and what counted when the score was made."""
    if BY_HAND in kept:
        return [BY_HAND]
    names = [name for name in PART_LABELS if rules.weights.get(name) or name in kept]
    names += [SOURCE] if rules.sources and SOURCE not in names else []
    fields = [FIELD_PREFIX + name for name, points in rules.fields.items() if points]
    return list(dict.fromkeys([*names, *fields, *(name for name in kept if name.startswith(FIELD_PREFIX))]))


def _most(name: str, rules: ScoringRules) -> float:
    if name == SOURCE:
        return rules.best_source
    if name.startswith(FIELD_PREFIX):
        return rules.fields.get(name.removeprefix(FIELD_PREFIX), 0.0)
    return rules.weights.get(name, 0.0)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0


def _why(name: str, facts: Facts, now: datetime) -> str:
    if name.startswith(FIELD_PREFIX):
        own = name.removeprefix(FIELD_PREFIX)
        return readable(own, facts.attributes.get(own)) or _("Not known yet")
    sayer = _SAYERS.get(name)
    said = sayer(facts, now) if sayer else ""
    return said or _("Not known yet")


def _say_budget(facts: Facts, _now: datetime) -> str:
    return _money(facts.budget_amount, facts.budget_currency)


def _say_income(facts: Facts, _now: datetime) -> str:
    return _money(facts.income_amount, facts.income_currency)


def _money(amount: Decimal | None, currency: str) -> str:
    return f"{formats.number_format(amount, use_l10n=True, force_grouping=True)} {currency}".strip() if amount else ""


def _say_fit(facts: Facts, now: datetime) -> str:
    if facts.budget_amount is None or facts.income_amount is None:
        return _("Needs the budget and the income")
    if facts.purpose == "sell":
        return _("They want to sell")
    return _("The income carries %(percent)s %% of it") % {"percent": round(100 * budget_fit(facts, now))}


def _say_visit(facts: Facts, _now: datetime) -> str:
    return str(formats.date_format(facts.visit_date, "DATE_FORMAT")) if facts.visit_date else _("No visit yet")


def _say_urgency(facts: Facts, now: datetime) -> str:
    if facts.visit_date is None:
        return _("No visit yet")
    days = (facts.visit_date - now.date()).days
    if days < 0:
        return _("The visit is over")
    if days == 0:
        return _("The visit is today")
    return ngettext("The visit is in %(days)s day", "The visit is in %(days)s days", days) % {"days": days}


def _say_engagement(facts: Facts, _now: datetime) -> str:
    count = facts.inbound_count
    if not count:
        return _("They have not written")
    return ngettext("%(count)s message", "%(count)s messages", count) % {"count": count}


def _say_recency(facts: Facts, now: datetime) -> str:
    if facts.last_inbound_at is None:
        return _("They have not written")
    days = (now - facts.last_inbound_at).days
    if days <= 0:
        return _("They wrote today")
    return ngettext("They wrote %(days)s day ago", "They wrote %(days)s days ago", days) % {"days": days}


def _say_silence(facts: Facts, now: datetime) -> str:
    days = silent_days(facts, now)
    return ngettext("%(days)s day without a word", "%(days)s days without a word", days) % {"days": days}


_SAYERS: Final[Mapping[str, Callable[[Facts, datetime], str]]] = {
    "engaged": lambda _facts, _now: _("They are in touch with you"),
    "name": lambda facts, _now: facts.name,
    "contact": lambda facts, _now: facts.contact,
    "purpose": lambda facts, _now: str(_PURPOSES.get(facts.purpose, "")),
    "location": lambda facts, _now: facts.location,
    "budget": _say_budget,
    "bedrooms": lambda facts, _now: "" if facts.bedrooms is None else str(facts.bedrooms),
    "income": _say_income,
    "budget_fit": _say_fit,
    "visit": _say_visit,
    "urgency": _say_urgency,
    "engagement": _say_engagement,
    "recency": _say_recency,
    SOURCE: lambda facts, _now: label_of_source(facts.source),
    DECAY: _say_silence,
    BY_HAND: lambda _facts, _now: _("It stays until somebody recalculates it"),
}
_PURPOSES: Final[Mapping[str, Promise]] = {
    "buy": gettext_lazy("Buy"),
    "rent": gettext_lazy("Rent"),
    "invest": gettext_lazy("Invest"),
    "sell": gettext_lazy("Sell"),
}
