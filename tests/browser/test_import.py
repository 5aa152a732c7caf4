"""Importing as a person does it: a messy file from Excel, its columns, a try, the import, its errors, the way back."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.browsers import browser_page, sign_in
from tests.stack import Stack

MESSY = (
    "Listado de clientes 2024;;;;;\r\n"
    "Nombre Completo;Teléfono Móvil;Correo Electrónico;Ciudad;Etiquetas;Metros cuadrados\r\n"
    ";;;;;\r\n"
    " José   Núñez ;(+56) 9 1234-5678;JOSE@MAIL.CL;Ñuñoa;vip, feria;85\r\n"
    "María Peña;56 9 8765 4321;;Viña del Mar;;120\r\n"
    "Señor Repetido;+56-9-1234-5678;;;;\r\n"
    "Sin contacto;;;;;\r\n"
    "Mal teléfono;12;;;;\r\n"
    "Mal correo;9 5555 4444;esto no es;;;\r\n"
    "\r\n"
).encode("latin-1")


@pytest.fixture(scope="module")
def brokerage(stack: Stack) -> dict[str, Any]:
    """A broker of its own: what other tests made would be in the way."""
    return stack.make_broker("Importadora")[0]


@pytest.fixture
def page() -> Iterator[Page]:
    with browser_page() as opened:
        yield opened


@pytest.fixture
def messy(tmp_path: Path) -> Path:
    path = tmp_path / "clientes 2024.csv"
    path.write_bytes(MESSY)
    return path


def test_a_messy_file_from_excel_and_back(page, stack, brokerage, messy):
    sign_in(page, stack, brokerage["users"]["supervisor"]["email"])
    page.goto(f"{stack.url}/app/import")

    # The file is sent, and read as its writer meant it.
    page.set_input_files("#file", messy)
    page.wait_for_url(f"{stack.url}/app/import/*")
    chosen = page.locator(".column select")
    expect(chosen.nth(0)).to_have_value("name")
    expect(chosen.nth(1)).to_have_value("phone")
    expect(chosen.nth(2)).to_have_value("email")
    expect(chosen.nth(3)).to_have_value("city")
    expect(chosen.nth(4)).to_have_value("tags")
    expect(chosen.nth(5)).to_have_value("")
    preview = page.locator("#preview")
    expect(preview).to_contain_text("José Núñez")
    expect(preview).to_contain_text("+56912345678")

    # A column becomes a field; the preview follows.
    chosen.nth(5).select_option("attributes.Metros cuadrados")
    expect(preview).to_contain_text("Metros cuadrados: 85")

    # A try saves nothing.
    page.click("button[value=check]")
    figures = page.locator("#check .figure dd")
    expect(figures.nth(0)).to_have_text("3", timeout=20_000)
    assert leads_of(stack, brokerage) == []

    # The import.
    page.check("[name=remember]")
    page.fill("#mapping-name", "Excel de la oficina")
    page.click("button[value=import]")
    expect(page.locator(".outcome[data-state=done]")).to_be_visible(timeout=20_000)
    expect(page.locator(".figure dd").nth(0)).to_have_text("3")
    names = [(row["first_name"], row["last_name"], row["phone"], row["city"]) for row in leads_of(stack, brokerage)]
    assert names == [
        ("José", "Núñez", "+56912345678", "Ñuñoa"),
        ("María", "Peña", "+56987654321", "Viña del Mar"),
        ("Mal", "correo", "+56955554444", ""),
    ]

    # What is wrong, as a file.
    with page.expect_download() as download:
        page.click("a[href$='/errors']")
    wrong = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert "esto no es" in wrong
    assert len(wrong.strip().splitlines()) == 4

    # Back.
    page.click("[data-dialog=undo-dialog]")
    page.click("#undo-dialog .button.danger")
    expect(page.locator(".outcome[data-state=undone]")).to_be_visible(timeout=20_000)
    assert leads_of(stack, brokerage) == []

    # The next file like this is recognised.
    page.goto(f"{stack.url}/app/import")
    page.set_input_files("#file", messy)
    page.wait_for_url(f"{stack.url}/app/import/*")
    expect(page.locator(".page-head")).to_contain_text("Excel de la oficina")
    expect(page.locator(".column select").nth(5)).to_have_value("attributes.Metros cuadrados")


def test_what_is_no_table_says_so_and_the_page_stays(page, stack, brokerage, tmp_path):
    sign_in(page, stack, brokerage["users"]["supervisor"]["email"])
    page.goto(f"{stack.url}/app/import")
    (tmp_path / "foto.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + b"x" * 100)

    page.set_input_files("#file", tmp_path / "foto.csv")

    expect(page.locator(".toast.error")).to_be_visible()
    expect(page.locator("#upload .drop-area")).to_be_visible()


def test_leads_go_out_as_csv_and_as_a_spreadsheet(page, stack, brokerage):
    stack.python(
        f"""
from apps.core.access import system_actor
from apps.core.tenancy import in_broker
from apps.leads.actions import create_lead
with in_broker({brokerage["id"]}):
    create_lead(actor=system_actor({brokerage["id"]}), phone="+56911112222", name="Eva Ríos")
result = None
"""
    )
    sign_in(page, stack, brokerage["users"]["supervisor"]["email"])
    page.goto(f"{stack.url}/app/export?q=Eva")

    with page.expect_download() as download:
        page.click("[data-download]")
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert "+56911112222,Eva Ríos" in text

    page.click("button[formmethod=post]")
    expect(page.locator(".outcome[data-state=done]")).to_be_visible(timeout=20_000)
    with page.expect_download() as download:
        page.click(".outcome a.button")
    assert Path(download.value.path()).read_bytes()[:2] == b"PK"


def leads_of(stack, brokerage) -> list[dict]:
    return stack.rows(f"SELECT first_name, last_name, phone, city FROM broker_{brokerage['id']}.leads_lead ORDER BY id")
