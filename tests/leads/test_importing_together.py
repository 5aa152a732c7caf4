"""Imports beside each other and beside single leads: one lead for each phone, nothing lost."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections

from apps.brokers.models import Broker
from apps.core.access import system_actor
from apps.core.tenancy import in_broker
from apps.leads.actions import DuplicatePhone, create_lead
from apps.leads.importing import saving
from apps.leads.importing.actions import Choices, choose, prepare_import, receive_any_file
from apps.leads.importing.changing import OnDuplicate
from apps.leads.jobs import run_now
from apps.leads.models import Activity, Lead, LeadTally

ROWS = 400
pytestmark = pytest.mark.timeout(120)


def file(order: int) -> bytes:
    numbers = range(ROWS) if order == 0 else range(ROWS - 1, -1, -1)
    return ("phone,name\n" + "".join(f"+5691000{n:04},Lead {n}\n" for n in numbers)).encode()


@pytest.fixture
def broker_id(committed_db, settings, tmp_path, monkeypatch) -> int:
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(saving, "BATCH_ROWS", 50)
    return Broker.objects.order_by("pk").values_list("pk", flat=True)[0]


def import_file(broker_id: int, order: int, policy: OnDuplicate) -> dict[str, int]:
    try:
        with in_broker(broker_id):
            actor = system_actor(broker_id)
            job = receive_any_file(actor=actor, chunks=[file(order)], name="a.csv")
            choose(actor=actor, job_id=job.pk, choices=Choices(columns=job.params["columns"], on_duplicate=policy))
            return run_now(actor=actor, job=prepare_import(actor=actor, job_id=job.pk)).result
    finally:
        connections.close_all()


@pytest.mark.parametrize("policy", list(OnDuplicate))
def test_the_same_file_twice_at_once_makes_each_lead_once(broker_id, policy):
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda order: import_file(broker_id, order % 2, policy), range(4)))

    with in_broker(broker_id):
        assert Lead.objects.count() == ROWS
        assert Lead.objects.values("phone_key").distinct().count() == ROWS
        assert Activity.objects.filter(kind="created").count() == ROWS
        assert sum(LeadTally.objects.values_list("number", flat=True)) == ROWS
    assert sum(result["imported"] for result in results) == ROWS
    assert all(result["imported"] + result["updated"] + result["known"] == ROWS for result in results)


def test_single_leads_made_during_an_import_are_each_there_once(broker_id):
    def make(number: int) -> bool:
        try:
            with in_broker(broker_id):
                create_lead(actor=system_actor(broker_id), phone=f"+5691000{number:04}")
            return True
        except DuplicatePhone:
            return False
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        importing = pool.submit(import_file, broker_id, 0, OnDuplicate.UPDATE)
        made = list(pool.map(make, range(ROWS - 1, ROWS - 100, -1)))
        result = importing.result()

    with in_broker(broker_id):
        assert Lead.objects.count() == ROWS
    assert result["imported"] + sum(made) == ROWS


def test_no_table_of_an_import_stays(broker_id):
    import_file(broker_id, 0, OnDuplicate.SKIP)

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_class WHERE relname LIKE 'lead_import_%'")
        assert cursor.fetchone()[0] == 0
