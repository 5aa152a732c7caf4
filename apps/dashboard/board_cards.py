"""A lead as a card of the board: the few words that say whether to act on it, and how."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.models import User
from apps.dashboard.templatetags.inbox import money_text
from apps.leads.board import ColumnFigures
from apps.leads.models import Lead
from apps.leads.types import FINAL_STAGES, IdentityKind, Stage
from apps.leads.wishes import amount_of, day_of

# After so long without a word somebody should write.
SILENT_AFTER: Final = timedelta(days=7)
_MOST_TAGS: Final = 2
_CHANNELS: Final[Mapping[str, str]] = {
    IdentityKind.WA_ID: "whatsapp_meta",
    IdentityKind.BSUID: "whatsapp_meta",
    IdentityKind.TELEGRAM: "telegram",
    IdentityKind.WEBCHAT: "webchat",
}
_MILLION: Final = Decimal(1_000_000)


@dataclass(frozen=True, kw_only=True)
class Hint:
    """What to do next; `tone` is a colour's name."""

    text: str
    icon: str
    tone: str


@dataclass(frozen=True, kw_only=True)
class Card:
    """Everything that a card shows. `wishes`: where and for how much. `last_contact`: when anybody last wrote."""

    id: int
    name: str
    stage: str
    status: str
    status_label: str
    score: str
    number: str
    agent: User | None
    channel: str
    wishes: str
    hint: Hint | None
    tags: Sequence[str]
    more_tags: Sequence[str]
    stage_changed_at: datetime
    last_contact: datetime | None


@dataclass(frozen=True, kw_only=True)
class ColumnHead:
    """What stands above a column, as it is shown."""

    stage: str
    label: str
    total: str
    is_final: bool
    stay: str
    money: str


def card_of(lead: Lead, team: Mapping[int, User]) -> Card:
    """The card of a lead from apps.leads.board; `team` holds the agents by number."""
    kinds: Sequence[str] = getattr(lead, "channel_kinds", ())
    moments = [moment for moment in (lead.last_contacted_at, lead.last_inbound_at) if moment is not None]
    return Card(
        id=lead.pk,
        name=lead.name or lead.phone or lead.email or _("Visitor %(number)s") % {"number": lead.pk},
        stage=lead.stage,
        status=lead.status,
        status_label=str(lead.get_status_display()),
        score=f"{lead.score:.0f}",
        number=f"{lead.score:.2f}",
        agent=team.get(lead.assigned_agent_id or 0),
        channel=_CHANNELS[kinds[0]] if kinds and kinds[0] in _CHANNELS else "",
        wishes=_wishes(lead),
        hint=_hint(lead),
        tags=lead.tags[:_MOST_TAGS],
        more_tags=lead.tags[_MOST_TAGS:],
        stage_changed_at=lead.stage_changed_at,
        last_contact=max(moments, default=None),
    )


def head_of(figures: ColumnFigures) -> ColumnHead:
    """The head of a column."""
    total = formats.number_format(figures.total, use_l10n=True, force_grouping=True)
    return ColumnHead(
        stage=figures.stage,
        label=str(Stage(figures.stage).label),
        total=total if figures.is_exact else f"{total}+",
        is_final=figures.stage in FINAL_STAGES,
        stay=_duration(figures.average_seconds),
        money=_sum(figures.money),
    )


def _wishes(lead: Lead) -> str:
    facts = lead.attributes
    place, amount = facts.get("location"), amount_of(facts.get("budget_amount"))
    places = ", ".join(str(each) for each in place) if isinstance(place, list) else str(place or "")
    money = money_text(amount, str(facts.get("budget_currency") or "")) if amount else ""
    return " · ".join(part for part in (places[:60], money) if part)


def _hint(lead: Lead) -> Hint | None:
    if lead.stage in FINAL_STAGES:
        return None
    wrote, answered = lead.last_inbound_at, lead.last_contacted_at
    if wrote is not None and (answered is None or answered < wrote):
        return Hint(text=_("Waits for an answer"), icon="message-circle", tone="warning")
    visit = day_of(lead.attributes.get("visit_date"))
    if visit is not None:
        return _visit(visit)
    if answered is None:
        return Hint(text=_("Write to them first"), icon="send", tone="info")
    silence = timezone.now() - answered
    if silence >= SILENT_AFTER:
        words = ngettext("Silent for %(days)s day", "Silent for %(days)s days", silence.days) % {"days": silence.days}
        return Hint(text=words, icon="hourglass", tone="danger")
    return None


def _visit(day: date) -> Hint:
    today = timezone.localdate()
    if day == today:
        return Hint(text=_("Visit today"), icon="calendar-check", tone="sofia")
    words = _("Visit on %(day)s") if day > today else _("Visit was on %(day)s")
    shown = formats.date_format(day, "SHORT_DATE_FORMAT")
    return Hint(text=words % {"day": shown}, icon="calendar", tone="accent" if day > today else "plum")


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return ""
    hours = round(seconds / 3600)
    if hours < 1:
        return _("under 1 h")
    if hours < 48:
        return _("%(hours)s h") % {"hours": hours}
    return _("%(days)s d") % {"days": round(seconds / 86400)}


def _sum(money: Mapping[str, Decimal]) -> str:
    """The two currencies with the most in them."""
    greatest = sorted(money.items(), key=lambda pair: -pair[1])[:2]
    return " + ".join(_short(amount, currency) for currency, amount in greatest if amount)


def _short(amount: Decimal, currency: str) -> str:
    if amount < 10 * _MILLION:
        return money_text(amount.to_integral_value(), currency)
    millions = (amount / _MILLION).quantize(Decimal("0.1") if amount < 100 * _MILLION else Decimal(1))
    return f"{money_text(millions, currency)} M"
