"""The pipeline as a whole: its board and its figures."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Avg, Count, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Value, fields
from django.utils import timezone

from apps.core.access import Actor
from apps.leads.models import Lead, StageChange
from apps.leads.queries import leads_in_stage, visible_leads
from apps.leads.tallies import leads_per_stage
from apps.leads.types import DEFAULT_THRESHOLDS, FINAL_STAGES, STAGE_ORDER, Stage


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


def calificacion_of(score: float) -> str:
    """The score in the words of a loan officer: no_calificado below 40, potencial from 40, calificado from 70."""
    if score >= DEFAULT_THRESHOLDS["hot"]:
        return "calificado"
    return "potencial" if score >= DEFAULT_THRESHOLDS["warm"] else "no_calificado"


def board(actor: Actor, *, per_stage: int) -> list[Column]:
    """Every stage in its order, empty ones too, in two queries."""
    tops = [leads_in_stage(actor, stage).select_related(None)[:per_stage] for stage in STAGE_ORDER]
    leads = sorted(tops[0].union(*tops[1:], all=True), key=lambda lead: (-lead.score, -lead.pk))
    totals = leads_per_stage() if actor.sees_everything else _leads_per_stage(visible_leads(actor))
    return [
        Column(stage=stage, total=totals.get(stage, 0), leads=[lead for lead in leads if lead.stage == stage])
        for stage in STAGE_ORDER
    ]


def funnel(actor: Actor) -> Funnel:
    """How leads go through the pipeline, from where they stand and from every move they made; in four queries."""
    leads = visible_leads(actor)
    counts = leads_per_stage() if actor.sees_everything else _leads_per_stage(leads)
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
