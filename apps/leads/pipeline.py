"""The pipeline as a whole: its board, its figures, and the rules by which leads go on by themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Avg, Case, Count, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Value, When, fields
from django.utils import timezone

from apps.brokers.models import Broker
from apps.core.access import Actor
from apps.core.tenancy import entered_broker_id
from apps.leads.actions import lock_lead, put_in_stages
from apps.leads.models import Lead, StageChange
from apps.leads.queries import leads_in_stage, visible_leads
from apps.leads.types import DEFAULT_THRESHOLDS, FINAL_STAGES, STAGE_ORDER, LeadStatus, Stage

MAX_ADVANCED_AT_ONCE: Final = 1_000
# What says that somebody told us something of what they look for.
_WISHES: Final = ("purpose", "location", "budget_amount", "budget", "bedrooms", "income_amount", "visit_date")
_ISO_DAY: Final = r"^\d{4}-\d{2}-\d{2}$"


@dataclass(frozen=True, kw_only=True)
class AdvanceRule:
    """A lead in any stage before `to` goes there when the condition holds; `name` is the reason in its history."""

    to: Stage
    name: str
    condition: Q


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


@dataclass(frozen=True, kw_only=True)
class Column:
    """A stage of the board: all that it holds as a number, the most promising as rows."""

    stage: str
    total: int
    leads: Sequence[Lead]


@dataclass(frozen=True, kw_only=True)
class StageFigures:
    """`reached`: leads that ever stood here. `conversion_rate`: the share of them that went further, from 0 to 1; None
    in the final stages, which nothing follows. Seconds: of stays that ended, and of those that last; None without any.
    """

    stage: str
    count: int
    reached: int
    conversion_rate: float | None
    average_seconds: float | None
    average_seconds_so_far: float | None


@dataclass(frozen=True, kw_only=True)
class Funnel:
    """The figures of all stages; `conversion_rate` is the share of all leads that are won, from 0 to 1."""

    total: int
    won: int
    lost: int
    conversion_rate: float
    stages: Sequence[StageFigures]


def advance_rules(today: date) -> tuple[AdvanceRule, ...]:
    """The furthest stage first: the first rule that holds decides. What follows a visit is for people to say."""
    visit_is_over = Q(attributes__visit_date__regex=_ISO_DAY, attributes__visit_date__lt=today.isoformat())
    has_budget = _knows("budget_amount") | _knows("budget")
    has_place = _knows("location") | ~Q(city="")
    has_wishes = Q()
    for wish in _WISHES:
        has_wishes |= _knows(wish)
    return (
        AdvanceRule(to=Stage.SEGUIMIENTO, name="visit_is_over", condition=visit_is_over),
        AdvanceRule(to=Stage.AGENDADO, name="visit_is_dated", condition=_knows("visit_date")),
        AdvanceRule(
            to=Stage.CALIFICACION_FINANCIERA,
            name="budget_and_place_are_known",
            condition=(has_budget & has_place) | Q(status=LeadStatus.HOT),
        ),
        AdvanceRule(
            to=Stage.PERFILAMIENTO,
            name="wishes_are_known",
            condition=has_wishes | Q(status__in=[LeadStatus.WARM, LeadStatus.HOT]),
        ),
    )


@transaction.atomic
def auto_advance_lead(*, actor: Actor, lead_id: int) -> Advance:
    """Hold the rules against one lead: it goes as far as they allow, or stays.

    Raises NotFound, Forbidden.
    """
    lead = lock_lead(actor, lead_id)
    actor.require("clients.update")

    before = lead.stage
    _advance(actor, Lead.objects.filter(pk=lead.pk))
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

    return AdvanceReport(checked=checked, advanced=_advance(actor, leads))


def calificacion_of(score: float) -> str:
    """The score in the words of a loan officer: no_calificado below 40, potencial from 40, calificado from 70."""
    if score >= DEFAULT_THRESHOLDS["hot"]:
        return "calificado"
    return "potencial" if score >= DEFAULT_THRESHOLDS["warm"] else "no_calificado"


def board(actor: Actor, *, per_stage: int) -> list[Column]:
    """Every stage in its order, empty ones too, in two queries."""
    tops = [leads_in_stage(actor, stage).select_related(None)[:per_stage] for stage in STAGE_ORDER]
    leads = sorted(tops[0].union(*tops[1:], all=True), key=lambda lead: (-lead.score, -lead.pk))
    totals = _leads_per_stage(visible_leads(actor))
    return [
        Column(stage=stage, total=totals.get(stage, 0), leads=[lead for lead in leads if lead.stage == stage])
        for stage in STAGE_ORDER
    ]


def funnel(actor: Actor) -> Funnel:
    """How leads go through the pipeline, from where they stand and from every move they made; in four queries."""
    leads = visible_leads(actor)
    counts = _leads_per_stage(leads)
    total = sum(counts.values())
    so_far = _average_seconds_so_far(leads)
    came_back = _leads_per_stage(leads.filter(Exists(_moves_out_of(OuterRef("stage")).filter(lead=OuterRef("pk")))))
    left = _departures(leads)
    stages = []
    for stage in STAGE_ORDER:
        gone, gone_further, seconds = left.get(stage, (0, 0, None))
        reached = gone + counts.get(stage, 0) - came_back.get(stage, 0)
        stages.append(
            StageFigures(
                stage=stage,
                count=counts.get(stage, 0),
                reached=reached,
                conversion_rate=None if stage in FINAL_STAGES else _share(gone_further, reached),
                average_seconds=seconds,
                average_seconds_so_far=so_far.get(stage),
            )
        )
    won = counts.get(Stage.GANADO, 0)
    return Funnel(
        total=total,
        won=won,
        lost=counts.get(Stage.PERDIDO, 0),
        conversion_rate=_share(won, total),
        stages=stages,
    )


def _advance(actor: Actor, leads: QuerySet[Lead]) -> int:
    """Move those of the leads that a rule moves; how many. Three queries and one for each kind of move."""
    rules = advance_rules(_today())
    by_rule = Case(
        *(
            When(rule.condition & Q(stage__in=_stages_before(rule.to)), then=number)
            for number, rule in enumerate(rules)
        ),
        output_field=fields.IntegerField(),
    )
    due = leads.annotate(rule_number=by_rule).filter(rule_number__isnull=False).order_by("id")
    locked = list(due.select_for_update(of=("self",), skip_locked=True)[:MAX_ADVANCED_AT_ONCE])
    for number, rule in enumerate(rules):
        moves = [(lead, rule.to.value) for lead in locked if lead.rule_number == number]
        if moves:
            put_in_stages(actor=actor, moves=moves, reason=f"auto_advance.{rule.name}")
    return len(locked)


def _knows(name: str) -> Q:
    """Something is kept under the name, and it is neither nothing nor an empty text."""
    return Q(attributes__has_key=name) & ~Q(attributes__contains={name: ""}) & ~Q(attributes__contains={name: None})


def _stages_before(stage: Stage) -> tuple[str, ...]:
    return STAGE_ORDER[: STAGE_ORDER.index(stage)]


def _today() -> date:
    """The date where the broker is."""
    name = Broker.objects.values_list("timezone", flat=True).get(pk=entered_broker_id())
    return timezone.localdate(timezone=ZoneInfo(name))


def _leads_per_stage(leads: QuerySet[Lead]) -> dict[str, int]:
    return dict(leads.order_by().values_list("stage").annotate(number=Count("pk")))


def _average_seconds_so_far(leads: QuerySet[Lead]) -> dict[str, float]:
    stay = ExpressionWrapper(Value(timezone.now()) - F("stage_changed_at"), output_field=fields.DurationField())
    rows = leads.order_by().values_list("stage").annotate(stay=Avg(stay))
    return {stage: round(length.total_seconds(), 1) for stage, length in rows}


def _moves_out_of(stage: OuterRef) -> QuerySet[StageChange]:
    return StageChange.objects.filter(from_stage=stage)


def _departures(leads: QuerySet[Lead]) -> dict[str, tuple[int, int, float | None]]:
    """By stage: leads that ever left it, those that left it for a later stage but perdido, seconds that they stayed."""
    further = Q()
    for stage in STAGE_ORDER:
        later = set(STAGE_ORDER[STAGE_ORDER.index(stage) + 1 :]) - {Stage.PERDIDO}
        further |= Q(from_stage=stage, to_stage__in=later)
    rows = (
        StageChange.objects.filter(lead__in=leads.select_related(None))
        .values_list("from_stage")
        .annotate(
            gone=Count("lead", distinct=True),
            gone_further=Count("lead", distinct=True, filter=further),
            seconds=Avg("seconds_in_stage"),
        )
    )
    return {stage: (gone, gone_further, round(seconds, 1)) for stage, gone, gone_further, seconds in rows}


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0
