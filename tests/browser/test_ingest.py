"""Custom fields and ingest in a real browser: sent from outside, seen, reviewed."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.browsers import browser_pages, sign_in

PERSON = {"nombre": "Ana Pérez", "telefono": "+56912345678", "zona_interes": "Ñuñoa", "presupuesto": "85.000.000"}

# What stands out of the page at its right side, unless it is in a part that scrolls by itself.
_TOO_WIDE = """() => {
  const page = document.querySelector('main');
  const edge = document.documentElement.clientWidth + 1;
  if (document.documentElement.scrollHeight > window.innerHeight) return ['something is placed outside of the page'];
  if (page.scrollWidth <= page.clientWidth && document.documentElement.scrollWidth < edge) return [];
  return [...page.querySelectorAll('*')].filter((each) => each.getBoundingClientRect().right > edge
    && !each.closest('.table-wrap, pre, .settings-nav, .segments')).map((each) => each.outerHTML.slice(0, 120));
}"""


@pytest.fixture(scope="module")
def own(stack: Any) -> dict[str, Any]:
    """A broker whose fields these tests alone make."""
    return stack.make_broker("Fuentes")[0]


@pytest.fixture
def pages(stack: Any) -> Iterator[Any]:
    with browser_pages() as open_page:
        yield open_page


@pytest.fixture
def admin(stack: Any, own: Any, pages: Any) -> Page:
    page = pages()
    sign_in(page, stack, own["users"]["admin"]["email"])
    return page


def address_of(admin: Page, stack: Any) -> str:
    admin.goto(f"{stack.url}/app/ingest")
    return admin.locator("#ingest-address").input_value()


def send(address: str, payload: Mapping[str, object]) -> dict[str, Any]:
    request = Request(address, json.dumps(payload).encode(), {"Content-Type": "application/json"})
    with urlopen(request, timeout=20) as answer:
        return json.load(answer)


def test_what_another_system_sends_appears_and_is_opened(admin: Page, stack: Any) -> None:
    address = address_of(admin, stack)

    send(address, PERSON)

    row = admin.locator("details.record").first
    expect(row).to_contain_text("Ana Pérez", timeout=15_000)
    row.locator("summary").click()
    expect(row).to_contain_text("zona_interes")
    expect(row).to_contain_text("Ñuñoa")
    row.get_by_role("button", name=re.compile("Process again|Procesar")).click()
    expect(admin.locator(".toast.success")).to_be_visible()
    expect(admin.locator("details.record[open]")).to_contain_text("Ñuñoa")


def test_new_fields_are_reviewed(admin: Page, stack: Any) -> None:
    send(address_of(admin, stack), {**PERSON, "utm_id": "x1", "correo_2": "otra@example.com"})
    admin.goto(f"{stack.url}/app/settings/fields")
    waiting = admin.locator(".review")

    price = waiting.filter(has_text="presupuesto")
    expect(price).to_contain_text("85.000.000")
    price.locator("select[name=type]").select_option("number")
    price.get_by_role("button", name=re.compile("Accept|Aceptar")).click()
    expect(admin.locator(".field-job.success")).to_be_visible(timeout=30_000)
    expect(admin.locator(".field-table")).to_contain_text("presupuesto")

    waiting.filter(has_text="correo_2").locator("select[name=target]").select_option("email")
    expect(admin.locator("#handed-on")).to_contain_text("correo_2")

    waiting.filter(has_text="utm_id").get_by_role("button", name=re.compile("Ignor")).click()
    expect(waiting.filter(has_text="utm_id")).to_have_count(0)
    admin.locator(".toast", has_text=re.compile("ignor")).locator(".act").click()
    expect(admin.locator(".field-table")).to_contain_text("utm_id")


def test_a_field_is_made_in_a_dialog_that_says_what_is_wrong(admin: Page, stack: Any) -> None:
    admin.goto(f"{stack.url}/app/settings/fields")
    admin.locator(".page-head .button").click()
    form = admin.locator("#dialog form")
    form.locator("button[type=submit]").click()
    expect(form.locator(".error").first).to_be_visible()
    form.locator("[name=name]").fill("m2_utiles")
    form.locator("[name=label]").fill("Metros útiles")
    form.locator("[name=type]").select_option("number")
    form.locator("button[type=submit]").click()

    expect(admin.locator("#dialog")).not_to_be_visible()
    expect(admin.locator(".field-table")).to_contain_text("Metros útiles")


def test_the_address_is_changed(admin: Page, stack: Any) -> None:
    old = address_of(admin, stack)
    admin.locator("[data-dialog=rotate]").click()
    admin.locator("#rotate button[type=submit]").click()

    expect(admin.locator("#ingest-address")).not_to_have_value(old)
    expect(admin.locator("#address .alert.warning")).to_be_visible()
    assert send(old, PERSON)["success"] is True
    admin.once("dialog", lambda dialog: dialog.accept())
    admin.locator("#address .alert.warning button").click()
    expect(admin.locator("#address .alert.warning")).to_have_count(0)


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pages_fit_every_screen(admin: Page, stack: Any, tmp_path: Path, width: int, theme: str) -> None:
    send(address_of(admin, stack), {**PERSON, "campo_" + theme: str(width), "email": "mal"})
    admin.set_viewport_size({"width": width, "height": 900})
    admin.emulate_media(color_scheme=theme)  # type: ignore[arg-type]  # one of the two
    for name, path in (("fields", "settings/fields"), ("ingest", "ingest")):
        admin.goto(f"{stack.url}/app/{path}")
        if name == "fields":
            expect(admin.locator(".review").first).to_be_visible()
        if name == "ingest":
            admin.locator("details.record summary").first.click()
            expect(admin.locator("details.record .places").first).to_be_visible()
        admin.screenshot(path=str(tmp_path / f"{name}-{width}-{theme}.png"), full_page=True)
        assert admin.evaluate(_TOO_WIDE) == [], name
