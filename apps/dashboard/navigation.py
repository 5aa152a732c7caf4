"""What the nav rail and the settings offer, and to whom. A new page is one row, shown once its address is served."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from django.urls import Resolver404, resolve
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User


@dataclass(frozen=True, kw_only=True)
class NavItem:
    """One link; shown to those who have the permission code. `is_secondary`: left out of a phone's bar."""

    key: str
    label: Promise
    icon: str
    url: str
    permission: str = ""
    is_secondary: bool = False


@dataclass(frozen=True, kw_only=True)
class SettingsGroup:
    """Pages of the settings that belong together."""

    label: Promise
    pages: tuple[NavItem, ...]


INBOX = NavItem(key="inbox", label=_("Inbox"), icon="inbox", url="/app/", permission="chats.read")
LEADS = NavItem(key="leads", label=_("Leads"), icon="users", url="/app/leads", permission="clients.read")
BOARD = NavItem(key="board", label=_("Board"), icon="columns-3", url="/app/board", permission="clients.read")
SETTINGS = NavItem(key="settings", label=_("Settings"), icon="settings", url="/app/settings")
API_DOCS = NavItem(key="docs", label=_("API"), icon="book-open", url="/docs", permission="*", is_secondary=True)
PLATFORM = NavItem(key="platform", label=_("Platform"), icon="shield-check", url="/admin/")

SETTINGS_GROUPS: tuple[SettingsGroup, ...] = (
    SettingsGroup(
        label=_("Leads"),
        pages=(
            NavItem(
                key="fields",
                label=_("Fields"),
                icon="list-filter",
                url="/app/settings/fields",
                permission="fields.manage",
            ),
            NavItem(
                key="pipeline",
                label=_("Pipeline"),
                icon="workflow",
                url="/app/settings/pipeline",
                permission="pipeline.manage",
            ),
            NavItem(
                key="scoring",
                label=_("Scoring"),
                icon="target",
                url="/app/settings/scoring",
                permission="scoring.manage",
            ),
        ),
    ),
    SettingsGroup(
        label=_("Data"),
        pages=(
            NavItem(key="import", label=_("Imports"), icon="download", url="/app/import", permission="clients.import"),
            NavItem(
                key="duplicates", label=_("Duplicates"), icon="copy", url="/app/duplicates", permission="clients.merge"
            ),
            NavItem(key="ingest", label=_("Ingest"), icon="link", url="/app/ingest", permission="ingest.read"),
        ),
    ),
    SettingsGroup(label=_("Integrations"), pages=(API_DOCS,)),
)


def items_for(user: User) -> tuple[NavItem, ...]:
    """The links of the rail that this user may follow, in order."""
    settings = (SETTINGS,) if settings_for(user) else ()
    platform = (PLATFORM,) if user.is_superadmin else ()
    return (*_allowed(user, (INBOX, LEADS, BOARD)), *settings, *platform, *_allowed(user, (API_DOCS,)))


def settings_for(user: User) -> tuple[SettingsGroup, ...]:
    """The settings' pages that this user may open; none where only links out of the settings would be left."""
    groups = [SettingsGroup(label=group.label, pages=_allowed(user, group.pages)) for group in SETTINGS_GROUPS]
    has_own = any(page.url.startswith("/app/") for group in groups for page in group.pages)
    return tuple(group for group in groups if group.pages) if has_own else ()


def current_key(path: str, items: Iterable[NavItem]) -> str:
    """The key of the item whose page, or a page below it, is at the path; empty for a page of none."""
    at = [item for item in items if _is_at_or_below(path, item.url)]
    return max(at, key=lambda item: len(item.url)).key if at else ""


def current_section(path: str) -> str:
    """The key of the rail's item that the page at the path belongs to."""
    pages = [page for group in SETTINGS_GROUPS for page in group.pages]
    rail = current_key(path, (INBOX, LEADS, BOARD, SETTINGS))
    return rail or (SETTINGS.key if current_key(path, pages) else "")


@cache
def is_served(url: str) -> bool:
    """Whether there is a page at the address."""
    try:
        resolve(url)
    except Resolver404:
        return False
    return True


def _allowed(user: User, items: Iterable[NavItem]) -> tuple[NavItem, ...]:
    held = user.permissions
    return tuple(item for item in items if ("*" in held or item.permission in {"", *held}) and is_served(item.url))


def _is_at_or_below(path: str, url: str) -> bool:
    """An address that ends with a slash is one page; what is below it belongs to others."""
    return path.rstrip("/") == url.rstrip("/") or (not url.endswith("/") and path.startswith(f"{url}/"))
