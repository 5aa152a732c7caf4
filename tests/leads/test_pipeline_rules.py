"""A broker's own pipeline: what stages ask for at every door, its rules, its reasons, and silences that are told."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.utils import timezone

from apps.audit.models import AuditEntry
from apps.core.access import system_actor
from apps.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from apps.core.tenancy import in_broker
from apps.leads.actions import lose_lead, move_stage, update_lead
from apps.leads.models import Activity, Lead, LossReason, Pipeline, PipelineRule, StageChange
from apps.leads.pipeline import (
    active_rules,
    advance_by_themselves,
    advance_many,
    all_loss_reasons,
    all_rules,
    auto_advance_lead,
    due_leads,
    loss_reasons,
)
from apps.leads.pipeline.arranging import ensure_pipeline
from apps.leads.pipeline.loss_settings import (
    delete_loss_reason,
    move_loss_reason,
    save_loss_reason,
    switch_loss_reason,
)
from apps.leads.pipeline.rule_settings import (
    NewRule,
    delete_rule,
    move_rule,
    restore_rules,
    save_rule,
    switch_rule,
)
from apps.leads.pipeline.rules import BUILT_IN, is_unchanged
from apps.leads.pipeline.silence import tell_of_silent_leads
from apps.leads.pipeline.stage_settings import save_stages
from apps.leads.stages import LOST_REASON, StageNeedsFields, StageSettings, can_enter
from apps.leads.timeline import sentence_of
from tests.factories import make_lead

VIP = {"all": [{"field": "tags", "op": "has_any", "value": ["vip"]}]}


@pytest.fixture
def actor(broker):
    return system_actor(broker.pk)


@pytest.fixture
def admin(admin_user, broker):
    return admin_user.actor(broker_id=broker.pk)


@pytest.fixture
def agent(agent_user, broker):
    return agent_user.actor(broker_id=broker.pk)


@pytest.fixture
def asks_for_budget(admin):
    asked = ("email", "attributes.budget_amount")
    save_stages(actor=admin, wanted=[StageSettings(stage="agendado", required_fields=asked)])


def vip_rule(admin, **fields) -> PipelineRule:
    wanted = {"name": "VIP", "to_stage": "agendado", "conditions": VIP, **fields}
    return save_rule(actor=admin, wanted=NewRule(**wanted))


# ---------------------------------------------------------------- what stages ask for


def test_a_stage_is_entered_only_with_what_it_asks_for(admin, asks_for_budget):
    lead = make_lead(email="")

    with pytest.raises(StageNeedsFields) as refused:
        move_stage(actor=admin, lead_id=lead.pk, stage="agendado")

    assert [detail.field for detail in refused.value.details] == ["email", "attributes.budget_amount"]
    assert not StageChange.objects.exists()
    assert not can_enter(lead, "agendado")
    update_lead(actor=admin, lead_id=lead.pk, email="ana@example.com", attributes={"budget_amount": 100})
    assert move_stage(actor=admin, lead_id=lead.pk, stage="agendado").stage == "agendado"


@pytest.mark.parametrize(
    ("method", "path"), [("put", "/api/v1/leads/{}/pipeline"), ("post", "/api/v1/pipeline/leads/{}/move-stage")]
)
def test_the_api_names_the_fields_that_are_missing(api, admin_user, asks_for_budget, method, path):
    lead = make_lead(email="")

    answer = getattr(api(admin_user), method)(path.format(lead.pk), {"stage": "agendado"})

    assert answer.status_code == 422
    assert "Presupuesto" in answer.content.decode() or "Budget" in answer.content.decode()
    assert Lead.objects.get().stage == "entrada"


def test_a_rule_leaves_a_lead_that_lacks_what_the_stage_asks_for(actor, asks_for_budget):
    lacking = make_lead(email="", attributes={"visit_date": "2999-01-01", "budget_amount": 1})
    fit = make_lead(email="ana@example.com", attributes={"visit_date": "2999-01-01", "budget_amount": 1})

    advance_many(actor=actor, leads=Lead.objects.all())

    lacking.refresh_from_db()
    fit.refresh_from_db()
    assert (fit.stage, lacking.stage) == ("agendado", "perfilamiento")


def test_sofia_keeps_talking_where_the_stage_asks_for_more(actor, asks_for_budget):
    from apps.reception.actions import _move

    lead = make_lead(email="")

    _move(actor, lead.pk, "agendado")

    lead.refresh_from_db()
    assert lead.stage == "entrada"


@pytest.mark.parametrize(
    "wanted",
    [
        StageSettings(stage="agendado", required_fields=("nothing",)),
        StageSettings(stage="agendado", required_fields=("stage",)),
        StageSettings(stage="agendado", required_fields=(LOST_REASON,)),
        StageSettings(stage="ganado", inactive_days=3),
        StageSettings(stage="entrada", inactive_days=0),
        StageSettings(stage="entrada", inactive_days=366),
        StageSettings(stage="nunca"),
    ],
)
def test_a_stage_cannot_ask_for_nonsense(admin, wanted):
    with pytest.raises(InvalidInput):
        save_stages(actor=admin, wanted=[wanted])


# ---------------------------------------------------------------- losses


def test_a_loss_keeps_its_reason_and_a_return_forgets_it(admin):
    lead = make_lead(stage="agendado")

    lose_lead(actor=admin, lead_id=lead.pk, reason=" Compró en otra parte ")

    lead.refresh_from_db()
    assert (lead.stage, lead.status, lead.lost_reason) == ("perdido", "lost", "Compró en otra parte")
    assert StageChange.objects.get().reason == "Compró en otra parte"
    lose_lead(actor=admin, lead_id=lead.pk, reason="No responde")
    move_stage(actor=admin, lead_id=lead.pk, stage="seguimiento")
    lead.refresh_from_db()
    assert lead.lost_reason == ""


def test_people_say_why_and_the_api_only_where_the_broker_wants_it(api, admin_user, admin):
    first, second = make_lead(), make_lead()
    with pytest.raises(InvalidInput):
        lose_lead(actor=admin, lead_id=first.pk, reason=" ")
    client = api(admin_user)

    assert client.put(f"/api/v1/leads/{first.pk}/pipeline", {"stage": "perdido"}).status_code == 200
    save_stages(actor=admin, wanted=[StageSettings(stage="perdido", required_fields=(LOST_REASON,))])
    without = client.put(f"/api/v1/leads/{second.pk}/pipeline", {"stage": "perdido"})
    given = client.put(f"/api/v1/leads/{second.pk}/pipeline", {"stage": "perdido", "reason": "Precio"})

    assert (without.status_code, given.status_code) == (422, 200)
    assert Lead.objects.get(pk=second.pk).lost_reason == "Precio"


def test_reasons_are_the_products_own_until_somebody_changes_them(admin):
    assert len(loss_reasons()) == 6
    assert not LossReason.objects.exists()

    reason = save_loss_reason(actor=admin, name="  Se  mudó ")

    assert reason.name == "Se mudó"
    assert [each.name for each in loss_reasons()][-1] == "Se mudó"
    assert LossReason.objects.count() == 7


def test_reasons_are_renamed_switched_off_put_in_order_and_deleted(admin):
    ensure_pipeline(actor=admin)
    first, second, third, *_rest = all_loss_reasons()

    save_loss_reason(actor=admin, reason_id=first.pk, name="Otra")
    switch_loss_reason(actor=admin, reason_id=second.pk)
    move_loss_reason(actor=admin, reason_id=third.pk, direction="up")
    move_loss_reason(actor=admin, reason_id=first.pk, direction="up")
    delete_loss_reason(actor=admin, reason_id=all_loss_reasons()[-1].pk)

    assert [each.pk for each in all_loss_reasons()[:3]] == [first.pk, third.pk, second.pk]
    assert second.pk not in {each.pk for each in loss_reasons()}
    assert len(all_loss_reasons()) == 5
    with pytest.raises(Conflict):
        save_loss_reason(actor=admin, reason_id=third.pk, name="Otra")
    with pytest.raises(InvalidInput):
        save_loss_reason(actor=admin, name=" ")
    with pytest.raises(NotFound):
        save_loss_reason(actor=admin, reason_id=999_999, name="x")


# ---------------------------------------------------------------- rules


def test_the_products_rules_hold_without_a_row(broker):
    assert [rule.key for rule in active_rules()] == [rule.key for rule in BUILT_IN]
    assert not PipelineRule.objects.exists()


def test_a_brokers_rule_moves_leads_and_is_named_in_their_history(admin, actor):
    vip_rule(admin, name="Son VIP", to_stage="seguimiento")
    lead = make_lead(tags=["vip"])

    auto_advance_lead(actor=actor, lead_id=lead.pk)

    lead.refresh_from_db()
    assert lead.stage == "seguimiento"
    assert StageChange.objects.get().reason == "Son VIP"


def test_the_first_rule_that_holds_decides(admin, actor):
    rule = vip_rule(admin, to_stage="referidos")
    lead, second = make_lead(tags=["vip"], status="hot"), make_lead(tags=["vip"], status="hot")
    auto_advance_lead(actor=actor, lead_id=lead.pk)
    for _step in range(4):
        move_rule(actor=admin, rule_id=rule.pk, direction="up")

    auto_advance_lead(actor=actor, lead_id=second.pk)

    assert [Lead.objects.get(pk=each.pk).stage for each in (lead, second)] == ["calificacion_financiera", "referidos"]


def test_a_rule_that_is_off_or_gone_moves_nobody(admin, actor):
    rule = vip_rule(admin)
    switch_rule(actor=admin, rule_id=rule.pk)
    lead = make_lead(tags=["vip"])
    auto_advance_lead(actor=actor, lead_id=lead.pk)
    assert Lead.objects.get(pk=lead.pk).stage == "entrada"
    switch_rule(actor=admin, rule_id=rule.pk)
    delete_rule(actor=admin, rule_id=rule.pk)

    auto_advance_lead(actor=actor, lead_id=lead.pk)

    assert Lead.objects.get(pk=lead.pk).stage == "entrada"


def test_without_any_rule_nobody_goes_on_and_the_products_own_can_come_back(admin, actor):
    ensure_pipeline(actor=admin)
    for rule in all_rules():
        delete_rule(actor=admin, rule_id=rule.pk)
    lead = make_lead(status="hot")
    assert not auto_advance_lead(actor=actor, lead_id=lead.pk).is_advanced

    restore_rules(actor=admin)

    assert is_unchanged(all_rules())
    assert auto_advance_lead(actor=actor, lead_id=lead.pk).is_advanced


def test_a_rule_of_loss_says_why(admin, actor):
    old = {"all": [{"field": "created_at", "op": "older_than_days", "value": 90}]}
    save_rule(actor=admin, wanted=NewRule(name="Tres meses sin compra", to_stage="perdido", conditions=old))
    lead = make_lead(created_at=timezone.now() - timedelta(days=100))
    won = make_lead(stage="ganado", status="converted", created_at=timezone.now() - timedelta(days=100))

    advance_many(actor=actor, leads=Lead.objects.all())

    assert Lead.objects.get(pk=lead.pk).lost_reason == "Tres meses sin compra"
    assert Lead.objects.get(pk=won.pk).stage == "ganado"


def test_a_stage_from_which_a_person_took_a_lead_back_is_not_entered_again_by_itself(admin, actor):
    lead = make_lead(attributes={"visit_date": "2999-01-01"})
    advance_by_themselves(actor=actor, leads=Lead.objects.all())
    move_stage(actor=admin, lead_id=lead.pk, stage="entrada")

    advance_many(actor=actor, leads=Lead.objects.all())

    assert Lead.objects.get().stage == "entrada"
    assert auto_advance_lead(actor=admin, lead_id=lead.pk).lead.stage == "agendado"


def test_a_rule_tells_how_many_it_would_move(admin):
    rule = vip_rule(admin)
    make_lead(tags=["vip"])
    make_lead(tags=["vip"], stage="seguimiento")
    make_lead()

    assert due_leads(admin, rule).count() == 1
    assert not StageChange.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"to_stage": "entrada"}, "to_stage"),
        ({"to_stage": "nunca"}, "stage"),
        ({"conditions": {}}, "conditions"),
        ({"conditions": {"all": []}}, "conditions"),
        ({"conditions": [1]}, "conditions"),
        ({"conditions": {"all": [{"field": "score", "op": "gt", "value": "mucho"}]}}, "conditions"),
        ({"conditions": {"all": [{"field": "assigned_agent", "op": "is_me"}]}}, "conditions"),
    ],
)
def test_a_rule_that_makes_no_sense_is_not_kept(admin, change, field):
    with pytest.raises(InvalidInput) as refused:
        vip_rule(admin, **change)

    assert refused.value.field == field
    assert not PipelineRule.objects.filter(key="").exists()


@pytest.mark.parametrize("who", ["supervisor_user", "agent_user"])
def test_only_administrators_arrange_the_pipeline(broker, request, who):
    person = request.getfixturevalue(who).actor(broker_id=broker.pk)

    for act in (
        lambda: vip_rule(person),
        lambda: restore_rules(actor=person),
        lambda: save_stages(actor=person, wanted=[]),
        lambda: save_loss_reason(actor=person, name="x"),
    ):
        with pytest.raises(Forbidden):
            act()
    assert not Pipeline.objects.exists()


def test_every_change_is_in_the_trail(admin):
    rule = vip_rule(admin)
    switch_rule(actor=admin, rule_id=rule.pk)
    delete_rule(actor=admin, rule_id=rule.pk)
    save_stages(actor=admin, wanted=[StageSettings(stage="entrada", inactive_days=3)])

    entries = AuditEntry.objects.filter(name="pipeline.changed").order_by("id")

    assert [sorted(entry.after or entry.before or {}) for entry in entries] == [
        [f"rule.{rule.pk}"], [f"rule.{rule.pk}.is_active"], [f"rule.{rule.pk}"], ["entrada"],
    ]  # fmt: skip


def test_another_brokers_rules_stay_their_own(admin, other_broker):
    rule = vip_rule(admin)

    with in_broker(other_broker.pk):
        assert is_unchanged(all_rules())
        with pytest.raises(NotFound):
            delete_rule(actor=system_actor(other_broker.pk), rule_id=rule.pk)


def test_two_who_look_at_once_make_one_pipeline(committed_db, broker):
    def look(_number: int) -> None:
        try:
            with in_broker(broker.pk):
                ensure_pipeline(actor=system_actor(broker.pk))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(look, range(8)))

    assert (Pipeline.objects.count(), PipelineRule.objects.count(), LossReason.objects.count()) == (1, 4, 6)


def test_many_moves_are_told_together_and_still_have_their_lines(actor, monkeypatch):
    monkeypatch.setattr("apps.leads.actions.MOST_TOLD_ALONE", 3)
    for _number in range(5):
        make_lead(status="hot")

    advance_many(actor=actor, leads=Lead.objects.all())

    assert StageChange.objects.count() == Activity.objects.filter(kind="stage_changed").count() == 5
    assert not AuditEntry.objects.filter(name="lead.stage_changed").exists()
    assert AuditEntry.objects.filter(name="leads.changed").count() == 1


# ---------------------------------------------------------------- silence


@pytest.fixture
def told_after_three_days(admin):
    save_stages(actor=admin, wanted=[StageSettings(stage="seguimiento", inactive_days=3)])


def silent_lead(days: int, **fields) -> Lead:
    then = timezone.now() - timedelta(days=days, hours=1)
    lead = make_lead(stage="seguimiento", created_at=then, **fields)
    Lead.objects.filter(pk=lead.pk).update(stage_changed_at=then, last_contacted_at=then)
    return lead


def test_a_silence_is_told_once(actor, told_after_three_days, agent_user):
    lead = silent_lead(3, assigned_agent=agent_user)

    assert tell_of_silent_leads(actor=actor) == 1
    assert tell_of_silent_leads(actor=actor) == 0

    line = Activity.objects.get(lead=lead)
    assert (line.kind, line.details) == ("inactive", {"stage": "seguimiento", "days": 3})
    assert "3" in sentence_of(line)


def test_a_new_silence_is_told_again(actor, told_after_three_days):
    lead = silent_lead(3)
    tell_of_silent_leads(actor=actor)
    Activity.objects.update(created_at=timezone.now() - timedelta(days=10))
    Lead.objects.filter(pk=lead.pk).update(last_inbound_at=timezone.now() - timedelta(days=4))

    assert tell_of_silent_leads(actor=actor) == 1


@pytest.mark.parametrize(
    "heard",
    [
        {"last_inbound_at": timezone.now()},
        {"last_contacted_at": timezone.now()},
        {"stage_changed_at": timezone.now()},
        {"is_opted_out": True},
        {"is_blocked": True},
        {"stage": "perfilamiento"},
        {"last_contacted_at": F("created_at") - timedelta(days=60), "created_at": F("created_at") - timedelta(days=60),
         "stage_changed_at": F("created_at") - timedelta(days=60)},
    ],
)  # fmt: skip
def test_nobody_is_told_of_leads_that_are_spoken_with_or_long_gone(actor, told_after_three_days, heard):
    lead = silent_lead(3)
    Lead.objects.filter(pk=lead.pk).update(**heard)

    assert tell_of_silent_leads(actor=actor) == 0


def test_without_days_nobody_is_told(actor):
    silent_lead(3)

    assert tell_of_silent_leads(actor=actor) == 0
