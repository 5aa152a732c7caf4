"""What every test may ask for: two brokers, their people, clients with tokens, work that runs inline.

The database is a copy of a base that is made once (tests.databases). Each test rolls back. A test that must commit
(threads, processes) takes `committed_db`, after which the copy is made again.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from celery import current_app
from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.db import connection
from django.utils import timezone, translation
from pytest_django.plugin import DjangoDbBlocker
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.accounts.types import Role
from apps.brokers.models import Broker
from apps.core import work
from apps.core.models import DeadLetter, ScheduledWork
from apps.core.redis import redis_client
from apps.core.tenancy import current_schema, enter_broker, in_public, in_schema, leave_broker
from apps.operations import catalogs
from tests.databases import (
    FIRST_BROKER,
    SECOND_BROKER,
    drop_test_database,
    reset_test_database,
    use_test_database,
)
from tests.factories import make_user


def pytest_configure() -> None:
    """The words that pages say are compiled before the tests that read pages."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if not worker:
        for language in catalogs.LANGUAGES:
            catalogs.compile_catalog(language)
    elif "SOFIA_TEST_REDIS" not in os.environ:
        _take_a_redis_number(worker)


def _take_a_redis_number(worker: str) -> None:
    """On a Redis that the caller named, each process of xdist takes a number of its own: tests empty theirs."""
    given = urlsplit(settings.REDIS_URL)
    number = (int(given.path.strip("/") or 0) + 1 + int(worker.removeprefix("gw"))) % 16
    settings.REDIS_URL = given._replace(path=f"/{number}").geturl()
    settings.CACHES["default"]["LOCATION"] = settings.REDIS_URL
    layer: Any = settings.CHANNEL_LAYERS["default"]["CONFIG"]
    layer["hosts"] = [settings.REDIS_URL]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Django's way of committing tests empties every table afterwards, the two brokers with them."""
    for item in items:
        marker = item.get_closest_marker("django_db")
        if marker and (marker.kwargs.get("transaction") or marker.args):
            raise pytest.UsageError(f"{item.nodeid}: take the fixture committed_db instead of transaction=True")


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_modify_db_settings: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[str]:
    """The database of this test process; its value is its name."""
    with django_db_blocker.unblock():
        name = use_test_database()
    yield name
    with django_db_blocker.unblock():
        drop_test_database(name)


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """pytest-django would add a suffix per process; tests.databases names the copies itself."""


@pytest.fixture(scope="session", autouse=True)
def quiet_bell() -> None:
    """Celery's wake-up calls go nowhere: tests run work themselves, and no worker of a real stack takes it."""
    current_app.conf.broker_url = "memory://"


@pytest.fixture(autouse=True)
def clean_state() -> Iterator[None]:
    """Each test begins in the public schema, in the default language, with Redis empty."""
    redis_client().flushdb()
    translation.activate("es")
    yield
    if not connection.in_atomic_block:
        leave_broker()


@pytest.fixture
def committed_db(django_db_setup: str, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Commits are real, other threads see them; afterwards the database is as new."""
    with django_db_blocker.unblock():
        leave_broker()
        yield
        leave_broker()
        reset_test_database(django_db_setup)


@pytest.fixture
def database(request: pytest.FixtureRequest) -> None:
    """The rolled-back database, or the committing one where the test asked for that."""
    if "committed_db" not in request.fixturenames:
        request.getfixturevalue("db")
    else:
        request.getfixturevalue("committed_db")
    leave_broker()


@pytest.fixture
def broker(database: None) -> Iterator[Broker]:
    """The first broker, entered: tenant rows can be made and read at once."""
    row = Broker.objects.get(name=FIRST_BROKER)
    enter_broker(row.pk)
    yield row
    leave_broker()


@pytest.fixture
def other_broker(database: None) -> Broker:
    """A second broker, not entered; `with in_broker(other_broker.pk)` enters it."""
    with in_public():
        return Broker.objects.get(name=SECOND_BROKER)


@pytest.fixture
def admin_user(broker: Broker) -> User:
    return make_user(Role.ADMIN, broker_id=broker.pk)


@pytest.fixture
def supervisor_user(broker: Broker) -> User:
    return make_user(Role.SUPERVISOR, broker_id=broker.pk)


@pytest.fixture
def agent_user(broker: Broker) -> User:
    return make_user(Role.AGENT, broker_id=broker.pk)


@pytest.fixture
def other_admin_user(other_broker: Broker) -> User:
    return make_user(Role.ADMIN, broker_id=other_broker.pk)


@pytest.fixture
def superadmin_user(database: None) -> User:
    return make_user(Role.SUPERADMIN)


class Client(APIClient):
    """Speaks JSON, and leaves the test in the schema in which it was before the request."""

    default_format = "json"

    def request(self, **kwargs: Any) -> Any:
        with in_schema(current_schema()):
            return super().request(**kwargs)


@pytest.fixture
def api(database: None) -> Callable[..., Client]:
    """`api(user)`: a client with a real access token of the user; `api()`: a stranger's."""
    from apps.accounts.actions.sessions import open_session

    def make(user: User | None = None) -> Client:
        client = Client()
        if user is not None:
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {open_session(user).pair.access_token}")
        return client

    return make


@pytest.fixture
def browser_session(database: None) -> Callable[[User], Client]:
    """`browser_session(user)`: a client with the session cookie of someone who signed in with the browser."""

    def make(user: User) -> Client:
        client = Client()
        with in_public():
            client.force_login(user)
        return client

    return make


@pytest.fixture
def capture_commit(django_capture_on_commit_callbacks: Any) -> Callable[[], Any]:
    """`with capture_commit():` runs at its end what the code inside left for after the commit."""

    @contextmanager
    def capture() -> Iterator[None]:
        with django_capture_on_commit_callbacks(execute=True):
            yield

    return capture


@pytest.fixture
def run_work(database: None) -> Callable[..., int]:
    """`run_work()`: receive waiting raw events and run what is due, until there is nothing; returns how many ran.

    Fails the test where a handler fails, unless `failing=True` says that it should.
    """
    from apps.conversations.inbound import receive_waiting_events

    def run(*, failing: bool = False, until: Any = None) -> int:
        ran = 0
        for _round in range(200):
            with in_schema(current_schema()), in_public():
                _make_due(until or timezone.now())
                received = receive_waiting_events() or 0
                worked = work.run_due()
            if not failing:
                _raise_failures()
            if not received and not worked:
                return ran
            ran += worked
        raise AssertionError("work keeps making work: 200 rounds were not enough")

    return run


def _make_due(moment: Any) -> None:
    """In a test's transaction PostgreSQL's now() stands still: what is due by the clock is made due by it."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE public.core_scheduledwork SET due_at = now() WHERE due_at <= %s", [moment])


def _raise_failures() -> None:
    with in_public():
        failed = ScheduledWork.objects.exclude(last_error="").values_list("kind", "last_error").first()
        buried = DeadLetter.objects.values_list("kind", "error").first()
    if failed or buried:
        kind, reason = failed or buried  # type: ignore[misc]  # one of them is there
        raise AssertionError(f"work {kind} failed: {reason}")


@pytest.fixture
def request_of() -> Callable[..., WSGIRequest]:
    """`request_of(user, "/path")`: a bare request for functions that take one."""
    from django.test import RequestFactory

    def make(user: User | None = None, path: str = "/", **data: Any) -> WSGIRequest:
        request = RequestFactory().get(path, data)
        request.session = {}  # type: ignore[assignment]  # a dict is enough of a session
        if user is not None:
            request.user = user
        return request

    return make
