"""How the values of a lead are drawn: one small piece of HTML for each kind of column."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Final

from django.templatetags.static import static
from django.utils import formats
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.dashboard.lead_columns import Column, Kind
from apps.dashboard.templatetags.ui import hue, initials
from apps.leads.changes import label_of_source, readable
from apps.leads.models import Lead

NOTHING: Final = SafeString('<span class="none" aria-hidden="true">—</span>')
_STATUS_ICONS: Final[Mapping[str, str]] = {
    "hot": "flame",
    "warm": "thermometer",
    "cold": "snowflake",
    "converted": "circle-check",
    "lost": "circle-x",
}
_STAGE_TONES: Final[Mapping[str, str]] = {
    "entrada": "",
    "perfilamiento": "info",
    "calificacion_financiera": "plum",
    "agendado": "sofia",
    "seguimiento": "accent",
    "referidos": "accent",
    "ganado": "success",
    "perdido": "danger",
}
_MOST_TAGS: Final = 2


def name_of(lead: Lead) -> str:
    """What a lead is called where nobody told their name."""
    return lead.name or lead.phone or lead.email or _("Visitor %(number)s") % {"number": lead.pk}


def drawn(lead: Lead, column: Column) -> SafeString:
    """The value as HTML; a dash where there is none."""
    value = column.value_of(lead)
    if value is None or value == "" or value == []:
        return NOTHING
    return _DRAWERS[column.kind](column, value)


def drawn_in_full(lead: Lead, column: Column) -> SafeString:
    """The same, with every tag and every line."""
    value = column.value_of(lead)
    if column.kind is Kind.TAGS and isinstance(value, Sequence) and value:
        return _tag_badges([str(tag) for tag in value])
    return drawn(lead, column)


def _text(column: Column, value: object) -> SafeString:
    text = label_of_source(str(value)) if column.key == "source" else readable(column.key, value)
    return format_html("{}", text)


def _long(_column: Column, value: object) -> SafeString:
    return format_html('<span class="long">{}</span>', value)


def _name(_column: Column, value: object) -> SafeString:
    return format_html("{}", value)


def _phone(_column: Column, value: object) -> SafeString:
    return format_html('<a class="quiet-link number" href="tel:{0}">{0}</a>', value)


def _email(_column: Column, value: object) -> SafeString:
    return format_html('<a class="quiet-link" href="mailto:{0}">{0}</a>', value)


def _choice(column: Column, value: object) -> SafeString:
    label = dict(column.choices).get(str(value), str(value))
    if column.key == "status":
        icon = f"{static('icons/sprite.svg')}#{_STATUS_ICONS.get(str(value), 'thermometer')}"
        return format_html(
            '<span class="badge {}"><svg class="icon" aria-hidden="true"><use href="{}"/></svg>{}</span>',
            value,
            icon,
            label,
        )
    tone = _STAGE_TONES.get(str(value), "") if column.key == "stage" else ""
    return format_html('<span class="badge {}">{}</span>', tone, label)


def _tags(_column: Column, value: object) -> SafeString:
    tags = [str(tag) for tag in value] if isinstance(value, Sequence) and not isinstance(value, str) else [str(value)]
    shown, more = tags[:_MOST_TAGS], tags[_MOST_TAGS:]
    if not more:
        return _tag_badges(shown)
    rest = format_html('<span class="badge" title="{}">+{}</span>', ", ".join(more), len(more))
    return format_html("{} {}", _tag_badges(shown), rest)


def _tag_badges(tags: Sequence[str]) -> SafeString:
    return format_html_join(" ", '<span class="badge tag-badge">{}</span>', ((tag,) for tag in tags))


def _agent(_column: Column, value: object) -> SafeString:
    if not isinstance(value, User):
        return NOTHING
    return format_html(
        '<span class="person"><span class="avatar tiny" data-hue="{}" aria-hidden="true">{}</span>'
        '<span class="truncate">{}</span></span>',
        hue(value.pk),
        initials(value.name),
        value.name,
    )


def _score(_column: Column, value: object) -> SafeString:
    number = float(str(value))
    return format_html(
        '<span class="score-cell"><span class="number">{0}</span>'
        '<meter min="0" max="100" low="40" high="70" optimum="100" value="{1}" aria-hidden="true"></meter></span>',
        f"{number:.0f}",
        f"{number:.2f}",
    )


def _yes_no(_column: Column, value: object) -> SafeString:
    return format_html("{}", readable("", value))


def _number(_column: Column, value: object) -> SafeString:
    shown = formats.number_format(value, use_l10n=True) if isinstance(value, int | float) else _without_zeros(value)
    return format_html('<span class="number">{}</span>', shown)


def _without_zeros(value: object) -> str:
    text = str(value)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _moment(column: Column, value: object) -> SafeString:
    if not isinstance(value, datetime):
        return _text(column, value)
    return format_html(
        '<time datetime="{}" data-ago>{}</time>', value.isoformat(), formats.date_format(value, "SHORT_DATE_FORMAT")
    )


def _date(column: Column, value: object) -> SafeString:
    text = str(value)
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return _text(column, value)
    return format_html('<time datetime="{}">{}</time>', text, formats.date_format(day, "SHORT_DATE_FORMAT"))


_DRAWERS: Final[Mapping[Kind, Callable[[Column, object], SafeString]]] = {
    Kind.NAME: _name,
    Kind.TEXT: _text,
    Kind.LONG: _long,
    Kind.PHONE: _phone,
    Kind.EMAIL: _email,
    Kind.CHOICE: _choice,
    Kind.TAGS: _tags,
    Kind.AGENT: _agent,
    Kind.SCORE: _score,
    Kind.YES_NO: _yes_no,
    Kind.NUMBER: _number,
    Kind.MOMENT: _moment,
    Kind.DATE: _date,
}
