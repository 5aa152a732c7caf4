"""The rows that point to a lead, found in Django's relations: a new table with a lead in it need not come here."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Field, ForeignObjectRel

from apps.leads.models import DuplicatePair, Lead

Moved = dict[str, list[Any]]  # JSON: {table.column: [primary keys]}
PAIRS, PAIRS_MADE = "leads_duplicatepair", "leads_duplicatepair.made"


@dataclass(frozen=True, kw_only=True)
class Pointer:
    """One column that names a lead."""

    table: str
    column: str
    key: str
    label: str

    @property
    def name(self) -> str:
        """As merges keep it."""
        return f"{self.table}.{self.column}"


def pointers() -> Iterator[Pointer]:
    """Every foreign key to leads, but those of pairs, which have an order."""
    for relation in Lead._meta.get_fields(include_hidden=True):
        if not isinstance(relation, ForeignObjectRel) or relation.many_to_many:
            continue
        model, field = relation.related_model, relation.field
        if model is DuplicatePair or not isinstance(field, Field) or isinstance(model, str) or not field.column:
            continue
        yield Pointer(
            table=model._meta.db_table,
            column=field.column,
            key=str(model._meta.pk.column),
            label=str(model._meta.verbose_name_plural),
        )


def count_rows(lead_id: int) -> list[tuple[Pointer, int]]:
    """How many rows of each kind point to the lead; one query."""
    kinds = list(pointers())
    parts = [f'(SELECT count(*) FROM "{one.table}" WHERE "{one.column}" = %s)' for one in kinds]
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(parts), [lead_id] * len(kinds))
        counts = cursor.fetchone()
    return [(kind, int(count)) for kind, count in zip(kinds, counts, strict=True) if count]


def move_rows(*, from_id: int, to_id: int) -> Moved:
    """Everything of one lead becomes the other's; returns what moved. One statement for each table."""
    moved: Moved = {}
    with connection.cursor() as cursor:
        for one in pointers():
            cursor.execute(
                f'UPDATE "{one.table}" SET "{one.column}" = %s WHERE "{one.column}" = %s RETURNING "{one.key}"',
                [to_id, from_id],
            )
            keys = [_as_json(key) for (key,) in cursor.fetchall()]
            if keys:
                moved[one.name] = keys
    return {**moved, **_move_pairs(from_id, to_id)}


def move_rows_back(moved: Moved, *, from_id: int, to_id: int) -> None:
    """Those that moved and are still there go back to where they were."""
    with connection.cursor() as cursor:
        for one in pointers():
            keys = moved.get(one.name)
            if keys:
                cursor.execute(
                    f'UPDATE "{one.table}" SET "{one.column}" = %s WHERE "{one.column}" = %s AND "{one.key}" = ANY(%s)',
                    [to_id, from_id, keys],
                )
    _move_pairs_back(moved)


def _move_pairs(from_id: int, to_id: int) -> Moved:
    """What the lead that goes had in common with third ones, the other has now; a "two people" stays one."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            DELETE FROM leads_duplicatepair WHERE first_id = %s OR second_id = %s
            RETURNING first_id, second_id, reason, likeness, state, decided_by_id, decided_at::text, created_at::text
            """,
            [from_id, from_id],
        )
        pairs = [list(row) for row in cursor.fetchall()]
        others = [[first if second == from_id else second, *rest] for first, second, *rest in pairs]
        made: list[int] = []
        for other, *rest in others:
            if other != to_id:
                cursor.execute(_ADD_PAIR, [min(other, to_id), max(other, to_id), *rest])
                made += [key for (key,) in cursor.fetchall()]
    return {name: rows for name, rows in ((PAIRS, pairs), (PAIRS_MADE, made)) if rows}


def _move_pairs_back(moved: Moved) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM leads_duplicatepair WHERE id = ANY(%s) AND state = 'open'", [moved.get(PAIRS_MADE, [])]
        )
        for first, second, *rest in moved.get(PAIRS, []):
            cursor.execute(_ADD_PAIR, [first, second, *rest])


# A lead that is gone meanwhile has no pairs.
_ADD_PAIR = """
    INSERT INTO leads_duplicatepair
           (first_id, second_id, reason, likeness, state, decided_by_id, decided_at, created_at)
    SELECT one.id, other.id, given.reason, given.likeness, given.state,
           (SELECT id FROM public.accounts_user WHERE id = given.decided_by), given.decided_at, given.created_at
      FROM (VALUES (%s::bigint, %s::bigint, %s, %s::smallint, %s, %s::bigint, %s::timestamptz, %s::timestamptz))
           AS given (first, second, reason, likeness, state, decided_by, decided_at, created_at)
      JOIN leads_lead AS one ON one.id = given.first
      JOIN leads_lead AS other ON other.id = given.second
    ON CONFLICT (first_id, second_id) DO NOTHING
    RETURNING id
"""


def _as_json(key: Any) -> Any:
    return key if isinstance(key, int) else str(key)
