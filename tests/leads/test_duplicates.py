"""Leads that may be one person: found as they come and all at once, settled once and for all."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.audit.models import AuditEntry
from apps.core.access import system_actor
from apps.core.errors import Forbidden, NotFound
from apps.core.events import publish
from apps.core.models import ScheduledWork
from apps.core.phones import match_key
from apps.core.tenancy import in_broker
from apps.leads.actions import create_lead, delete_lead, update_lead
from apps.leads.duplicates import dismiss_pair, open_count, open_pairs, pairs_of, reopen_pair
from apps.leads.duplicates.search import match_key_of, start_search
from apps.leads.duplicates.watch import compare
from apps.leads.events import JobEnded
from apps.leads.jobs import create_job, run_now
from apps.leads.merging import merge_leads
from apps.leads.models import CustomField, DuplicatePair, Job
from apps.leads.types import FieldType, JobKind, JobState
from tests.factories import make_identity, make_lead


@pytest.fixture
def actor(admin_user, broker):
    return admin_user.actor(broker_id=broker.pk)


@pytest.fixture
def search(actor):
    """Search all leads; the pairs found, as (first, second, reason)."""

    def run():
        run_now(actor=actor, job=create_job(actor=actor, kind=JobKind.DUPLICATES, params={}, state=JobState.DRAFT))
        return found()

    return run


def found():
    return set(DuplicatePair.objects.filter(state="open").values_list("first_id", "second_id", "reason"))


def both_ways(search, first, second):
    """What the full search finds, then what is found when either of them changes."""
    ways = [search()]
    for lead in (first, second):
        DuplicatePair.objects.all().delete()
        compare({"lead_id": lead.pk})
        ways.append(found())
    return ways


def test_the_same_email_in_whatever_case(search):
    first, second = make_lead(email="Ana@Correo.cl"), make_lead(email="ana@correo.CL", first_name="Otra")
    make_lead(email="otra@correo.cl", first_name="Nadie")

    for way in both_ways(search, first, second):
        assert way == {(first.pk, second.pk, "email")}


def test_the_same_name_without_accents_and_phones_that_end_alike(search):
    first = make_lead(phone="+56998765432", first_name="José", last_name="Núñez Soto")
    second = make_lead(phone="+5698765432", first_name="JOSE", last_name="Nuñez  soto")
    make_lead(phone="+5491198765432", first_name="Rosa", last_name="Vera")

    for way in both_ways(search, first, second):
        assert way == {(first.pk, second.pk, "name_phone_tail")}


def test_the_same_full_name_is_a_weak_hint(search):
    first = make_lead(phone="+56911111111", first_name="Ulrica", last_name="Vöckler")
    second = make_lead(phone="+56922222222", first_name="ulrica", last_name="vockler")

    for way in both_ways(search, first, second):
        assert way == {(first.pk, second.pk, "name")}
    assert DuplicatePair.objects.get().likeness < 50


def test_a_first_name_alone_is_no_hint(search):
    first, second = make_lead(first_name="Ana", last_name=""), make_lead(first_name="Ana", last_name="")

    for way in both_ways(search, first, second):
        assert way == set()


def test_a_common_name_is_no_hint(search):
    leads = [make_lead(first_name="Juan", last_name="Pérez") for _number in range(5)]

    for way in both_ways(search, leads[0], leads[1]):
        assert way == set()


def test_an_offices_email_is_nobodys_own(search):
    leads = [make_lead(email="contacto@portal.cl", last_name=f"L{number}") for number in range(22)]

    for way in both_ways(search, leads[0], leads[1]):
        assert way == set()


def test_a_whatsapp_id_that_is_anothers_phone(search):
    first = make_lead(phone=None, last_name="A")
    make_identity(first, external_id="5215512345678")
    second = make_lead(phone="+525512345678", last_name="B")

    for way in both_ways(search, first, second):
        assert way == {(first.pk, second.pk, "phone")}


def test_a_further_phone_that_is_anothers(search):
    CustomField.objects.create(name="celular_2", type=FieldType.PHONE)
    first = make_lead(last_name="A", attributes={"celular_2": "+56998765432"})
    second = make_lead(phone="+56998765432", last_name="B")

    for way in both_ways(search, first, second):
        assert way == {(first.pk, second.pk, "phone")}


def test_the_surest_reason_is_kept(search, actor):
    first = make_lead(phone="+56911111111", email="ana@correo.cl", first_name="Ulrica", last_name="Soto")
    second = make_lead(phone="+56922222222", email="ana@correo.cl", first_name="Ulrica", last_name="Soto")

    assert search() == {(first.pk, second.pk, "email")}
    assert search() == {(first.pk, second.pk, "email")}


@pytest.mark.parametrize(
    "digits", ["525512345678", "5215512345678", "5491123456789", "541123456789", "5511987654321", "551187654321", "569"]
)
def test_the_database_matches_spellings_as_the_code_does(broker, digits):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {match_key_of('%(digits)s::text')}", {"digits": digits})
        (key,) = cursor.fetchone()

    assert key == match_key(digits)


def test_a_new_lead_is_compared_by_itself(actor, run_work):
    known = make_lead(email="ana@correo.cl", last_name="A")

    lead = create_lead(actor=actor, name="Ana B", email="ANA@correo.cl")
    run_work()

    assert found() == {(known.pk, lead.pk, "email")}


def test_a_corrected_email_takes_its_hint_back(actor, run_work):
    make_lead(email="ana@correo.cl", last_name="A")
    lead = create_lead(actor=actor, name="Ana B", email="ana@correo.cl")
    run_work()

    update_lead(actor=actor, lead_id=lead.pk, email="otra@correo.cl")
    run_work()

    assert found() == set()


def test_what_sofia_learns_about_a_flat_compares_nobody(actor):
    lead = make_lead()
    update_lead(actor=actor, lead_id=lead.pk, attributes={"rooms": 3, "location": "Ñuñoa"})

    assert not ScheduledWork.objects.filter(kind="leads.find_duplicates").exists()


def test_two_people_never_come_back(search, actor, run_work):
    first, second = make_lead(email="casa@correo.cl"), make_lead(email="casa@correo.cl")
    search()

    dismiss_pair(actor=actor, pair_id=DuplicatePair.objects.get().pk)
    search()
    update_lead(actor=actor, lead_id=first.pk, email="Casa@correo.cl")
    run_work()

    assert found() == set()
    assert DuplicatePair.objects.get(first=first, second=second).state == "dismissed"
    assert AuditEntry.objects.filter(name="duplicate.dismissed").count() == 1


def test_a_decision_can_be_taken_back(search, actor):
    make_lead(email="casa@correo.cl"), make_lead(email="casa@correo.cl")
    search()
    pair = DuplicatePair.objects.get()
    dismiss_pair(actor=actor, pair_id=pair.pk)

    reopen_pair(actor=actor, pair_id=pair.pk)

    assert open_count(actor) == 1


def test_a_pair_goes_with_one_of_its_leads(search, actor):
    first, _second = make_lead(email="casa@correo.cl"), make_lead(email="casa@correo.cl")
    search()

    delete_lead(actor=actor, lead_id=first.pk)

    assert not DuplicatePair.objects.exists()


def test_a_pair_goes_with_its_merge(search, actor):
    first, second = make_lead(email="casa@correo.cl"), make_lead(email="casa@correo.cl")
    search()

    merge_leads(actor=actor, kept_id=first.pk, absorbed_id=second.pk)

    assert not DuplicatePair.objects.exists()


def test_the_second_number_of_a_merged_person_finds_them_again(search, actor, run_work):
    first, second = make_lead(phone="+56911111111"), make_lead(phone="+56922222222")
    merge_leads(actor=actor, kept_id=first.pk, absorbed_id=second.pk)

    lead = create_lead(actor=actor, name="Ana", phone="+56922222222")
    run_work()

    assert found() == {(first.pk, lead.pk, "phone")}


def test_the_page_of_a_lead_names_who_else_it_may_be(search, actor, agent_user, broker):
    first = make_lead(email="casa@correo.cl", assigned_agent=agent_user)
    second = make_lead(email="casa@correo.cl")
    search()

    with CaptureQueriesContext(connection) as queries:
        pairs = pairs_of(actor, first.pk)
    assert [(pair.other, pair.likeness) for pair in pairs] == [(second, 90)]
    assert len(queries) == 2
    assert pairs_of(agent_user.actor(broker_id=broker.pk), first.pk) == []
    with pytest.raises(NotFound):
        pairs_of(agent_user.actor(broker_id=broker.pk), second.pk)


def test_who_may_not_merge_sees_and_settles_nothing(search, agent_user, broker):
    actor = agent_user.actor(broker_id=broker.pk)
    make_lead(email="casa@correo.cl"), make_lead(email="casa@correo.cl")
    search()

    with pytest.raises(Forbidden):
        open_pairs(actor)
    with pytest.raises(Forbidden):
        dismiss_pair(actor=actor, pair_id=DuplicatePair.objects.get().pk)
    with pytest.raises(Forbidden):
        start_search(actor=actor)


def test_another_brokers_pairs_do_not_exist(search, other_admin_user, other_broker):
    make_lead(email="casa@correo.cl"), make_lead(email="casa@correo.cl")
    search()
    pair = DuplicatePair.objects.get()

    with in_broker(other_broker.pk), pytest.raises(NotFound):
        dismiss_pair(actor=other_admin_user.actor(broker_id=other_broker.pk), pair_id=pair.pk)


def test_one_search_at_a_time(actor):
    first, second = start_search(actor=actor), start_search(actor=actor)

    assert first == second


@pytest.mark.parametrize(("result", "searches"), [({"saved_to": 7}, 1), ({}, 0)])
def test_what_an_import_saved_is_searched_and_a_dry_run_is_not(actor, broker, result, searches):
    publish(
        JobEnded(
            broker_id=broker.pk,
            actor=system_actor(broker.pk),
            job_id=1,
            kind=JobKind.IMPORT,
            state=JobState.DONE,
            result=result,
        )
    )

    assert Job.objects.filter(kind=JobKind.DUPLICATES, state=JobState.QUEUED).count() == searches
