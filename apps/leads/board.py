"""The pipeline as people move leads through it: columns of cards, at a cost that does not grow with the leads.

Totals come from the tally; narrowed ones are counted up to a bound. Averages are of the newest moves, sums of columns
that are small enough. So every board is read in a fixed number of queries, each of them over a bounded number of rows.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Final

from django.db import connection
from django.db.models import Avg, Case, CharField, DecimalField, Q, QuerySet, Sum, Value, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Coalesce

from apps.core.access import Actor
from apps.leads.models import Lead, LeadIdentity, LeadTally, StageChange
from apps.leads.queries import leads_in_stage, search_leads, visible_leads
from apps.leads.types import STAGE_ORDER

PER_COLUMN: Final = 15
# A narrowed column is counted so far; there are "more than" that many.
MOST_COUNTED: Final = 1_000
# Money is added up in columns of at most so many leads.
MOST_ADDED: Final = 1_000
# The average stay is that of the newest moves.
RECENT_MOVES: Final = 2_000
NOBODY: Final = "none"
_MOST_SOURCES: Final = 100
_AMOUNT: Final = r"^\d{1,13}(\.\d{1,6})?$"
_CARD_FIELDS: Final = (
    "id",
    "uid",
    "first_name",
    "last_name",
    "phone",
    "email",
    "stage",
    "status",
    "score",
    "tags",
    "source",
    "attributes",
    "assigned_agent_id",
    "stage_changed_at",
    "last_contacted_at",
    "last_inbound_at",
    "created_at",
)


@dataclass(frozen=True, kw_only=True)
class BoardFilter:
    """What a board is narrowed to; an empty value narrows nothing. `agent`: a user's number, or `none` for nobody's."""

    search: str = ""
    agent: str = ""
    source: str = ""
    tag: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is narrowed."""
        return not (self.search.strip() or self.agent or self.source or self.tag)


@dataclass(frozen=True, kw_only=True)
class ColumnFigures:
    """What stands above a column. `is_exact` False: there are more than `total`. `average_seconds`: of the newest stays
    that ended, None without any. `money`: currency → sum of the budgets, empty where the column is too long to add up.
    """

    stage: str
    total: int
    is_exact: bool
    average_seconds: float | None
    money: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class CardPage:
    """Leads of one column, the most promising first; `cursor` asks for those after them, empty at the end."""

    leads: Sequence[Lead]
    cursor: str


def board_cards(actor: Actor, wanted: BoardFilter, *, limit: int = PER_COLUMN) -> dict[str, CardPage]:
    """The top of every column, empty ones too, in two queries (the leads, and how channels know them)."""
    tops = [_ordered(actor, stage, wanted)[: limit + 1] for stage in STAGE_ORDER]
    by_stage: dict[str, list[Lead]] = defaultdict(list)
    for lead in sorted(tops[0].union(*tops[1:], all=True), key=lambda lead: (-lead.score, -lead.pk)):
        by_stage[lead.stage].append(lead)
    pages = {stage: _page(by_stage[stage], limit) for stage in STAGE_ORDER}
    _add_identities(lead for page in pages.values() for lead in page.leads)
    return pages


def column_cards(
    actor: Actor, stage: str, wanted: BoardFilter, *, cursor: str = "", limit: int = PER_COLUMN
) -> CardPage:
    """The next leads of a column, in two queries. A cursor that is not ours starts from the top.

    Raises InvalidInput for an unknown stage.
    """
    rows = _ordered(actor, stage, wanted)
    after = _read_cursor(cursor)
    if after is not None:
        score, lead_id = after
        rows = rows.filter(Q(score__lt=score) | Q(score=score, pk__lt=lead_id), score__lte=score)
    page = _page(list(rows[: limit + 1]), limit)
    _add_identities(page.leads)
    return page


def board_card(actor: Actor, lead_id: int, wanted: BoardFilter) -> Lead | None:
    """One lead where it belongs on this board, in two queries."""
    lead = _narrowed(visible_leads(actor).select_related(None), wanted).filter(pk=lead_id).first()
    if lead is not None:
        _add_identities([lead])
    return lead


def board_figures(actor: Actor, wanted: BoardFilter) -> list[ColumnFigures]:
    """What stands above the columns, in three queries."""
    totals = _totals(actor, wanted)
    seconds = _average_seconds(actor)
    money = _money(actor, wanted, [stage for stage, total in totals.items() if 0 < total <= MOST_ADDED])
    is_tally = _is_in_tally(actor, wanted)
    return [
        ColumnFigures(
            stage=stage,
            total=min(totals[stage], MOST_COUNTED) if not is_tally else totals[stage],
            is_exact=is_tally or totals[stage] <= MOST_COUNTED,
            average_seconds=seconds.get(stage),
            money=money.get(stage, {}),
        )
        for stage in STAGE_ORDER
    ]


def known_sources() -> list[str]:
    """Where leads came from, by name; from one end of the index to the other, in as many steps as there are sources."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH RECURSIVE seen AS (
                (SELECT source FROM leads_lead WHERE source > '' ORDER BY source LIMIT 1)
                UNION ALL
                SELECT (SELECT source FROM leads_lead WHERE source > seen.source ORDER BY source LIMIT 1)
                  FROM seen WHERE seen.source IS NOT NULL
            )
            SELECT source FROM seen WHERE source IS NOT NULL LIMIT %s
            """,
            [_MOST_SOURCES],
        )
        return [str(source) for (source,) in cursor.fetchall()]


def _ordered(actor: Actor, stage: str, wanted: BoardFilter) -> QuerySet[Lead]:
    return _narrowed(leads_in_stage(actor, stage).select_related(None), wanted).only(*_CARD_FIELDS)


def _narrowed(rows: QuerySet[Lead], wanted: BoardFilter) -> QuerySet[Lead]:
    if wanted.agent == NOBODY:
        rows = rows.filter(assigned_agent__isnull=True)
    elif wanted.agent:
        rows = rows.filter(assigned_agent_id=_number(wanted.agent))
    if wanted.source:
        rows = rows.filter(source=wanted.source)
    if wanted.tag:
        rows = rows.filter(tags__contains=[wanted.tag])
    return search_leads(rows, wanted.search) if wanted.search.strip() else rows


def _number(text: str) -> int:
    """A row's number; 0, which no row has, for anything else."""
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _page(leads: Sequence[Lead], limit: int) -> CardPage:
    shown = leads[:limit]
    return CardPage(leads=shown, cursor=f"{shown[-1].score}:{shown[-1].pk}" if len(leads) > limit else "")


def _read_cursor(cursor: str) -> tuple[Decimal, int] | None:
    score, _colon, number = cursor.partition(":")
    try:
        value = Decimal(score)
    except InvalidOperation:
        return None
    if not value.is_finite() or not 0 <= value <= 100 or not (number.isdecimal() and len(number) < 19):
        return None
    return value, int(number)


def _add_identities(leads: Iterable[Lead]) -> None:
    """How channels know each lead, as `channel_kinds`: one query."""
    known = list(leads)
    kinds: dict[int, list[str]] = defaultdict(list)
    rows = LeadIdentity.objects.filter(lead_id__in=[lead.pk for lead in known]).order_by("id")
    for lead_id, kind in rows.values_list("lead_id", "kind"):
        kinds[lead_id].append(kind)
    for lead in known:
        lead.channel_kinds = kinds[lead.pk]  # type: ignore[attr-defined]  # beside the row, for its card


def _is_in_tally(actor: Actor, wanted: BoardFilter) -> bool:
    return actor.sees_everything and wanted.is_empty


def _totals(actor: Actor, wanted: BoardFilter) -> dict[str, int]:
    """Leads per stage; of a narrowed board up to MOST_COUNTED + 1."""
    if _is_in_tally(actor, wanted):
        counted = LeadTally.objects.values_list("stage").annotate(Sum("number"))
        return {**dict.fromkeys(STAGE_ORDER, 0), **dict(counted)}
    parts, parameters = [], []
    for stage in STAGE_ORDER:
        rows = _narrowed(visible_leads(actor).select_related(None), wanted).filter(stage=stage).order_by()
        sql, values = rows.values("stage")[: MOST_COUNTED + 1].query.sql_with_params()
        parts.append(f"SELECT %s, count(*) FROM ({sql}) AS counted")
        parameters += [stage, *values]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts), parameters)
        return dict(cursor.fetchall())


def _average_seconds(actor: Actor) -> dict[str, float]:
    """How long leads stayed in each stage, of the newest moves that the actor may know of."""
    newest = StageChange.objects.order_by("-id").values("pk")[:RECENT_MOVES]
    moves = StageChange.objects.filter(pk__in=newest)
    if not actor.sees_everything:
        moves = moves.filter(lead__assigned_agent_id=actor.user_id)
    rows = moves.order_by().values_list("from_stage").annotate(seconds=Avg("seconds_in_stage"))
    return {stage: float(seconds) for stage, seconds in rows if seconds is not None}


def _money(actor: Actor, wanted: BoardFilter, stages: Sequence[str]) -> dict[str, dict[str, Decimal]]:
    """Stage → currency → what its leads can spend, as far as they said it in numbers."""
    amount = KeyTextTransform("budget_amount", "attributes")
    rows = (
        _narrowed(visible_leads(actor).select_related(None), wanted)
        .filter(stage__in=stages)
        .order_by()
        .annotate(
            currency=Coalesce(KeyTextTransform("budget_currency", "attributes"), Value(""), output_field=CharField()),
            said=Cast(amount, CharField()),
        )
        .filter(said__regex=_AMOUNT)
        .annotate(
            amount=Case(When(said__regex=_AMOUNT, then=Cast(amount, DecimalField(max_digits=19, decimal_places=6))))
        )
        .values_list("stage", "currency")
        .annotate(Sum("amount"))
    )
    money: dict[str, dict[str, Decimal]] = defaultdict(dict)
    for stage, currency, total in rows:
        money[stage][currency] = total
    return money
