"""The only module that touches the search path: it says which broker we are in and enters another.

Broker N lives in the schema `broker_N`; the number is enough to enter it, no lookup is made. In async code the
database is reached with `call_in_broker` and `call_in_public` alone: a schema set in a coroutine does not reach the
thread that runs its query.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar, cast

from channels.db import database_sync_to_async
from django.db import connection as _connection
from django_tenants.postgresql_backend.base import DatabaseWrapper
from django_tenants.utils import get_public_schema_name

P = ParamSpec("P")
R = TypeVar("R")

# django-tenants' wrapper, which knows schemas.
connection = cast(DatabaseWrapper, _connection)
_PREFIX = "broker_"
TEMPLATE_SCHEMA = "broker_template"


def schema_of(broker_id: int) -> str:
    """The schema that holds the broker's rows."""
    return f"{_PREFIX}{broker_id}"


def current_schema() -> str:
    """The schema that unqualified tables are looked up in first."""
    return str(connection.schema_name)


def entered_broker_id() -> int:
    """The number of the broker entered now.

    Raises LookupError where none is: the caller's code runs inside one by construction.
    """
    broker_id = current_broker_id()
    if broker_id is None:
        raise LookupError("no broker is entered")
    return broker_id


def current_broker_id() -> int | None:
    """The number of the broker entered now; None in the public schema and in the template."""
    digits = current_schema().removeprefix(_PREFIX)
    return int(digits) if digits.isdigit() else None


@contextmanager
def in_broker(broker_id: int) -> Iterator[None]:
    """Everything inside reads and writes the broker's schema (public tables stay reachable)."""
    with in_schema(schema_of(broker_id)):
        yield


@contextmanager
def in_public() -> Iterator[None]:
    """Everything inside sees the public schema alone."""
    with in_schema(get_public_schema_name()):
        yield


@contextmanager
def in_schema(schema_name: str) -> Iterator[None]:
    """Enter a schema by name and return to the one before, also after an error."""
    before = current_schema()
    connection.set_schema(schema_name)
    try:
        yield
    finally:
        connection.set_schema(before)


def enter_broker(broker_id: int) -> None:
    """Enter for the rest of the request; the request's middleware leaves again."""
    connection.set_schema(schema_of(broker_id))


def leave_broker() -> None:
    """Back to the public schema."""
    connection.set_schema_to_public()


async def call_in_broker(broker_id: int, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a synchronous function in a thread with the broker entered there."""

    def run() -> R:
        with in_broker(broker_id):
            return function(*args, **kwargs)

    return await database_sync_to_async(run, thread_sensitive=False)()


async def call_in_public(function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    """Run a synchronous function in a thread with the public schema entered there."""

    def run() -> R:
        with in_public():
            return function(*args, **kwargs)

    return await database_sync_to_async(run, thread_sensitive=False)()
