"""Test databases by copying: one base per state of the code, one copy per test process.

Migrating takes seconds and copying a fraction of one, so the base (public schema, template, two brokers) is kept
from run to run and made again only when a migration, or what provisioning does, changed.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import psycopg
from django.db import connection
from psycopg import sql

ROOT = Path(__file__).resolve().parent.parent
FIRST_BROKER = "Inmobiliaria Andes"
SECOND_BROKER = "Casas del Sur"
_MADE_OF = (
    "apps/*/migrations/*.py",
    "apps/brokers/*.py",
    "apps/brokers/provisioning/*.py",
    "apps/operations/listeners.py",
    "config/settings.py",
    "tests/databases.py",
)
_LOCK = "sofia.test_base"


def use_test_database() -> str:
    """Copy the base, making it first where it is missing, and point Django at the copy; returns the copy's name."""
    name = f"test_{_configured_name()}_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
    with _maintenance() as server:
        _copy_base(server, name)
    _point_at(name)
    return name


def reset_test_database(name: str) -> None:
    """Take back everything that a test committed."""
    connection.close()
    with _maintenance() as server:
        _copy_base(server, name)
    _point_at(name)


def drop_test_database(name: str) -> None:
    connection.close()
    with _maintenance() as server:
        _drop(server, name)


def _copy_base(server: "psycopg.Connection[tuple[object, ...]]", name: str) -> None:
    base = f"sofia_base_{_digest()}"
    _drop(server, name)
    # Nobody may be connected to a database that is being copied, so copies are made one at a time.
    server.execute("SELECT pg_advisory_lock(hashtext(%s))", [_LOCK])
    try:
        if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [base]).fetchone():
            _make_base(server, base)
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(base)))
    finally:
        server.execute("SELECT pg_advisory_unlock(hashtext(%s))", [_LOCK])


def _make_base(server: "psycopg.Connection[tuple[object, ...]]", base: str) -> None:
    from apps.brokers.actions import provision_broker
    from apps.brokers.provisioning import migrate_all
    from apps.core.access import system_actor

    for (old,) in server.execute(r"SELECT datname FROM pg_database WHERE datname LIKE 'sofia\_base\_%'").fetchall():
        _drop(server, str(old))
    draft = f"{base}_draft"
    server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(draft)))
    _point_at(draft)
    try:
        migrate_all(processes=1)
        for broker in (FIRST_BROKER, SECOND_BROKER):
            provision_broker(actor=system_actor(None), name=broker, country="CL")
    finally:
        connection.close()
    # Only a finished base has its name: a killed run leaves a draft, which the next one drops.
    server.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(draft), sql.Identifier(base)))


def _point_at(name: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = name


def _drop(server: "psycopg.Connection[tuple[object, ...]]", name: str) -> None:
    server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@cache
def _digest() -> str:
    """What the base is made of, as this process began: a file saved meanwhile does not split a run in two."""
    digest = hashlib.blake2b(digest_size=6)
    for pattern in _MADE_OF:
        for path in sorted(ROOT.glob(pattern)):
            digest.update(path.read_bytes())
    return digest.hexdigest()


_original_name: list[str] = []


def _configured_name() -> str:
    if not _original_name:
        _original_name.append(str(connection.settings_dict["NAME"]))
    return _original_name[0]


@contextmanager
def _maintenance() -> "Iterator[psycopg.Connection[tuple[object, ...]]]":
    """A connection to the server's own database: databases are made and dropped from outside them."""
    values = connection.settings_dict
    options = {
        "host": values["HOST"],
        "port": values["PORT"],
        "user": values["USER"],
        "password": values["PASSWORD"],
        "dbname": "postgres",
    }
    with psycopg.connect(autocommit=True, **{key: value for key, value in options.items() if value}) as server:
        yield server
