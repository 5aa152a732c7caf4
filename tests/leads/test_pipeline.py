"""The rules by which leads go on by themselves, and changes that meet."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.core.access import system_actor
from apps.core.tenancy import in_broker
from apps.leads.actions import DuplicatePhone, create_lead
from apps.leads.models import Activity, Lead, StageChange
from apps.leads.pipeline import advancing, auto_advance_lead, auto_advance_leads
from tests.factories import make_lead

YESTERDAY = (timezone.now() - timedelta(days=2)).date().isoformat()


@pytest.fixture
def actor(broker):
    return system_actor(broker.pk)


@pytest.mark.parametrize(
    ("fields", "stage"),
    [
        ({}, "entrada"),
        ({"attributes": {"name": "Ana"}}, "entrada"),
        ({"attributes": {"purpose": "buy"}}, "perfilamiento"),
        ({"attributes": {"purpose": ""}}, "entrada"),
        ({"attributes": {"purpose": None}}, "entrada"),
        ({"status": "warm", "score": 40}, "perfilamiento"),
        ({"attributes": {"budget": "2000000"}}, "perfilamiento"),
        ({"attributes": {"budget": "2000000"}, "city": "Monterrey"}, "calificacion_financiera"),
        ({"attributes": {"budget_amount": 3000, "location": ["Ñuñoa"]}}, "calificacion_financiera"),
        ({"status": "hot", "score": 80}, "calificacion_financiera"),
        ({"attributes": {"visit_date": "2999-01-01"}}, "agendado"),
        ({"attributes": {"visit_date": "el martes"}}, "agendado"),
        ({"attributes": {"visit_date": 7}}, "agendado"),
        ({"attributes": {"visit_date": YESTERDAY}}, "seguimiento"),
        ({"stage": "agendado", "attributes": {"visit_date": YESTERDAY}}, "seguimiento"),
        ({"stage": "seguimiento", "attributes": {"visit_date": "2999-01-01"}}, "seguimiento"),
        ({"stage": "agendado", "attributes": {"purpose": "buy"}}, "agendado"),
        ({"stage": "perdido", "status": "lost", "attributes": {"visit_date": YESTERDAY}}, "perdido"),
        ({"stage": "ganado", "status": "converted", "attributes": {"visit_date": YESTERDAY}}, "ganado"),
    ],
)
def test_a_lead_goes_where_what_is_known_of_it_says(actor, fields, stage):
    lead = make_lead(**fields)

    advance = auto_advance_lead(actor=actor, lead_id=lead.pk)

    assert advance.lead.stage == stage
    assert advance.is_advanced == (lead.stage != stage)
    assert StageChange.objects.count() == int(advance.is_advanced)
    assert Activity.objects.filter(kind="stage_changed").count() == int(advance.is_advanced)


def test_one_call_moves_no_more_than_its_share_and_the_next_the_rest(actor, monkeypatch):
    monkeypatch.setattr(advancing, "MAX_ADVANCED_AT_ONCE", 2)
    leads = [make_lead(attributes={"purpose": "buy"}) for _number in range(3)]

    first = auto_advance_leads(actor=actor)
    second = auto_advance_leads(actor=actor)

    assert (first.checked, first.advanced, second.advanced) == (3, 2, 1)
    assert not Lead.objects.filter(stage="entrada").exists()
    assert StageChange.objects.values("lead").distinct().count() == len(leads)


def test_ten_leads_are_moved_with_the_queries_of_one(actor, monkeypatch):
    # What listens to events writes for each lead; the rules themselves do not.
    monkeypatch.setattr("apps.leads.actions.publish", lambda _event: None)
    make_lead(attributes={"purpose": "buy"})
    with CaptureQueriesContext(connection) as few:
        auto_advance_leads(actor=actor)
    for _number in range(10):
        make_lead(attributes={"purpose": "buy"})

    with CaptureQueriesContext(connection) as many:
        assert auto_advance_leads(actor=actor).advanced == 10

    assert len(many) == len(few)


def test_the_same_phone_at_the_same_moment_makes_one_lead(committed_db, broker):
    def make(_number: int) -> str:
        try:
            with in_broker(broker.pk):
                create_lead(actor=system_actor(broker.pk), phone="+56912345678")
        except DuplicatePhone:
            return "duplicate"
        finally:
            connection.close()
        return "made"

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(make, range(8)))

    assert sorted(outcomes) == ["duplicate"] * 7 + ["made"]
    assert Lead.objects.count() == 1
