"""What a great part of a large brokerage's leads has in common, a tag or a value of a filtered field, gets an index of
these leads alone: deep pages of such a list are read off it, where otherwise each sorts a hundred thousand rows.

The planner's own statistics say what is popular; small brokerages never have any.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.db import connection
from django.utils import timezone
from psycopg import sql

from apps.core.tenancy import current_schema, entered_broker_id
from apps.core.work import LONG, schedule, work_handler
from apps.leads.filters.attributes import MOST_INDEXED_BYTES
from apps.leads.indexes import FIELD_PREFIX, build_index, drop_index, is_whole
from apps.leads.models import CustomField

KIND: Final = "leads.keep_popular_indexes"
# Fewer are sorted in a moment.
POPULAR_FROM: Final = 50_000
MOST_INDEXES: Final = 12
_PREFIX: Final = "lead_popular_"
# After many changes autovacuum looks at the table within minutes; then the statistics are new.
_AFTER: Final = timedelta(minutes=15)
_TAGS: Final = """
    SELECT element, frequency * (SELECT reltuples FROM pg_class WHERE oid = to_regclass(%(table)s))
      FROM pg_stats,
           unnest(most_common_elems::text::text[]) WITH ORDINALITY AS elements (element, place)
           JOIN unnest(most_common_elem_freqs) WITH ORDINALITY AS frequencies (frequency, place) USING (place)
     WHERE schemaname = %(schema)s AND tablename = 'leads_lead' AND attname = 'tags'
"""
_VALUES: Final = """
    SELECT element, frequency * (SELECT reltuples FROM pg_class WHERE oid = to_regclass(%(table)s))
      FROM pg_stats,
           unnest(most_common_vals::text::text[], most_common_freqs) AS common (element, frequency)
     WHERE schemaname = %(schema)s AND tablename = %(name)s AND attname = 'expr'
"""


@dataclass(frozen=True)
class Popular:
    """A condition of lists, in the words of the filter, and about how many leads pass it."""

    condition: sql.Composed
    number: float

    @property
    def index(self) -> str:
        """The name of its index."""
        said = self.condition.as_string(None)
        return _PREFIX + hashlib.blake2b(said.encode(), digest_size=8).hexdigest()


def ask_to_keep_popular_indexes() -> None:
    """Have a worker look what is popular, once the statistics know of what happened now."""
    broker_id = entered_broker_id()
    schedule(KIND, {}, broker_id=broker_id, key=str(broker_id), due_at=timezone.now() + _AFTER)


@work_handler(KIND, queue=LONG, max_attempts=3)
def keep_popular_indexes(_payload: dict[str, Any]) -> None:
    """Make the indexes of what is popular now and drop those of what is not; done twice, nothing happens."""
    found = sorted((*_popular_tags(), *_popular_values()), key=lambda one: -one.number)
    wanted = {one.index: one for one in found if one.number >= POPULAR_FROM}
    kept = dict(list(wanted.items())[:MOST_INDEXES])
    for name in _present():
        if name not in kept:
            drop_index(name)
    for name, one in kept.items():
        if not is_whole(name):
            build_index(
                name,
                sql.SQL("(id DESC) INCLUDE (stage, status, score) WHERE {condition}").format(condition=one.condition),
            )


def _popular_tags() -> Iterator[Popular]:
    for tag, number in _rows(_TAGS, "leads_lead"):
        condition = sql.SQL("tags @> (ARRAY[{tag}])::varchar(60)[]").format(tag=sql.Literal(tag))
        yield Popular(condition, number)


def _popular_values() -> Iterator[Popular]:
    """Of the fields with an index of their own, whose statistics there are."""
    for field_id, name in CustomField.objects.filter(has_index=True).values_list("pk", "name"):
        for value, number in _rows(_VALUES, f"{FIELD_PREFIX}{field_id}"):
            condition = sql.SQL(
                "(attributes -> {name}) = {value}::jsonb AND octet_length(attributes ->> {name}) <= {most}"
            ).format(name=sql.Literal(name), value=sql.Literal(value), most=sql.Literal(MOST_INDEXED_BYTES))
            yield Popular(condition, number)


def _rows(query: str, relation: str) -> list[tuple[str, float]]:
    schema = current_schema()
    with connection.cursor() as cursor:
        cursor.execute(query, {"schema": schema, "name": relation, "table": f"{schema}.{relation}"})
        return [(value, float(number)) for value, number in cursor.fetchall()]


def _present() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname FROM pg_indexes WHERE schemaname = %s AND starts_with(indexname, %s)",
            [current_schema(), _PREFIX],
        )
        return [name for (name,) in cursor.fetchall()]
