"""How leads are weighed: points, thresholds, silence, and what other rules would do before anybody has them."""

import dataclasses
import math
from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from apps.core.access import Actor
from apps.core.errors import InvalidInput
from apps.dashboard.requests import broker_page, with_event, with_toast
from apps.leads.board import known_sources
from apps.leads.changes import label_of_source
from apps.leads.fields import accepted_fields
from apps.leads.jobs import get_job, request_cancel
from apps.leads.models import Job
from apps.leads.scoring import WEIGHTS, ScoringRules, part_label, rules_from, scoring_rules
from apps.leads.scoring.preview import TEMPERATURES, Preview, preview_scoring
from apps.leads.scoring.settings import PERMISSION, NewScoring, rules_wanted, save_scoring, start_rescore
from apps.leads.types import JobKind, LeadStatus

_GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("known", ("name", "contact", "purpose", "location", "bedrooms")),
    ("money", ("budget", "income", "budget_fit")),
    ("interest", ("engaged", "engagement", "recency", "visit", "urgency")),
)


@never_cache
@require_GET
@broker_page
def scoring(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The rules as they are; `?usual` shows the product's own instead, to be saved or not."""
    actor.require(PERMISSION)
    rules = rules_from({}, {}, {}) if "usual" in request.GET else scoring_rules()
    found = preview_scoring(actor, rules)
    context = {
        "weight_groups": _groups(rules),
        "rules": rules,
        "total": rules.total,
        "sources": _sources(rules),
        "fields": _fields(rules),
        "preview": found,
        "job": _last_job(),
        "is_usual": "usual" in request.GET,
    }
    return render(request, "settings/scoring.html", {**context, **_shown(found)})


@require_POST
@broker_page
def preview(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What the rules on the page would do."""
    actor.require(PERMISSION)
    found = preview_scoring(actor, rules_wanted(_wanted(request.POST)))
    return render(request, "settings/scoring_preview.html", {"preview": found, **_shown(found)})


@require_POST
@broker_page
def apply(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Keep the rules and compute every score anew."""
    save_scoring(actor=actor, wanted=_wanted(request.POST))
    job = start_rescore(actor=actor)
    answer = render(request, "settings/scoring_job.html", {"job": job})
    return with_event(with_toast(answer, _("Saved. All scores are being computed.")), "scoring-saved", {})


@never_cache
@require_GET
@broker_page
def job(request: HttpRequest, actor: Actor, job_id: int) -> HttpResponse:
    """How far the computing is."""
    actor.require(PERMISSION)
    return render(request, "settings/scoring_job.html", {"job": get_job(actor, job_id)})


@require_POST
@broker_page
def cancel(request: HttpRequest, actor: Actor, job_id: int) -> HttpResponse:
    """Stop it; scores that are computed stay."""
    actor.require(PERMISSION)
    return render(request, "settings/scoring_job.html", {"job": request_cancel(actor=actor, job_id=job_id)})


def _wanted(given: QueryDict) -> NewScoring:
    """The form as rules. Raises InvalidInput that names the field."""
    return NewScoring(
        weights={name: _number(given, f"weight.{name}") for name in WEIGHTS},
        warm=_number(given, "warm"),
        hot=_number(given, "hot"),
        sources=_named(given, "source"),
        fields=_named(given, "field"),
        after_days=_number(given, "after_days"),
        points_per_week=_number(given, "points_per_week"),
        floor=_number(given, "floor"),
    )


def _named(given: QueryDict, group: str) -> dict[str, float]:
    """Rows of a name and its points; rows without points are not kept."""
    names = [name.strip() for name in given.getlist(f"{group}.name")]
    points = given.getlist(f"{group}.points")
    if len(names) != len(points):
        raise InvalidInput(_("Each name needs its points."), field=group)
    found = {name: _read(text, f"{group}.points") for name, text in zip(names, points, strict=True) if name}
    return {name: value for name, value in found.items() if value}


def _number(given: QueryDict, name: str) -> float:
    return _read(given.get(name, ""), name)


def _read(text: str, name: str) -> float:
    try:
        number = float(text.strip().replace(",", ".") or 0)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InvalidInput(_("Write a number here."), field=name)
    return round(number, 2)


def _groups(rules: ScoringRules) -> list[dict[str, object]]:
    return [
        {
            "key": key,
            "parts": [{"name": name, "label": part_label(name), "points": rules.weights[name]} for name in names],
        }
        for key, names in _GROUPS
    ]


def _sources(rules: ScoringRules) -> list[dict[str, object]]:
    """Those that leads came from, and those that have points."""
    names = dict.fromkeys([*rules.sources, *known_sources()])
    return [{"name": name, "label": label_of_source(name), "points": rules.sources.get(name, 0)} for name in names]


def _fields(rules: ScoringRules) -> list[dict[str, object]]:
    labels: Mapping[str, str] = {field.name: field.label or field.name for field in accepted_fields()}
    names = dict.fromkeys([*rules.fields, *labels])
    return [{"name": name, "label": labels.get(name, name), "points": rules.fields.get(name, 0)} for name in names]


def _last_job() -> Job | None:
    return Job.objects.filter(kind=JobKind.RESCORE).order_by("-id").first()


def _shown(found: Preview) -> dict[str, object]:
    """The preview's numbers as rows and bars."""
    tallest = max([*found.bars_before, *found.bars_after, 1])
    return {
        "temperatures": [
            {
                "status": status,
                "label": LeadStatus(status).label,
                "before": found.before[status],
                "after": found.after[status],
                "change": found.after[status] - found.before[status],
            }
            for status in TEMPERATURES
        ],
        "bars": [
            _bar(number, before, after, tallest)
            for number, (before, after) in enumerate(zip(found.bars_before, found.bars_after, strict=True))
        ],
        "examples": [
            {**dataclasses.asdict(example), "label_after": LeadStatus(example.status_after).label}
            for example in found.examples
        ],
    }


def _bar(number: int, before: int, after: int, tallest: int) -> dict[str, object]:
    """Ten points of the scale, drawn twenty wide and sixty high."""
    heights = {"before": 60 * before / tallest, "after": 60 * after / tallest}
    return {
        "from": 10 * number,
        "to": 100 if number == 9 else 10 * number + 9,
        "before": before,
        "after": after,
        "x": 20 * number + 1,
        "after_x": 20 * number + 10,
        **{f"{name}_height": round(height, 1) for name, height in heights.items()},
        **{f"{name}_y": round(62 - height, 1) for name, height in heights.items()},
    }
