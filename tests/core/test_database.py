"""The engine: statements meet the schema that was entered, and the search path is not set where it is there already."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction

from apps.brokers.models import Broker
from apps.core.tenancy import in_broker, in_public

pytestmark = pytest.mark.django_db


@contextmanager
def statements() -> Iterator[list[str]]:
    said: list[str] = []

    def note(execute: Any, sql: str, *arguments: Any) -> Any:
        said.append(sql)
        return execute(sql, *arguments)

    with connection.execute_wrapper(note):
        yield said


def schema_there() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        return str(cursor.fetchone()[0])


def test_many_statements_in_one_broker_set_the_path_once(broker: Broker) -> None:
    with in_public():
        schema_there()

    with statements() as said, in_broker(broker.pk):
        for _number in range(10):
            schema_there()

    assert [sql for sql in said if "search_path" in sql] == [f'SET search_path = "broker_{broker.pk}","public"']


def test_going_back_and_forth_meets_the_right_schema_each_time(broker: Broker, other_broker: Broker) -> None:
    for entered in (broker, other_broker, broker):
        with in_broker(entered.pk):
            assert schema_there() == f"broker_{entered.pk}"
            with in_public():
                assert schema_there() == "public"
            assert schema_there() == f"broker_{entered.pk}"


def test_a_rollback_to_a_savepoint_does_not_leave_another_brokers_path(broker: Broker, other_broker: Broker) -> None:
    with in_broker(broker.pk):
        assert schema_there() == f"broker_{broker.pk}"
        with pytest.raises(ZeroDivisionError), transaction.atomic(), in_broker(other_broker.pk):
            assert schema_there() == f"broker_{other_broker.pk}"
            raise ZeroDivisionError
        assert schema_there() == f"broker_{broker.pk}"

    with in_broker(other_broker.pk):
        assert schema_there() == f"broker_{other_broker.pk}"


def test_a_rollback_that_takes_the_entering_back_is_noticed(committed_db: None, broker: Broker) -> None:
    with in_public():
        schema_there()

    with in_broker(broker.pk):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            assert schema_there() == f"broker_{broker.pk}"
            raise ZeroDivisionError
        assert schema_there() == f"broker_{broker.pk}"


def test_a_path_that_somebody_else_set_is_noticed(broker: Broker, other_broker: Broker) -> None:
    with in_broker(broker.pk):
        with connection.cursor() as cursor:
            cursor.execute(f"SET search_path = broker_{other_broker.pk}")
        assert schema_there() == f"broker_{broker.pk}"


def test_behind_a_pool_of_transactions_the_path_is_set_each_time(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", True)

    with statements() as said, in_broker(broker.pk):
        schema_there()
        schema_there()

    assert sum("search_path" in sql for sql in said) == 2
