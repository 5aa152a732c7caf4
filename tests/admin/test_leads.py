"""What a superadmin who stepped into a broker finds of its leads, and what can be done there."""

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse

from apps.brokers.resolution import STEPPED_INTO
from apps.core.tenancy import in_broker
from apps.leads.jobs import create_job
from apps.leads.merging.merge import merge_leads
from apps.leads.models import DuplicatePair, IngestRecord, Job, Lead, LeadMerge
from apps.leads.types import DuplicateState, IngestState, JobKind, JobState
from tests.factories import make_identity, make_lead


@pytest.fixture
def platform(broker, superadmin_user, browser_session):
    """A superadmin's browser, inside the first broker."""
    client = browser_session(superadmin_user)
    session = client.session
    session[STEPPED_INTO] = broker.pk
    session.save()
    return client


def listed(client, model: str, **query: str) -> list[int]:
    answer = client.get(reverse(f"admin:leads_{model}_changelist"), query)
    assert answer.status_code == 200
    return [row.pk for row in answer.context["cl"].result_list]


def page_of(client, row) -> str:
    answer = client.get(reverse(f"admin:leads_{row._meta.model_name}_change", args=[row.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def choose(client, model: str, action: str, *rows) -> list[str]:
    answer = client.post(
        reverse(f"admin:leads_{model}_changelist"),
        {"action": action, "_selected_action": [row.pk for row in rows], "index": 0},
        format="multipart",
    )
    assert answer.status_code == 302, answer.content[:300]
    return [str(message) for message in get_messages(answer.wsgi_request)]


@pytest.mark.parametrize("term", ["rodriguez", "Carlos ROD", "acme", "4567", "+57 300 123 4567", "tg-77"])
def test_a_lead_is_found_as_in_the_product_and_by_the_id_of_a_channel(platform, term):
    lead = make_lead(
        first_name="Carlos", last_name="Rodríguez", company="Acme", phone="+573001234567", email="c@acme.co"
    )
    make_identity(lead, kind="telegram", external_id="tg-77")
    make_lead()

    assert listed(platform, "lead", q=term) == [lead.pk]


def test_leads_of_another_broker_are_not_listed(platform, other_broker):
    with in_broker(other_broker.pk):
        make_lead()

    assert listed(platform, "lead") == []


@pytest.mark.parametrize("model", ["lead", "customfield", "ingestrecord", "job", "leadmerge", "savedview"])
def test_nothing_is_added_changed_or_deleted_past_the_actions(platform, model):
    lead = make_lead()

    assert platform.get(reverse(f"admin:leads_{model}_add")).status_code == 403
    assert platform.post(reverse("admin:leads_lead_change", args=[lead.pk]), {"phone": ""}).status_code == 403
    assert platform.post(reverse("admin:leads_lead_delete", args=[lead.pk]), {"post": "yes"}).status_code == 403
    assert Lead.objects.get(pk=lead.pk).phone == lead.phone


def test_a_record_shows_what_was_sent_for_people_to_read(platform):
    record = IngestRecord.objects.create(payload={"nombre": "Ana Ñandú", "clave": {"api_key": "s3creto"}})

    page = page_of(platform, record)

    assert "&quot;nombre&quot;: &quot;Ana Ñandú&quot;" in page
    assert "s3creto" not in page


def test_records_are_replayed_and_what_cannot_be_is_told(platform):
    record = IngestRecord.objects.create(
        payload={"nombre": "Ana Soto", "telefono": "+56912345678"}, state=IngestState.FAILED
    )
    empty = IngestRecord.objects.create(payload={"raw": "???"}, state=IngestState.FAILED)

    told = choose(platform, "ingestrecord", "replay", record, empty)

    record.refresh_from_db()
    assert record.state == IngestState.PROCESSED
    assert Lead.objects.get().phone == "+56912345678"
    assert len(told) == 2
    assert str(empty) in told[0]


def test_a_job_is_stopped(platform, admin_user, broker):
    job = create_job(actor=admin_user.actor(broker_id=broker.pk), kind=JobKind.RESCORE, params={})

    choose(platform, "job", "cancel", job)

    assert Job.objects.get(pk=job.pk).state == JobState.CANCELLED


def test_a_merge_is_undone(platform, admin_user, broker):
    kept, absorbed = make_lead(), make_lead()
    merge = merge_leads(actor=admin_user.actor(broker_id=broker.pk), kept_id=kept.pk, absorbed_id=absorbed.pk)
    assert f"{absorbed.last_name}" in page_of(platform, merge)

    choose(platform, "leadmerge", "undo", merge)

    assert LeadMerge.objects.get(pk=merge.pk).undone_at is not None
    assert Lead.objects.filter(pk=absorbed.pk).exists()


def test_a_pair_is_found_to_be_two_people(platform):
    pair = DuplicatePair.objects.create(first=make_lead(), second=make_lead(), reason="name")

    choose(platform, "duplicatepair", "dismiss", pair)

    assert DuplicatePair.objects.get(pk=pair.pk).state == DuplicateState.DISMISSED
