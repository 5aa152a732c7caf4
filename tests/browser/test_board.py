"""The board in real browsers: what one moves the other sees; by mouse, keys and finger; refused, and taken back."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.journeys.browsers import browser_pages, sign_in
from tests.stack import Stack


@pytest.fixture
def open_page() -> Iterator[Callable[..., Page]]:
    with browser_pages() as opener:
        yield opener


@pytest.fixture(scope="session")
def made(stack: Stack, brokerage: dict[str, Any]) -> dict[str, int]:
    """Leads by first name. Before agendado an e-mail must be known."""
    numbers: dict[str, int] = stack.python(
        f"""
from apps.core.tenancy import in_broker
from apps.leads.models import Lead, LossReason, Pipeline, PipelineStage
with in_broker({brokerage["id"]}):
    pipeline, _made = Pipeline.objects.get_or_create(is_default=True, defaults={{"name": "Ventas"}})
    PipelineStage.objects.update_or_create(
        pipeline=pipeline, stage="agendado", defaults={{"position": 3, "required_fields": ["email"]}})
    LossReason.objects.get_or_create(name="Compró con otros")
    result = {{name: Lead.objects.create(first_name=name, last_name="Soto", score=score).pk
        for score, name in ((90, "Rosa"), (60, "Luis"), (30, "Eva"))}}
"""
    )
    return numbers


@pytest.fixture
def leads(stack: Stack, brokerage: dict[str, Any], made: dict[str, int]) -> dict[str, int]:
    """All in entrada again, without an e-mail; Eva is the agent's."""
    with stack.database() as connection:
        connection.execute(
            f"""UPDATE broker_{brokerage["id"]}.leads_lead SET stage = 'entrada', status = 'warm', email = '',
                lost_reason = '', assigned_agent_id = CASE id WHEN %s THEN %s END""",
            [made["Eva"], brokerage["users"]["agent"]["id"]],
        )
    return made


def open_board(page: Page, stack: Stack, brokerage: dict[str, Any], role: str = "admin") -> Page:
    sign_in(page, stack, brokerage["users"][role]["email"])
    page.goto(f"{stack.url}/app/board")
    expect(page.locator("#live")).to_have_attribute("data-state", "live", timeout=15_000)
    return page


def card(page: Page, stage: str, name: str) -> Locator:
    return page.locator(f"#cards-{stage} .card", has_text=name)


def total(page: Page, stage: str) -> Locator:
    return page.locator(f"#head-{stage} [data-total]")


def drag(page: Page, what: Locator, stage: str) -> None:
    """As a hand does it: down, over there in steps, up."""
    start, end = what.bounding_box(), page.locator(f"#column-{stage}").bounding_box()
    assert start and end
    page.mouse.move(start["x"] + 30, start["y"] + 20)
    page.mouse.down()
    page.mouse.move(start["x"] + 60, start["y"] + 40, steps=3)
    page.mouse.move(end["x"] + end["width"] / 2, end["y"] + 200, steps=6)
    expect(page.locator(".card.is-ghost")).to_be_visible()
    page.mouse.up()


def test_what_one_drags_the_other_sees(open_page, stack, brokerage, leads):
    one = open_board(open_page(), stack, brokerage)
    other = open_board(open_page(), stack, brokerage, "supervisor")
    expect(card(other, "entrada", "Rosa")).to_be_visible()

    drag(one, card(one, "entrada", "Rosa"), "perfilamiento")

    expect(card(one, "perfilamiento", "Rosa")).to_be_visible()
    expect(one.locator(".card.is-ghost")).to_have_count(0)
    expect(card(other, "perfilamiento", "Rosa")).to_be_visible(timeout=5_000)
    for page in (one, other):
        expect(total(page, "entrada")).to_have_text("2")
        expect(total(page, "perfilamiento")).to_have_text("1")
    assert one.url.endswith("/app/board"), "letting go does not open the lead"


def test_a_move_is_taken_back_for_all(open_page, stack, brokerage, leads):
    one = open_board(open_page(), stack, brokerage)
    other = open_board(open_page(), stack, brokerage, "supervisor")
    drag(one, card(one, "entrada", "Luis"), "seguimiento")
    expect(card(other, "seguimiento", "Luis")).to_be_visible(timeout=5_000)

    one.locator(".toast .act").click()

    expect(card(one, "entrada", "Luis")).to_be_visible()
    expect(card(other, "entrada", "Luis")).to_be_visible(timeout=5_000)
    expect(card(other, "seguimiento", "Luis")).to_have_count(0)


def test_by_keys_alone(open_page, stack, brokerage, leads):
    page = open_board(open_page(), stack, brokerage)

    page.keyboard.press("j")
    expect(page.locator(f"#card-{leads['Rosa']} .card-name")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator(f"#card-{leads['Luis']} .card-name")).to_be_focused()
    page.keyboard.press("Shift+ArrowRight")
    expect(card(page, "perfilamiento", "Luis")).to_be_visible()
    expect(page.locator(f"#card-{leads['Luis']} .card-name")).to_be_focused()
    expect(page.locator("#board-said")).to_contain_text("Luis")
    page.keyboard.press("]")
    expect(card(page, "calificacion_financiera", "Luis")).to_be_visible()
    page.keyboard.press("u")
    expect(card(page, "perfilamiento", "Luis")).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(f"#card-{leads['Rosa']} .card-name")).to_be_focused()
    page.keyboard.press("m")
    page.locator("#move-to [data-to=seguimiento]").press("Enter")
    expect(card(page, "seguimiento", "Rosa")).to_be_visible()
    page.locator(f"#card-{leads['Rosa']} .card-name").press("Enter")

    page.wait_for_url(f"**/app/leads/{leads['Rosa']}")


def test_a_refused_move_goes_back_and_asks_for_what_is_missing(open_page, stack, brokerage, leads):
    page = open_board(open_page(), stack, brokerage)

    drag(page, card(page, "entrada", "Rosa"), "agendado")

    expect(page.locator("#dialog")).to_be_visible()
    expect(card(page, "entrada", "Rosa")).to_have_count(1)
    expect(card(page, "agendado", "Rosa")).to_have_count(0)
    page.locator("#dialog input[name='value:email']").fill("rosa@example.com")
    page.locator("#dialog button[type=submit]").click()
    expect(page.locator("#dialog")).to_be_hidden()
    expect(card(page, "agendado", "Rosa")).to_be_visible()

    page.keyboard.press("u")
    expect(card(page, "entrada", "Rosa")).to_be_visible()


def test_a_lost_lead_says_why(open_page, stack, brokerage, leads):
    page = open_board(open_page(), stack, brokerage)

    page.locator(f"#card-{leads['Eva']} .card-name").focus()
    page.keyboard.press("m")
    page.locator("#move-to [data-to=perdido]").click()
    expect(page.locator("#dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(f"#card-{leads['Eva']} .card-name")).to_be_focused()
    page.keyboard.press("m")
    page.locator("#move-to [data-to=perdido]").click()
    page.locator("#dialog input[name=lost_reason]").first.check()
    page.locator("#dialog button[type=submit]").click()

    expect(total(page, "perdido")).to_have_text("1")
    page.locator("#column-perdido [data-fold]").click()
    expect(card(page, "perdido", "Eva")).to_be_visible()


def test_an_agent_sees_their_leads_come_and_go(open_page, stack, brokerage, leads):
    page = open_board(open_page(), stack, brokerage, "agent")
    expect(page.locator(".card")).to_have_count(1)

    admin = open_board(open_page(), stack, brokerage)

    def give(name: str, agent: str) -> None:
        admin.evaluate(
            """async ([path, agent]) => {
                const body = new FormData();
                body.set('column', 'assigned_agent');
                body.set('value', agent);
                const answer = await window.sofia.request(path, { method: 'POST', body });
                if (!answer.isOk) throw new Error(answer.status);
            }""",
            [f"/app/leads/{leads[name]}/value", agent],
        )

    give("Rosa", str(brokerage["users"]["agent"]["id"]))
    expect(card(page, "entrada", "Rosa")).to_be_visible(timeout=5_000)
    expect(total(page, "entrada")).to_have_text("2")
    give("Eva", "")

    expect(card(page, "entrada", "Eva")).to_have_count(0, timeout=5_000)
    expect(total(page, "entrada")).to_have_text("1")


def test_filters_narrow_the_board_and_stay_in_the_address(open_page, stack, brokerage, leads):
    page = open_board(open_page(), stack, brokerage)

    page.keyboard.press("/")
    page.keyboard.type("luis")
    expect(page.locator(".card")).to_have_count(1)
    expect(total(page, "entrada")).to_have_text("1")
    page.reload()
    expect(page.locator(".card")).to_have_count(1)
    page.locator("#board-clear").click()

    expect(page.locator(".card")).to_have_count(3)


def test_on_a_phone_one_column_at_a_time(open_page, stack, brokerage, leads):
    page = open_board(
        open_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True), stack, brokerage
    )
    expect(card(page, "entrada", "Rosa")).to_be_visible()
    expect(page.locator("#column-perfilamiento")).to_be_hidden()

    card(page, "entrada", "Rosa").locator("[data-move]").tap()
    page.locator("#move-to [data-to=perfilamiento]").tap()
    expect(page.locator("#stage-tabs [data-tab=perfilamiento] [data-total]")).to_have_text("1")
    page.locator("#stage-tabs [data-tab=perfilamiento]").tap()

    expect(card(page, "perfilamiento", "Rosa")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_finger_that_rests_carries_the_card_to_a_tab(open_page, stack, brokerage, leads):
    page = open_board(
        open_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True), stack, brokerage
    )
    start = card(page, "entrada", "Luis").bounding_box()
    end = page.locator("#stage-tabs [data-tab=perfilamiento]").bounding_box()
    assert start and end
    touch = page.context.new_cdp_session(page)

    def send(kind: str, x: float, y: float) -> None:
        points = [] if kind == "touchEnd" else [{"x": x, "y": y}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    send("touchStart", start["x"] + 60, start["y"] + 20)
    expect(page.locator(".card.is-ghost")).to_be_visible()
    send("touchMove", start["x"] + 80, start["y"] - 20)
    send("touchMove", end["x"] + 20, end["y"] + 10)
    expect(page.locator("#stage-tabs .is-target")).to_have_count(1)
    send("touchEnd", 0, 0)

    expect(page.locator("#stage-tabs [data-tab=perfilamiento] [data-total]")).to_have_text("1")
    page.locator("#stage-tabs [data-tab=perfilamiento]").tap()
    expect(card(page, "perfilamiento", "Luis")).to_be_visible()
