"""How a broker runs its pipeline: what stages ask for, the rules, and why leads are lost."""

from collections.abc import Mapping, Sequence

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from apps.core.access import Actor
from apps.core.errors import InvalidInput
from apps.dashboard.requests import broker_page
from apps.leads.filters import describe
from apps.leads.models import PipelineRule
from apps.leads.pipeline import all_loss_reasons, all_rules, rule_label
from apps.leads.pipeline.arranging import ensure_pipeline
from apps.leads.pipeline.rules import is_unchanged
from apps.leads.pipeline.stage_settings import requirable_fields, save_stages
from apps.leads.stages import LOST_REASON, StageSettings, stage_settings
from apps.leads.tallies import leads_per_stage
from apps.leads.types import FINAL_STAGES, STAGE_ORDER, Stage


@never_cache
@require_GET
@broker_page
def pipeline(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The whole of it; the broker's own rows are made when somebody first looks."""
    ensure_pipeline(actor=actor)
    rules = all_rules()
    context = {
        "stages": _stages(),
        "rules": [shown_rule(rule) for rule in rules],
        "is_usual": is_unchanged(rules),
        "reasons": all_loss_reasons(),
        "is_reason_required": LOST_REASON in stage_settings()[Stage.PERDIDO].required_fields,
    }
    return render(request, "settings/pipeline.html", context)


@require_POST
@broker_page
def stages(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Keep what the stages ask for."""
    ensure_pipeline(actor=actor)
    try:
        save_stages(actor=actor, wanted=[_wanted(request.POST, stage) for stage in STAGE_ORDER])
    except InvalidInput as error:
        messages.error(request, error.message)
    else:
        messages.success(request, _("Saved."))
    return redirect("dashboard:settings-pipeline")


def shown_rule(rule: PipelineRule) -> dict[str, object]:
    """A rule as one sentence."""
    return {
        "rule": rule,
        "label": rule_label(rule),
        "sentence": describe(rule.conditions),
        "stage": Stage(rule.to_stage).label,
    }


def _stages() -> list[dict[str, object]]:
    fields = [(name, label) for name, label in requirable_fields() if name != LOST_REASON]
    counts = leads_per_stage()
    return [
        {
            "stage": stage,
            "label": Stage(stage).label,
            "count": counts.get(stage, 0),
            "is_final": stage in FINAL_STAGES,
            "days": settings.inactive_days,
            "asked": [label for name, label in fields if name in settings.required_fields],
            "fields": _choices(fields, settings),
        }
        for stage, settings in stage_settings().items()
    ]


def _choices(fields: Sequence[tuple[str, str]], settings: StageSettings) -> list[Mapping[str, object]]:
    return [{"name": name, "label": label, "is_asked": name in settings.required_fields} for name, label in fields]


def _wanted(given: QueryDict, stage: str) -> StageSettings:
    asked = list(dict.fromkeys(given.getlist(f"fields.{stage}")))
    if stage == Stage.PERDIDO and "is_reason_required" in given:
        asked.append(LOST_REASON)
    days = given.get(f"days.{stage}", "").strip()
    if days and not (days.isascii() and days.isdecimal() and len(days) < 6):
        raise InvalidInput(_("Write a number of days, or nothing."), field=f"days.{stage}")
    return StageSettings(stage=stage, required_fields=tuple(asked), inactive_days=int(days) if days else None)
