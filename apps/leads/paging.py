"""One page of many leads, whatever they were filtered by: how its rows are found, and how many there are.

What an index has in the order of the list is walked in that order. For the rest nobody knows how many leads pass: in
the order of the list the planner hopes to meet fifty soon, and where there are fewer it has walked a million. So they
are looked for without an order first, as far as EXACT_UP_TO; few are then sorted, and many are soon met.
"""

from collections.abc import Callable

from django.db.models import QuerySet

from apps.core.pagination import Page
from apps.leads import tallies
from apps.leads.models import Lead
from apps.leads.sorting import is_newest_first


def page_in_order(rows: QuerySet[Lead], offset: int, limit: int) -> Page[Lead]:
    """For rows that an index has in their order; at most three queries."""
    return _page_of_many(rows, offset, limit, tallies.total_of)


def page_of_counted(rows: QuerySet[Lead], offset: int, limit: int, total: int) -> Page[Lead]:
    """For rows whose number is known; at most one query."""
    items = _rows_at(rows, offset, limit) if offset < total else []
    # Leads come and go between two queries.
    return Page(items=items, total=max(total, offset + len(items)) if items else total, offset=offset, limit=limit)


def page_by_looking(rows: QuerySet[Lead], offset: int, limit: int) -> Page[Lead]:
    """For all other rows; at most three queries."""
    if offset > tallies.EXACT_UP_TO:
        counted = rows.order_by()[: offset + 1].count()
        if counted <= offset:
            return Page(items=[], total=counted, offset=offset, limit=limit)
        return _page_of_many(rows, offset, limit, tallies.estimate)
    numbers = list(rows.order_by().values_list("pk", flat=True)[: tallies.EXACT_UP_TO + 1])
    if len(numbers) > tallies.EXACT_UP_TO:
        return _page_of_many(rows, offset, limit, tallies.estimate)
    items = _sorted_rows(rows, numbers, offset, limit) if offset < len(numbers) else []
    return Page(items=items, total=len(numbers), offset=offset, limit=limit)


def _page_of_many(
    rows: QuerySet[Lead], offset: int, limit: int, count: Callable[[QuerySet[Lead]], tuple[int, bool]]
) -> Page[Lead]:
    items = _rows_at(rows, offset, limit)
    seen = offset + len(items)
    if len(items) < limit and (items or not offset):
        return Page(items=items, total=seen, offset=offset, limit=limit)
    total, is_exact = count(rows)
    if items:
        total = max(total, seen)
    return Page(items=items, total=total, offset=offset, limit=limit, is_exact=is_exact)


def _sorted_rows(rows: QuerySet[Lead], numbers: list[int], offset: int, limit: int) -> list[Lead]:
    found = Lead.objects.select_related("assigned_agent").order_by(*rows.query.order_by)
    if is_newest_first(rows.query.order_by):
        page = sorted(numbers, reverse=True)[offset : offset + limit]
        return list(found.filter(pk__in=page))
    return list(found.filter(pk__in=numbers)[offset : offset + limit])


def _rows_at(rows: QuerySet[Lead], offset: int, limit: int) -> list[Lead]:
    """The numbers are found first, in an index where one has all that is asked for; then these few rows are read."""
    numbers = rows.select_related(None).values("pk")[offset : offset + limit]
    found = Lead.objects.select_related("assigned_agent").filter(pk__in=numbers)
    return list(found.order_by(*rows.query.order_by))
