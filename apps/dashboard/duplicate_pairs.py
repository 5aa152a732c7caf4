"""Two leads beside each other, as the page of duplicates shows them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from apps.leads.changes import label_of, label_of_source, readable
from apps.leads.models import DuplicatePair, Lead
from apps.leads.types import DuplicateReason

PAGE_SIZE = 20


@dataclass(frozen=True, kw_only=True)
class ComparedValue:
    """One thing that is known of either. `is_moment`: both are times."""

    label: str
    first: str | datetime | None
    second: str | datetime | None
    is_same: bool
    is_moment: bool = False


@dataclass(frozen=True, kw_only=True)
class PairCard:
    """A pair with what is known of both."""

    pair: DuplicatePair
    why: str
    sureness: str
    values: tuple[ComparedValue, ...]


def card_of(pair: DuplicatePair) -> PairCard:
    """The card of a pair whose leads and agents are loaded."""
    first, second = pair.first, pair.second
    compared = [_compared(name, _shown(first, name), _shown(second, name)) for name in _NAMES]
    moments = [_moment(name, getattr(first, name), getattr(second, name)) for name in ("created_at", "last_inbound_at")]
    values = [value for value in (*compared, *moments) if value.first or value.second]
    return PairCard(pair=pair, why=_why(pair), sureness=_sureness(pair.likeness), values=tuple(values))


def cards_of(pairs: Iterable[DuplicatePair]) -> list[PairCard]:
    """The cards of the pairs."""
    return [card_of(pair) for pair in pairs]


_NAMES = ("phone", "email", "company", "city", "stage", "assigned_agent", "source", "tags", "inbound_count")


def _shown(lead: Lead, name: str) -> str:
    match name:
        case "assigned_agent":
            return lead.assigned_agent.name if lead.assigned_agent else ""
        case "source":
            return label_of_source(lead.source)
        case "inbound_count":
            return str(lead.inbound_count) if lead.inbound_count else ""
        case _:
            return readable(name, getattr(lead, name))


def _compared(name: str, first: str, second: str) -> ComparedValue:
    is_same = name in {"phone", "email"} and bool(first) and first.casefold() == second.casefold()
    return ComparedValue(label=label_of(name), first=first, second=second, is_same=is_same)


def _moment(name: str, first: datetime | None, second: datetime | None) -> ComparedValue:
    return ComparedValue(label=label_of(name), first=first, second=second, is_same=False, is_moment=True)


def _why(pair: DuplicatePair) -> str:
    match pair.reason:
        case DuplicateReason.PHONE:
            return _("The same phone number belongs to both")
        case DuplicateReason.EMAIL:
            return _("Both have the same e-mail")
        case DuplicateReason.NAME_AND_PHONE_TAIL:
            return _("The same name, and their phones end alike")
        case _:
            return _("The same full name")


def _sureness(likeness: int) -> str:
    if likeness >= 90:
        return _("almost certain")
    return _("likely") if likeness >= 60 else _("possible")
