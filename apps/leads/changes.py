"""What changed on a lead, ready to be read: labels for columns, and values as people write them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Choices
from django.utils import formats, timezone
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from apps.leads.models import CustomField
from apps.leads.types import ContactStatus, LeadStatus, Stage

FIELD_LABELS: Final[Mapping[str, Promise]] = {
    "name": gettext_lazy("Name"),
    "first_name": gettext_lazy("First name"),
    "last_name": gettext_lazy("Last name"),
    "phone": gettext_lazy("Phone"),
    "email": gettext_lazy("E-mail"),
    "company": gettext_lazy("Company"),
    "city": gettext_lazy("City"),
    "country": gettext_lazy("Country"),
    "address": gettext_lazy("Address"),
    "segment": gettext_lazy("Segment"),
    "tags": gettext_lazy("Tags"),
    "notes": gettext_lazy("Notes"),
    "source": gettext_lazy("Source"),
    "referral": gettext_lazy("Ad"),
    "stage": gettext_lazy("Stage"),
    "status": gettext_lazy("Status"),
    "score": gettext_lazy("Score"),
    "contact_status": gettext_lazy("Contact status"),
    "assigned_agent": gettext_lazy("Agent"),
    "assigned_agent_id": gettext_lazy("Agent"),
    "is_opted_out": gettext_lazy("Does not want messages"),
    "is_blocked": gettext_lazy("Blocked"),
    "lifetime_value": gettext_lazy("Lifetime value"),
    "total_purchases": gettext_lazy("Purchases"),
    "last_purchase_at": gettext_lazy("Last purchase"),
    "lost_reason": gettext_lazy("Reason it was lost"),
    "odoo_partner_id": gettext_lazy("Odoo contact"),
    "inbound_count": gettext_lazy("Messages received"),
    "stage_changed_at": gettext_lazy("In this stage since"),
    "last_contacted_at": gettext_lazy("Last contacted"),
    "last_inbound_at": gettext_lazy("Last wrote"),
    "created_at": gettext_lazy("Created"),
    "updated_at": gettext_lazy("Updated"),
    # What Sofía asks for.
    "purpose": gettext_lazy("Purpose"),
    "property_type": gettext_lazy("Kind of property"),
    "location": gettext_lazy("Area"),
    "budget_amount": gettext_lazy("Budget"),
    "budget_currency": gettext_lazy("Currency of the budget"),
    "income_amount": gettext_lazy("Income"),
    "income_currency": gettext_lazy("Currency of the income"),
    "bedrooms": gettext_lazy("Bedrooms"),
    "bathrooms": gettext_lazy("Bathrooms"),
    "visit_date": gettext_lazy("Visit"),
    "visit_time": gettext_lazy("Time of the visit"),
    "visit_part": gettext_lazy("Part of the day of the visit"),
    "declined": gettext_lazy("Does not want to say"),
}
_CHOICES: Final[Mapping[str, type[Choices]]] = {"stage": Stage, "status": LeadStatus, "contact_status": ContactStatus}
# What Sofía writes into custom fields, in words.
VALUE_WORDS: Final[Mapping[str, Promise]] = {
    "buy": gettext_lazy("Buy"),
    "rent": gettext_lazy("Rent"),
    "invest": gettext_lazy("Invest"),
    "sell": gettext_lazy("Sell"),
    "apartment": gettext_lazy("Apartment"),
    "house": gettext_lazy("House"),
    "office": gettext_lazy("Office"),
    "land": gettext_lazy("Land"),
    "retail": gettext_lazy("Retail space"),
    "warehouse": gettext_lazy("Warehouse"),
    "parking": gettext_lazy("Parking"),
    "morning": pgettext_lazy("part of the day", "morning"),
    "afternoon": pgettext_lazy("part of the day", "afternoon"),
    "evening": pgettext_lazy("part of the day", "evening"),
}
_WORDED: Final = frozenset({"purpose", "property_type", "visit_part"})
# Kept for machines; nobody needs to read that they changed.
_UNSPOKEN: Final = frozenset({"phone_key", "updated_at", "score_parts", "scored_at"})
# What the doors of the product write into a lead's source; anything else is shown as it was given.
_SOURCES: Final[Mapping[str, Promise | str]] = {
    "whatsapp_meta": "WhatsApp",
    "whatsapp_wppconnect": "WhatsApp",
    "telegram": "Telegram",
    "webchat": gettext_lazy("Web chat"),
    "api": gettext_lazy("API"),
    "ingest": gettext_lazy("your website"),
    "generic": gettext_lazy("your website"),
    "meta_lead_ads": "Meta Lead Ads",
    "email": gettext_lazy("E-mail"),
    "import": gettext_lazy("Import"),
    "dashboard": gettext_lazy("By hand"),
    "manual": gettext_lazy("By hand"),
}
_LONGEST_VALUE: Final = 120


@dataclass(frozen=True)
class Change:
    """One field before and after, as texts; empty where there was nothing."""

    label: str
    before: str
    after: str

    def __str__(self) -> str:
        if not self.before:
            return f"{self.label}: {self.after}"
        return f"{self.label}: {self.before} → {self.after or '—'}"


def changes_in(changes: object, labels: Mapping[str, str]) -> list[Change]:
    """The changes of a `LeadUpdated` ({field: [before, after]}), custom fields one by one; `labels` names those."""
    if not isinstance(changes, Mapping):
        return []
    found: list[Change] = []
    for name, pair in _with_whole_name(changes).items():
        if name in _UNSPOKEN or not isinstance(pair, list | tuple) or len(pair) != 2:
            continue
        before, after = pair
        if name == "attributes":
            found += _changes_of_attributes(before or {}, after or {}, labels)
        else:
            found.append(_change(str(name), before, after, labels))
    return [change for change in found if change.before != change.after]


def label_of(name: str, labels: Mapping[str, str] | None = None) -> str:
    """What a column or custom field is called; a custom field without a label, by its name."""
    own = name.removeprefix("attributes.")
    known = (labels or {}).get(own) or FIELD_LABELS.get(own)
    return str(known) if known else own.replace("_", " ").strip().capitalize()


def label_of_source(source: str) -> str:
    """Where a lead came from."""
    return str(_SOURCES.get(source, source))


def readable(name: str, value: object) -> str:
    """A value of the field as a person writes it; empty for nothing."""
    if value is None or value == "" or value == [] or value == {}:
        return ""
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list | tuple | set):
        return ", ".join(readable(name, item) for item in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{label_of(str(key))}: {readable(str(key), item)}" for key, item in value.items())
    text = _of_choices(name, value) or _moment(value) or str(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def labels_of(names: Iterable[str]) -> dict[str, str]:
    """The labels of the custom fields with these names: one query, none without names."""
    wanted = set(names)
    if not wanted:
        return {}
    rows = CustomField.objects.filter(name__in=wanted).exclude(label="")
    return dict(rows.values_list("name", "label"))


def _with_whole_name(changes: Mapping[str, object]) -> dict[str, object]:
    """Where first and last name changed together, one change of the name."""
    first, last = changes.get("first_name"), changes.get("last_name")
    if not (isinstance(first, list) and isinstance(last, list) and len(first) == len(last) == 2):
        return dict(changes)
    name = [" ".join(filter(None, map(str, pair))) for pair in zip(first, last, strict=True)]
    return {"name": name, **{key: pair for key, pair in changes.items() if key not in {"first_name", "last_name"}}}


def _changes_of_attributes(before: object, after: object, labels: Mapping[str, str]) -> list[Change]:
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return []
    return [
        _change(name, before.get(name), after.get(name), labels)
        for name in {**before, **after}
        if before.get(name) != after.get(name)
    ]


def _change(name: str, before: object, after: object, labels: Mapping[str, str]) -> Change:
    return Change(label=label_of(name, labels), before=readable(name, before), after=readable(name, after))


def _of_choices(name: str, value: object) -> str:
    choices = _CHOICES.get(name)
    if name in _WORDED:
        return str(VALUE_WORDS.get(str(value), ""))
    if name == "source":
        return label_of_source(str(value))
    return str(choices(value).label) if choices is not None and value in choices.values else ""


def _moment(value: object) -> str:
    """Times and days, also those that JSON carried as texts."""
    moment = value
    if isinstance(value, str) and len(value) >= 16 and value[4:5] == "-":
        try:
            moment = parse_datetime(value)
        except ValueError:
            return ""
    if isinstance(moment, datetime):
        aware = timezone.localtime(moment) if timezone.is_aware(moment) else moment
        return str(formats.date_format(aware, "SHORT_DATETIME_FORMAT"))
    return ""
