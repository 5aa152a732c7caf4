"""Chromium, as an agent's browser."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Page, sync_playwright

from config.devtools import chromium
from tests.stack import PASSWORD, Stack

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def browser_page(**context: Any) -> Iterator[Page]:
    """A page in a fresh browser profile; JavaScript errors fail the test."""
    with browser_pages() as open_page:
        yield open_page(**context)


@contextmanager
def browser_pages(*arguments: str) -> Iterator[Callable[..., Page]]:
    """Opens pages, each in a profile of its own, in one browser; `arguments` are Chromium's."""
    errors: list[str] = []

    def open_page(**context: Any) -> Page:
        usual = {"locale": "es-CL", "viewport": {"width": 1440, "height": 900}}
        page = browser.new_context(**{**usual, **context}).new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        return page

    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=str(chromium.require()), headless=True, args=[*ARGUMENTS, *arguments]
        )
        try:
            yield open_page
        finally:
            browser.close()
    assert not errors, errors


def sign_in(page: Page, stack: Stack, email: str) -> None:
    """Through the form, as a person does."""
    page.goto(f"{stack.url}/app/login")
    page.fill("input[name=email]", email)
    page.fill("input[name=password]", PASSWORD)
    page.click("form button.button")
    # Any page but this one: it lies below /app/ too.
    page.wait_for_url(lambda url: "/app/login" not in url)
