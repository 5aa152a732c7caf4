"""Indexes of the leads' table that one broker has and another has not: made and dropped beside everybody's work."""

from typing import Final

from django.db import connection
from psycopg import sql

from apps.core.tenancy import current_schema

# Followed by the number of the custom field.
FIELD_PREFIX: Final = "lead_field_"


def build_index(name: str, what: sql.Composable) -> None:
    """Make the index where it is not there; a part that an earlier try left behind is thrown away first.

    `what` is all that follows the table's name.
    """
    if is_whole(name):
        return
    drop_index(name)
    _execute(
        sql.SQL("CREATE INDEX {concurrently} {name} ON {schema}.leads_lead {what}").format(
            concurrently=_concurrently(),
            name=sql.Identifier(name),
            schema=sql.Identifier(current_schema()),
            what=what,
        )
    )


def drop_index(name: str) -> None:
    """Where it is there."""
    _execute(
        sql.SQL("DROP INDEX {concurrently} IF EXISTS {schema}.{name}").format(
            concurrently=_concurrently(), schema=sql.Identifier(current_schema()), name=sql.Identifier(name)
        )
    )


def keep_statistics(name: str, expressions: sql.Composable) -> None:
    """Have the planner know the values of these expressions, from its next look at the leads."""
    _execute(
        sql.SQL("CREATE STATISTICS IF NOT EXISTS {schema}.{name} ON {expressions} FROM {schema}.leads_lead").format(
            schema=sql.Identifier(current_schema()), name=sql.Identifier(name), expressions=expressions
        )
    )


def drop_statistics(name: str) -> None:
    """Where they are there."""
    _execute(
        sql.SQL("DROP STATISTICS IF EXISTS {schema}.{name}").format(
            schema=sql.Identifier(current_schema()), name=sql.Identifier(name)
        )
    )


def is_whole(name: str) -> bool:
    """Whether the index is there and PostgreSQL uses it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", [f"{current_schema()}.{name}"]
        )
        row = cursor.fetchone()
    return bool(row and row[0])


def analyze_leads() -> None:
    """Let the planner look at the leads now: what an expression's values are, it knows only afterwards."""
    _execute(sql.SQL("ANALYZE {schema}.leads_lead").format(schema=sql.Identifier(current_schema())))


def _concurrently() -> sql.SQL:
    """Nobody waits for it; only inside a transaction, where PostgreSQL does not allow that, everybody does."""
    return sql.SQL("" if connection.in_atomic_block else "CONCURRENTLY")


def _execute(statement: sql.Composed) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement.as_string(cursor.connection))
