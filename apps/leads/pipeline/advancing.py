"""Leads go on by the rules: one of them, those that just changed, or all of a broker; always set by set."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.db.models import Case, Exists, Max, Min, OuterRef, Q, QuerySet, When, fields

from apps.core.access import Actor
from apps.leads.actions import lock_lead, put_in_stages
from apps.leads.filters import q_of
from apps.leads.models import Lead, PipelineRule, StageChange
from apps.leads.pipeline.rules import active_rules, reason_of
from apps.leads.queries import visible_leads
from apps.leads.stages import StageSettings, has_what_is_asked, stage_settings, stages_before
from apps.leads.types import FINAL_STAGES, STAGE_ORDER

MAX_ADVANCED_AT_ONCE: Final = 1_000
_RANGE: Final = 20_000


@dataclass(frozen=True, kw_only=True)
class Advance:
    """What became of one lead: `previous_stage` is where it was, also when it stays."""

    lead: Lead
    previous_stage: str

    @property
    def is_advanced(self) -> bool:
        """Whether the lead went on."""
        return self.lead.stage != self.previous_stage


@dataclass(frozen=True, kw_only=True)
class AdvanceReport:
    """How many open leads the rules were held against, and how many went on."""

    checked: int
    advanced: int


@transaction.atomic
def auto_advance_lead(*, actor: Actor, lead_id: int) -> Advance:
    """Hold the rules against one lead: it goes as far as they allow, or stays.

    Raises NotFound, Forbidden.
    """
    lead = lock_lead(actor, lead_id)
    actor.require("clients.update")

    before = lead.stage
    _advance(actor, Lead.objects.filter(pk=lead.pk), _due)
    lead.refresh_from_db()
    return Advance(lead=lead, previous_stage=before)


@transaction.atomic
def auto_advance_leads(*, actor: Actor) -> AdvanceReport:
    """Hold the rules against every open lead of the broker. At most MAX_ADVANCED_AT_ONCE go on in one call, the oldest
    first, without those that somebody is changing right now; a further call takes the next.

    Raises Forbidden for whoever is no administrator.
    """
    actor.require("pipeline.auto_advance")
    leads = visible_leads(actor)
    checked = leads.exclude(stage__in=FINAL_STAGES).count()

    return AdvanceReport(checked=checked, advanced=_advance(actor, leads, _due))


@transaction.atomic
def advance_by_themselves(*, actor: Actor, leads: QuerySet[Lead]) -> int:
    """Let those of the leads go on that a rule moves, at most MAX_ADVANCED_AT_ONCE; how many did.

    Unlike what somebody asks for, this leaves a lead where a person put it back to.
    """
    return _advance(actor, leads, _due_and_not_taken_back)


def advance_many(*, actor: Actor, leads: QuerySet[Lead], on_progress: Callable[[], None] = lambda: None) -> int:
    """`advance_by_themselves` for any number of leads, by ranges of their numbers in transactions of their own."""
    ends = leads.aggregate(first=Min("pk"), last=Max("pk"))
    advanced = 0
    for first in range(ends["first"] or 0, (ends["last"] or -1) + 1, _RANGE):
        some = leads.filter(pk__gte=first, pk__lt=first + _RANGE)
        while moved := advance_by_themselves(actor=actor, leads=some):
            advanced += moved
            on_progress()
        on_progress()
    return advanced


def due_leads(actor: Actor, rule: PipelineRule) -> QuerySet[Lead]:
    """The leads that the rule would move now, as if it were the only one."""
    return visible_leads(actor).filter(_due(actor, rule, stage_settings()[rule.to_stage])).order_by()


_DueBy = Callable[[Actor, PipelineRule, StageSettings], Q]


def _advance(actor: Actor, leads: QuerySet[Lead], due_by: _DueBy) -> int:
    """Move those of the leads that a rule moves; how many. A handful of queries and one for each kind of move."""
    rules = active_rules()
    if not rules:
        return 0
    settings = stage_settings()
    by_rule = Case(
        *(When(due_by(actor, rule, settings[rule.to_stage]), then=number) for number, rule in enumerate(rules)),
        output_field=fields.IntegerField(),
    )
    due = leads.annotate(rule_number=by_rule).filter(rule_number__isnull=False).order_by("id")
    locked = list(due.select_for_update(of=("self",), skip_locked=True)[:MAX_ADVANCED_AT_ONCE])
    for number, rule in enumerate(rules):
        moves = [(lead, rule.to_stage) for lead in locked if lead.rule_number == number]
        if moves:
            put_in_stages(actor=actor, moves=moves, reason=reason_of(rule))
    return len(locked)


def _due(actor: Actor, rule: PipelineRule, stage: StageSettings) -> Q:
    """Where the rule holds, the stage is ahead, and what it asks for is known."""
    is_before = Q(stage__in=stages_before(rule.to_stage))
    return q_of(rule.conditions, actor) & is_before & has_what_is_asked(stage, actor)


def _due_and_not_taken_back(actor: Actor, rule: PipelineRule, stage: StageSettings) -> Q:
    earlier = stages_before(rule.to_stage)
    ahead = [one for one in STAGE_ORDER[STAGE_ORDER.index(rule.to_stage) :] if one not in FINAL_STAGES]
    taken_back = StageChange.objects.filter(
        lead=OuterRef("pk"), actor_kind="user", from_stage__in=ahead, to_stage__in=earlier
    )
    return _due(actor, rule, stage) & Q(~Exists(taken_back))
