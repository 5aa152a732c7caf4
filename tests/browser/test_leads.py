"""Leads as people work with them: views that are kept, values changed in place, many at once, two who look at one."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.browsers import browser_page, sign_in


@pytest.fixture
def page() -> Iterator[Page]:
    with browser_page() as opened:
        yield opened


@pytest.fixture
def brokerage(stack):
    """A broker of this test's own, with leads."""
    brokerage = stack.make_broker("Casa Leads")[0]
    stack.python(
        f"""
from apps.core.phones import match_key
from apps.core.tenancy import in_broker
from apps.leads.models import CustomField, Lead
with in_broker({brokerage["id"]}):
    CustomField.objects.create(name="comuna", label="Comuna")
    for number, (name, stage, status) in enumerate(
        [("Ana", "agendado", "hot"), ("Beto", "agendado", "cold"), ("Caro", "entrada", "hot")]
    ):
        phone = f"+5698100000{{number}}"
        Lead.objects.create(first_name=name, last_name="Prueba", phone=phone, phone_key=match_key(phone), stage=stage,
            status=status, score=number * 30)
result = 1
"""
    )
    return brokerage


def open_leads(page: Page, stack, brokerage, query: str = "") -> None:
    sign_in(page, stack, brokerage["users"]["admin"]["email"])
    page.goto(f"{stack.url}/app/leads{query}")
    expect(page.locator("#live")).to_have_attribute("data-state", "live")


def row(page: Page, name: str):
    return page.locator(".lead-row", has_text=name)


def test_a_view_is_built_kept_and_used_again(page, stack, brokerage):
    open_leads(page, stack, brokerage)

    page.keyboard.press("f")
    builder = page.locator(".filter-row")
    builder.locator("select").nth(0).select_option("stage")
    builder.locator("select").nth(1).select_option("in")
    builder.locator("input[value=agendado]").check()
    page.click("#filter-apply")
    expect(page.locator(".lead-row")).to_have_count(2)
    page.fill("#search", "ana")
    expect(page.locator(".lead-row")).to_have_count(1)
    page.click("#view-menu > summary")
    page.click("[data-view-new]")
    page.fill("#view-name", "Visitas de Ana")
    page.keyboard.press("Enter")
    tab = page.locator(".views a", has_text="Visitas de Ana")
    expect(tab).to_have_attribute("aria-current", "page")

    page.locator(".views a").first.click()
    expect(page.locator(".lead-row")).to_have_count(3)
    tab.click()
    expect(page.locator(".lead-row")).to_have_count(1)
    page.go_back()
    expect(page.locator(".lead-row")).to_have_count(3)

    tab.click()
    expect(tab).to_have_attribute("aria-current", "page")
    page.click("#view-menu > summary")
    page.click("#view-menu [hx-post$='/delete']")
    expect(tab).to_have_count(0)
    page.locator(".toast .act").click()
    expect(tab).to_have_count(1)


def test_a_cell_is_edited_where_it_stands(page, stack, brokerage):
    open_leads(page, stack, brokerage)

    phone = row(page, "Ana").locator("[data-edit=phone]")
    phone.locator("[data-edit-open]").click(force=True)
    phone.locator("input[name=value]").fill("12")
    page.keyboard.press("Enter")
    expect(phone.locator(".error")).to_be_visible()
    phone.locator("input[name=value]").fill("9 8765 4321")
    page.keyboard.press("Enter")
    expect(phone).to_contain_text("+56987654321")

    stage = row(page, "Ana").locator("[data-edit=stage]")
    stage.locator("[data-edit-open]").click(force=True)
    stage.locator("select").select_option("seguimiento")
    expect(stage.locator(".badge")).to_have_text("Seguimiento")

    page.reload()
    expect(row(page, "Ana")).to_contain_text("+56987654321")
    expect(row(page, "Ana")).to_contain_text("Seguimiento")


def test_many_are_changed_at_once_and_changed_back(page, stack, brokerage):
    open_leads(page, stack, brokerage)

    page.click("#choose-page")
    expect(page.locator("#bulk-count")).to_contain_text("3")
    page.click("[data-bulk=tags]")
    page.fill("#bulk-tags", "vip")
    page.keyboard.press("Enter")
    expect(page.locator(".lead-row .tag-badge")).to_have_count(3)
    expect(page.locator("#bulk-bar")).to_be_hidden()
    page.locator(".toast .act").click()

    expect(page.locator(".lead-row .tag-badge")).to_have_count(0)


def test_everything_can_be_done_by_keyboard(page, stack, brokerage):
    open_leads(page, stack, brokerage)

    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(row(page, "Beto").locator(".lead-link")).to_be_focused()
    page.keyboard.press("x")
    expect(row(page, "Beto").locator("input[name=lead]")).to_be_checked()
    page.keyboard.press("Escape")
    expect(page.locator("#bulk-bar")).to_be_hidden()
    page.keyboard.press("k")
    page.keyboard.press("e")
    page.keyboard.type("Carolina Rojas")
    page.keyboard.press("Enter")
    expect(page.locator(".lead-link", has_text="Carolina Rojas")).to_be_focused()
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#lead-head h1")).to_contain_text("Carolina Rojas")
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    page.keyboard.press("u")
    expect(page.locator(".lead-row")).to_have_count(3)


def test_two_people_look_at_one_lead_and_see_each_others_changes(page, stack, brokerage):
    open_leads(page, stack, brokerage)
    page.locator(".lead-link", has_text="Ana").click()
    other = page.context.browser.new_context(locale="es-CL").new_page()
    sign_in(other, stack, brokerage["users"]["supervisor"]["email"])
    other.goto(page.url)
    for each in (page, other):
        expect(each.locator("#lead-head h1")).to_contain_text("Ana Prueba")
        expect(each.locator("#live")).to_have_attribute("data-state", "live")
    notes = other.locator(".notes .value")
    notes.locator("[data-edit-open]").click()
    notes.locator("textarea").fill("A medio escribir")

    city = page.locator("#lead-details [data-edit=city]")
    city.locator("[data-edit-open]").click(force=True)
    city.locator("input[name=value]").fill("Valparaíso")
    page.keyboard.press("Enter")
    page.locator(".stage-seguimiento button").click()

    expect(page.locator(".stage-seguimiento")).to_have_class("is-current stage-seguimiento")
    expect(other.locator("#lead-details [data-edit=city]")).to_contain_text("Valparaíso", timeout=10_000)
    expect(other.locator(".stage-seguimiento")).to_have_class("is-current stage-seguimiento", timeout=10_000)
    expect(other.locator(".entry", has_text="Seguimiento").first).to_be_visible()
    # What the other was writing meanwhile is still there.
    expect(notes.locator("textarea")).to_have_value("A medio escribir")
    notes.locator(".edit-actions button[type=submit]").click()
    expect(page.locator(".notes .shown")).to_have_text("A medio escribir", timeout=10_000)


def test_the_table_follows_what_happens_elsewhere(page, stack, brokerage):
    open_leads(page, stack, brokerage)
    other = page.context.browser.new_context(locale="es-CL").new_page()
    open_leads(other, stack, brokerage)

    page.click("#new-lead")
    page.fill("#new-name", "Dora Nueva")
    page.keyboard.press("Enter")
    expect(page.locator("#lead-head h1")).to_contain_text("Dora Nueva")

    expect(row(other, "Dora Nueva")).to_be_visible(timeout=10_000)


def test_on_a_phone_leads_are_cards(stack, brokerage):
    with browser_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True) as phone:
        open_leads(phone, stack, brokerage)

        expect(row(phone, "Ana")).to_be_visible()
        assert phone.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        phone.locator("#pick-stage > summary").click()
        phone.locator("#pick-stage input[value=entrada]").check()
        expect(phone.locator(".lead-row")).to_have_count(1)
        phone.locator("h1").click()
        phone.locator(".lead-link", has_text="Caro").click()
        expect(phone.locator("#lead-head h1")).to_contain_text("Caro Prueba")
        assert phone.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
