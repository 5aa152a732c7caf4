"""The page where an administrator arranges the pipeline: stages, rules, reasons of losses."""

import json

import pytest

from apps.core.tenancy import in_broker
from apps.leads.models import LossReason, PipelineRule
from apps.leads.pipeline import all_loss_reasons, all_rules
from apps.leads.stages import LOST_REASON, stage_settings
from tests.factories import make_lead

PAGE = "/app/settings/pipeline"
RULES, REASONS = f"{PAGE}/rules", f"{PAGE}/reasons"
VIP = json.dumps({"all": [{"field": "tags", "op": "has_any", "value": ["vip"]}]})


@pytest.fixture
def admin(admin_user, browser):
    return browser(admin_user)


@pytest.fixture
def arranged(broker, admin):
    """Somebody has looked at the page: the broker has rows of its own."""
    return admin.get(PAGE)


def test_the_page_shows_stages_rules_and_reasons(arranged):
    html = arranged.content.decode()

    assert "Calificación financiera" in html
    assert html.count('class="rule"') == 4
    assert html.count('class="reason"') == 6


def test_stages_are_saved_together(broker, admin):
    admin.post(
        f"{PAGE}/stages",
        {
            "fields.agendado": ["email", "attributes.budget_amount"],
            "days.agendado": "5",
            "days.entrada": "",
            "is_reason_required": "on",
        },
    )

    settings = stage_settings()
    assert settings["agendado"].required_fields == ("email", "attributes.budget_amount")
    assert (settings["agendado"].inactive_days, settings["entrada"].inactive_days) == (5, None)
    assert settings["perdido"].required_fields == (LOST_REASON,)
    assert "checked" in admin.get(PAGE).content.decode()


@pytest.mark.parametrize(
    "wrong", [{"days.agendado": "muchos"}, {"days.agendado": "0"}, {"days.agendado": "²"}, {"fields.agendado": ["x"]}]
)
def test_nonsense_for_a_stage_is_refused_and_nothing_is_kept(arranged, admin, wrong):
    answer = admin.post(f"{PAGE}/stages", {"days.entrada": "5", **wrong}, follow=True)

    assert "error" in answer.content.decode()
    assert stage_settings()["entrada"].inactive_days is None


def test_a_rule_is_made_changed_tried_and_deleted(arranged, admin):
    make_lead(tags=["vip"])
    admin.post(f"{RULES}/new", {"name": "VIP", "to_stage": "agendado", "conditions": VIP})
    rule = PipelineRule.objects.get(name="VIP")

    assert "1 lead" in admin.part(f"{RULES}/{rule.pk}/due").content.decode()
    admin.post(f"{RULES}/{rule.pk}", {"name": "VIP de verdad", "to_stage": "referidos", "conditions": VIP})
    rule.refresh_from_db()
    assert (rule.name, rule.to_stage) == ("VIP de verdad", "referidos")
    admin.post(f"{RULES}/{rule.pk}/switch")
    admin.post(f"{RULES}/{rule.pk}/move", {"direction": "up"})
    assert [each.pk for each in all_rules()].index(rule.pk) == 3
    admin.post(f"{RULES}/{rule.pk}/delete")
    assert not PipelineRule.objects.filter(pk=rule.pk).exists()


def test_a_rule_is_tried_before_it_is_kept(arranged, admin):
    make_lead(tags=["vip"])
    make_lead()

    answer = admin.press(f"{RULES}/test", name="", to_stage="agendado", conditions=VIP)

    assert "1 lead" in answer.content.decode()
    assert PipelineRule.objects.count() == 4


def test_a_rule_of_the_product_keeps_its_name_until_it_is_given_another(arranged, admin):
    rule = PipelineRule.objects.get(key="visit_is_dated")
    shown = admin.get(f"{RULES}/{rule.pk}").context["name"]

    admin.post(f"{RULES}/{rule.pk}", {"name": shown, "to_stage": "agendado", "conditions": VIP})
    rule.refresh_from_db()
    assert (rule.name, rule.key) == ("", "visit_is_dated")
    admin.post(f"{RULES}/{rule.pk}", {"name": "Mía", "to_stage": "agendado", "conditions": VIP})
    rule.refresh_from_db()
    assert rule.name == "Mía"
    admin.post(f"{RULES}/restore")
    assert [each.key for each in all_rules()][1] == "visit_is_dated"
    assert not PipelineRule.objects.filter(name="Mía").exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"to_stage": "nunca"},
        {"to_stage": "entrada"},
        {"conditions": ""},
        {"conditions": "{"},
        {"conditions": "[" * 30_000},
        {"conditions": json.dumps({"all": [{"field": "nada", "op": "is", "value": 1}]})},
        {"conditions": json.dumps({"all": [{"field": "score", "op": "gt", "value": ""}]})},
    ],
)
def test_a_rule_that_makes_no_sense_comes_back_with_a_word(arranged, admin, wrong):
    answer = admin.post(f"{RULES}/new", {"name": "VIP", "to_stage": "agendado", "conditions": VIP, **wrong})

    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert PipelineRule.objects.count() == 4


def test_reasons_are_added_renamed_moved_switched_and_deleted(arranged, admin):
    admin.post(REASONS, {"name": "Se mudó"})
    reason = LossReason.objects.get(name="Se mudó")
    admin.post(f"{REASONS}/{reason.pk}", {"name": "Se fue del país"})
    admin.post(f"{REASONS}/{reason.pk}/move", {"direction": "up"})
    admin.post(f"{REASONS}/{reason.pk}/switch")

    assert [each.name for each in all_loss_reasons()][-2] == "Se fue del país"
    reason.refresh_from_db()
    assert not reason.is_active
    again = admin.post(REASONS, {"name": "Se fue del país"}, follow=True)
    assert "error" in again.content.decode()
    admin.post(f"{REASONS}/{reason.pk}/delete")
    assert not LossReason.objects.filter(pk=reason.pk).exists()


@pytest.mark.parametrize("who", ["supervisor_user", "agent_user"])
def test_only_administrators_come_here(broker, request, browser, who):
    client = browser(request.getfixturevalue(who))

    assert client.get(PAGE).status_code == 403
    for path in (f"{PAGE}/stages", f"{RULES}/new", f"{RULES}/test", f"{RULES}/restore", REASONS):
        assert client.press(path, name="x", to_stage="agendado", conditions=VIP).status_code == 403
    assert not PipelineRule.objects.exists()


def test_another_brokers_rule_and_reason_are_not_found(arranged, admin, other_broker, other_admin_user, browser):
    rule, reason = all_rules()[0], all_loss_reasons()[0]
    theirs = browser(other_admin_user)
    with in_broker(other_broker.pk):
        theirs.get(PAGE)
        PipelineRule.objects.all().delete()
        LossReason.objects.all().delete()

        for path in (f"{RULES}/{rule.pk}/delete", f"{RULES}/{rule.pk}/switch", f"{REASONS}/{reason.pk}/delete"):
            assert theirs.press(path).status_code == 404
        assert theirs.part(f"{RULES}/{rule.pk}/due").status_code == 404

    assert PipelineRule.objects.filter(pk=rule.pk).exists()


def test_the_page_costs_a_fixed_number_of_queries(arranged, admin, django_assert_max_num_queries):
    for number in range(10):
        admin.post(f"{RULES}/new", {"name": f"Regla {number}", "to_stage": "agendado", "conditions": VIP})

    with django_assert_max_num_queries(40):
        admin.get(PAGE)
