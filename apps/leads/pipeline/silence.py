"""Leads that nobody speaks with any more: their agent is told, once for each silence."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.translation import ngettext

from apps.core.access import Actor
from apps.core.events import publish, subscribe
from apps.leads.events import LeadEvent
from apps.leads.listeners import record_activity
from apps.leads.models import Activity, Lead
from apps.leads.stages import StageSettings, stage_settings
from apps.leads.timeline import Words, sentence_for

ACTIVITY: Final = "inactive"
# Silences that are older when somebody first asks for alerts are seen in the lists and told to nobody.
NEWS_FOR: Final = timedelta(days=14)
_CHUNK: Final = 200
_MOST_AT_ONCE: Final = 2_000


@dataclass(frozen=True, kw_only=True)
class LeadInactive(LeadEvent):
    """Neither side has said a word for so many days, and the lead has not moved."""

    name: ClassVar[str] = "lead.inactive"
    stage: str
    days: int
    agent_id: int | None


@subscribe(LeadInactive)
def write_alert(event: LeadInactive) -> None:
    """On the timeline; it is also what says that this silence was told."""
    record_activity(event, kind=ACTIVITY, details={"stage": event.stage, "days": event.days})


@sentence_for(ACTIVITY)
def _say(details: Mapping[str, Any], _words: Words) -> str:
    days = details.get("days")
    days = days if isinstance(days, int) else 0
    return ngettext("Nobody has spoken for %(days)s day", "Nobody has spoken for %(days)s days", days) % {"days": days}


def tell_of_silent_leads(*, actor: Actor) -> int:
    """Announce each lead that has become silent for as long as its stage allows; how many. Done twice, the second time
    tells of none."""
    told = 0
    for stage in stage_settings().values():
        if stage.inactive_days is not None:
            for leads in _silent(stage, timezone.now()):
                told += _tell(actor, stage, leads)
    return told


def _silent(stage: StageSettings, now: datetime) -> Iterator[list[Lead]]:
    limit = now - timedelta(days=stage.inactive_days or 0)
    last_word = Greatest("last_contacted_at", "last_inbound_at", "stage_changed_at", "created_at")
    told = Activity.objects.filter(lead=OuterRef("pk"), kind=ACTIVITY, created_at__gt=OuterRef("last_word"))
    silent: QuerySet[Lead] = (
        Lead.objects.filter(stage=stage.stage, is_blocked=False, is_opted_out=False)
        .annotate(last_word=last_word)
        .filter(last_word__lte=limit, last_word__gt=limit - NEWS_FOR)
        .exclude(Exists(told))
        .order_by("pk")
    )
    ids = list(silent.values_list("pk", flat=True)[:_MOST_AT_ONCE])
    for start in range(0, len(ids), _CHUNK):
        yield list(silent.filter(pk__in=ids[start : start + _CHUNK]).annotate(stay=now - F("last_word")))


@transaction.atomic
def _tell(actor: Actor, stage: StageSettings, leads: list[Lead]) -> int:
    for lead in leads:
        publish(
            LeadInactive(
                broker_id=actor.broker_id,
                actor=actor,
                lead_id=lead.pk,
                stage=stage.stage,
                days=lead.stay.days,  # type: ignore[attr-defined]  # beside the row
                agent_id=lead.assigned_agent_id,
            )
        )
    return len(leads)
