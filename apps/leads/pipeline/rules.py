"""The rules by which leads go on by themselves. Until a broker changes them they are those that come with the product.

The first rule that holds decides. A rule takes leads from any open stage before its own, never back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.leads.models import Pipeline, PipelineRule
from apps.leads.types import LeadStatus, Stage

# What says that somebody told us something of what they look for.
_WISHES: Final = ("purpose", "location", "budget_amount", "budget", "bedrooms", "income_amount", "visit_date")


def _known(name: str) -> dict[str, Any]:
    return {"field": name, "op": "known"}


def _attribute(name: str) -> dict[str, Any]:
    return _known(f"attributes.{name}")


@dataclass(frozen=True, kw_only=True)
class BuiltIn:
    """A rule that comes with the product; its key is the reason in the history of the leads that it moves."""

    key: str
    label: Promise
    to: Stage
    conditions: Mapping[str, Any]


BUILT_IN: Final = (
    BuiltIn(
        key="visit_is_over",
        label=_("The visit is over"),
        to=Stage.SEGUIMIENTO,
        conditions={
            "all": [
                {"field": "attributes.visit_date", "op": "older_than_days", "value": 0},
                # A day, not words such as "1 de mayo".
                {"field": "attributes.visit_date", "op": "starts_with", "value": "20"},
            ]
        },
    ),
    BuiltIn(
        key="visit_is_dated",
        label=_("A visit is dated"),
        to=Stage.AGENDADO,
        conditions={"all": [_attribute("visit_date")]},
    ),
    BuiltIn(
        key="budget_and_place_are_known",
        label=_("Budget and area are known, or the lead is hot"),
        to=Stage.CALIFICACION_FINANCIERA,
        conditions={
            "any": [
                {
                    "all": [
                        {"any": [_attribute("budget_amount"), _attribute("budget")]},
                        {"any": [_attribute("location"), _known("city")]},
                    ]
                },
                {"field": "status", "op": "is", "value": LeadStatus.HOT.value},
            ]
        },
    ),
    BuiltIn(
        key="wishes_are_known",
        label=_("Something they look for is known, or the lead is warm"),
        to=Stage.PERFILAMIENTO,
        conditions={
            "any": [
                *(_attribute(wish) for wish in _WISHES),
                {"field": "status", "op": "in", "value": [LeadStatus.WARM.value, LeadStatus.HOT.value]},
            ]
        },
    ),
)
_LABELS: Final = {rule.key: rule.label for rule in BUILT_IN}


def active_rules() -> list[PipelineRule]:
    """The rules that are on, in their order; two queries at most, and nothing is written."""
    return [rule for rule in all_rules() if rule.is_active]


def all_rules() -> list[PipelineRule]:
    """Every rule in its order; unsaved rows where the broker still has the product's own."""
    rows = list(PipelineRule.objects.filter(pipeline__is_default=True).order_by("position", "pk"))
    if rows or Pipeline.objects.filter(is_default=True).exists():
        return rows
    return built_in_rules()


def built_in_rules(pipeline: Pipeline | None = None) -> list[PipelineRule]:
    """The product's rules as rows that are not saved."""
    return [
        PipelineRule(
            pipeline=pipeline, key=rule.key, to_stage=rule.to.value, conditions=dict(rule.conditions), position=position
        )
        for position, rule in enumerate(BUILT_IN)
    ]


def rule_label(rule: PipelineRule) -> str:
    """What the rule is called: as somebody wrote, else as it came."""
    return rule.name or str(_LABELS.get(rule.key, rule.key))


def reason_of(rule: PipelineRule) -> str:
    """What a move by the rule says in the lead's history."""
    return f"auto_advance.{rule.key}" if rule.key and not rule.name else rule.name


def reason_label(reason: str) -> str:
    """The reason of a move in words, where a rule of the product moved the lead."""
    return str(_LABELS.get(reason.removeprefix("auto_advance."), reason))


def is_unchanged(rules: Sequence[PipelineRule]) -> bool:
    """Whether these are the product's rules as they came."""
    return [_essence(rule) for rule in rules] == [_essence(rule) for rule in built_in_rules()]


def _essence(rule: PipelineRule) -> tuple[str, str, str, object, bool]:
    return rule.key, rule.name, rule.to_stage, rule.conditions, rule.is_active
