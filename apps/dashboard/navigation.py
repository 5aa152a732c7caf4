"""What the nav rail offers, and to whom. A new page is one row."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User


@dataclass(frozen=True, kw_only=True)
class NavItem:
    """One link of the rail; shown to those who have the permission code."""

    key: str
    label: Promise
    icon: str
    url: str
    permission: str = ""


INBOX = NavItem(key="inbox", label=_("Inbox"), icon="inbox", url="/app/", permission="chats.read")
API_DOCS = NavItem(key="docs", label=_("API"), icon="book-open", url="/docs", permission="*")
PLATFORM = NavItem(key="platform", label=_("Platform"), icon="shield-check", url="/admin/")


def items_for(user: User) -> tuple[NavItem, ...]:
    """The links this user may follow, in order."""
    if user.is_superadmin:
        return (INBOX, PLATFORM, API_DOCS)
    held = user.permissions
    return tuple(item for item in (INBOX, API_DOCS) if "*" in held or item.permission in held)
