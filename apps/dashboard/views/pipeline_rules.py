"""The rules by which leads go on by themselves: made, tried, put in order, switched off."""

import json

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.core.access import Actor
from apps.core.errors import DomainError, InvalidInput, NotFound
from apps.dashboard.requests import STATUS_OF_KIND, broker_page
from apps.leads.filters import Op
from apps.leads.models import PipelineRule
from apps.leads.pipeline import due_leads, rule_label
from apps.leads.pipeline.arranging import PERMISSION, Direction
from apps.leads.pipeline.askable import askable_fields
from apps.leads.pipeline.rule_settings import (
    NewRule,
    checked_conditions,
    delete_rule,
    move_rule,
    restore_rules,
    save_rule,
    switch_rule,
)
from apps.leads.stages import stages_before
from apps.leads.tallies import total_of
from apps.leads.types import STAGE_ORDER, Stage

_LONGEST_JSON = 20_000


@never_cache
@require_http_methods(["GET", "POST"])
@broker_page
def edit(request: HttpRequest, actor: Actor, rule_id: int | None = None) -> HttpResponse:
    """One rule's name, stage and conditions."""
    actor.require(PERMISSION)
    rule = _rule(rule_id)
    if request.method == "GET":
        return _page(request, rule, name=rule_label(rule) if rule.pk else "", conditions=rule.conditions)
    try:
        wanted = _wanted(request, rule)
        save_rule(actor=actor, wanted=wanted, rule_id=rule_id)
    except InvalidInput as error:
        return _page(request, rule, name=request.POST.get("name", ""), conditions=_typed(request), error=error)
    messages.success(request, _("Saved."))
    return redirect("dashboard:settings-pipeline")


@require_POST
@broker_page
def test(request: HttpRequest, actor: Actor) -> HttpResponse:
    """How many leads the rule on the page would move now."""
    actor.require(PERMISSION)
    wanted = _wanted(request, PipelineRule())
    rule = PipelineRule(to_stage=wanted.to_stage, conditions=checked_conditions(wanted))
    return _due(request, actor, rule)


@never_cache
@require_GET
@broker_page
def due(request: HttpRequest, actor: Actor, rule_id: int) -> HttpResponse:
    """How many leads a kept rule would move now."""
    actor.require(PERMISSION)
    return _due(request, actor, _rule(rule_id))


@require_POST
@broker_page
def switch(_request: HttpRequest, actor: Actor, rule_id: int) -> HttpResponse:
    """Off, or on again."""
    switch_rule(actor=actor, rule_id=rule_id)
    return redirect("dashboard:settings-pipeline")


@require_POST
@broker_page
def move(request: HttpRequest, actor: Actor, rule_id: int) -> HttpResponse:
    """One place up or down."""
    direction: Direction = "up" if request.POST.get("direction") == "up" else "down"
    move_rule(actor=actor, rule_id=rule_id, direction=direction)
    return redirect("dashboard:settings-pipeline")


@require_POST
@broker_page
def delete(request: HttpRequest, actor: Actor, rule_id: int) -> HttpResponse:
    """For good."""
    delete_rule(actor=actor, rule_id=rule_id)
    messages.success(request, _("The rule was deleted."))
    return redirect("dashboard:settings-pipeline")


@require_POST
@broker_page
def restore(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The product's own rules instead of these."""
    restore_rules(actor=actor)
    messages.success(request, _("The rules are as they came."))
    return redirect("dashboard:settings-pipeline")


def _rule(rule_id: int | None) -> PipelineRule:
    if rule_id is None:
        return PipelineRule(to_stage=Stage.PERFILAMIENTO)
    rule = PipelineRule.objects.filter(pk=rule_id).first()
    if rule is None:
        raise NotFound
    return rule


def _wanted(request: HttpRequest, rule: PipelineRule) -> NewRule:
    name = request.POST.get("name", "").replace("\x00", "").strip()
    # A rule of the product keeps its name in every language until somebody gives it another.
    is_own_name = rule.key and name == rule_label(rule) and not rule.name
    return NewRule(
        name="" if is_own_name else name, to_stage=request.POST.get("to_stage", ""), conditions=_typed(request)
    )


def _typed(request: HttpRequest) -> object:
    """The conditions as the page wrote them; nothing where that is no JSON."""
    try:
        return json.loads(request.POST.get("conditions", "")[:_LONGEST_JSON] or "{}")
    except (ValueError, RecursionError):
        return {}


def _due(request: HttpRequest, actor: Actor, rule: PipelineRule) -> HttpResponse:
    number, is_exact = total_of(due_leads(actor, rule))
    said = ngettext("%(count)s lead would move now.", "%(count)s leads would move now.", number)
    more = "" if is_exact else _("About") + " "
    return render(request, "settings/rule_due.html", {"said": more + said % {"count": number}})


def _page(
    request: HttpRequest, rule: PipelineRule, *, name: str, conditions: object, error: DomainError | None = None
) -> HttpResponse:
    context = {
        "rule": rule,
        "name": name,
        "to_stage": request.POST.get("to_stage", rule.to_stage),
        "stages": [(stage, Stage(stage).label) for stage in STAGE_ORDER if stages_before(stage)],
        "conditions": json.dumps(conditions),
        "fields": json.dumps(
            [
                {
                    "name": field.name,
                    "label": str(field.label),
                    "kind": field.kind,
                    "ops": [op.value for op in field.ops if op != Op.IS_ME],
                    "choices": [[value, str(label)] for value, label in field.choices],
                }
                for field in askable_fields()
            ]
        ),
        "ops": json.dumps({op.value: str(op.label) for op in Op}),
        "error": error,
    }
    return render(request, "settings/pipeline_rule.html", context, status=STATUS_OF_KIND[error.kind] if error else 200)
