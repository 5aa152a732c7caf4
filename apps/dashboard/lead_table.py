"""What a table of leads shows, as its address says it: search, filter, order, columns, page.

The quick filters and the builder are two hands on one filter of `apps.leads.filters`: `whole` joins them, `split` parts
a saved filter again, so that what a quick filter can say is shown there.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from apps.core.errors import InvalidInput
from apps.dashboard.lead_columns import USUAL
from apps.leads.saved_views import View

PAGE_SIZE: Final = 50
# The address' own names of what the state is made of.
_STATE: Final = ("q", "stage", "status", "agent", "tag", "filter", "sort", "columns")
_LONGEST_SEARCH: Final = 120
_MOST_PAGES: Final = 1_000_000
ME, NOBODY = "me", "none"


@dataclass(frozen=True, kw_only=True)
class Quick:
    """The filters that are one click away; empty ones narrow nothing."""

    stages: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    agent: str = ""
    tags: tuple[str, ...] = ()

    @property
    def is_set(self) -> bool:
        """Whether any of them narrows the list."""
        return bool(self.stages or self.statuses or self.agent or self.tags)


@dataclass(frozen=True, kw_only=True)
class TableState:
    """One table. `view`: the id of the saved view it began with; `is_changed`: it is not as that view any more."""

    search: str = ""
    quick: Quick = field(default_factory=Quick)
    conditions: Mapping[str, Any] = field(default_factory=dict)
    sort: str = ""
    columns: tuple[str, ...] = ()
    page: int = 1
    view: str = ""
    is_changed: bool = False

    @property
    def offset(self) -> int:
        """How many rows stand before this page."""
        return (self.page - 1) * PAGE_SIZE

    @property
    def is_narrowed(self) -> bool:
        """Whether anything is left out."""
        return bool(self.search or self.quick.is_set or self.conditions)

    @property
    def whole(self) -> dict[str, Any]:
        """Quick filters and builder together, as one filter of `apps.leads.filters`."""
        nodes: list[Mapping[str, Any]] = [*_nodes_of(self.quick)]
        if set(self.conditions) == {"all"} and isinstance(self.conditions["all"], list):
            nodes += self.conditions["all"]
        elif self.conditions:
            nodes.append(self.conditions)
        return {"all": nodes} if nodes else {}

    @property
    def columns_text(self) -> str:
        """The chosen columns as the address has them; empty for the usual ones."""
        return "" if self.columns == USUAL else ",".join(self.columns)

    @property
    def query(self) -> str:
        """The address' part after the question mark, without the page."""
        return self.query_dict().urlencode()

    @property
    def spelled_out(self) -> str:
        """The same without naming a view: every part of it is said."""
        return self.query_dict(view="", is_changed=False).urlencode()

    def query_dict(self, **changed: Any) -> QueryDict:
        """The same, with other values of the state where they are given."""
        return _written(replace(self, **changed) if changed else self)


def read_state(query: QueryDict) -> TableState:
    """The state that an address names.

    Raises InvalidInput for a filter that is no JSON object; whether it makes sense, `apps.leads.filters` decides.
    """
    return TableState(
        search=query.get("q", "").replace("\x00", "").strip()[:_LONGEST_SEARCH],
        quick=Quick(
            stages=_given(query, "stage"),
            statuses=_given(query, "status"),
            agent=query.get("agent", "")[:20],
            tags=_given(query, "tag"),
        ),
        conditions=_conditions(query.get("filter", "")),
        sort=query.get("sort", "")[:130],
        columns=tuple(name for name in query.get("columns", "").split(",") if name)[:60],
        page=_page(query.get("page", "")),
        view=query.get("view", "")[:40],
        is_changed=any(name in query for name in _STATE) or "changed" in query,
    )


def resolved_state(query: QueryDict, views: Iterable[View]) -> TableState:
    """What an address means: with nothing but a view's name, the view as it was saved.

    Raises InvalidInput as `read_state`.
    """
    given = read_state(query)
    view = next((row for row in views if row.id == given.view), None)
    if view is None:
        return replace(given, view="", is_changed=False)
    if given.is_changed:
        return given
    quick, rest = split(view.conditions)
    return TableState(
        search=view.search,
        quick=quick,
        conditions=rest,
        sort=view.sort,
        columns=view.columns,
        view=view.id,
        page=given.page,
    )


def split(conditions: Mapping[str, Any]) -> tuple[Quick, dict[str, Any]]:
    """What the quick filters can say of a filter, and the rest of it."""
    if set(conditions) != {"all"}:
        return Quick(), dict(conditions)
    said: dict[str, Any] = {}
    rest: list[Any] = []
    for node in conditions["all"]:
        found = _quick_of(node)
        if found is None or found[0] in said:
            rest.append(node)
        else:
            said[found[0]] = found[1]
    return Quick(**said), {"all": rest} if rest else {}


def _nodes_of(quick: Quick) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = []
    if quick.stages:
        nodes.append({"field": "stage", "op": "in", "value": list(quick.stages)})
    if quick.statuses:
        nodes.append({"field": "status", "op": "in", "value": list(quick.statuses)})
    if quick.agent == ME:
        nodes.append({"field": "assigned_agent", "op": "is_me"})
    elif quick.agent == NOBODY:
        nodes.append({"field": "assigned_agent", "op": "unknown"})
    elif quick.agent:
        nodes.append({"field": "assigned_agent", "op": "is", "value": quick.agent})
    if quick.tags:
        nodes.append({"field": "tags", "op": "has_any", "value": list(quick.tags)})
    return nodes


def _quick_of(node: object) -> tuple[str, Any] | None:
    if not isinstance(node, Mapping):
        return None
    match (node.get("field"), node.get("op"), node.get("value")):
        case ("stage", "in", list(values)):
            return "stages", tuple(map(str, values))
        case ("stage", "is", str(value)):
            return "stages", (value,)
        case ("status", "in", list(values)):
            return "statuses", tuple(map(str, values))
        case ("status", "is", str(value)):
            return "statuses", (value,)
        case ("tags", "has_any", list(values)):
            return "tags", tuple(map(str, values))
        case ("assigned_agent", "is_me", _):
            return "agent", ME
        case ("assigned_agent", "unknown", _):
            return "agent", NOBODY
        case ("assigned_agent", "is", int(value)):
            return "agent", str(value)
    return None


def _written(state: TableState) -> QueryDict:
    query = QueryDict(mutable=True)
    if state.view:
        query["view"] = state.view
    if state.view and not state.is_changed:
        return query
    quick = state.quick
    for name, values in (("stage", quick.stages), ("status", quick.statuses), ("tag", quick.tags)):
        query.setlist(name, list(values)) if values else None
    for name, value in (
        ("q", state.search),
        ("agent", quick.agent),
        ("filter", json.dumps(state.conditions, ensure_ascii=False) if state.conditions else ""),
        ("sort", state.sort),
        ("columns", state.columns_text),
    ):
        if value:
            query[name] = value
    if state.view:
        query["changed"] = "1"
    return query


def _given(query: QueryDict, name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in query.getlist(name) if value))[:50]


def _conditions(text: str) -> dict[str, Any]:
    if not text:
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise InvalidInput(_("The filter of this address cannot be read."), field="filter")
    return found


def _page(text: str) -> int:
    return min(max(1, int(text)), _MOST_PAGES) if text.isdecimal() and len(text) < 8 else 1
