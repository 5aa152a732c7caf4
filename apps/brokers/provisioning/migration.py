"""Bringing every schema up to date: the public one first, then the template, then all brokers in parallel.

What is up to date is recognised without running anything, so that a start with nothing to do costs a few queries.
"""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any

from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django_tenants.utils import get_public_schema_name, get_tenant_base_migrate_command_class

from apps.brokers.models import Broker
from apps.core.locks import LOCK_TIMEOUT_MS
from apps.core.tenancy import TEMPLATE_SCHEMA, in_public, in_schema

Report = Callable[[str], None]
_TEMPLATE_LOCK = "brokers.template"
_MIGRATION_LOCK = "brokers.migration"
_TAKE_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"
_SHARE_LOCK = "SELECT pg_advisory_xact_lock_shared(hashtextextended(%s, 0))"
_SCHEMAS_PER_QUERY = 400


class MigrationFailed(Exception):
    """Some brokers' schemas could not be migrated; `failures` says which and why."""

    def __init__(self, failures: dict[str, str]) -> None:
        self.failures = failures
        lines = "\n".join(f"  {schema}: {reason}" for schema, reason in sorted(failures.items()))
        super().__init__(f"{len(failures)} schemas were not migrated:\n{lines}")


@dataclass(frozen=True, kw_only=True)
class MigrationOutcome:
    """How many schemas there are and which were changed."""

    total: int
    migrated: tuple[str, ...]
    seconds: float


def migrate_all(*, processes: int = 2, report: Report = lambda _line: None) -> MigrationOutcome:
    """Migrate the public schema, the template and every broker; do nothing where nothing is missing.

    `report` gets a readable line per step. Safe to run from several machines at once: the second waits for the
    first. Raises MigrationFailed after all brokers were tried.
    """
    started = monotonic()
    public = get_public_schema_name()
    migrated: list[str] = []
    with in_public(), _held(_MIGRATION_LOCK):
        with connection.cursor() as cursor:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public")
        expected = _expected_migrations()
        if outdated_schemas([public], expected):
            report(f"migrating the schema {public}")
            _migrate_public()
            migrated.append(public)
        # Who provisions a broker holds the template's lock until the commit: its clone is of the old template and
        # listed below, or of the new one.
        with _held(_TEMPLATE_LOCK):
            if outdated_schemas([TEMPLATE_SCHEMA], expected):
                report("migrating the template of new brokers")
                migrate_schema(TEMPLATE_SCHEMA)
                migrated.append(TEMPLATE_SCHEMA)
        schemas = list(Broker.objects.order_by("pk").values_list("schema_name", flat=True))
        outdated = outdated_schemas(schemas, expected)
        if outdated:
            _migrate_brokers(outdated, processes=processes, report=report)
            migrated += outdated
    return MigrationOutcome(total=len(schemas) + 2, migrated=tuple(migrated), seconds=monotonic() - started)


def share_template() -> None:
    """Until the transaction ends nobody migrates the template; others may clone it too.

    Raises django.db.OperationalError where a migration of it takes longer than ten seconds.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [str(LOCK_TIMEOUT_MS)])
        cursor.execute(_SHARE_LOCK, [_TEMPLATE_LOCK])


def outdated_schemas(schemas: Sequence[str], expected: Sequence[str] | None = None) -> list[str]:
    """Those of the schemas that miss a migration of the code, in the order given."""
    wanted = list(_expected_migrations() if expected is None else expected)
    applied: dict[str, int] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE c.relname = 'django_migrations' AND n.nspname = ANY(%s)",
            [list(schemas)],
        )
        present = [row[0] for row in cursor.fetchall()]
        for start in range(0, len(present), _SCHEMAS_PER_QUERY):
            parts = [
                f"SELECT '{schema}', count(DISTINCT (app, name)) FROM {schema}.django_migrations"
                " WHERE app || '.' || name = ANY(%(wanted)s)"
                for schema in present[start : start + _SCHEMAS_PER_QUERY]
            ]
            cursor.execute(" UNION ALL ".join(parts), {"wanted": wanted})
            applied.update(cursor.fetchall())
    return [schema for schema in schemas if applied.get(schema, 0) < len(wanted)]


def migrate_schema(schema_name: str) -> None:
    """Create the schema if it is missing and apply to it every migration that it misses."""
    with in_public(), connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {schema_name}")
    # With the public schema on the path its django_migrations would be taken for this schema's own.
    with in_schema(schema_name):
        wrapper = _tenant_connection()
        wrapper.set_schema(schema_name, include_public=False)
        MigrationRecorder(connection).ensure_schema()
        wrapper.set_schema(schema_name)
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes())
    _drop_references_to_public(schema_name)


def _drop_references_to_public(schema_name: str) -> None:
    """Take away the foreign keys from a broker's tables to public ones.

    Each adds two triggers to the public table and locks it while a broker is made. With 1,000 brokers that was 18,000
    triggers on the users: provisioning grew from 40 to 150 ms and each connection's first look at a user took 24 ms
    to 190 ms; without them both stay flat. What they would guard against does not happen: users and channel accounts
    are never deleted, only closed.
    """
    with in_public(), connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT format('ALTER TABLE %%I.%%I DROP CONSTRAINT %%I', n.nspname, t.relname, con.conname)
              FROM pg_constraint con
              JOIN pg_class t ON t.oid = con.conrelid
              JOIN pg_namespace n ON n.oid = t.relnamespace
              JOIN pg_class target ON target.oid = con.confrelid
             WHERE con.contype = 'f' AND n.nspname = %s AND target.relnamespace = 'public'::regnamespace
            """,
            [schema_name],
        )
        for (statement,) in cursor.fetchall():
            cursor.execute(statement)


def _expected_migrations() -> list[str]:
    """Every migration on disk as "app.name". Each schema records them all; the router decides what they do there."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    return [f"{app}.{name}" for app, name in loader.disk_migrations]


def _migrate_public() -> None:
    """By Django's own command, which also makes content types and permissions."""
    call_command(get_tenant_base_migrate_command_class()(), verbosity=0, interactive=False)


def _migrate_brokers(schemas: Sequence[str], *, processes: int, report: Report) -> None:
    failures: dict[str, str] = {}
    for done, (schema, failure) in enumerate(_each_migrated(schemas, processes), start=1):
        if failure:
            failures[schema] = failure
        report(f"migrated {done} of {len(schemas)} brokers" + (f"; {schema} failed" if failure else ""))
    if failures:
        raise MigrationFailed(failures)


def _each_migrated(schemas: Sequence[str], processes: int) -> Iterator[tuple[str, str]]:
    if processes == 1 or len(schemas) == 1:
        yield from map(_try_migrate, schemas)
        return
    _forget_connection()  # a child must not share its parent's connection
    with multiprocessing.get_context("fork").Pool(processes, initializer=_forget_connection) as pool:
        yield from pool.imap_unordered(_try_migrate, schemas)


def _try_migrate(schema: str) -> tuple[str, str]:
    try:
        migrate_schema(schema)
    except Exception as error:  # noqa: BLE001 - one broken schema must not keep the others behind; it is reported
        return schema, f"{type(error).__name__}: {error}"
    return schema, ""


def _forget_connection() -> None:
    connection.close()
    if _tenant_connection().pool is not None:
        _tenant_connection().close_pool()


def _tenant_connection() -> Any:
    """The connection with what django-tenants and Django's pool add to it, of which its type knows nothing."""
    return connection


@contextmanager
def _held(name: str) -> Iterator[None]:
    """Hold a lock on a connection of its own, which touches no table: migrations may take any lock meanwhile."""
    holder = _tenant_connection().copy()
    holder.set_schema_to_public()
    try:
        holder.set_autocommit(False)
        with holder.cursor() as cursor:
            # A transaction's lock, not a session's: it holds behind PgBouncer too.
            cursor.execute(_TAKE_LOCK, [name])
        yield
        holder.rollback()
    finally:
        holder.close()
