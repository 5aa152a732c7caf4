"""The cards of a board, by columns and by pages."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from django.db.models import Q

from apps.core.access import Actor
from apps.leads.board.figures import ColumnFigures, figures_of
from apps.leads.board.finding import BoardFilter, Found, Key, find_leads, leads_at, narrowed, ordered_leads
from apps.leads.models import Lead, LeadIdentity
from apps.leads.queries import require_stage, visible_leads
from apps.leads.types import STAGE_ORDER

PER_COLUMN: Final = 15


@dataclass(frozen=True, kw_only=True)
class CardPage:
    """Leads of one column, the most promising first; `cursor` asks for those after them, empty at the end."""

    leads: Sequence[Lead]
    cursor: str


@dataclass(frozen=True, kw_only=True)
class Column:
    """One stage of the board."""

    figures: ColumnFigures
    cards: CardPage


def read_board(actor: Actor, wanted: BoardFilter, *, limit: int = PER_COLUMN) -> list[Column]:
    """Every column with its top, empty ones too, in five queries."""
    found = find_leads(actor, wanted)
    tops = _tops(actor, wanted, found, limit)
    return [Column(figures=figures, cards=_page(tops[figures.stage], limit)) for figures in figures_of(actor, found)]


def column_cards(
    actor: Actor, stage: str, wanted: BoardFilter, *, cursor: str = "", limit: int = PER_COLUMN
) -> CardPage:
    """The next leads of a column, in three queries. A cursor that is not ours starts from the top.

    Raises InvalidInput for an unknown stage.
    """
    require_stage(stage)
    after = _read_cursor(cursor)
    found = find_leads(actor, wanted)
    if found.keys is not None:
        keys = found.keys[stage] if after is None else [key for key in found.keys[stage] if key < after]
        leads = leads_at(key for key in keys[: limit + 1])
    else:
        rows = ordered_leads(actor, stage, wanted)
        if after is not None:
            score, lead_id = after
            rows = rows.filter(Q(score__lt=score) | Q(score=score, pk__lt=lead_id), score__lte=score)
        leads = list(rows[: limit + 1])
    _add_identities(leads)
    return _page(leads, limit)


def board_card(actor: Actor, lead_id: int, wanted: BoardFilter) -> Lead | None:
    """One lead where it belongs on this board, in two queries."""
    lead = narrowed(visible_leads(actor).select_related(None), wanted).filter(pk=lead_id).first()
    if lead is not None:
        _add_identities([lead])
    return lead


def _tops(actor: Actor, wanted: BoardFilter, found: Found, limit: int) -> dict[str, list[Lead]]:
    """The best of each stage and one more, in two queries."""
    if found.keys is not None:
        leads = leads_at(key for keys in found.keys.values() for key in keys[: limit + 1])
    else:
        tops = [ordered_leads(actor, stage, wanted)[: limit + 1] for stage in STAGE_ORDER]
        leads = sorted(tops[0].union(*tops[1:], all=True), key=lambda lead: (-lead.score, -lead.pk))
    _add_identities(leads)
    by_stage: dict[str, list[Lead]] = {stage: [] for stage in STAGE_ORDER}
    for lead in leads:
        by_stage[lead.stage].append(lead)
    return by_stage


def _page(leads: Sequence[Lead], limit: int) -> CardPage:
    shown = leads[:limit]
    return CardPage(leads=shown, cursor=f"{shown[-1].score}:{shown[-1].pk}" if len(leads) > limit else "")


def _read_cursor(cursor: str) -> Key | None:
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
