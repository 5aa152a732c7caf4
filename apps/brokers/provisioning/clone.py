"""A new schema equal to the template, made by one SQL script that is read off the catalogs.

Replaying migrations takes seconds; the script takes a fraction of one. PostgreSQL prints the definitions itself
(`pg_get_constraintdef` and its siblings), so type modifiers such as `vector(768)` and every original name are kept.
"""

import re
from dataclasses import dataclass
from threading import Lock

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from apps.core.tenancy import TEMPLATE_SCHEMA

_SAFE_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_TEMPLATE_PREFIX = re.compile(rf"\b{TEMPLATE_SCHEMA}\.")
_TARGET = "{{target}}"


@dataclass(frozen=True)
class _Script:
    """The script with a placeholder for the new schema, and the state of the template it was read from."""

    state: tuple[object, ...]
    sql: str


_cached: _Script | None = None
_cache_lock = Lock()


def clone_template(schema_name: str) -> None:
    """Create the schema as a copy of the template, in the caller's transaction.

    Raises ValueError for a name that is not a plain identifier, RuntimeError where the template was never migrated.
    """
    if not _SAFE_NAME.fullmatch(schema_name):
        raise ValueError(f"{schema_name!r} is no name for a schema")
    with transaction.atomic(), connection.cursor() as cursor:
        sql = _script(cursor).sql.replace(_TARGET, schema_name)
        # Everything in the script is qualified, so the search path does not matter to it.
        cursor.execute(sql)


def _script(cursor: CursorWrapper) -> _Script:
    global _cached
    state = _template_state(cursor)
    with _cache_lock:
        if _cached is None or _cached.state != state:
            _cached = _Script(state=state, sql=_generate(cursor))
        return _cached


def _template_state(cursor: CursorWrapper) -> tuple[object, ...]:
    """Changes with every migration of the template, and with every object added by hand."""
    cursor.execute(
        "SELECT oid, (SELECT count(*) FROM pg_class c WHERE c.relnamespace = n.oid), "
        "(SELECT max(c.oid::bigint) FROM pg_class c WHERE c.relnamespace = n.oid) "
        "FROM pg_namespace n WHERE nspname = %s",
        [TEMPLATE_SCHEMA],
    )
    objects = cursor.fetchone()
    if objects is None or not objects[1]:
        raise RuntimeError("the template schema is missing: run manage.py migrate_all")
    cursor.execute(f"SELECT count(*), max(id), current_database() FROM {TEMPLATE_SCHEMA}.django_migrations")
    return (*objects, *cursor.fetchone())


def _generate(cursor: CursorWrapper) -> str:
    """The whole script. An empty search path makes PostgreSQL qualify every name that it prints."""
    cursor.execute("SELECT current_setting('search_path'), set_config('search_path', '', true)")
    before = cursor.fetchone()[0]
    try:
        statements = [
            f"CREATE SCHEMA {_TARGET}",
            # A function's body may name tables that come later.
            "SET LOCAL check_function_bodies = off",
            *_functions(cursor),
            *_free_sequences(cursor),
            *_tables(cursor),
            *_owned_sequences(cursor),
            *_constraints(cursor, "p", "u", "x"),
            *_indexes(cursor),
            *_constraints(cursor, "f"),
            *_views(cursor),
            *_triggers(cursor),
            f"INSERT INTO {_TARGET}.django_migrations (app, name, applied) "
            f"SELECT app, name, applied FROM {TEMPLATE_SCHEMA}.django_migrations ORDER BY id",
        ]
    finally:
        cursor.execute("SELECT set_config('search_path', %s, true)", [before])
    return ";\n".join(statements)


def _moved(sql: str) -> str:
    """The definition with the template's name replaced by the placeholder."""
    return _TEMPLATE_PREFIX.sub(f"{_TARGET}.", sql)


def _rows(cursor: CursorWrapper, sql: str) -> list[tuple[str, ...]]:
    cursor.execute(sql.replace(":template", f"'{TEMPLATE_SCHEMA}'::regnamespace"))
    return cursor.fetchall()


def _tables(cursor: CursorWrapper) -> list[str]:
    rows = _rows(
        cursor,
        "SELECT quote_ident(relname) FROM pg_class WHERE relnamespace = :template AND relkind = 'r' ORDER BY oid",
    )
    return [
        # Indexes would get new names from LIKE; they are made one by one under their own.
        f"CREATE TABLE {_TARGET}.{name} (LIKE {TEMPLATE_SCHEMA}.{name} INCLUDING ALL EXCLUDING INDEXES)"
        for (name,) in rows
    ]


def _free_sequences(cursor: CursorWrapper) -> list[str]:
    """Sequences other than those of identity columns, which LIKE makes itself."""
    rows = _rows(
        cursor,
        """
        SELECT quote_ident(c.relname), format_type(s.seqtypid, NULL), s.seqincrement, s.seqmin, s.seqmax, s.seqstart,
               s.seqcache, CASE WHEN s.seqcycle THEN 'CYCLE' ELSE 'NO CYCLE' END
          FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid
         WHERE c.relnamespace = :template
           AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'i'
                            AND d.classid = 'pg_class'::regclass)
         ORDER BY c.oid
        """,
    )
    return [
        f"CREATE SEQUENCE {_TARGET}.{name} AS {kind} INCREMENT {step} MINVALUE {low} MAXVALUE {high} START {start} "
        f"CACHE {cache} {cycle}"
        for name, kind, step, low, high, start, cache, cycle in rows
    ]


def _owned_sequences(cursor: CursorWrapper) -> list[str]:
    """Columns whose default is a sequence of the template get the clone's own one."""
    rows = _rows(
        cursor,
        """
        SELECT quote_ident(t.relname), quote_ident(a.attname), quote_ident(s.relname), pg_get_expr(ad.adbin, ad.adrelid)
          FROM pg_class s
          JOIN pg_depend d ON d.objid = s.oid AND d.classid = 'pg_class'::regclass AND d.deptype = 'a'
          JOIN pg_class t ON t.oid = d.refobjid
          JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
          JOIN pg_attrdef ad ON ad.adrelid = t.oid AND ad.adnum = a.attnum
         WHERE s.relnamespace = :template AND s.relkind = 'S'
         ORDER BY s.oid
        """,
    )
    statements = []
    for table, column, sequence, default in rows:
        statements.append(f"ALTER TABLE {_TARGET}.{table} ALTER COLUMN {column} SET DEFAULT {_moved(default)}")
        statements.append(f"ALTER SEQUENCE {_TARGET}.{sequence} OWNED BY {_TARGET}.{table}.{column}")
    return statements


def _constraints(cursor: CursorWrapper, *kinds: str) -> list[str]:
    """One ALTER TABLE per table. Checks and not-nulls come with LIKE."""
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    rows = _rows(
        cursor,
        f"""
        SELECT quote_ident(t.relname),
               string_agg(format('ADD CONSTRAINT %I %s', con.conname, pg_get_constraintdef(con.oid)), ', '
                          ORDER BY con.contype, con.oid)
          FROM pg_constraint con JOIN pg_class t ON t.oid = con.conrelid
         WHERE con.connamespace = :template AND con.contype IN ({listed})
         GROUP BY t.oid, t.relname ORDER BY t.oid
        """,
    )
    return [f"ALTER TABLE {_TARGET}.{table} {_moved(clauses)}" for table, clauses in rows]


def _indexes(cursor: CursorWrapper) -> list[str]:
    """Indexes that no constraint owns."""
    rows = _rows(
        cursor,
        """
        SELECT pg_get_indexdef(i.indexrelid)
          FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
         WHERE c.relnamespace = :template
           AND NOT EXISTS (SELECT 1 FROM pg_constraint con
                            WHERE con.conindid = c.oid AND con.contype IN ('p', 'u', 'x'))
         ORDER BY c.oid
        """,
    )
    return [_moved(definition) for (definition,) in rows]


def _functions(cursor: CursorWrapper) -> list[str]:
    rows = _rows(
        cursor,
        "SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = :template AND prokind IN ('f', 'p') "
        "ORDER BY oid",
    )
    return [_moved(definition).rstrip().rstrip(";") for (definition,) in rows]


def _views(cursor: CursorWrapper) -> list[str]:
    rows = _rows(
        cursor,
        """
        SELECT CASE relkind WHEN 'v' THEN 'VIEW' ELSE 'MATERIALIZED VIEW' END, quote_ident(relname),
               pg_get_viewdef(oid)
          FROM pg_class WHERE relnamespace = :template AND relkind IN ('v', 'm') ORDER BY oid
        """,
    )
    return [f"CREATE {kind} {_TARGET}.{name} AS {_moved(body).rstrip(';')}" for kind, name, body in rows]


def _triggers(cursor: CursorWrapper) -> list[str]:
    rows = _rows(
        cursor,
        """
        SELECT pg_get_triggerdef(tg.oid) FROM pg_trigger tg JOIN pg_class t ON t.oid = tg.tgrelid
         WHERE t.relnamespace = :template AND NOT tg.tgisinternal ORDER BY tg.oid
        """,
    )
    return [_moved(definition) for (definition,) in rows]
