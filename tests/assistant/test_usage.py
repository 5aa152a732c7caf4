"""What models cost: kept beside the answer, shown to superadmins."""

from decimal import Decimal

import pytest
from django.urls import reverse

from apps.assistant.models import LLMUsage
from apps.assistant.pricing import cost_of
from apps.assistant.types import UsageRow
from apps.assistant.usage import record_usage
from apps.core.tenancy import in_public


def row(**given) -> UsageRow:
    return UsageRow(
        **{
            "model": "gpt-4o-mini",
            "prompt_tokens": 1000,
            "completion_tokens": 200,
            "cached_tokens": 0,
            "cost": Decimal("0.000270"),
            "duration_ms": 900,
            "outcome": "ok",
            **given,
        }
    )


def test_each_call_to_a_model_leaves_a_row(broker):
    record_usage(broker.pk, [row(), row(outcome="http_500", cost=None)], lead_id=7, conversation_id=9)

    kept = LLMUsage.objects.filter(broker_id=broker.pk).order_by("id")
    assert [(usage.outcome, usage.cost_usd, usage.lead_id, usage.conversation_id) for usage in kept] == [
        ("ok", Decimal("0.000270"), 7, 9),
        ("http_500", None, 7, 9),
    ]


def test_the_rows_of_a_broker_are_in_the_public_schema(broker):
    record_usage(broker.pk, [row()])

    with in_public():
        assert LLMUsage.objects.filter(broker_id=broker.pk).count() == 1


def test_no_calls_are_no_rows(broker):
    record_usage(broker.pk, ())

    assert not LLMUsage.objects.exists()


def test_a_model_without_a_price_has_no_cost(settings):
    settings.LLM_PRICES = {"known": (Decimal("2"), Decimal("8"))}

    assert cost_of("known", 500_000, 250_000) == Decimal("3.000000")
    assert cost_of("unknown", 500_000, 250_000) is None


@pytest.fixture
def costs(broker, other_broker) -> None:
    record_usage(broker.pk, [row(), row(outcome="timeout", cost=None)], lead_id=7)
    record_usage(other_broker.pk, [row(model="gemini-flash", is_estimated=True)] * 60, lead_id=8)


def listed(browser_session, user, query: str = ""):
    return browser_session(user).get(reverse("admin:assistant_llmusage_changelist") + query)


def test_superadmins_see_the_costs_with_their_total(costs, superadmin_user, browser_session):
    page = listed(browser_session, superadmin_user)

    assert page.status_code == 200
    totals = page.context_data["totals"]
    assert (totals["calls"], totals["failed"], totals["unpriced"]) == (62, 1, 1)
    assert totals["cost"] == Decimal("0.000270") * 61
    assert "gemini-flash" in page.content.decode()


def test_the_total_follows_the_search(costs, superadmin_user, browser_session):
    page = listed(browser_session, superadmin_user, "?q=gemini")
    by_lead = listed(browser_session, superadmin_user, "?q=7")
    failed = listed(browser_session, superadmin_user, "?answered=no")

    assert page.context_data["totals"]["calls"] == 60
    assert by_lead.context_data["totals"]["calls"] == 2
    assert failed.context_data["totals"]["calls"] == 1


def test_the_list_costs_the_same_for_any_number_of_rows(
    costs, superadmin_user, browser_session, django_assert_max_num_queries
):
    client = browser_session(superadmin_user)

    with django_assert_max_num_queries(25):
        client.get(reverse("admin:assistant_llmusage_changelist"))


def test_a_row_is_read_and_never_written(costs, superadmin_user, browser_session):
    client = browser_session(superadmin_user)
    usage = LLMUsage.objects.first()
    assert usage is not None
    address = reverse("admin:assistant_llmusage_change", args=[usage.pk])

    assert client.get(address).status_code == 200
    assert client.post(address, {"model": "free"}).status_code == 403
    assert client.get(reverse("admin:assistant_llmusage_add")).status_code == 403


def test_a_brokers_admin_does_not_see_the_platforms_costs(costs, admin_user, browser_session):
    assert listed(browser_session, admin_user).status_code in {302, 403}
