"""Reading leads, always through the eyes of an actor."""

import re
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.core.access import Actor
from apps.core.errors import InvalidInput, NotFound
from apps.core.phones import match_key
from apps.leads.models import Activity, Lead
from apps.leads.types import Stage

_LOOKS_LIKE_A_PHONE = re.compile(r"[\d\s+().-]+")


@dataclass(frozen=True, kw_only=True)
class LeadFilter:
    """What a list of leads is narrowed to; an empty value narrows nothing. Both scores are included."""

    status: str = ""
    stage: str = ""
    search: str = ""
    min_score: float = 0
    max_score: float = 100


def visible_leads(actor: Actor) -> QuerySet[Lead]:
    """The leads in the actor's sight: agents see those assigned to them."""
    rows = Lead.objects.select_related("assigned_agent")
    if actor.sees_everything:
        return rows
    return rows.filter(assigned_agent_id=actor.user_id)


def get_lead(actor: Actor, lead_id: int) -> Lead:
    """One lead in the actor's sight.

    Raises NotFound for any other.
    """
    lead = visible_leads(actor).filter(pk=lead_id).first()
    if lead is None:
        raise NotFound(_("There is no lead with this number."), field="lead_id")
    return lead


def matching_leads(actor: Actor, wanted: LeadFilter) -> QuerySet[Lead]:
    """The leads in sight that pass the filter, newest first."""
    rows = visible_leads(actor).order_by("-id")
    if wanted.status:
        rows = rows.filter(status=wanted.status)
    if wanted.stage:
        rows = rows.filter(stage=wanted.stage)
    if wanted.min_score > 0:
        rows = rows.filter(score__gte=wanted.min_score)
    if wanted.max_score < 100:
        rows = rows.filter(score__lte=wanted.max_score)
    return search_leads(rows, wanted.search)


def leads_in_stage(actor: Actor, stage: str) -> QuerySet[Lead]:
    """The leads in sight in the stage, the most promising first.

    Raises InvalidInput for an unknown stage.
    """
    require_stage(stage)
    return visible_leads(actor).filter(stage=stage).order_by("-score", "-id")


def inactive_leads(actor: Actor, stage: str, *, days: int) -> QuerySet[Lead]:
    """Those of the stage that nobody wrote to for so many days (counted from the lead's making where nobody ever did),
    the longest waiting first.

    Raises InvalidInput for an unknown stage.
    """
    last_contact = Coalesce("last_contacted_at", "created_at")
    rows = leads_in_stage(actor, stage).alias(last_contact=last_contact)
    return rows.filter(last_contact__lte=timezone.now() - timedelta(days=days)).order_by("last_contact", "id")


def require_stage(stage: str) -> None:
    """Raises InvalidInput for what is no stage of the pipeline."""
    if stage not in Stage.values:
        raise InvalidInput(
            _("“%(stage)s” is not a stage. Use one of: %(stages)s")
            % {"stage": str(stage)[:40], "stages": ", ".join(Stage.values)},
            field="stage",
        )


def search_leads(rows: QuerySet[Lead], text: str) -> QuerySet[Lead]:
    """Rows whose name, phone or e-mail holds every word of the text; a phone may be written with spaces and signs."""
    words = text.replace("\x00", " ").split()
    if _LOOKS_LIKE_A_PHONE.fullmatch(text):
        words = ["".join(words)]
    for word in words[:6]:
        digits = "".join(filter(str.isdigit, word))
        condition = Q(first_name__icontains=word) | Q(last_name__icontains=word) | Q(email__icontains=word)
        if len(digits) >= 3:
            condition |= Q(phone__contains=digits) | Q(phone_key__contains=match_key(digits))
        rows = rows.filter(condition)
    return rows


def recent_activities(lead_id: int, *, limit: int = 10) -> list[Activity]:
    """The newest lines of the timeline."""
    return list(Activity.objects.filter(lead_id=lead_id).order_by("-id")[:limit])
