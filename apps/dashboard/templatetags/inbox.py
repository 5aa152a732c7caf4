"""How messages, happenings and what is known of a person read on the screen."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

from django import template
from django.templatetags.static import static
from django.utils import formats, timezone
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from apps.conversations.models import Conversation, Message
from apps.conversations.types import CloseReason, Direction, MessageStatus, SenderType
from apps.files.models import StoredFile
from apps.files.signing import signed_path
from apps.leads.changes import VALUE_WORDS
from apps.leads.models import Activity, Lead
from apps.leads.scoring import part_label
from apps.leads.types import Stage
from apps.messaging.types import Channel, ContentType

register = template.Library()

_LINK = re.compile(r"https?://[^\s<>\"']+")
_TRAILING = ".,;:!?)]}"
_CHANNEL_ICONS = {
    Channel.WHATSAPP_META: "brand-whatsapp",
    Channel.WHATSAPP_WPPCONNECT: "brand-whatsapp",
    Channel.TELEGRAM: "brand-telegram",
    Channel.WEBCHAT: "message-circle",
}
_TICKS: dict[str, tuple[str, Promise]] = {
    MessageStatus.PENDING: ("clock", gettext_lazy("Pending")),
    MessageStatus.SENDING: ("clock", gettext_lazy("Sending")),
    MessageStatus.SENT: ("check", gettext_lazy("Sent")),
    MessageStatus.DELIVERED: ("check-check", gettext_lazy("Delivered")),
    MessageStatus.READ: ("check-check", gettext_lazy("Read")),
    MessageStatus.FAILED: ("circle-alert", gettext_lazy("Failed")),
    MessageStatus.UNCERTAIN: ("triangle-alert", gettext_lazy("Uncertain")),
}


@register.filter
def person(conversation: Conversation) -> str:
    """What the customer is called: their name, their phone, what the channel calls them."""
    lead, identity = conversation.lead, conversation.identity
    known = lead.name or lead.phone or identity.display_name or identity.username
    return known or _("Visitor %(number)s") % {"number": lead.pk}


@register.simple_tag
def channel_icon(channel: str) -> SafeString:
    """The channel's mark, announced by its name."""
    known = Channel(channel) if channel in Channel.values else None
    name = _CHANNEL_ICONS[known] if known else "message-square"
    href = f"{static('icons/sprite.svg')}#{name}"
    return format_html(
        '<svg class="icon" role="img" aria-label="{}"><use href="{}"/></svg>', known.label if known else channel, href
    )


@register.filter
def bubble_kind(message: Message) -> str:
    """The class of a message's bubble: from the customer, from Sofía, from an agent, or a note."""
    if message.status == MessageStatus.NOTE:
        return "is-note"
    if message.direction == Direction.IN:
        return "is-in"
    return "is-bot" if message.sender_type == SenderType.BOT else "is-agent"


@register.simple_tag
def tick(message: Message) -> SafeString:
    """How far a message of ours got."""
    if message.direction != Direction.OUT or message.status not in _TICKS:
        return SafeString("")
    name, label = _TICKS[message.status]
    return format_html(
        '<svg class="icon tick is-{}" role="img" aria-label="{}"><use href="{}#{}"/></svg>',
        message.status,
        label,
        static("icons/sprite.svg"),
        name,
    )


@register.filter
def linked(text: str) -> SafeString:
    """The text with its web addresses as links; everything else is escaped."""
    return format_html_join("", "{}", ((part,) for part in _parts(text)))


def _parts(text: str) -> list[str | SafeString]:
    parts: list[str | SafeString] = []
    at = 0
    for match in _LINK.finditer(text):
        address = match.group().rstrip(_TRAILING)
        link = format_html('<a href="{0}" target="_blank" rel="noopener noreferrer nofollow">{0}</a>', address)
        parts += [text[at : match.start()], link]
        at = match.start() + len(address)
    return [*parts, text[at:]]


@register.filter
def day_name(day: date) -> str:
    """Today, yesterday, or the date."""
    today = timezone.localdate()
    if day == today:
        return _("Today")
    if day == today - timedelta(days=1):
        return _("Yesterday")
    return str(formats.date_format(day, "DATE_FORMAT"))


@register.filter
def file_address(file: StoredFile) -> str:
    """The signed address of a file, good for some hours."""
    return signed_path(file)


@register.filter
def stage_name(stage: str) -> str:
    """The stage as it is shown."""
    return str(Stage(stage).label) if stage in Stage.values else stage


@register.filter
def close_reason(reason: str) -> str:
    """Why a conversation was closed, as it is shown."""
    return str(CloseReason(reason).label) if reason in CloseReason.values else reason


@register.filter
def content_type(kind: str) -> str:
    """The kind of a message, as it is shown."""
    return str(ContentType(kind).label) if kind in ContentType.values else kind


@register.filter
def source_name(source: str) -> str:
    """Where a lead came from: a channel by its name, anything else as it was given."""
    return str(Channel(source).label) if source in Channel.values else source


@register.filter
def unlocalized(number: Decimal | float) -> str:
    """A number as HTML attributes want it, with a point."""
    return f"{float(number):.2f}"


# ---- what is known of a person


@dataclass(frozen=True)
class KnownSlot:
    """One fact as it is shown."""

    label: str
    icon: str
    value: str


_SLOT_LABELS: tuple[tuple[str, Promise, str], ...] = (
    ("purpose", gettext_lazy("Purpose"), "target"),
    ("property_type", gettext_lazy("Kind of property"), "house"),
    ("location", gettext_lazy("Area"), "map-pin"),
    ("budget_amount", gettext_lazy("Budget"), "wallet"),
    ("bedrooms", gettext_lazy("Bedrooms"), "bed-double"),
    ("bathrooms", gettext_lazy("Bathrooms"), "house"),
    ("income_amount", gettext_lazy("Income"), "wallet"),
    ("visit_date", gettext_lazy("Visit"), "calendar-check"),
)
# Shown with another fact, or nowhere: bookkeeping of the dialogue.
_HIDDEN = {
    "name",
    "declined",
    "budget_currency",
    "budget_min",
    "budget_max",
    "income_currency",
    "visit_time",
    "visit_part",
    "email",
    "phone",
}


@register.simple_tag
def slots(lead: Lead, but: Collection[str] = ()) -> list[KnownSlot]:
    """What the person looks for, in the order Sofía asks, then the broker's own attributes; `but` names what is shown
    elsewhere.
    """
    facts: Mapping[str, object] = {name: value for name, value in lead.attributes.items() if name not in but}
    known = [
        KnownSlot(str(label), icon, _slot_value(name, facts)) for name, label, icon in _SLOT_LABELS if facts.get(name)
    ]
    taken = _HIDDEN | {name for name, _label, _icon in _SLOT_LABELS}
    own = [KnownSlot(_spoken(name), "tag", _plain(value)) for name, value in facts.items() if name not in taken]
    return known + [slot for slot in own if slot.value]


def _slot_value(name: str, facts: Mapping[str, object]) -> str:
    value = facts[name]
    if name in {"budget_amount", "income_amount"}:
        return money_text(value, str(facts.get(name.replace("amount", "currency")) or ""))
    if name == "visit_date":
        return _visit(str(value), str(facts.get("visit_time") or ""), str(facts.get("visit_part") or ""))
    return _plain(value)


_CURRENCY_SIGNS = {
    "CLP": "$",
    "UF": "UF ",
    "MXN": "MX$",
    "USD": "US$",
    "COP": "COP$",
    "ARS": "AR$",
    "PEN": "S/ ",
    "BRL": "R$ ",
    "EUR": "€ ",
}


def money_text(amount: object, currency: str) -> str:
    """As Chile, Argentina and Brazil write it, $410.000,50; in English with the separators the other way round."""
    try:
        number = Decimal(str(amount))
    except InvalidOperation:
        return _plain(amount)
    shown = f"{number:,.0f}" if number == number.to_integral_value() else f"{number:,.2f}"
    if get_language() != "en":
        shown = shown.translate(str.maketrans(",.", ".,"))
    return _CURRENCY_SIGNS.get(currency, f"{currency} ").lstrip() + shown


def _visit(day: str, moment: str, part: str) -> str:
    try:
        shown = str(formats.date_format(date.fromisoformat(day), "DATE_FORMAT"))
    except ValueError:
        shown = day
    return ", ".join(filter(None, [shown, moment[:5] or str(VALUE_WORDS.get(part, ""))]))


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list):
        return ", ".join(_plain(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{_spoken(str(key))}: {_plain(item)}" for key, item in value.items())
    text = "" if value is None else str(value)
    return str(VALUE_WORDS.get(text, text))


def _spoken(name: str) -> str:
    return name.replace("_", " ").strip().capitalize()


@register.simple_tag
def score_parts(lead: Lead) -> list[tuple[str, str]]:
    """What the score is made of: a label and its points each. Parts are `{"name", "points"}`."""
    return [
        (part_label(str(part.get("name", ""))), f"{float(part.get('points', 0)):+g}")
        for part in lead.score_parts
        if isinstance(part, Mapping)
    ]


@register.filter
def activity_line(activity: Activity) -> str:
    """One line of the timeline in words."""
    return _ACTIVITY_LINES.get(activity.kind, _other)(activity)


def _created(activity: Activity) -> str:
    source = source_name(str(activity.details.get("source") or ""))
    return _("First contact through %(source)s") % {"source": source} if source else _("First contact")


def _staged(activity: Activity) -> str:
    return _("Moved to “%(stage)s”") % {"stage": stage_name(str(activity.details.get("to", "")))}


def _scored(activity: Activity) -> str:
    before, after = activity.details.get("before", 0), activity.details.get("after", 0)
    return _("Score %(before)s → %(after)s") % {"before": f"{before:.0f}", "after": f"{after:.0f}"}


def _updated(activity: Activity) -> str:
    changed = [name for name in activity.details.get("changes", {}) if name not in {"attributes", "phone_key"}]
    names = list(dict.fromkeys(str(_FIELD_NAMES.get(name, _spoken(name))) for name in changed))
    return _("Changed: %(fields)s") % {"fields": ", ".join(names)} if names else _("Sofía learned something new")


_FIELD_NAMES: dict[str, Promise] = {
    "first_name": gettext_lazy("Name"),
    "last_name": gettext_lazy("Name"),
    "phone": gettext_lazy("Phone"),
    "email": gettext_lazy("E-mail"),
    "city": gettext_lazy("City"),
    "company": gettext_lazy("Company"),
    "tags": gettext_lazy("Tags"),
    "contact_status": gettext_lazy("Contact status"),
}


def _closed(activity: Activity) -> str:
    return _("Conversation closed: %(reason)s") % {"reason": close_reason(str(activity.details.get("reason", "")))}


def _other(activity: Activity) -> str:
    return str(_SIMPLE_LINES.get(activity.kind, _spoken(activity.kind)))


_ACTIVITY_LINES = {
    "created": _created,
    "stage_changed": _staged,
    "scored": _scored,
    "updated": _updated,
    "conversation_closed": _closed,
}
_SIMPLE_LINES: dict[str, Promise] = {
    "assigned": gettext_lazy("Given to an agent"),
    "identity_added": gettext_lazy("A new channel was added"),
    "conversation_started": gettext_lazy("Conversation began"),
    "conversation_assigned": gettext_lazy("Conversation given to an agent"),
    "conversation_queued": gettext_lazy("Waiting for a person"),
}
