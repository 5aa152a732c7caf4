"""Which leads a board shows: all, by the tally, or what a filter finds, up to a bound."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from django.db import connection
from django.db.models import QuerySet

from apps.core.access import Actor
from apps.leads.models import Lead
from apps.leads.queries import leads_in_stage, search_leads, visible_leads
from apps.leads.tallies import leads_per_stage
from apps.leads.types import STAGE_ORDER

# So many leads that a filter finds are read at once; beyond it, totals say "at least".
MOST_FOUND: Final = 10_000
NOBODY: Final = "none"
_MOST_SOURCES: Final = 100
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
# A lead's place in its column, from below.
Key = tuple[Decimal, int]


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
class Found:
    """What a filter finds: totals by stage, and every lead's place where they are few enough to be read at once."""

    totals: Mapping[str, int]
    is_exact: bool
    keys: Mapping[str, Sequence[Key]] | None = None


def find_leads(actor: Actor, wanted: BoardFilter) -> Found:
    """One query. All leads are in the tally; those of a filter are read as far as MOST_FOUND.

    The index of a search knows no order. Asked for the best of each stage, PostgreSQL may walk a stage from its top to
    look for what is not there (4.5 seconds in a million leads, measured); asked for all that match it never does.
    """
    if actor.sees_everything and wanted.is_empty:
        return Found(totals={**dict.fromkeys(STAGE_ORDER, 0), **leads_per_stage()}, is_exact=True)
    rows = narrowed(visible_leads(actor).select_related(None), wanted).order_by()
    keys: dict[str, list[Key]] = {stage: [] for stage in STAGE_ORDER}
    found = list(rows.values_list("stage", "score", "pk")[: MOST_FOUND + 1])
    for stage, score, lead_id in found:
        keys[stage].append((score, lead_id))
    totals = {stage: len(keys[stage]) for stage in STAGE_ORDER}
    if len(found) > MOST_FOUND:
        return Found(totals=totals, is_exact=False)
    return Found(totals=totals, is_exact=True, keys={stage: sorted(of, reverse=True) for stage, of in keys.items()})


def leads_at(keys: Iterable[Key]) -> list[Lead]:
    """The leads at these places, the best first."""
    rows = Lead.objects.filter(pk__in=[lead_id for _score, lead_id in keys]).only(*_CARD_FIELDS)
    return sorted(rows, key=lambda lead: (-lead.score, -lead.pk))


def ordered_leads(actor: Actor, stage: str, wanted: BoardFilter) -> QuerySet[Lead]:
    return narrowed(leads_in_stage(actor, stage).select_related(None), wanted).only(*_CARD_FIELDS)


def narrowed(rows: QuerySet[Lead], wanted: BoardFilter) -> QuerySet[Lead]:
    if wanted.agent == NOBODY:
        rows = rows.filter(assigned_agent__isnull=True)
    elif wanted.agent:
        rows = rows.filter(assigned_agent_id=_number(wanted.agent))
    if wanted.source:
        rows = rows.filter(source=wanted.source)
    if wanted.tag:
        rows = rows.filter(tags__contains=[wanted.tag])
    return search_leads(rows, wanted.search) if wanted.search.strip() else rows


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


def _number(text: str) -> int:
    """A row's number; 0, which no row has, for anything else."""
    return int(text) if text.isdecimal() and len(text) < 10 else 0
