"""How many leads there are, without counting a million of them.

Whole stages and temperatures come from the tally, which a trigger keeps. Whatever else is asked for is counted as far
as EXACT_UP_TO; beyond it the planner's estimate is good enough for a page of fifty.
"""

import json
from collections.abc import Callable
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import Count, QuerySet, Sum

from apps.core.locks import lock_names
from apps.core.tenancy import entered_broker_id
from apps.core.work import schedule, work_handler
from apps.leads.models import Lead, LeadTally
from apps.leads.popular_indexes import POPULAR_FROM, ask_to_keep_popular_indexes

EXACT_UP_TO: Final = 10_000
# So many changes are added up in a moment; more are folded into one row for each stage and status.
_FOLDED_FROM: Final = 1_000
_FOLD: Final = "leads.fold_tally"


def leads_per_stage() -> dict[str, int]:
    """All leads of the broker by stage; stages without any are missing. One query."""
    counts: dict[str, int] = {}
    for (stage, _status), number in leads_per_stage_and_status().items():
        counts[stage] = counts.get(stage, 0) + number
    return counts


def leads_per_stage_and_status() -> dict[tuple[str, str], int]:
    """All leads of the broker by stage and temperature. One query, and one more where the tally wants folding."""
    rows = LeadTally.objects.values_list("stage", "status").annotate(total=Sum("number"), parts=Count("pk")).order_by()
    found = list(rows)
    if sum(parts for *_names, parts in found) >= _FOLDED_FROM:
        broker_id = entered_broker_id()
        schedule(_FOLD, {}, broker_id=broker_id, key=f"{broker_id}")
    return {(stage, status): total for stage, status, total, _parts in found if total}


def tallied(passes: Callable[[str, str], bool]) -> int:
    """All leads of the broker in the stages and temperatures that pass."""
    return sum(number for (stage, status), number in leads_per_stage_and_status().items() if passes(stage, status))


def total_of(rows: QuerySet[Lead]) -> tuple[int, bool]:
    """How many rows there are, and whether that is exact: it is up to EXACT_UP_TO, an estimate beyond."""
    counted = rows.order_by()[: EXACT_UP_TO + 1].count()
    return (counted, True) if counted <= EXACT_UP_TO else estimate(rows)


def estimate(rows: QuerySet[Lead]) -> tuple[int, bool]:
    """What the planner thinks of rows that are known to be more than EXACT_UP_TO; never exact."""
    plan = json.loads(rows.order_by().values("pk").explain(format="json"))
    return max(int(plan[0]["Plan"]["Plan Rows"]), EXACT_UP_TO + 1), False


@work_handler(_FOLD, max_attempts=5)
def fold_tally(_payload: dict[str, Any]) -> None:
    """Make one row of all changes for each stage and status; those that are written meanwhile stay as they are."""
    with transaction.atomic():
        lock_names([f"{_FOLD}:{entered_broker_id()}"])
        with connection.cursor() as cursor:
            cursor.execute(
                """
                WITH folded AS (DELETE FROM leads_leadtally RETURNING stage, status, number)
                INSERT INTO leads_leadtally (stage, status, number)
                SELECT stage, status, sum(number) FROM folded GROUP BY stage, status HAVING sum(number) <> 0
                """
            )
    if sum(leads_per_stage().values()) >= POPULAR_FROM:
        ask_to_keep_popular_indexes()
