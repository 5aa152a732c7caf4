"""What the rail and the settings offer, to whom, and that no link leads nowhere."""

import re

import pytest
from django.test import override_settings
from django.urls import path

from apps.dashboard import navigation
from apps.dashboard.views import inbox, settings


@pytest.fixture
def fresh_addresses():
    """Which addresses are served is looked up anew, before and after."""
    navigation.is_served.cache_clear()
    yield
    navigation.is_served.cache_clear()


def links_of(html: str, part: str) -> dict[str, bool]:
    """Addresses in the navigation, and which of them is marked as the present one."""
    found = re.search(rf"<nav[^>]*{part}.*?</nav>", html, re.S)
    assert found
    return {href: "aria-current" in rest for href, rest in re.findall(r'<a[^>]*href="([^"]+)"([^>]*)>', found.group())}


@pytest.mark.parametrize("role", ["admin_user", "supervisor_user", "agent_user"])
def test_every_link_of_the_rail_leads_to_a_page(browser, request, role):
    page = browser(request.getfixturevalue(role))

    links = links_of(page.get("/app/").content.decode(), 'aria-label="Principal"')

    assert links["/app/"]
    for address in links:
        assert page.get(address, follow=True).status_code == 200, address


def test_an_agent_is_not_offered_the_api_nor_the_settings(browser, agent_user):
    page = browser(agent_user)

    links = links_of(page.get("/app/").content.decode(), 'aria-label="Principal"')

    assert "/docs" not in links and "/app/settings" not in links
    assert page.get("/app/settings").status_code == 404


def test_a_page_that_is_not_built_is_not_offered(admin_user, fresh_addresses):
    class Addresses:
        urlpatterns = [path("app/", inbox.inbox), path("app/settings", settings.settings)]
        urlpatterns += [path("app/settings/pipeline", settings.settings)]

    with override_settings(ROOT_URLCONF=Addresses):
        rail = [item.url for item in navigation.items_for(admin_user)]
        pages = [page.url for group in navigation.settings_for(admin_user) for page in group.pages]

    assert pages == ["/app/settings/pipeline"]
    assert rail == ["/app/", "/app/settings"]


@pytest.mark.parametrize(
    ("address", "section"),
    [
        ("/app/leads", "leads"),
        ("/app/leads/7", "leads"),
        ("/app/leadsx", ""),
        ("/app/board", "board"),
        ("/app/settings/fields", "settings"),
        ("/app/import/3", "settings"),
        ("/app/profile", ""),
        ("/app/", "inbox"),
    ],
)
def test_a_page_belongs_to_a_section_by_its_address(address, section):
    assert navigation.current_section(address) == section
