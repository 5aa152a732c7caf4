"""What stands above the columns of a board: totals, how long leads stay, what they can spend."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from django.db.models import Avg, Case, CharField, DecimalField, Sum, Value, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce

from apps.core.access import Actor
from apps.leads.board.finding import BoardFilter, Found, find_leads
from apps.leads.models import Lead, StageChange
from apps.leads.types import STAGE_ORDER

# Money is added up in columns of at most so many leads.
MOST_ADDED: Final = 1_000
# The average stay is that of the newest moves.
RECENT_MOVES: Final = 2_000
_AMOUNT: Final = r"^\d{1,13}(\.\d{1,6})?$"


@dataclass(frozen=True, kw_only=True)
class ColumnFigures:
    """What stands above a column. `is_exact` False: there are more than `total`. `average_seconds`: of the newest stays
    that ended, None without any. `money`: currency → sum of the budgets, empty where there are too many to add up.
    """

    stage: str
    total: int
    is_exact: bool
    average_seconds: float | None
    money: Mapping[str, Decimal] = field(default_factory=dict)


def board_figures(actor: Actor, wanted: BoardFilter) -> list[ColumnFigures]:
    """What stands above the columns, in three queries."""
    return figures_of(actor, find_leads(actor, wanted))


def figures_of(actor: Actor, found: Found) -> list[ColumnFigures]:
    """Two queries."""
    seconds = _average_seconds(actor)
    money = _money(found)
    return [
        ColumnFigures(
            stage=stage,
            total=found.totals[stage],
            is_exact=found.is_exact,
            average_seconds=seconds.get(stage),
            money=money.get(stage, {}),
        )
        for stage in STAGE_ORDER
    ]


def _average_seconds(actor: Actor) -> dict[str, float]:
    """How long leads stayed in each stage, of the newest moves that the actor may know of."""
    newest = StageChange.objects.order_by("-id").values("pk")[:RECENT_MOVES]
    moves = StageChange.objects.filter(pk__in=newest)
    if not actor.sees_everything:
        moves = moves.filter(lead__assigned_agent_id=actor.user_id)
    rows = moves.order_by().values_list("from_stage").annotate(seconds=Avg("seconds_in_stage"))
    return {stage: float(seconds) for stage, seconds in rows if seconds is not None}


def _money(found: Found) -> dict[str, dict[str, Decimal]]:
    """Stage → currency → what the leads of short columns can spend, as far as they said it in numbers. One query."""
    short = [stage for stage, total in found.totals.items() if total <= MOST_ADDED and found.is_exact]
    rows = Lead.objects.filter(stage__in=short).order_by()
    if found.keys is not None:
        rows = rows.filter(pk__in=[lead_id for stage in short for _score, lead_id in found.keys[stage]])
    amount = KeyTextTransform("budget_amount", "attributes")
    currency = Coalesce(KeyTextTransform("budget_currency", "attributes"), Value(""), output_field=CharField())
    spoken = (
        rows.annotate(currency=currency, said=Cast(amount, CharField()))
        .filter(said__regex=_AMOUNT)
        .annotate(
            amount=Case(When(said__regex=_AMOUNT, then=Cast(amount, DecimalField(max_digits=19, decimal_places=6))))
        )
        .values_list("stage", "currency")
        .annotate(Sum("amount"))
    )
    money: dict[str, dict[str, Decimal]] = defaultdict(dict)
    for stage, named, total in spoken:
        money[stage][named] = total
    return money
