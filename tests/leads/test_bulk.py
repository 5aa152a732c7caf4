"""One change to many leads: who may, what happens to each, how it is stopped and taken back."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.types import Role
from apps.audit.models import AuditEntry
from apps.core.access import system_actor
from apps.core.errors import Forbidden, InvalidInput, NotFound
from apps.core.tenancy import in_broker
from apps.leads.actions import InvalidAgent, assign_lead, move_stage
from apps.leads.bulk import BulkAction, Target, count_for, describe_action, parse_target, start_bulk, undo_job
from apps.leads.bulk import running as bulk_running
from apps.leads.bulk.acts import parse_action
from apps.leads.bulk.running import MoreThanConfirmed
from apps.leads.bulk.undoing import CannotUndo
from apps.leads.jobs import request_cancel
from apps.leads.models import Activity, Job, JobChange, Lead, Pipeline, PipelineStage, StageChange
from apps.leads.saved_views import create_view
from tests.factories import make_conversation, make_lead, make_user

HOT = {"all": [{"field": "status", "op": "is", "value": "hot"}]}


@pytest.fixture
def admin(admin_user):
    return admin_user.actor()


@pytest.fixture
def agent(agent_user):
    return agent_user.actor()


def ids_of(*leads) -> Target:
    return Target(lead_ids=tuple(lead.pk for lead in leads), conditions={})


def column(name, *leads) -> list:
    found = dict(Lead.objects.filter(pk__in=[lead.pk for lead in leads]).values_list("pk", name))
    return [found.get(lead.pk) for lead in leads]


@pytest.fixture
def as_a_job(monkeypatch):
    """However few leads: a worker does it, two at a time."""
    monkeypatch.setattr(bulk_running, "DONE_AT_ONCE", 0)
    monkeypatch.setattr("apps.leads.bulk.undoing.DONE_AT_ONCE", 0)
    monkeypatch.setattr(bulk_running, "CHUNK", 2)
    monkeypatch.setattr("apps.leads.bulk.undoing._BATCH", 2)


# ---------------------------------------------------------------- what happens

CHANGES = [
    ("add_tags", {"tags": ["vip", " vip ", "norte"]}, "tags", ["vip"], ["vip", "norte"], "updated"),
    ("remove_tags", {"tags": ["sur"]}, "tags", ["sur", "vip"], ["vip"], "updated"),
    ("move_stage", {"stage": "AGENDADO"}, "stage", "entrada", "agendado", "stage_changed"),
    ("set_status", {"status": "hot"}, "status", "cold", "hot", "updated"),
    ("set_contact_status", {"contact_status": "qualified"}, "contact_status", "new", "qualified", "updated"),
]


@pytest.mark.parametrize(("action", "values", "name", "before", "after", "kind"), CHANGES)
def test_each_lead_changes_says_so_and_can_be_put_back(admin, action, values, name, before, after, kind):
    changing, already = make_lead(**{name: before}), make_lead(**{name: after})
    other = make_lead(**{name: before})

    job = start_bulk(actor=admin, action=action, target=ids_of(changing, already), values=values)

    assert (job.state, job.result["changed"], job.total) == ("done", 1, 2)
    assert column(name, changing, already, other) == [after, after, before]
    assert Activity.objects.get(lead=changing).kind == kind
    assert not Activity.objects.filter(lead__in=[already, other]).exists()

    back = undo_job(actor=admin, job_id=job.pk)

    assert (back.state, back.result["restored"], back.result["kept"]) == ("done", 1, 0)
    assert column(name, changing, already, other) == [before, after, before]
    assert Activity.objects.filter(lead=changing, kind=kind).count() == 2
    assert Job.objects.get(pk=job.pk).state == "undone"


def test_leads_are_given_to_an_agent_taken_away_and_given_back(admin):
    rosa, luis = make_user(Role.AGENT), make_user(Role.AGENT)
    hers, nobodys = make_lead(assigned_agent=rosa), make_lead()

    job = start_bulk(actor=admin, action="assign", target=ids_of(hers, nobodys), values={"agent_id": str(luis.pk)})
    assert column("assigned_agent_id", hers, nobodys) == [luis.pk, luis.pk]

    undo_job(actor=admin, job_id=job.pk)
    assert column("assigned_agent_id", hers, nobodys) == [rosa.pk, None]
    assert AuditEntry.objects.filter(name="lead.assigned").count() == 4

    start_bulk(actor=admin, action="assign", target=ids_of(hers), values={"agent_id": None})
    assert column("assigned_agent_id", hers) == [None]


def test_a_move_and_its_undoing_keep_stage_history_and_time(admin):
    since = timezone.now() - timedelta(days=3)
    lead = make_lead(status="warm", stage="seguimiento", stage_changed_at=since)

    job = start_bulk(
        actor=admin, action="move_stage", target=ids_of(lead), values={"stage": "perdido", "reason": "Compró otra"}
    )
    lead.refresh_from_db()
    assert (lead.stage, lead.status, lead.lost_reason) == ("perdido", "lost", "Compró otra")

    undo_job(actor=admin, job_id=job.pk)
    lead.refresh_from_db()
    assert (lead.stage, lead.status, lead.lost_reason, lead.stage_changed_at) == ("seguimiento", "warm", "", since)
    moves = StageChange.objects.order_by("id").values_list("from_stage", "to_stage")
    assert list(moves) == [("seguimiento", "perdido"), ("perdido", "seguimiento")]


def test_a_lead_without_what_the_stage_asks_for_is_passed_over(admin):
    pipeline, _made = Pipeline.objects.get_or_create(is_default=True, defaults={"name": "Ventas"})
    PipelineStage.objects.update_or_create(
        pipeline=pipeline, stage="agendado", defaults={"position": 3, "required_fields": ["email"]}
    )
    able, unable = make_lead(email="a@b.cl"), make_lead()

    job = start_bulk(actor=admin, action="move_stage", target=ids_of(able, unable), values={"stage": "agendado"})

    assert (job.result["changed"], job.result["skipped"]) == (1, 1)
    assert column("stage", able, unable) == ["agendado", "entrada"]


def test_no_lead_gets_more_tags_than_it_may_have(admin):
    full, empty = make_lead(tags=[f"t{number}" for number in range(50)]), make_lead()

    job = start_bulk(actor=admin, action="add_tags", target=ids_of(full, empty), values={"tags": ["vip"]})

    assert (job.result["changed"], job.result["skipped"]) == (1, 1)
    assert column("tags", empty) == [["vip"]]


def test_deleting_takes_all_with_it_and_cannot_be_undone(admin):
    gone, kept = make_lead(), make_lead()
    make_conversation(gone)

    job = start_bulk(actor=admin, action="delete", target=ids_of(gone), confirmed=1)

    assert list(Lead.objects.values_list("pk", flat=True)) == [kept.pk]
    assert JobChange.objects.get(job=job).before["label"] == str(gone)
    assert AuditEntry.objects.filter(name="lead.deleted", object_id=str(gone.pk)).exists()
    with pytest.raises(CannotUndo):
        undo_job(actor=admin, job_id=job.pk)


def test_deleting_asks_for_the_number_and_stops_where_it_has_grown(admin):
    make_lead(status="hot")
    target = Target(conditions=HOT)

    with pytest.raises(InvalidInput):
        start_bulk(actor=admin, action="delete", target=target)
    agreed = count_for(admin, target)
    make_lead(status="hot")
    with pytest.raises(MoreThanConfirmed):
        start_bulk(actor=admin, action="delete", target=target, confirmed=agreed)

    assert Lead.objects.count() == 2
    assert not Job.objects.exists()


# ---------------------------------------------------------------- whom it is about


def test_a_whole_filter_search_or_view_is_a_target(admin):
    hot, cold = make_lead(status="hot", first_name="Inés"), make_lead(first_name="Inés")
    view = create_view(actor=admin, name="Calientes", conditions=HOT)

    targets = {
        "filter": {"conditions": HOT},
        "search": {"conditions": {}, "search": "ines"},
        "view": {"view": view.id},
        "starting view": {"view": "hot", "search": "ines"},
        "view and more": {
            "view": view.id,
            "conditions": {"all": [{"field": "name", "op": "contains", "value": "Ana"}]},
        },
        "numbers": {"ids": [hot.pk, str(hot.pk), 10**18]},
    }
    counts = {name: count_for(admin, parse_target(admin, value)) for name, value in targets.items()}

    assert counts == {"filter": 1, "search": 2, "view": 1, "starting view": 1, "view and more": 0, "numbers": 1}
    start_bulk(actor=admin, action="add_tags", target=parse_target(admin, {"view": view.id}), values={"tags": ["x"]})
    assert column("tags", hot, cold) == [["x"], []]


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"ids": []},
        {"ids": "1"},
        {"ids": [0.5]},
        {"ids": [True]},
        {"ids": [-1]},
        {"ids": ["١"]},
        {"ids": [10**20]},
        {"ids": [1] * 10_001},
        {"ids": [1], "search": "x"},
        {"conditions": {"all": [{"field": "password", "op": "is", "value": 1}]}},
        {"search": 5},
        {"search": "x" * 201},
        {"leads": [1]},
    ],
)
def test_what_is_no_target_is_refused(admin, value):
    with pytest.raises(InvalidInput):
        parse_target(admin, value)


def test_an_unknown_view_is_not_found(admin):
    with pytest.raises(NotFound):
        parse_target(admin, {"view": "999"})


@pytest.mark.parametrize(
    ("action", "values"),
    [
        ("explode", {}),
        ("campaign", {}),
        (None, {}),
        ("add_tags", {}),
        ("add_tags", {"tags": []}),
        ("add_tags", {"tags": [" "]}),
        ("add_tags", {"tags": ["x" * 61]}),
        ("add_tags", {"tags": ["a\x00"]}),
        ("add_tags", {"tags": [1]}),
        ("add_tags", {"tags": "vip"}),
        ("move_stage", {"stage": "nunca"}),
        ("move_stage", {"stage": "perdido"}),
        ("set_status", {"status": "tibio"}),
        ("set_contact_status", {"contact_status": ""}),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_changes(admin, action, values):
    lead = make_lead()

    with pytest.raises(InvalidInput):
        start_bulk(actor=admin, action=action, target=ids_of(lead), values=values)

    assert not Job.objects.exists()


@pytest.mark.parametrize("agent_id", ["x", 0, 10**17, "-1"])
def test_leads_are_given_to_active_people_of_the_broker_alone(admin, other_broker, agent_id):
    lead = make_lead()
    with in_broker(other_broker.pk):
        stranger = make_user(Role.AGENT)

    for wrong in (agent_id, stranger.pk):
        with pytest.raises(InvalidAgent):
            start_bulk(actor=admin, action="assign", target=ids_of(lead), values={"agent_id": wrong})


def test_nothing_to_change_is_said(admin):
    with pytest.raises(InvalidInput):
        start_bulk(actor=admin, action="add_tags", target=Target(conditions=HOT), values={"tags": ["x"]})


# ---------------------------------------------------------------- who may


def test_agents_change_what_they_see_and_neither_give_nor_delete(agent):
    mine, foreign = make_lead(assigned_agent_id=agent.user_id), make_lead()

    job = start_bulk(actor=agent, action="add_tags", target=ids_of(mine, foreign), values={"tags": ["x"]})

    assert job.total == 1
    assert column("tags", mine, foreign) == [["x"], []]
    for action, values in (("assign", {"agent_id": agent.user_id}), ("delete", {})):
        with pytest.raises(Forbidden):
            start_bulk(actor=agent, action=action, target=ids_of(mine), values=values, confirmed=1)


def test_an_agent_takes_back_their_own_action_and_nobody_elses(agent, admin):
    lead = make_lead(assigned_agent_id=agent.user_id)
    own = start_bulk(actor=agent, action="add_tags", target=ids_of(lead), values={"tags": ["x"]})
    others = start_bulk(actor=admin, action="add_tags", target=ids_of(lead), values={"tags": ["y"]})

    with pytest.raises(NotFound):
        undo_job(actor=agent, job_id=others.pk)
    undo_job(actor=admin, job_id=others.pk)
    undo_job(actor=agent, job_id=own.pk)

    assert column("tags", lead) == [[]]


def test_another_brokers_jobs_and_leads_are_not_there(admin, other_broker, other_admin_user):
    lead = make_lead()
    job = start_bulk(actor=admin, action="add_tags", target=ids_of(lead), values={"tags": ["x"]})

    with in_broker(other_broker.pk):
        stranger = other_admin_user.actor()
        with pytest.raises(NotFound):
            undo_job(actor=stranger, job_id=job.pk)
        with pytest.raises(InvalidInput):
            start_bulk(actor=stranger, action="add_tags", target=ids_of(lead), values={"tags": ["y"]})


# ---------------------------------------------------------------- as a job


def test_many_leads_are_a_job_that_a_worker_does_and_undoes(admin, as_a_job, run_work):
    leads = [make_lead(status="hot") for _number in range(5)]

    job = start_bulk(actor=admin, action="add_tags", target=Target(conditions=HOT), values={"tags": ["vip"]})
    assert (job.state, job.total) == ("queued", 5)
    run_work()

    job.refresh_from_db()
    assert (job.state, job.done, job.result["changed"]) == ("done", 5, 5)
    assert column("tags", *leads) == [["vip"]] * 5

    undo_job(actor=admin, job_id=job.pk)
    again = undo_job(actor=admin, job_id=job.pk)
    run_work()

    assert column("tags", *leads) == [[]] * 5
    again.refresh_from_db()
    assert (again.state, again.result["restored"]) == ("done", 5)
    assert Job.objects.count() == 2
    with pytest.raises(CannotUndo):
        undo_job(actor=admin, job_id=job.pk)


def test_a_job_that_changes_what_its_filter_asks_for_reaches_every_lead(admin, as_a_job, run_work):
    leads = [make_lead(status="hot") for _number in range(5)]

    start_bulk(actor=admin, action="set_status", target=Target(conditions=HOT), values={"status": "lost"})
    run_work()

    assert column("status", *leads) == ["lost"] * 5


def test_a_job_that_died_goes_on_where_it_was(admin, as_a_job, run_work):
    leads = [make_lead(status="hot", tags=["a"]) for _number in range(4)]
    job = start_bulk(actor=admin, action="add_tags", target=Target(conditions=HOT), values={"tags": ["vip"]})
    # As if the process had died after its first chunk.
    for lead in leads[:2]:
        JobChange.objects.create(job=job, lead_id=lead.pk, before={"tags": ["a"], "_after": {"tags": ["a", "vip"]}})
        Lead.objects.filter(pk=lead.pk).update(tags=["a", "vip"])
    Job.objects.filter(pk=job.pk).update(state="running")
    run_work()

    job.refresh_from_db()
    assert (job.state, job.result["changed"]) == ("done", 4)
    assert column("tags", *leads) == [["a", "vip"]] * 4


def test_a_stopped_job_leaves_what_it_did_and_that_can_be_taken_back(admin, as_a_job, run_work, monkeypatch):
    leads = [make_lead(status="hot") for _number in range(4)]
    job = start_bulk(actor=admin, action="add_tags", target=Target(conditions=HOT), values={"tags": ["vip"]})
    monkeypatch.setattr("apps.leads.jobs._TOLD_EVERY_SECONDS", 0)
    real = bulk_running._do_chunk

    def then_stop(*args) -> int:
        skipped = real(*args)
        request_cancel(actor=admin, job_id=job.pk)
        return skipped

    monkeypatch.setattr(bulk_running, "_do_chunk", then_stop)
    run_work()

    job.refresh_from_db()
    assert job.state == "cancelled"
    assert column("tags", *leads) == [["vip"], ["vip"], [], []]
    undo_job(actor=admin, job_id=job.pk)
    run_work()
    assert column("tags", *leads) == [[]] * 4


def test_whoever_lost_the_right_while_the_job_waited_changes_nothing(admin_user, as_a_job, run_work):
    lead = make_lead(status="hot")
    job = start_bulk(actor=admin_user.actor(), action="delete", target=Target(conditions=HOT), confirmed=1)
    admin_user.role = Role.AGENT
    admin_user.save()

    run_work()

    job.refresh_from_db()
    assert job.state == "failed"
    assert Lead.objects.filter(pk=lead.pk).exists()


# ---------------------------------------------------------------- taking back


def test_what_somebody_changed_since_stays_as_they_left_it(admin):
    rosa, luis, ana = (make_user(Role.AGENT) for _number in range(3))
    first, second = make_lead(assigned_agent=rosa), make_lead(assigned_agent=rosa)
    job = start_bulk(actor=admin, action="assign", target=ids_of(first, second), values={"agent_id": luis.pk})
    assign_lead(actor=admin, lead_id=second.pk, agent_id=ana.pk)

    back = undo_job(actor=admin, job_id=job.pk)

    assert (back.result["restored"], back.result["kept"]) == (1, 1)
    assert column("assigned_agent_id", first, second) == [rosa.pk, ana.pk]


def test_a_lead_that_was_moved_on_or_deleted_since_is_left_alone(admin):
    back, moved, gone = make_lead(), make_lead(), make_lead()
    job = start_bulk(actor=admin, action="move_stage", target=ids_of(back, moved, gone), values={"stage": "agendado"})
    move_stage(actor=admin, lead_id=moved.pk, stage="seguimiento")
    gone.delete()

    undone = undo_job(actor=admin, job_id=job.pk)

    assert undone.result["restored"] == 1
    assert column("stage", back, moved) == ["entrada", "seguimiento"]


def test_what_is_no_bulk_action_or_runs_still_cannot_be_undone(admin, as_a_job):
    make_lead(status="hot")
    waiting = start_bulk(actor=admin, action="add_tags", target=Target(conditions=HOT), values={"tags": ["x"]})
    rescore = Job.objects.create(kind="rescore", state="done")

    for job in (waiting, rescore):
        with pytest.raises(CannotUndo):
            undo_job(actor=admin, job_id=job.pk)
    with pytest.raises(NotFound):
        undo_job(actor=admin, job_id=10**6)


# ---------------------------------------------------------------- words and cost


@pytest.mark.parametrize("action", BulkAction.values)
def test_what_would_happen_is_said_with_the_number(broker, action):
    values = {"agent_id": None, "tags": ["vip"], "stage": "ganado", "status": "hot", "contact_status": "new"}

    assert "1234" in describe_action(parse_action(action), values, 1234)


@pytest.mark.parametrize(
    ("action", "values"),
    [
        ("assign", {"agent_id": None}),
        ("add_tags", {"tags": ["x"]}),
        ("set_status", {"status": "lost"}),
        ("move_stage", {"stage": "agendado"}),
    ],
)
def test_a_hundred_and_fifty_leads_cost_the_queries_of_a_hundred_and_ten(broker, action, values, monkeypatch):
    # More than a hundred are told together; fewer tell each their own story. Progress is told by the clock.
    monkeypatch.setattr("apps.leads.jobs._TOLD_EVERY_SECONDS", 1e9)
    actor = system_actor(broker.pk)

    def cost(number: int) -> int:
        leads = [make_lead(assigned_agent=rosa) for _number in range(number)]
        with CaptureQueriesContext(connection) as captured:
            start_bulk(actor=actor, action=action, target=ids_of(*leads), values=values)
        assert Activity.objects.filter(lead__in=leads).count() == number
        return len(captured)

    rosa = make_user(Role.AGENT)
    assert cost(110) == cost(150)
