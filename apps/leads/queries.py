"""Reading leads, always through the eyes of an actor."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.core.access import Actor
from apps.core.errors import InvalidInput, NotFound
from apps.core.pagination import Page
from apps.leads import tallies
from apps.leads.filters import q_of
from apps.leads.filters.parameters import narrowed
from apps.leads.filters.shape import is_in_order, is_of_the_tally, passes
from apps.leads.models import Activity, Lead
from apps.leads.paging import page_by_looking, page_in_order, page_of_counted
from apps.leads.searching import search_leads
from apps.leads.sorting import order_of
from apps.leads.types import Stage

__all__ = [
    "LeadFilter",
    "get_lead",
    "get_lead_by_uid",
    "inactive_leads",
    "leads_in_stage",
    "matching_leads",
    "page_of_leads",
    "recent_activities",
    "require_stage",
    "search_leads",
    "visible_leads",
]


@dataclass(frozen=True, kw_only=True)
class LeadFilter:
    """What a list of leads is narrowed to; an empty value narrows nothing. Both scores are included.

    `tags`: all of them. `conditions`: a tree that `parse_conditions` has read. `sort`: a name of apps.leads.sorting,
    with a minus in front for the other way round; newest first where it is empty.
    """

    status: str = ""
    stage: str = ""
    search: str = ""
    min_score: float = 0
    max_score: float = 100
    tags: tuple[str, ...] = ()
    source: str = ""
    agent_id: int | None = None
    conditions: Mapping[str, object] = field(default_factory=dict)
    sort: str = ""


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


def get_lead_by_uid(actor: Actor, uid: UUID) -> Lead:
    """As `get_lead`, by the lead's external id.

    Raises NotFound.
    """
    lead = visible_leads(actor).filter(uid=uid).first()
    if lead is None:
        raise NotFound(_("There is no lead with this id."))
    return lead


def matching_leads(actor: Actor, wanted: LeadFilter) -> QuerySet[Lead]:
    """The leads in sight that pass the filter, newest first or as it says.

    Raises InvalidInput for an unknown order.
    """
    rows = visible_leads(actor).order_by(*order_of(wanted.sort))
    rows = narrowed(
        rows,
        {
            "status": wanted.status,
            "stage": wanted.stage,
            "source": wanted.source,
            "agent_id": wanted.agent_id,
            "tags": list(wanted.tags),
            "min_score": wanted.min_score if wanted.min_score > 0 else None,
            "max_score": wanted.max_score if wanted.max_score < 100 else None,
        },
    )
    if wanted.conditions:
        rows = rows.filter(q_of(wanted.conditions, actor))
    return search_leads(rows, wanted.search)


def page_of_leads(actor: Actor, wanted: LeadFilter, offset: int, limit: int) -> Page[Lead]:
    """One page of the leads in sight that pass the filter: in at most three queries, and those of the conditions.

    The total is exact up to 10,000, and wherever the tally knows it; beyond that it is an estimate (`is_exact` False),
    never less than what was seen. Raises InvalidInput for an unknown order.
    """
    rows = matching_leads(actor, wanted)
    if actor.sees_everything and _is_tallied(wanted):
        total = tallies.tallied(lambda stage, status: _passes(wanted, stage, status))
        return page_of_counted(rows, offset, limit, total)
    if not wanted.search and not wanted.tags and is_in_order(wanted.conditions):
        return page_in_order(rows, offset, limit)
    return page_by_looking(rows, offset, limit)


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


def _is_tallied(wanted: LeadFilter) -> bool:
    """Whether it asks for nothing but stages and temperatures."""
    bare = replace(wanted, stage="", status="", sort="", conditions={})
    return bare == LeadFilter() and is_of_the_tally(wanted.conditions)


def _passes(wanted: LeadFilter, stage: str, status: str) -> bool:
    if wanted.stage not in {"", stage} or wanted.status not in {"", status}:
        return False
    return passes(wanted.conditions, stage=stage, status=status)


def recent_activities(lead_id: int, *, limit: int = 10) -> list[Activity]:
    """The newest lines of the timeline."""
    return list(Activity.objects.filter(lead_id=lead_id).order_by("-id")[:limit])
