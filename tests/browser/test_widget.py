"""The web chat on somebody else's site, against a server made of frames: what it shows, keeps and never doubles."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.journeys.browsers import browser_page

ROOT = Path(__file__).resolve().parents[2]
SITE, HOST, KEY = "https://inmobiliaria.example/", "https://crm.example", "pk_test_1"
STRICT_POLICY = f"default-src 'none'; script-src {HOST}; connect-src {HOST} {HOST.replace('https', 'wss')}; img-src *"


class FakeChat:
    """The server's side of the protocol, with its faults on demand."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.frames: list[dict[str, Any]] = []
        self.line: WebSocketRoute | None = None
        self.is_silent = False

    def say(self, **fields: Any) -> None:
        self.tell(type="message", message=self.add(**fields))

    def add(self, **fields: Any) -> dict[str, Any]:
        number = len(self.messages) + 1
        usual = {"id": f"s{number}", "seq": number, "direction": "out", "text": "", "status": "sent"}
        self.messages.append({**usual, "created_at": datetime.now(UTC).isoformat(), **fields})
        return self.messages[-1]

    def tell(self, **frame: Any) -> None:
        assert self.line is not None
        self.line.send(json.dumps(frame))

    def hang_up(self) -> None:
        assert self.line is not None
        self.line.close(code=1012)

    def kinds(self, kind: str) -> list[dict[str, Any]]:
        return [frame for frame in self.frames if frame["type"] == kind]

    def serve(self, line: WebSocketRoute) -> None:
        self.line = line
        line.on_message(lambda text: self._answer(json.loads(text)))

    def _answer(self, frame: dict[str, Any]) -> None:
        self.frames.append(frame)
        if frame["type"] == "hello":
            missed = [message for message in self.messages if message["seq"] > frame["since"]]
            config = {"name": "Casa Andina", "greeting": "Hola, soy Sofía", "agent_name": "Sofía"}
            self.tell(type="welcome", token="t-1", config=config, messages=missed, seq=len(self.messages))
        elif frame["type"] in {"message", "reply"} and not self.is_silent:
            self.tell(type="ack", client_id=frame["client_id"], message=self.keep(frame))

    def keep(self, frame: dict[str, Any]) -> dict[str, Any]:
        known = [message for message in self.messages if message.get("client_id") == frame["client_id"]]
        text = frame.get("text") or frame["title"]
        client_id = frame["client_id"]
        return known[0] if known else self.add(id=client_id, client_id=client_id, direction="in", text=text)


@pytest.fixture
def chat() -> FakeChat:
    return FakeChat()


@pytest.fixture
def page() -> Iterator[Page]:
    with browser_page() as opened:
        yield opened


def visit(page: Page, chat: FakeChat, *, language: str = "es", attributes: str = "") -> None:
    """A page of the brokerage's own site, with a strict policy of its own."""
    script = f'<script src="{HOST}/static/widget/v1.js" data-account="{KEY}" {attributes} async></script>'
    html = f'<!doctype html><html lang="{language}"><body><h1>Casas</h1>{script}</body></html>'
    built = (ROOT / "static/widget/v1.js").read_text()
    allow = {"access-control-allow-origin": "*"}
    policy = {"content-security-policy": STRICT_POLICY}
    page.route(SITE, lambda route: route.fulfill(content_type="text/html", headers=policy, body=html))
    page.route(f"{HOST}/static/widget/v1.js", lambda route: route.fulfill(content_type="text/javascript", body=built))
    page.route(f"{HOST}/chat/{KEY}/config.json", lambda route: route.fulfill(json={"name": "Casa"}, headers=allow))
    page.route_web_socket(f"**/ws/webchat/{KEY}/", chat.serve)
    page.goto(SITE)
    page.wait_for_selector("#sofia-chat .launcher")


def write(page: Page, text: str) -> None:
    page.locator("#sofia-chat textarea").fill(text)
    page.keyboard.press("Enter")


def bubbles(page: Page, text: str):
    return page.locator("#sofia-chat .bubble", has_text=text)


def test_a_visitor_writes_is_answered_and_chooses(page, chat):
    visit(page, chat)
    page.click("#sofia-chat .launcher")
    expect(bubbles(page, "Hola, soy Sofía")).to_have_count(1)

    write(page, "Busco casa")
    buttons = [{"id": "buy", "title": "Comprar"}, {"id": "rent", "title": "Arrendar"}]
    expect(bubbles(page, "Busco casa")).to_have_count(1)
    chat.say(text="Mira https://casa.example/1. <img src=x onerror=alert(1)>", buttons=buttons)

    expect(page.locator("#sofia-chat .bubble a")).to_have_attribute("href", "https://casa.example/1")
    expect(page.locator("#sofia-chat .bubble img")).to_have_count(0)
    page.click("#sofia-chat .choices >> text=Comprar")
    expect(page.locator("#sofia-chat .choices")).to_have_count(0)
    expect(bubbles(page, "Comprar")).to_have_count(1)
    assert chat.kinds("reply")[0]["reply_id"] == "buy"
    assert chat.kinds("hello")[0]["page"]["url"] == SITE


def test_what_is_written_without_a_line_goes_out_once_when_it_is_back(page, chat):
    visit(page, chat)
    page.click("#sofia-chat .launcher")
    expect(bubbles(page, "Hola, soy Sofía")).to_have_count(1)
    chat.is_silent = True
    write(page, "¿Está disponible?")
    page.wait_for_timeout(200)
    chat.keep(chat.kinds("message")[0])  # stored, but the acknowledgement was lost with the line
    chat.hang_up()
    write(page, "¿Y con terraza?")
    chat.is_silent = False

    expect(page.locator("#sofia-chat .meta", has_text="Pendiente")).to_have_count(0, timeout=10_000)
    expect(bubbles(page, "¿Está disponible?")).to_have_count(1)
    expect(bubbles(page, "¿Y con terraza?")).to_have_count(1)
    assert [message["text"] for message in chat.messages] == ["¿Está disponible?", "¿Y con terraza?"]
    assert chat.kinds("hello")[1]["token"] == "t-1"


def test_the_conversation_is_there_again_on_the_next_page(page, chat):
    visit(page, chat)
    page.click("#sofia-chat .launcher")
    write(page, "Busco casa")
    expect(page.locator("#sofia-chat .mine .bubble")).to_have_count(1)
    page.wait_for_timeout(100)
    chat.add(text="Claro, ¿dónde?")

    page.reload()

    expect(page.locator("#sofia-chat .badge")).to_have_text("1")
    page.click("#sofia-chat .launcher")
    expect(bubbles(page, "Busco casa")).to_have_count(1)
    expect(page.locator("#sofia-chat .badge")).to_be_hidden()
    page.wait_for_timeout(100)
    assert chat.kinds("read")[-1]["seq"] == 2


def test_it_works_where_the_site_may_store_nothing(page, chat):
    refuse = "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no', 'SecurityError'); }})"
    page.add_init_script(refuse)
    visit(page, chat)
    page.click("#sofia-chat .launcher")

    write(page, "Hola")

    expect(page.locator("#sofia-chat .mine .bubble")).to_have_count(1)
    assert page.context.cookies() == []


def test_the_keyboard_stays_inside_and_escape_leaves(page, chat):
    visit(page, chat)
    page.focus("#sofia-chat .launcher")
    page.keyboard.press("Enter")
    expect(page.locator("#sofia-chat textarea")).to_be_focused()

    for _step in range(12):
        page.keyboard.press("Tab")
        inside = "document.querySelector('#sofia-chat').shadowRoot.activeElement.closest('.panel') !== null"
        assert page.evaluate(inside)
    page.keyboard.press("Escape")

    expect(page.locator("#sofia-chat .panel")).to_be_hidden()
    expect(page.locator("#sofia-chat .launcher")).to_be_focused()


def test_a_message_that_the_server_refuses_can_be_tried_again(page, chat):
    visit(page, chat)
    page.click("#sofia-chat .launcher")
    expect(bubbles(page, "Hola, soy Sofía")).to_have_count(1)
    chat.is_silent = True
    write(page, "Hola")
    page.wait_for_timeout(200)
    chat.tell(type="error", code="rate_limited", client_id=chat.kinds("message")[0]["client_id"])
    expect(page.locator("#sofia-chat .failed")).to_have_count(1)
    chat.is_silent = False

    page.click("#sofia-chat .failed button")

    expect(page.locator("#sofia-chat .failed")).to_have_count(0)
    assert [message["text"] for message in chat.messages] == ["Hola"]


@pytest.mark.parametrize(("language", "words"), [("en-US", "Write a message"), ("pt", "Escreva uma mensagem")])
def test_it_speaks_the_pages_language(page, chat, language, words):
    visit(page, chat, language=language, attributes='data-open="true"')

    expect(page.locator("#sofia-chat textarea")).to_have_attribute("placeholder", words)


@pytest.mark.parametrize("color", ["#ffe66d", "#101010", "#c0392b", "#7fd1ae"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_any_brand_colour_stays_readable(page, chat, color, theme):
    visit(page, chat, attributes=f'data-color="{color}" data-theme="{theme}" data-open="true"')
    ratio = page.evaluate(
        """() => {
          const root = document.querySelector('#sofia-chat').shadowRoot;
          const lum = (c) => { const v = c.match(/[\\d.]+/g).slice(0, 3).map((x) => x / 255)
            .map((x) => x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
            return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2]; };
          const style = getComputedStyle(root.querySelector('header'));
          const [a, b] = [lum(style.color), lum(style.backgroundColor)].sort((x, y) => y - x);
          return (a + 0.05) / (b + 0.05);
        }"""
    )

    assert ratio >= 4.5
