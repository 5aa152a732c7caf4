"""migrate_all brings what is behind up to date, in parallel, and does nothing else."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from apps.brokers.provisioning import migrate_all
from apps.brokers.provisioning.migration import MigrationFailed, outdated_schemas
from apps.core.tenancy import TEMPLATE_SCHEMA, in_broker
from apps.realtime.models import LoggedEvent


def run_sql(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def set_back(schema: str) -> None:
    """As it was before the sockets' room came."""
    run_sql(f"DROP TABLE {schema}.realtime_loggedevent")
    run_sql(f"DELETE FROM {schema}.django_migrations WHERE app = 'realtime'")


def test_nothing_is_done_where_nothing_is_missing(committed_db, capsys):
    assert migrate_all().migrated == ()

    call_command("migrate_all")
    assert "all 4 schemas are up to date" in capsys.readouterr().out


def test_brokers_that_are_behind_are_migrated_in_parallel_with_progress(committed_db, broker, other_broker):
    set_back(broker.schema_name)
    set_back(other_broker.schema_name)
    lines: list[str] = []

    outcome = migrate_all(processes=2, report=lines.append)

    assert set(outcome.migrated) == {broker.schema_name, other_broker.schema_name}
    assert lines == ["migrated 1 of 2 brokers", "migrated 2 of 2 brokers"]
    with in_broker(broker.pk):
        assert LoggedEvent.objects.count() == 0
    assert migrate_all().migrated == ()


def test_a_template_that_is_behind_is_migrated_before_the_next_clone(committed_db):
    set_back(TEMPLATE_SCHEMA)

    assert migrate_all().migrated == (TEMPLATE_SCHEMA,)


def test_a_broken_broker_does_not_keep_the_others_behind_and_is_named(committed_db, broker, other_broker):
    set_back(broker.schema_name)
    run_sql(f"DELETE FROM {other_broker.schema_name}.django_migrations WHERE app = 'realtime'")  # its table is there

    with pytest.raises(MigrationFailed) as failure:
        migrate_all()

    assert set(failure.value.failures) == {other_broker.schema_name}
    assert outdated_schemas([broker.schema_name, other_broker.schema_name]) == [other_broker.schema_name]
    with pytest.raises(CommandError, match=other_broker.schema_name):
        call_command("migrate_all", verbosity=0)
