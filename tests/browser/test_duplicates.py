"""The review of duplicates as people use it: by keyboard, live, and on a phone."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.browsers import browser_page, sign_in


@pytest.fixture
def page() -> Iterator[Page]:
    with browser_page() as opened:
        yield opened


@pytest.fixture(scope="module")
def office(stack):
    """A broker of its own: other tests' leads are no business of these."""
    return stack.make_broker("Duplicados")[0]


def make_leads(stack, office, *leads: dict) -> list[int]:
    """Through the product's own action, so that they are compared as any others."""
    made: list[int] = stack.python(
        f"""
from apps.core.access import system_actor
from apps.core.tenancy import in_broker
from apps.leads.actions import create_lead
with in_broker({office["id"]}):
    result = [create_lead(actor=system_actor({office["id"]}), **fields).pk for fields in {list(leads)!r}]
"""
    )
    return made


def opened(page, stack, office, role="supervisor"):
    sign_in(page, stack, office["users"][role]["email"])
    page.goto(f"{stack.url}/app/duplicates")
    expect(page.locator("#live")).to_have_attribute("data-state", "live")


def test_a_pair_appears_is_merged_by_keyboard_and_parted_again(page, stack, office):
    opened(page, stack, office)

    make_leads(
        stack,
        office,
        {"name": "Rosa Vera", "email": "rosa@correo.cl", "phone": "+56911110001", "tags": ["uno"]},
        {"name": "Rosita Vera Soto", "email": "Rosa@correo.cl", "phone": "+56911110002", "tags": ["dos"]},
    )
    card = page.locator("[data-pair]", has_text="Rosita")
    expect(card).to_be_visible(timeout=15_000)

    page.keyboard.press("j")
    expect(card).to_have_class("pair card is-current")
    page.keyboard.press("m")
    dialog = page.locator("#dialog")
    expect(dialog).to_be_visible()
    dialog.locator("label", has_text="Rosita Vera Soto").click()
    dialog.locator("button[type=submit]").click()

    expect(dialog).to_be_hidden()
    expect(card).to_have_count(0)
    expect(page.locator(".merges li").first).to_contain_text("Rosita Vera Soto")
    page.keyboard.press("u")
    expect(page.locator("[data-pair]", has_text="Rosa Vera")).to_be_visible(timeout=15_000)
    expect(page.locator(".merges .is-undone")).to_have_count(1)

    # Two people: gone for good, unless it is taken back.
    page.keyboard.press("d")
    expect(card).to_have_count(0)
    page.keyboard.press("u")
    expect(card).to_be_visible()
    page.keyboard.press("d")
    expect(card).to_have_count(0)
    page.locator(".search-all button").click()
    expect(page.locator(".search-all button")).to_be_visible(timeout=20_000)
    expect(card).to_have_count(0)


def test_the_other_one_may_stay(page, stack, office):
    first, second = make_leads(
        stack,
        office,
        {"name": "Luis Mora", "email": "luis@correo.cl", "phone": "+56911110003"},
        {"name": "Luis A. Mora", "email": "luis@correo.cl"},
    )
    opened(page, stack, office)
    card = page.locator("[data-pair]", has_text="Luis A.")
    card.locator("[data-key=m]").click(timeout=15_000)
    dialog = page.locator("#dialog")
    expect(dialog.locator("[name=kept]")).to_have_value(str(first))

    dialog.locator(".becomes button").click()

    expect(dialog.locator("[name=kept]")).to_have_value(str(second))
    dialog.locator("button[type=submit]").click()
    expect(card).to_have_count(0)
    assert page.goto(f"{stack.url}/app/leads/{second}").status == 200
    assert page.goto(f"{stack.url}/app/leads/{first}").status == 404


def test_on_a_phone_nothing_is_cut_off(page, stack, office):
    make_leads(
        stack,
        office,
        {"name": "Eva Luna", "email": "eva.luna.con.un.correo.muy.largo@inmobiliaria-ejemplo.cl"},
        {
            "name": "Eva Luna",
            "email": "eva.luna.con.un.correo.muy.largo@inmobiliaria-ejemplo.cl",
            "phone": "+56911110009",
        },
    )
    browser = page.context.browser
    assert browser is not None
    phone = browser.new_context(
        locale="es-CL", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    ).new_page()
    opened(phone, stack, office, role="admin")
    card = phone.locator("[data-pair]", has_text="Eva Luna")
    expect(card).to_be_visible(timeout=15_000)

    assert phone.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    card.locator("[data-key=m]").click()
    expect(phone.locator("#dialog button[type=submit]")).to_be_in_viewport()
    phone.locator("#dialog button[type=submit]").click()

    expect(card).to_have_count(0)


def test_a_lead_is_merged_from_its_own_page(page, stack, office):
    kept, absorbed = make_leads(
        stack,
        office,
        {"name": "Teresa Gil", "phone": "+56911110021"},
        {"name": "Tere G.", "email": "tere@correo.cl"},
    )
    sign_in(page, stack, office["users"]["supervisor"]["email"])
    page.goto(f"{stack.url}/app/leads/{kept}")
    page.locator(".lead-head details.menu > summary").last.click()
    page.locator(f"[hx-get$='kept={kept}']").click()

    # Letter by letter, as people do: the field is wired a moment after it appears.
    page.locator("#dialog input[type=search]").press_sequentially("tere g.", delay=60)
    page.locator(f"#merge-found [hx-get$='absorbed={absorbed}']").click()
    page.locator("#dialog .merge-form button[type=submit]").click()

    expect(page.locator("#lead-page")).to_contain_text("tere@correo.cl", timeout=15_000)
    expect(page.locator("#lead-story")).to_contain_text("Tere G.")
