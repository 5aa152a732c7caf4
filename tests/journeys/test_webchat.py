"""The web chat on somebody else's site, in Chromium without third-party cookies, against the running product."""

import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.browsers import browser_pages, sign_in
from tests.journeys.waiting import until
from tests.stack import Stack

WITHOUT_COOKIES = "--test-third-party-cookie-phaseout"
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}
SOON = 15_000

HTML = """<!doctype html><html lang="es"><head><meta charset="utf-8"><title>Casas del Sur</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body style="font-family: Georgia, serif; margin: 3rem"><h1>Casas del Sur</h1><p>Casas y departamentos en Ñuñoa.</p>
<script src="{host}/static/widget/v1.js" data-account="{key}" async></script></body></html>"""


class _QuietSite(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def house(stack: Stack) -> dict[str, Any]:
    """A broker of its own, so that its inbox holds nobody else."""
    return stack.make_broker("Casas del Sur")[0]


@pytest.fixture(scope="module")
def site(stack: Stack, house: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The brokerage's own site: another server, another host name, one line of ours in its page."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "index.html").write_text(HTML.format(host=stack.url, key=house["webchat_key"]))
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_QuietSite, directory=str(folder)))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://localhost:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("webchat-pictures")


@pytest.fixture
def open_page() -> Iterator[Callable[..., Page]]:
    with browser_pages(WITHOUT_COOKIES) as opened:
        yield opened


def enter(page: Page, site: str) -> None:
    page.goto(site)
    page.click("#sofia-chat .launcher")


def write(page: Page, text: str) -> None:
    page.locator("#sofia-chat textarea").fill(text)
    page.locator("#sofia-chat textarea").press("Enter")


def bubbles(page: Page, text: str) -> Any:
    return page.locator("#sofia-chat .bubble", has_text=text)


def ours(page: Page) -> Any:
    return page.locator("#sofia-chat .item:not(.mine) .bubble")


def stored(stack: Stack, house: dict[str, Any], text: str) -> int:
    sql = f"SELECT count(*) AS n FROM broker_{house['id']}.conversations_message WHERE text = %s"
    count: int = stack.rows(sql, text)[0]["n"]
    return count


def is_stored_once(stack: Stack, house: dict[str, Any], text: str) -> bool:
    return stored(stack, house, text) == 1


def test_a_visitor_is_answered_by_sofia_then_by_a_person(
    stack: Stack, house: dict[str, Any], site: str, pictures: Path, open_page: Callable[..., Page]
) -> None:
    visitor, agent = open_page(), open_page()
    sign_in(agent, stack, house["users"]["supervisor"]["email"])
    expect(agent.locator("#live")).to_have_attribute("data-state", "live", timeout=SOON)
    agent.click("#tabs a[href*='tab=open']")

    enter(visitor, site)
    expect(ours(visitor)).to_have_count(1)
    write(visitor, "Hola, soy Paula Vera")
    choice = visitor.locator("#sofia-chat .choices button", has_text="Comprar")
    expect(choice).to_be_visible(timeout=SOON)
    visitor.screenshot(path=pictures / "buttons.png")
    choice.click()
    expect(visitor.locator("#sofia-chat .choices")).to_have_count(0)
    expect(visitor.locator("#sofia-chat .mine .bubble", has_text="Comprar")).to_have_count(1)
    expect(ours(visitor)).to_have_count(3, timeout=SOON)

    row = agent.locator("#rows li", has_text="Paula Vera")
    expect(row).to_be_visible(timeout=SOON)
    row.click()
    expect(agent.locator("#conversation").get_by_text("Hola, soy Paula Vera").first).to_be_visible()
    agent.locator("[data-take]").click()
    expect(agent.locator("[data-take]")).to_have_count(0)
    agent.fill("#composer-text", "Hola Paula, soy Diego. ¿Te llamo hoy?")
    expect(visitor.locator("#sofia-chat .typing")).to_be_visible(timeout=SOON)
    agent.press("#composer-text", "Enter")
    expect(bubbles(visitor, "soy Diego")).to_have_count(1, timeout=SOON)
    expect(agent.locator("#conversation .line", has_text="soy Diego").locator(".tick.is-read")).to_be_visible(
        timeout=SOON
    )
    write(visitor, "Sí, por favor")
    expect(agent.locator("#conversation").get_by_text("Sí, por favor").first).to_be_visible(timeout=SOON)
    visitor.screenshot(path=pictures / "person.png")
    agent.screenshot(path=pictures / "inbox.png")

    visitor.reload()
    expect(visitor.locator("#sofia-chat .badge")).to_be_hidden()
    visitor.click("#sofia-chat .launcher")
    expect(bubbles(visitor, "Hola, soy Paula Vera")).to_have_count(1, timeout=SOON)
    expect(bubbles(visitor, "soy Diego")).to_have_count(1)
    assert visitor.context.cookies() == []
    rows = stack.rows(f"SELECT count(*) AS n FROM broker_{house['id']}.conversations_conversation")
    assert rows[0]["n"] == 1


def test_a_lost_connection_loses_and_doubles_nothing(
    stack: Stack, house: dict[str, Any], site: str, open_page: Callable[..., Page]
) -> None:
    visitor = open_page()
    enter(visitor, site)
    write(visitor, "Hola, soy Tomás Lillo y busco arrendar")
    expect(ours(visitor)).to_have_count(2, timeout=SOON)

    visitor.context.set_offline(True)
    write(visitor, "En Providencia (sin red)")
    expect(visitor.locator("#sofia-chat .notice")).to_be_visible()
    assert stored(stack, house, "En Providencia (sin red)") == 0
    visitor.context.set_offline(False)
    expect(visitor.locator("#sofia-chat .notice")).to_be_hidden(timeout=SOON)
    until(lambda: stored(stack, house, "En Providencia (sin red)") == 1, what="what was written offline")

    stack.web.kill()
    write(visitor, "Con dos dormitorios (sin servidor)")
    expect(visitor.locator("#sofia-chat .notice")).to_be_visible(timeout=SOON)
    write(visitor, "Hasta 600 mil (sin servidor)")
    stack.web.start()
    stack.wait_until_healthy()
    expect(visitor.locator("#sofia-chat .notice")).to_be_hidden(timeout=2 * SOON)

    for text in ("Con dos dormitorios (sin servidor)", "Hasta 600 mil (sin servidor)"):
        until(partial(is_stored_once, stack, house, text), what=text)
        expect(bubbles(visitor, text)).to_have_count(1)
    sql = f"""SELECT text FROM broker_{house["id"]}.conversations_message
               WHERE direction = 'in' AND position('(sin' IN text) > 0 ORDER BY sent_at, "order", id"""
    assert [row["text"] for row in stack.rows(sql)] == [
        "En Providencia (sin red)",
        "Con dos dormitorios (sin servidor)",
        "Hasta 600 mil (sin servidor)",
    ]
    expect(visitor.locator("#sofia-chat .meta", has_text="Pendiente")).to_have_count(0)


def test_the_chat_fills_a_telephone(site: str, pictures: Path, open_page: Callable[..., Page]) -> None:
    visitor = open_page(**PHONE)
    enter(visitor, site)
    write(visitor, "Hola, busco una casa con patio para mis dos perros, ojalá cerca de un parque y del metro")
    expect(ours(visitor)).to_have_count(2, timeout=SOON)
    visitor.screenshot(path=pictures / "phone.png")

    box = visitor.locator("#sofia-chat .panel").bounding_box()
    assert box is not None
    assert (box["x"], box["y"], box["width"]) == (0, 0, 390)
    assert visitor.evaluate("document.scrollingElement.scrollWidth") <= 390


def test_who_writes_too_fast_is_told_and_may_try_again(
    stack: Stack, house: dict[str, Any], site: str, pictures: Path, open_page: Callable[..., Page]
) -> None:
    """The last one: it uses up what the address may send in a minute."""
    visitor = open_page()
    enter(visitor, site)
    write(visitor, "Hola")
    expect(visitor.locator("#sofia-chat .mine")).to_have_count(1)
    for number in range(64):
        write(visitor, f"rápido {number}")
    failed = visitor.locator("#sofia-chat .meta.failed").last

    expect(failed).to_be_visible(timeout=SOON)
    expect(failed).to_contain_text("Vas muy rápido")
    visitor.screenshot(path=pictures / "too-fast.png")
    until(lambda: stored(stack, house, "rápido 0") == 1, what="the first ones")
    assert stored(stack, house, "rápido 63") == 0
