"""A broker's own rules."""

from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from apps.core.access import Actor
from apps.core.errors import InvalidInput
from apps.leads.filters import parse_conditions
from apps.leads.filters.parsing import leaves_of
from apps.leads.models import PipelineRule
from apps.leads.pipeline.arranging import LONGEST_NAME, Direction, arrange, get_row, move_in, switch, tell
from apps.leads.pipeline.rules import built_in_rules
from apps.leads.queries import require_stage
from apps.leads.stages import stages_before

MOST_RULES: Final = 50


@dataclass(frozen=True, kw_only=True)
class NewRule:
    """A rule as somebody wants it; an empty name is the product's own."""

    name: str
    to_stage: str
    conditions: object


@transaction.atomic
def save_rule(*, actor: Actor, wanted: NewRule, rule_id: int | None = None) -> PipelineRule:
    """Change a rule, or add one at the end.

    Raises Forbidden, NotFound, InvalidInput that names what to mend.
    """
    pipeline = arrange(actor)
    if rule_id is None:
        rule, before = PipelineRule(pipeline=pipeline, position=_next_rule()), None
    else:
        rule = get_row(PipelineRule, rule_id)
        before = _rule_values(rule)
    rule.name, rule.to_stage = wanted.name.strip(), wanted.to_stage
    rule.conditions = checked_conditions(wanted)
    if not rule.name and not rule.key:
        raise InvalidInput(_("Give the rule a name."), field="name")
    rule.save()
    tell(actor, {f"rule.{rule.pk}": [before, _rule_values(rule)]})
    return rule


def checked_conditions(wanted: NewRule) -> dict[str, object]:
    """The conditions of a rule that can be kept, in their canonical form.

    Raises InvalidInput that names what to mend.
    """
    require_stage(wanted.to_stage)
    if len(wanted.name.strip()) > LONGEST_NAME:
        raise InvalidInput(_("This name is too long."), field="name")
    if not stages_before(wanted.to_stage):
        raise InvalidInput(_("No stage comes before this one."), field="to_stage")
    conditions = parse_conditions(wanted.conditions)
    if not conditions:
        raise InvalidInput(_("Add a condition: a rule without any would move every lead."), field="conditions")
    if any(leaf["op"] == "is_me" for leaf in leaves_of(conditions)):
        raise InvalidInput(_("A rule is nobody's: it cannot ask who “me” is."), field="conditions")
    return conditions


@transaction.atomic
def switch_rule(*, actor: Actor, rule_id: int) -> PipelineRule:
    """Off where it was on, on where it was off.

    Raises Forbidden, NotFound.
    """
    arrange(actor)
    return switch(actor, get_row(PipelineRule, rule_id), "rule")


@transaction.atomic
def delete_rule(*, actor: Actor, rule_id: int) -> None:
    """The rule is gone; leads that it moved stay where they are.

    Raises Forbidden, NotFound.
    """
    arrange(actor)
    rule = get_row(PipelineRule, rule_id)
    rule.delete()
    tell(actor, {f"rule.{rule_id}": [_rule_values(rule), None]})


@transaction.atomic
def move_rule(*, actor: Actor, rule_id: int, direction: Direction) -> None:
    """One place up or down; at the end it stays.

    Raises Forbidden, NotFound.
    """
    arrange(actor)
    rules = list(PipelineRule.objects.filter(pipeline__is_default=True).order_by("position", "pk"))
    move_in(actor, rules, get_row(PipelineRule, rule_id), direction, "rules")


@transaction.atomic
def restore_rules(*, actor: Actor) -> None:
    """The product's own rules instead of all there are.

    Raises Forbidden.
    """
    pipeline = arrange(actor)
    before = [_rule_values(rule) for rule in PipelineRule.objects.filter(pipeline=pipeline).order_by("position", "pk")]
    PipelineRule.objects.filter(pipeline=pipeline).delete()
    made = PipelineRule.objects.bulk_create(built_in_rules(pipeline))
    tell(actor, {"rules": [before, [_rule_values(rule) for rule in made]]})


def _next_rule() -> int:
    count = PipelineRule.objects.filter(pipeline__is_default=True).count()
    if count >= MOST_RULES:
        raise InvalidInput(_("There are %(most)d rules already, and more cannot be kept.") % {"most": MOST_RULES})
    return count


def _rule_values(rule: PipelineRule) -> dict[str, object]:
    return {
        "key": rule.key,
        "name": rule.name,
        "to_stage": rule.to_stage,
        "conditions": rule.conditions,
        "is_active": rule.is_active,
    }
