"""Scores that keep up with what is known: at once after a change, in the morning, and of all leads as a job."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.audit.models import AuditEntry
from apps.brokers.models import BrokerConfig
from apps.core.access import system_actor
from apps.core.errors import Forbidden, InvalidInput
from apps.core.models import ScheduledWork
from apps.core.tenancy import in_broker, in_public
from apps.leads.actions import create_lead, move_stage, update_lead
from apps.leads.days import begin_day, plan_days
from apps.leads.events import JobEnded
from apps.leads.jobs import run_job
from apps.leads.models import Activity, Job, JobChange, Lead, StageChange
from apps.leads.scoring import rescore_many, rescore_some, scoring_rules
from apps.leads.scoring import rescoring as rescoring_module
from apps.leads.scoring.preview import preview_scoring
from apps.leads.scoring.settings import NewScoring, rules_wanted, save_scoring, start_rescore
from apps.leads.settling import (
    KIND,
    ask_to_settle,
    settle_leads_of_a_job,
    settle_those_that_wait,
    settle_what_a_job_changed,
)
from apps.leads.types import JobKind, JobState
from tests.factories import make_lead

KNOWN = {"location": "Ñuñoa", "budget_amount": 3000, "purpose": "buy"}
USUAL = NewScoring(weights={}, warm=40, hot=70, sources={}, fields={}, after_days=14, points_per_week=5, floor=0)


@pytest.fixture
def actor(broker):
    return system_actor(broker.pk)


@pytest.fixture
def admin(admin_user, broker):
    return admin_user.actor(broker_id=broker.pk)


def waiting() -> int:
    with in_public():
        return ScheduledWork.objects.filter(kind=KIND).count()


def scored(lead: Lead) -> Lead:
    lead.refresh_from_db()
    return lead


# ---------------------------------------------------------------- at once


def test_a_new_lead_is_scored_and_goes_where_its_facts_say(actor, run_work):
    lead = create_lead(actor=actor, phone="+56912345678", name="Ana", attributes=KNOWN)
    assert (float(lead.score), lead.stage) == (0, "entrada")

    run_work()

    assert float(scored(lead).score) == 55.0
    assert (lead.status, lead.stage) == ("warm", "calificacion_financiera")
    assert sum(part["points"] for part in lead.score_parts) == 55.0
    assert sorted(Activity.objects.filter(lead=lead).values_list("kind", flat=True)) == [
        "created", "scored", "stage_changed",
    ]  # fmt: skip


def test_a_change_through_the_api_is_scored_once_however_often_it_comes(api, admin_user, run_work):
    lead = make_lead()
    client = api(admin_user)
    for budget in (1000, 2000, 3000):
        client.put(f"/api/v1/leads/{lead.pk}", {"metadata": {"budget_amount": budget}})
    assert waiting() == 1

    run_work()

    assert waiting() == 0
    assert Activity.objects.filter(lead=lead, kind="scored").count() == 1


def test_leads_that_wait_are_settled_together(actor):
    for number in range(12):
        create_lead(actor=actor, phone=f"+5691234560{number:02}", name="Ana", attributes=KNOWN)
    assert waiting() == 12

    settle_those_that_wait({"lead_id": Lead.objects.earliest("pk").pk})

    assert waiting() == 0
    assert Lead.objects.filter(score=55, stage="calificacion_financiera").count() == 12


def test_many_leads_are_scored_with_the_queries_of_one(actor, monkeypatch):
    monkeypatch.setattr("apps.leads.scoring.rescoring.publish", lambda _event: None)
    leads = [make_lead(attributes=KNOWN) for _number in range(11)]
    with CaptureQueriesContext(connection) as one:
        rescore_some(actor=actor, lead_ids=[leads[0].pk])

    with CaptureQueriesContext(connection) as ten:
        rescore_some(actor=actor, lead_ids=[lead.pk for lead in leads[1:]])

    assert len(ten) == len(one)


def test_a_lead_that_is_gone_does_not_stop_the_others(actor, run_work):
    gone, stays = make_lead(attributes=KNOWN), make_lead(attributes=KNOWN)
    ask_to_settle(gone.pk)
    ask_to_settle(stays.pk)
    gone.delete()

    run_work()

    assert scored(stays).score > 0
    assert waiting() == 0


def test_a_score_set_by_hand_stays_until_somebody_recalculates_it(api, admin_user, actor, run_work):
    lead = make_lead(score=90, status="hot", score_parts=[{"name": "by_hand", "points": 90, "most": 100}])
    update_lead(actor=actor, lead_id=lead.pk, attributes=KNOWN)
    run_work()
    rescore_many(actor=actor, leads=Lead.objects.all())
    assert float(scored(lead).score) == 90

    api(admin_user).post(f"/api/v1/leads/{lead.pk}/recalculate")

    assert float(scored(lead).score) == 55.0
    assert {part["name"] for part in lead.score_parts} >= {"budget", "location"}


def test_a_temperature_set_by_hand_stays_while_the_score_does(actor, run_work):
    lead = create_lead(actor=actor, phone="+56912345678", name="Ana")
    run_work()
    update_lead(actor=actor, lead_id=lead.pk, status="hot")

    run_work()

    assert scored(lead).status == "hot"


@pytest.mark.parametrize("status", ["converted", "lost"])
def test_what_is_decided_keeps_its_temperature(actor, status):
    lead = make_lead(status=status, attributes=KNOWN)

    rescore_many(actor=actor, leads=Lead.objects.all())

    assert (float(scored(lead).score), lead.status) == (55.0, status)


def test_a_reopened_lead_has_the_temperature_of_the_brokers_own_thresholds(broker, actor):
    BrokerConfig.objects.update_or_create(broker=broker, defaults={"thresholds": {"warm": 10, "hot": 20}})
    lead = make_lead(stage="perdido", status="lost", score=25, lost_reason="Precio")

    move_stage(actor=actor, lead_id=lead.pk, stage="seguimiento")

    assert (scored(lead).status, lead.lost_reason) == ("hot", "")


# ---------------------------------------------------------------- many


def test_many_are_told_by_one_event_and_no_timeline(actor):
    for _number in range(5):
        make_lead(attributes=KNOWN)

    report = rescore_many(actor=actor, leads=Lead.objects.all())
    again = rescore_many(actor=actor, leads=Lead.objects.all())

    assert (report.checked, report.changed, again.changed) == (5, 5, 0)
    assert not Activity.objects.exists()
    assert AuditEntry.objects.filter(name="leads.changed").count() == 1
    assert Lead.objects.filter(scored_at__isnull=False, score=55, status="warm").count() == 5


def test_all_leads_are_scored_in_chunks_with_progress(actor, monkeypatch):
    monkeypatch.setattr(rescoring_module, "CHUNK", 2)
    for _number in range(5):
        make_lead(attributes=KNOWN)
    seen: list[int] = []

    rescore_many(actor=actor, leads=Lead.objects.all(), on_progress=seen.append)

    assert seen == [2, 4, 5]


def test_a_lead_that_changed_meanwhile_is_left_to_its_own_scoring(actor, monkeypatch):
    lead = make_lead(attributes=KNOWN)
    keep = rescoring_module._keep

    def change_first(scores, now):
        Lead.objects.filter(pk=lead.pk).update(score=33, updated_at=timezone.now() + timedelta(seconds=1))
        return keep(scores, now)

    monkeypatch.setattr(rescoring_module, "_keep", change_first)

    report = rescore_many(actor=actor, leads=Lead.objects.all())

    assert report.changed == 0
    assert float(scored(lead).score) == 33


def test_an_administrator_has_all_scores_computed_and_sees_it_end(admin, capture_commit):
    for _number in range(3):
        make_lead(attributes=KNOWN)

    job = start_rescore(actor=admin)
    assert start_rescore(actor=admin).pk == job.pk
    assert job.total == 3
    run_job({"job_id": job.pk})

    job.refresh_from_db()
    assert (job.state, job.done, job.result) == (JobState.DONE, 3, {"checked": 3, "changed": 3})
    assert Lead.objects.filter(score=55).count() == 3


@pytest.mark.parametrize("who", ["supervisor_user", "agent_user"])
def test_only_administrators_weigh_leads(broker, request, who):
    person = request.getfixturevalue(who).actor(broker_id=broker.pk)

    with pytest.raises(Forbidden):
        start_rescore(actor=person)
    with pytest.raises(Forbidden):
        save_scoring(actor=person, wanted=USUAL)
    with pytest.raises(Forbidden):
        preview_scoring(person, scoring_rules())


def test_another_brokers_leads_are_not_touched(actor, other_broker):
    with in_broker(other_broker.pk):
        theirs = make_lead(attributes=KNOWN)
    make_lead(attributes=KNOWN)

    rescore_many(actor=actor, leads=Lead.objects.all())

    with in_broker(other_broker.pk):
        assert scored(theirs).score == 0


def test_what_an_import_made_or_changed_is_scored_after_it(actor):
    job = Job.objects.create(kind=JobKind.IMPORT, state=JobState.DONE)
    made, changed = make_lead(attributes=KNOWN, made_by_job=job), make_lead(attributes=KNOWN)
    other = make_lead(attributes=KNOWN)
    JobChange.objects.create(job=job, lead_id=changed.pk, before={"tags": []})
    settle_what_a_job_changed(
        JobEnded(broker_id=actor.broker_id, actor=actor, job_id=job.pk, kind=job.kind, state=job.state)
    )
    with in_public():
        work = ScheduledWork.objects.get(kind="leads.settle_job")

    settle_leads_of_a_job(work.payload)
    settle_leads_of_a_job(work.payload)

    assert [float(scored(lead).score) for lead in (made, changed, other)] == [55.0, 55.0, 0.0]
    assert made.stage == "calificacion_financiera"
    assert StageChange.objects.filter(lead=made).count() == 1


# ---------------------------------------------------------------- the day


def test_silence_lowers_scores_in_the_morning_without_a_word_on_the_timeline(actor):
    silent = make_lead(attributes=KNOWN, created_at=timezone.now() - timedelta(days=30))
    fresh = make_lead(attributes=KNOWN)
    rescore_many(actor=actor, leads=Lead.objects.all())
    assert float(scored(silent).score) == 40.0
    Lead.objects.filter(pk=silent.pk).update(created_at=timezone.now() - timedelta(days=45))

    begin_day({})

    assert float(scored(silent).score) == 30.0
    assert float(scored(fresh).score) == 55.0
    assert not Activity.objects.filter(kind="scored").exists()


def test_a_visit_that_is_over_since_yesterday_moves_its_lead_in_the_morning(actor):
    yesterday = (timezone.now() - timedelta(days=2)).date().isoformat()
    lead = make_lead(stage="agendado", attributes={"visit_date": yesterday})

    begin_day({})

    assert scored(lead).stage == "seguimiento"


def test_every_broker_has_one_turn_at_seven_of_its_own_morning(broker, other_broker):
    plan_days()
    plan_days()

    with in_public():
        turns = {work.broker_id: work.due_at for work in ScheduledWork.objects.filter(kind="leads.new_day")}
    assert set(turns) >= {broker.pk, other_broker.pk}
    from zoneinfo import ZoneInfo

    local = turns[broker.pk].astimezone(ZoneInfo(broker.timezone))
    assert (local.hour, local.minute) == (7, 0)
    assert timezone.now() < turns[broker.pk] < timezone.now() + timedelta(days=1, minutes=1)


# ---------------------------------------------------------------- before it is kept


def test_a_preview_counts_what_would_change_and_changes_nothing(admin, actor):
    buyer = make_lead(attributes=KNOWN)
    make_lead()
    rescore_many(actor=actor, leads=Lead.objects.all())

    wanted = NewScoring(
        weights={"budget": 40}, warm=40, hot=70, sources={}, fields={}, after_days=14, points_per_week=5, floor=0
    )
    found = preview_scoring(admin, rules_wanted(wanted))

    assert (found.total, found.sampled, found.is_exact) == (2, 2, True)
    assert found.before == {"cold": 1, "warm": 1, "hot": 0}
    assert found.after == {"cold": 1, "warm": 0, "hot": 1}
    assert (found.warmer, found.cooler, found.higher, found.lower) == (1, 0, 1, 0)
    assert [(example.lead_id, example.before, example.after) for example in found.examples] == [(buyer.pk, 55.0, 80.0)]
    assert sum(found.bars_before) == sum(found.bars_after) == 2
    assert float(scored(buyer).score) == 55.0


def test_a_preview_of_many_leads_is_drawn_and_scaled(admin, monkeypatch):
    monkeypatch.setattr("apps.leads.scoring.preview.SAMPLE", 20)
    for number in range(60):
        make_lead(attributes=KNOWN if number % 2 else {}, score=0)

    found = preview_scoring(admin, scoring_rules())

    assert (found.total, found.sampled, found.is_exact) == (60, 20, False)
    assert 57 <= sum(found.after.values()) <= 63


def test_a_preview_costs_the_same_whatever_the_number_of_leads(admin, django_assert_max_num_queries):
    for _number in range(30):
        make_lead(attributes=KNOWN)
    rules = scoring_rules()

    with django_assert_max_num_queries(5):
        preview_scoring(admin, rules)


# ---------------------------------------------------------------- keeping it


def test_saved_rules_hold_and_are_in_the_trail(admin, actor):
    wanted = NewScoring(
        weights={"budget": 30}, warm=20, hot=50, sources={"portal": 8}, fields={"credito": 6},
        after_days=7, points_per_week=2, floor=10,
    )  # fmt: skip

    assert save_scoring(actor=admin, wanted=wanted)
    assert not save_scoring(actor=admin, wanted=wanted)

    rules = scoring_rules()
    assert (rules.weights["budget"], rules.warm, rules.hot) == (30, 20, 50)
    assert (rules.sources, rules.fields) == ({"portal": 8}, {"credito": 6})
    assert (rules.decay.after_days, rules.decay.points_per_week, rules.decay.floor) == (7, 2, 10)
    entry = AuditEntry.objects.get(name="scoring.changed")
    assert entry.after and entry.after["thresholds"] == {"warm": 20, "hot": 50}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"weights": {"charm": 5}}, "weights"),
        ({"weights": {"budget": 101}}, "weights.budget"),
        ({"weights": {"budget": float("nan")}}, "weights.budget"),
        ({"sources": {"portal": -1}}, "sources.portal"),
        ({"fields": {f"f{number}": 1 for number in range(101)}}, "fields"),
        ({"fields": {"x" * 121: 1}}, "fields"),
        ({"warm": 70, "hot": 70}, "hot"),
        ({"warm": 0}, "warm"),
        ({"after_days": 0}, "after_days"),
        ({"points_per_week": 101}, "decay.points_per_week"),
        ({"floor": -5}, "decay.floor"),
    ],
)
def test_rules_that_make_no_sense_are_not_kept(admin, change, field):
    from dataclasses import replace

    with pytest.raises(InvalidInput) as refused:
        save_scoring(actor=admin, wanted=replace(USUAL, **change))

    assert refused.value.field == field
    assert not AuditEntry.objects.filter(name="scoring.changed").exists()


def test_two_who_score_the_same_lead_at_once_agree(committed_db, broker):
    from concurrent.futures import ThreadPoolExecutor

    leads = [make_lead(attributes=KNOWN).pk for _number in range(20)]

    def settle(number: int) -> None:
        try:
            with in_broker(broker.pk):
                order = leads if number % 2 else leads[::-1]
                rescore_some(actor=system_actor(broker.pk), lead_ids=order)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(settle, range(8)))

    assert Lead.objects.filter(score=55).count() == 20
    assert Activity.objects.filter(kind="scored").count() == 20
