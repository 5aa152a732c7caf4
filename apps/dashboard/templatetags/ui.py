"""Small drawings that templates repeat often: icons and the initials on an avatar."""

import zlib
from dataclasses import dataclass
from functools import cache

from django import template
from django.http import HttpRequest
from django.templatetags.static import static
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.accounts.models import User
from apps.dashboard.navigation import NavItem, current_key, current_section, items_for, settings_for
from apps.queues.queries import presence_of
from apps.queues.types import PresenceState

register = template.Library()

AVATAR_HUES = 6


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """One symbol of static/icons/sprite.svg; with a label it is announced, without one it is decoration."""
    href = f"{_sprite()}#{name}"
    if label:
        return format_html('<svg class="icon" role="img" aria-label="{}"><use href="{}"/></svg>', label, href)
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}"/></svg>', href)


@cache
def _sprite() -> str:
    """Its address; looked up once, for a page has hundreds of icons."""
    return static("icons/sprite.svg")


@register.filter
def initials(name: str) -> str:
    """Up to two letters: of the first and the last word that begin with one; of a phone, its last two digits."""
    if str(name).startswith("+"):
        return str(name)[-2:]
    letters = [word[0].upper() for word in str(name or "").split() if word[0].isalnum()]
    if not letters:
        return "?"
    return letters[0] if len(letters) == 1 else letters[0] + letters[-1]


@register.filter
def hue(key: object) -> int:
    """A steady colour number for a person."""
    return zlib.crc32(str(key).encode()) % AVATAR_HUES


@dataclass(frozen=True)
class PresenceMenu:
    """One's own presence and what it can be set to. Busy is set by load, never by hand."""

    now: str
    choices: list[tuple[str, str]]


@register.simple_tag
def my_presence(request: HttpRequest) -> PresenceMenu | None:
    """The presence of the signed-in person; none for superadmins, who attend nobody."""
    user = request.user
    if not isinstance(user, User) or user.is_superadmin:
        return None
    choices = [(value, str(label)) for value, label in PresenceState.choices if value != PresenceState.BUSY]
    return PresenceMenu(now=presence_of(user.pk), choices=choices)


@dataclass(frozen=True)
class Link:
    """A link of the navigation, and whether this page belongs to it."""

    item: NavItem
    is_current: bool


@dataclass(frozen=True)
class LinkGroup:
    """Links under one heading."""

    label: Promise
    links: list[Link]


@register.simple_tag(takes_context=True)
def rail_links(context: template.Context) -> list[Link]:
    """The nav rail of this user. A page says where it belongs by `section`, or by its address."""
    request, section = context["request"], context.get("section") or ""
    here = section or current_section(request.path)
    return [Link(item, item.key == here) for item in items_for(request.user)]


@register.simple_tag
def settings_links(request: HttpRequest) -> list[LinkGroup]:
    """The settings' own navigation, as far as this user may go."""
    if not isinstance(request.user, User):
        return []
    groups = settings_for(request.user)
    here = current_key(request.path, [page for group in groups for page in group.pages])
    return [LinkGroup(group.label, [Link(page, page.key == here) for page in group.pages]) for group in groups]
