"""The settings of scores and pipeline in a real browser: points are tried and kept, a rule is built and used."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.browsers import browser_page, sign_in
from tests.journeys.waiting import until
from tests.stack import Stack


@pytest.fixture(scope="module")
def brokerage(stack: Stack) -> dict[str, Any]:
    """A broker of its own: what other tests made would be in the way."""
    return stack.make_broker("Ajustada")[0]


@pytest.fixture
def page() -> Iterator[Page]:
    with browser_page() as opened:
        yield opened


def make_lead(stack, brokerage, **fields) -> int:
    made = stack.python(
        f"""
from apps.core.access import system_actor
from apps.core.tenancy import in_broker
from apps.leads.actions import create_lead
with in_broker({brokerage["id"]}):
    result = create_lead(actor=system_actor({brokerage["id"]}), **{fields!r}).pk
"""
    )
    return int(made)


def lead_row(stack, brokerage, lead_id: int) -> dict:
    rows = stack.rows(f"SELECT * FROM broker_{brokerage['id']}.leads_lead WHERE id = %s", lead_id)
    return rows[0]


def test_points_are_tried_before_they_are_kept_and_then_every_score_follows(page, stack, brokerage):
    lead_id = make_lead(
        stack, brokerage, phone="+56912340001", name="Violeta Puntaje", attributes={"budget_amount": 5000}
    )
    sign_in(page, stack, brokerage["users"]["admin"]["email"])
    page.goto(f"{stack.url}/app/settings/scoring")
    expect(page.locator("#total")).to_have_text("100")

    # A slider and its number are one; the sum and the preview follow by themselves.
    page.fill("#weight-budget", "45")
    expect(page.locator("[data-of=weight-budget]")).to_have_value("45")
    expect(page.locator("#total")).to_have_text("130")
    expect(page.locator("#total-hint")).not_to_be_empty()
    expect(page.locator("#scoring-preview .examples")).to_contain_text("Violeta Puntaje", timeout=15_000)
    before = float(lead_row(stack, brokerage, lead_id)["score"])

    page.click(".scoring-bar .button")
    expect(page.locator("#scoring-job .job")).to_be_visible()
    expect(page.locator("#scoring-job progress")).to_have_count(0, timeout=30_000)
    expect(page.locator("#scoring-preview .examples")).to_have_count(0, timeout=15_000)
    assert float(lead_row(stack, brokerage, lead_id)["score"]) == before + 30

    # What makes no sense is said and not kept.
    page.fill("#warm", "90")
    page.click(".scoring-bar .button")
    expect(page.locator(".toast.error").first).to_be_visible()


def test_a_rule_is_built_row_by_row_tried_and_moves_the_next_lead(page, stack, brokerage):
    sign_in(page, stack, brokerage["users"]["admin"]["email"])
    page.goto(f"{stack.url}/app/settings/pipeline")
    expect(page.locator(".rule")).to_have_count(4)
    page.click("a[href$='/rules/new']")

    page.fill("#name", "Viene de una feria")
    page.select_option("#to_stage", "seguimiento")
    row = page.locator(".condition").first
    row.locator("select").nth(0).select_option("source")
    row.locator("select").nth(1).select_option("is")
    row.locator(".value-part input").fill("feria")
    page.click("#test")
    expect(page.locator("#due")).to_contain_text("0")
    page.click("#rule-form .button:not(.quiet):not(.plain)")
    expect(page.locator(".rule")).to_have_count(5)
    expect(page.locator(".rule").last).to_contain_text("feria")

    lead_id = make_lead(stack, brokerage, phone="+56912340002", name="Feria Uno", source="feria")
    until(lambda: lead_row(stack, brokerage, lead_id)["stage"] == "seguimiento")

    # The rule that the product brings is shown with its groups, and survives being opened and saved.
    page.locator(".rule a").nth(2).click()
    expect(page.locator(".condition")).to_have_count(5)
    page.click("#rule-form .button:not(.quiet):not(.plain)")
    expect(page.locator("#rules form[action$='/restore']")).to_have_count(1)


def test_a_stage_asks_for_a_field_on_a_phone_sized_screen(page, stack, brokerage):
    sign_in(page, stack, brokerage["users"]["admin"]["email"])
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{stack.url}/app/settings/pipeline")
    stage = page.locator(".stage", has_text="Referidos")
    stage.locator("summary").click()
    stage.locator("input[value=email]").check()
    asked = stage.locator("label", has=page.locator("input[value=email]")).inner_text().strip()
    expect(stage.locator(".said")).to_have_text(asked)
    stage.locator(".days input").fill("9")
    page.click("#stages form > p .button")

    expect(stage.locator(".said")).to_have_text(asked)
    expect(stage.locator(".days input")).to_have_value("9")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_lead_is_lost_from_the_inbox_with_a_reason(page, stack, brokerage):
    sign_in(page, stack, brokerage["users"]["supervisor"]["email"])
    browser = page.context.browser
    assert browser is not None
    visitor = browser.new_context(locale="es-CL").new_page()
    visitor.goto(f"{stack.url}/chat/{brokerage['webchat_key']}")
    visitor.locator("#sofia-chat textarea").fill("Hola, ya compré")
    visitor.keyboard.press("Enter")
    page.goto(f"{stack.url}/app/?tab=open")
    page.locator(".conversation-row").first.click()
    stage = page.locator("#stage")
    expect(stage).to_be_visible(timeout=15_000)

    stage.select_option("perdido")
    expect(page.locator("#dialog")).to_be_visible()
    expect(stage).not_to_have_value("perdido")
    page.locator("#dialog .choice input").first.check()
    page.locator("#dialog footer .button[type=submit]").click()

    expect(page.locator("#dialog")).not_to_be_visible()
    expect(stage).to_have_value("perdido")
