"""The inbox as people use it: a visitor writes in the web chat, Sofía answers, an agent takes over and answers."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.browsers import browser_page, sign_in


@pytest.fixture
def page() -> Iterator[Page]:
    with browser_page() as opened:
        yield opened


def another_browser(page: Page, **context) -> Page:
    browser = page.context.browser
    assert browser is not None
    return browser.new_context(locale="es-CL", **context).new_page()


def visitor_says(visitor: Page, stack, brokerage, text: str) -> None:
    if "/chat/" not in visitor.url:
        visitor.goto(f"{stack.url}/chat/{brokerage['webchat_key']}")
    visitor.locator("#sofia-chat textarea").fill(text)
    visitor.keyboard.press("Enter")


def test_from_the_visitors_first_word_to_the_agents_answer(page, stack, brokerage):
    sign_in(page, stack, brokerage["users"]["supervisor"]["email"])
    page.goto(f"{stack.url}/app/?tab=open")
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    visitor = another_browser(page)

    visitor_says(visitor, stack, brokerage, "Hola, busco departamento en Ñuñoa")

    # It appears by itself, with Sofía's answer.
    row = page.locator(".conversation-row").first
    expect(row).to_be_visible(timeout=15_000)
    row.click()
    expect(page.locator(".is-in .bubble", has_text="Ñuñoa")).to_be_visible()
    expect(page.locator(".is-bot .bubble").first).to_be_visible(timeout=15_000)
    expect(visitor.locator("#sofia-chat .item:not(.mine) .bubble").nth(1)).to_be_visible(timeout=15_000)

    # The supervisor takes it and writes; the visitor reads it.
    page.click("[data-take]")
    expect(page.locator("[data-take]")).to_have_count(0)
    page.fill("#composer-text", "Hola, soy una persona.\nTe ayudo.")
    page.keyboard.press("Enter")
    expect(page.locator("#composer-text")).to_have_value("")
    expect(page.locator(".is-agent .bubble", has_text="soy una persona")).to_have_count(1)
    expect(visitor.locator("#sofia-chat .bubble", has_text="soy una persona")).to_be_visible(timeout=15_000)
    delivered = page.locator(".is-agent .tick:not(.is-pending):not(.is-sending):not(.is-failed)")
    expect(delivered.first).to_be_visible(timeout=15_000)

    # The visitor answers while the conversation is open: no reload, nothing twice.
    visitor_says(visitor, stack, brokerage, "Gracias, ¿cuándo puedo ir?")
    expect(page.locator(".is-in .bubble", has_text="cuándo puedo ir")).to_have_count(1, timeout=15_000)


def test_drafts_notes_and_keys(page, stack, brokerage):
    visitor = another_browser(page)
    visitor_says(visitor, stack, brokerage, "Hola, tengo una duda")
    sign_in(page, stack, brokerage["users"]["admin"]["email"])
    page.goto(f"{stack.url}/app/?tab=open")
    page.locator(".conversation-row").first.wait_for(timeout=15_000)

    page.keyboard.press("j")
    expect(page.locator(".thread-pane")).to_be_visible()
    page.keyboard.press("r")
    page.keyboard.type("Un borrador")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("de dos líneas")
    page.reload()
    expect(page.locator("#composer-text")).to_have_value("Un borrador\nde dos líneas")

    page.fill("#composer-text", "")
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    expect(page.locator(".composer")).to_have_class("composer is-note")
    page.keyboard.type("Llamar mañana")
    page.keyboard.press("Enter")
    expect(page.locator(".is-note .bubble", has_text="Llamar mañana")).to_have_count(1)

    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.type("zzzz nadie")
    expect(page.locator(".conversation-row")).to_have_count(0)
    expect(page.locator(".no-rows .empty")).to_be_visible()


def test_closing_and_opening_again(page, stack, brokerage):
    visitor = another_browser(page)
    visitor_says(visitor, stack, brokerage, "Hola, una consulta corta")
    sign_in(page, stack, brokerage["users"]["admin"]["email"])
    page.goto(f"{stack.url}/app/?tab=open")
    page.locator(".conversation-row").first.click(timeout=15_000)
    page.locator("#thread-head").wait_for()

    page.keyboard.press("c")
    page.locator("#dialog form button[type=submit]").click()
    expect(page.locator("#dialog")).to_be_hidden()
    expect(page.locator("#composer-text")).to_have_count(0)
    page.locator("#thread-head [hx-post$='/reopen']").click()

    expect(page.locator("#composer-text")).to_be_visible()


def test_a_lost_line_is_shown_and_made_good(page, stack, brokerage):
    visitor = another_browser(page)
    visitor_says(visitor, stack, brokerage, "Hola, primero")
    sign_in(page, stack, brokerage["users"]["admin"]["email"])
    page.goto(f"{stack.url}/app/?tab=open")
    page.locator(".conversation-row").first.click(timeout=15_000)
    expect(page.locator(".is-in .bubble", has_text="Hola, primero")).to_be_visible()

    page.context.set_offline(True)
    expect(page.locator("#live")).to_have_attribute("data-state", "offline")
    visitor_says(visitor, stack, brokerage, "Esto llegó mientras tanto")
    visitor.locator("#sofia-chat .mine .bubble", has_text="mientras tanto").wait_for()
    page.context.set_offline(False)

    expect(page.locator("#live")).to_have_attribute("data-state", "live", timeout=20_000)
    expect(page.locator(".is-in .bubble", has_text="mientras tanto")).to_have_count(1, timeout=15_000)


def test_on_a_phone_one_pane_at_a_time(page, stack, brokerage):
    visitor = another_browser(page)
    visitor_says(visitor, stack, brokerage, "Hola desde el teléfono")
    phone = another_browser(page, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    sign_in(phone, stack, brokerage["users"]["admin"]["email"])
    phone.goto(f"{stack.url}/app/?tab=open")

    phone.locator(".conversation-row").first.click(timeout=15_000)
    expect(phone.locator("#composer-text")).to_be_visible()
    expect(phone.locator("#rows")).to_be_hidden()
    phone.locator("#thread-head [data-toggle-panel]").click()
    expect(phone.locator(".lead-panel")).to_be_in_viewport()
    phone.locator(".lead-panel [data-toggle-panel]").click()
    phone.locator("[data-back]").click()

    expect(phone.locator("#rows")).to_be_visible()
    assert phone.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_the_panel_changes_the_person(page, stack, brokerage):
    visitor = another_browser(page)
    visitor_says(visitor, stack, brokerage, "Hola, quiero comprar")
    sign_in(page, stack, brokerage["users"]["admin"]["email"])
    page.goto(f"{stack.url}/app/?tab=open")
    page.locator(".conversation-row").first.click(timeout=15_000)

    page.fill(".add-tag input", "vip")
    page.keyboard.press("Enter")
    expect(page.locator(".badge.tag", has_text="vip")).to_be_visible()
    page.locator(".badge.tag button").click()
    expect(page.locator(".badge.tag")).to_have_count(0)
    page.select_option("#stage", "seguimiento")
    expect(page.locator(".event").last).to_be_visible()
    page.locator(".lead-panel .fold > summary").last.click()
    page.fill("#lead-name", "Rosa Núñez")
    page.locator("[hx-post$='/lead/edit'] button").click()

    expect(page.locator(".lead-panel h2")).to_have_text("Rosa Núñez")
    expect(page.locator(".conversation-row.is-current strong")).to_have_text("Rosa Núñez")
    expect(page.locator("#thread-head h2")).to_have_text("Rosa Núñez")
