"""What the table of leads shows; a fixed number of queries, whatever the columns and however many leads."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from apps.accounts.models import User
from apps.core.access import Actor
from apps.core.errors import InvalidInput, NotFound
from apps.core.pagination import Page
from apps.dashboard.lead_columns import (
    Column,
    Kind,
    all_columns,
    chosen_columns,
    table_columns,
)
from apps.dashboard.lead_table import PAGE_SIZE, Quick, TableState
from apps.dashboard.lead_words import counted, quick_words
from apps.leads.filters import describe, parse_conditions
from apps.leads.models import Lead
from apps.leads.queries import LeadFilter, matching_leads, page_of_leads, visible_leads
from apps.leads.sorting import SORTS
from apps.leads.types import LeadStatus, Stage

_DOWNWARDS_FIRST: Final = frozenset({Kind.NUMBER, Kind.SCORE, Kind.MOMENT, Kind.DATE})


@dataclass(frozen=True, kw_only=True)
class Head:
    """The head of a column. `direction` is aria-sort's word; `query` sorts by it, or the other way round."""

    column: Column
    direction: str
    query: str


@dataclass(frozen=True, kw_only=True)
class Pages:
    """Where the page is among all; texts as people write numbers."""

    first: str
    last: str
    total: str
    previous: str
    next: str


@dataclass(frozen=True, kw_only=True)
class Chip:
    """One active filter in words; `without` is the address' query once it is taken away."""

    words: str
    without: str
    is_builder: bool = False


@dataclass(frozen=True, kw_only=True)
class LeadTable:
    """A page of the table with all around it."""

    state: TableState
    page: Page[Lead]
    heads: Sequence[Head]
    columns: Sequence[Column]
    choices: Sequence[Column]
    pages: Pages
    chips: Sequence[Chip]
    problem: str


def filter_of(state: TableState) -> LeadFilter:
    """The filter that the state means.

    Raises InvalidInput that says what is wrong with it.
    """
    return LeadFilter(search=state.search, conditions=parse_conditions(state.whole), sort=state.sort)


def lead_table(actor: Actor, state: TableState, agents: Sequence[User], *, problem: str = "") -> LeadTable:
    """One page of the table. A filter or an order that cannot be read shows no leads and says why, and so does an
    address that could not be read to begin with (`problem`).
    """
    columns = all_columns()
    chosen = chosen_columns(columns, state.columns)
    state = replace(state, columns=tuple(column.key for column in chosen))
    page, problem = (_no_page(), problem) if problem else _page(actor, state)
    return LeadTable(
        state=state,
        page=page,
        heads=[_head(column, state) for column in chosen],
        columns=chosen,
        choices=table_columns(columns),
        pages=_pages(page, state),
        chips=_chips(state, agents) if not problem else [],
        problem=problem,
    )


def table_row(actor: Actor, lead_id: int, keys: Sequence[str]) -> tuple[Lead, list[Column]]:
    """One lead with the columns of the table.

    Raises NotFound for a lead out of the actor's sight.
    """
    lead = visible_leads(actor).filter(pk=lead_id).first()
    if lead is None:
        raise NotFound
    return lead, chosen_columns(all_columns(), keys)


def is_in_table(actor: Actor, state: TableState, lead_id: int) -> bool:
    """Whether the lead still passes the filter."""
    return matching_leads(actor, replace(filter_of(state), sort="")).filter(pk=lead_id).exists()


def quick_choices(actor: Actor, state: TableState, *, agents: Sequence[User], tags: Sequence[str]) -> dict[str, Any]:
    """What the quick filters offer; agents see their own leads only and choose no agent."""
    return {
        "stages": Stage.choices,
        "statuses": LeadStatus.choices,
        "agents": agents if actor.sees_everything else (),
        "tags": list(dict.fromkeys([*state.quick.tags, *tags])),
    }


def _page(actor: Actor, state: TableState) -> tuple[Page[Lead], str]:
    try:
        return page_of_leads(actor, filter_of(state), state.offset, PAGE_SIZE), ""
    except InvalidInput as error:
        return _no_page(), str(error.message)


def _no_page() -> Page[Lead]:
    return Page(items=[], total=0, offset=0, limit=PAGE_SIZE)


def _head(column: Column, state: TableState) -> Head:
    is_sortable = column.key in SORTS or column.field is not None
    if not is_sortable:
        return Head(column=column, direction="", query="")
    down = f"-{column.key}"
    direction = {column.key: "ascending", down: "descending"}.get(state.sort, "")
    first, second = (down, column.key) if column.kind in _DOWNWARDS_FIRST else (column.key, down)
    wanted = {first: second, second: ""}.get(state.sort, first)
    return Head(column=column, direction=direction, query=_query(state, sort=wanted))


def _pages(page: Page[Lead], state: TableState) -> Pages:
    last = page.offset + len(page.items)
    has_more = len(page.items) == PAGE_SIZE and (last < page.total or not page.is_exact)
    return Pages(
        first=counted(page.offset + 1 if page.items else 0),
        last=counted(last),
        total=counted(max(page.total, last)),
        previous=_on_page(state, state.page - 1) if state.page > 1 else "",
        next=_on_page(state, state.page + 1) if has_more else "",
    )


def _chips(state: TableState, agents: Sequence[User]) -> list[Chip]:
    chips = []
    if state.search:
        chips.append(Chip(words=f"“{state.search}”", without=_query(state, search="")))
    for words, without in quick_words(state.quick, agents):
        chips.append(Chip(words=words, without=_query(state, quick=without)))
    if state.conditions:
        said = describe(parse_conditions(state.conditions))
        chips.append(Chip(words=said, without=_query(state, conditions={}), is_builder=True))
    return chips


def _query(state: TableState, **changed: Any) -> str:
    return state.query_dict(**changed, is_changed=True, page=1).urlencode()


def cleared(state: TableState) -> str:
    """The address' query with nothing narrowed."""
    return _query(state, search="", quick=Quick(), conditions={})


def _on_page(state: TableState, number: int) -> str:
    query = state.query_dict()
    if number > 1:
        query["page"] = str(number)
    return query.urlencode()
