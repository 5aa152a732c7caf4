"""What the customer has just said, all messages of a burst together, before either engine decides what to answer."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from apps.assistant.types import ASKING_ORDER, Brief, Language, SlotName, Slots
from apps.assistant.understanding import Question, Signal, is_like_a_name, merge, understand
from apps.assistant.understanding.language import language_of
from apps.assistant.understanding.people import tidy

_PLACEHOLDER = re.compile(r"^\[[a-z_]{1,24}\]$")
_REFUSALS = frozenset({Signal.DECLINES, Signal.DONT_KNOW})
# A bare "no" answers these: "no" to a budget or a place answers nothing.
_REFUSED_BY_NO: frozenset[SlotName] = frozenset({"name", "bedrooms", "income", "visit_date"})
_BURST_READ = 10


@dataclass(frozen=True, kw_only=True)
class Reading:
    """`known` counts the lead's own name too, so that nobody asks somebody's name whom we greet by it."""

    slots: Slots
    known: Slots
    language: Language
    signals: frozenset[Signal]
    question: Question | None
    question_text: str
    last_text: str
    is_first: bool
    is_file_only: bool
    is_progress: bool
    has_declined: bool
    now: datetime


def read_turns(brief: Brief) -> Reading:
    """Read the customer's turns since the last answer and add what they say to the slots."""
    pending = _pending(brief)
    texts = [text for text in pending if not _PLACEHOLDER.match(text.strip())]
    asked = _asked(brief)
    now = local_now(brief)
    slots = brief.slots
    signals: set[Signal] = set()
    question: Question | None = None
    question_text = ""
    is_vague = False
    for text in texts:
        facts = understand(
            text, asked=asked, now=now, country=brief.country, currency=brief.currency, purpose=slots.purpose
        )
        slots = merge(slots, facts)
        signals |= facts.signals
        is_vague |= facts.when.is_vague
        if facts.question is not None:
            question, question_text = facts.question, text
    has_declined = _declines(slots, asked, signals, question, has_told=slots != brief.slots)
    if has_declined and asked:
        slots = slots.declining(asked)
    slots = slots.without_told_declines()
    return Reading(
        slots=slots,
        known=slots if slots.name else replace(slots, name=_profile_name(brief)),
        language=language_of(
            (turn.text for turn in brief.turns[-12:] if turn.role == "customer"), default=brief.language
        ),
        signals=frozenset(signals),
        question=question,
        question_text=question_text,
        last_text=texts[-1] if texts else "",
        is_first=all(turn.role == "customer" for turn in brief.turns),
        is_file_only=bool(pending) and not texts,
        is_progress=slots != brief.slots or (asked == "visit_date" and (is_vague or Signal.YES in signals)),
        has_declined=has_declined,
        now=now,
    )


def local_now(brief: Brief) -> datetime:
    """The broker's clock; an unknown zone name must not stop an answer, UTC serves."""
    try:
        return brief.now.astimezone(ZoneInfo(brief.timezone))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return brief.now.astimezone(ZoneInfo("UTC"))


def _pending(brief: Brief) -> list[str]:
    pending: list[str] = []
    for turn in reversed(brief.turns):
        if turn.role != "customer" or len(pending) == _BURST_READ:
            break
        pending.append(turn.text)
    return pending[::-1]


def _asked(brief: Brief) -> SlotName | None:
    return next((name for name in ASKING_ORDER if name == brief.asked), None)


def _declines(
    slots: Slots, asked: SlotName | None, signals: set[Signal], question: Question | None, *, has_told: bool
) -> bool:
    if asked is None or slots.knows(asked) or question is Question.REASON:
        return False
    # "No, en Providencia" corrects something else than what was asked.
    return bool(signals & _REFUSALS) or (Signal.NO in signals and asked in _REFUSED_BY_NO and not has_told)


def _profile_name(brief: Brief) -> str:
    """The name on the lead, where it reads like a person's: a profile may say "💎 Inversiones 24/7"."""
    name = brief.lead_name.strip()
    return tidy(name) if name and is_like_a_name(name) else ""
