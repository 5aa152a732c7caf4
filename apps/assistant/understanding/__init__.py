"""From what a customer wrote to facts: pure functions, linear in the text's length, that never raise."""

import re
from dataclasses import dataclass, replace
from datetime import datetime

from apps.assistant.types import Purpose, Slots
from apps.assistant.understanding.contact import find_email, find_phone
from apps.assistant.understanding.dates import When, find_when
from apps.assistant.understanding.intents import Question, Signal, find_question, find_signals
from apps.assistant.understanding.money import Money, find_money
from apps.assistant.understanding.people import find_name, is_like_a_name
from apps.assistant.understanding.places import Places, find_places, place_in_own_words
from apps.assistant.understanding.purposes import find_purpose
from apps.assistant.understanding.rooms import Rooms, find_rooms
from apps.assistant.understanding.text import read

__all__ = ["Facts", "Question", "Signal", "is_like_a_name", "merge", "understand"]

_ALSO = re.compile(
    r"\btambien\b|\bademas\b|\botra opcion\b|\balso\b|\btambem\b|^\W*(?:o|y|e|ou|or|and)\b|\bsumar\b|\bagrega"
)
_NOT_AN_ANSWER = frozenset(
    {
        Signal.GREETING,
        Signal.YES,
        Signal.NO,
        Signal.DONT_KNOW,
        Signal.DECLINES,
        Signal.THANKS,
        Signal.BYE,
        Signal.WANTS_PERSON,
    }
    | {Signal.ANGRY, Signal.OPT_OUT}
)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What one message says. Facts that are missing are None or empty."""

    name: str
    purpose: Purpose | None
    places: Places
    is_more_places: bool
    budget: Money | None
    income: Money | None
    rooms: Rooms
    when: When
    email: str
    phone: str
    signals: frozenset[Signal]
    question: Question | None


def understand(
    raw: str, *, asked: str | None, now: datetime, country: str, currency: str, purpose: Purpose | None = None
) -> Facts:
    """Read one message.

    `now` is in the broker's timezone; `asked` is the slot asked last, `purpose` the one known so far.
    """
    text = read(raw)
    email, spans = find_email(text)
    rest = text.without(spans)
    phone, spans = find_phone(rest, country=country, is_money_expected=asked in {"budget", "income"})
    rest = rest.without(spans)
    rooms = find_rooms(rest, is_expected=asked == "bedrooms")
    rest = rest.without(rooms.spans)
    when = find_when(rest, now=now, is_expected=asked == "visit_date")
    rest = rest.without(list(when.spans))
    stated_purpose = find_purpose(rest, country=country, asked=asked)
    money = find_money(rest, asked=asked, currency=currency, purpose=stated_purpose or purpose)
    places = find_places(rest, country=country, asked=asked)
    signals = find_signals(text)
    question = find_question(text)
    if asked == "location" and not places.wanted and question is None and not signals & _NOT_AN_ANSWER and not money:
        own = place_in_own_words(rest.without(list(places.spans))) if not stated_purpose and not places.refused else ""
        places = replace(places, wanted=(own,) if own else ())
    return Facts(
        name=find_name(text, asked=asked),
        purpose=stated_purpose,
        places=places,
        is_more_places=bool(_ALSO.search(text.folded)),
        budget=next((item for item in reversed(money) if item.kind == "budget"), None),
        income=next((item for item in reversed(money) if item.kind == "income"), None),
        rooms=rooms,
        when=when,
        email=email,
        phone=phone,
        signals=signals,
        question=question,
    )


def merge(slots: Slots, facts: Facts) -> Slots:
    """What is known after the message: the newest statement wins, except that places add up or are taken back."""
    changes: dict[str, object] = {}
    if facts.name:
        changes["name"] = facts.name
    if facts.purpose:
        changes["purpose"] = facts.purpose
    if facts.rooms.property_type:
        changes["property_type"] = facts.rooms.property_type
    if facts.rooms.bedrooms is not None:
        changes["bedrooms"] = facts.rooms.bedrooms
    if facts.rooms.bathrooms is not None:
        changes["bathrooms"] = facts.rooms.bathrooms
    if facts.budget:
        changes |= {
            "budget_amount": facts.budget.amount,
            "budget_currency": facts.budget.currency,
            "budget_min": facts.budget.minimum,
            "budget_max": facts.budget.maximum,
        }
    if facts.income:
        changes |= {"income_amount": facts.income.amount, "income_currency": facts.income.currency}
    if facts.email:
        changes["email"] = facts.email
    if facts.phone:
        changes["phone"] = facts.phone
    changes["location"] = _merged_places(slots.location, facts)
    return _with_visit(replace(slots, **changes), facts.when)  # type: ignore[arg-type]  # names and types as in Slots


def _merged_places(known: tuple[str, ...], facts: Facts) -> tuple[str, ...]:
    kept = tuple(place for place in known if place not in facts.places.refused)
    if not facts.places.wanted:
        return kept
    return tuple(dict.fromkeys((*kept, *facts.places.wanted)))[:6] if facts.is_more_places else facts.places.wanted


def _with_visit(slots: Slots, when: When) -> Slots:
    """A time said before its day, or after it, belongs to it; another day takes it back."""
    if when.day is None:
        if when.clock or when.part:
            return replace(slots, visit_time=when.clock or slots.visit_time, visit_part=when.part)
        return slots
    # A time said earlier for no day in particular might have passed if the day is today.
    keeps_time = when.day == slots.visit_date or (slots.visit_date is None and not when.is_today)
    is_new_time = bool(when.clock or when.part)
    return replace(
        slots,
        visit_date=when.day,
        visit_time=when.clock or (slots.visit_time if keeps_time and not is_new_time else None),
        visit_part=when.part or (slots.visit_part if keeps_time and not is_new_time else None),
    )
