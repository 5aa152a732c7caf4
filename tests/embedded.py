"""Gives every test run a PostgreSQL and a Redis of its own before Django's settings are read (pytest `-p`).

Runs that happen at the same time share the cluster `.data/test`, each in a numbered slot: its databases and its
Redis numbers are its own. The slot is a lock, so a killed run gives it back, and the next one sweeps it. What breaks
servers on purpose takes `own_cluster`, so that nobody else's tests feel it.
"""

import os
import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
import redis

from config.embedded import Services, ensure
from config.embedded.files import Lock
from config.embedded.postgres import DATABASE

SLOTS = range(1, 60)
REDIS_NUMBERS = 16  # for each slot: the run itself and up to fifteen processes of xdist

_services: Services | None = None
_slot: Lock | None = None

# Our note that the variable was set here, not by the caller.
_OURS = {"SOFIA_TEST_DATABASE": "DATABASE_URL", "SOFIA_TEST_REDIS": "REDIS_URL"}


def services() -> Services:
    """This run's share in the test cluster."""
    global _services
    if _services is None:
        # The addresses of our own slot, inherited from the controller, do not replace anything.
        with _hidden(*(_OURS[name] for name in _OURS if name in os.environ)):
            _services = ensure("test", fast=True)
    return _services


def fresh_database(label: str) -> str:
    """The address of a new empty database of this run, for tests that start real processes."""
    name = f"sofia_{slot_number()}_{label}"
    services().postgres.drop_database(name)
    return services().postgres.create_database(name)


def fresh_redis(offset: int = REDIS_NUMBERS - 1) -> str:
    """The address of an emptied Redis number of this run."""
    address = _redis_address(offset)
    _empty(address)
    return address


@contextmanager
def own_cluster(label: str) -> Iterator[Services]:
    """A PostgreSQL and a Redis that this test alone uses and may kill; nothing of an earlier run is in them."""
    with _hidden(*_OURS.values()):
        cluster = ensure(f"test-{slot_number()}-{label}", fast=True)
    with cluster:
        cluster.postgres.drop_database(DATABASE)
        cluster.postgres.create_database(DATABASE)
        _empty(cluster.redis_url)
        yield cluster


def slot_number() -> int:
    return int(os.environ["SOFIA_TEST_SLOT"])


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, object, object]:
    """Before pytest-django reads the settings: a wrapper runs ahead of every plain hook."""
    if not (early_config.known_args_namespace.help or early_config.known_args_namespace.version):
        os.environ.setdefault("SOFIA_ENV", "test")
        worker = os.environ.get("PYTEST_XDIST_WORKER", "")
        if worker:
            _enter_as_worker(int(re.sub(r"\D", "", worker)))
        else:
            _enter_run()
    return (yield)


def pytest_unconfigure() -> None:
    if _slot is not None and _services is not None:
        if "SOFIA_TEST_DATABASE" in os.environ:
            _sweep(_services)
        _services.stop()
        _slot.release()


def _enter_run() -> None:
    """Take a slot and point the settings at its databases; replaced servers are left as they are."""
    global _slot
    shared = services()
    for number in SLOTS:
        lock = Lock(shared.home / "slots" / str(number))
        if lock.try_take():
            _slot = lock
            os.environ["SOFIA_TEST_SLOT"] = str(number)
            break
    else:
        raise pytest.UsageError(f"{len(SLOTS)} test runs are going on already")
    if "DATABASE_URL" not in os.environ:
        os.environ["SOFIA_TEST_DATABASE"] = "embedded"
        _sweep(shared)
        os.environ["DATABASE_URL"] = shared.postgres.url_of(f"sofia_{slot_number()}")
    if "REDIS_URL" not in os.environ:
        os.environ["SOFIA_TEST_REDIS"] = shared.redis_url
        os.environ["REDIS_URL"] = _redis_address(0)
        for offset in range(REDIS_NUMBERS):
            _empty(_redis_address(offset))


def _enter_as_worker(index: int) -> None:
    if "SOFIA_TEST_REDIS" in os.environ:
        os.environ["REDIS_URL"] = _redis_address(1 + index)


@contextmanager
def _hidden(*names: str) -> Iterator[None]:
    kept = {name: os.environ.pop(name) for name in names if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(kept)


def _redis_address(offset: int) -> str:
    if "SOFIA_TEST_REDIS" not in os.environ:
        return os.environ["REDIS_URL"]
    number = slot_number() * REDIS_NUMBERS + offset
    return urlsplit(os.environ["SOFIA_TEST_REDIS"])._replace(path=f"/{number}").geturl()


def _empty(address: str) -> None:
    client = redis.Redis.from_url(address)
    client.flushdb()
    client.close()


def _sweep(shared: Services) -> None:
    """Drop what this slot's earlier run left; only the slot's holder comes here."""
    mine = re.compile(rf"(test_)?sofia_{slot_number()}(_.*)?")
    for name in shared.postgres.databases():
        if mine.fullmatch(name):
            shared.postgres.drop_database(name)
