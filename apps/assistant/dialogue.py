"""The rule-based Sofía: warm and short, one question at a time, and a person where she is not enough."""

from decimal import Decimal

from apps.assistant.phrases import (
    BATHROOMS,
    PROPERTY_TYPES,
    PURPOSE_BUTTONS,
    PURPOSES,
    ROOMS,
    SLOT_NAMES,
    join,
    say,
    say_money,
    say_when,
    words_of,
)
from apps.assistant.qualification import stage_hint
from apps.assistant.reading import Reading
from apps.assistant.types import Brief, Handover, HandoverReason, Language, Reply, SlotName, Slots
from apps.assistant.understanding import Signal

_WITHOUT_BEDROOMS = frozenset({"office", "land", "retail", "warehouse", "parking"})
_ASKED_TO_SELL = frozenset({"location", "budget", "visit_date"})
_MAX_QUOTE = 300


def reply_by_rules(brief: Brief, reading: Reading) -> Reply:
    """Sofía's answer without a model."""
    urgent = reply_at_once(brief, reading)
    if urgent:
        return urgent
    missing = missing_slots(reading.known)
    if not missing:
        return _finish(brief, reading)
    stalled = _stalled(brief, reading)
    if stalled >= brief.max_turns_without_progress:
        return _hand_over(brief, reading, HandoverReason.NO_PROGRESS, "handover_no_progress", intent="unclear")
    if Signal.BYE in reading.signals and reading.slots == brief.slots and not reading.question:
        text = say("bye", reading.language, comma_name=_comma_name(reading))
        return _reply(brief, reading, text=text, asked=brief.asked, intent="bye", stalled=stalled)
    return _ask_next(brief, reading, missing[0], stalled)


def reply_at_once(brief: Brief, reading: Reading) -> Reply | None:
    """What no engine may answer otherwise: an opt-out, anger, a wish for a person."""
    if Signal.OPT_OUT in reading.signals:
        return _reply(
            brief, reading, text=say("opted_out", reading.language), asked=None, intent="opt_out", is_opt_out=True
        )
    if Signal.ANGRY in reading.signals:
        return _hand_over(brief, reading, HandoverReason.ANGRY, "handover_angry", intent="angry")
    if Signal.WANTS_PERSON in reading.signals:
        return _hand_over(brief, reading, HandoverReason.ASKED_FOR_PERSON, "handover_person", intent="wants_person")
    return None


def missing_slots(slots: Slots) -> tuple[SlotName, ...]:
    """What is still to be asked, in order. With a visit agreed only the essentials are; the rest is for the agent."""
    order: list[SlotName] = ["name", "purpose", "location", "budget"]
    if slots.purpose not in {"sell", "invest"} and slots.property_type not in _WITHOUT_BEDROOMS:
        order.append("bedrooms")
    if slots.purpose == "buy":
        order.append("income")
    order.append("visit_date")
    if slots.visit_date:
        order = order[:4]
    return tuple(slot for slot in order if not slots.is_settled(slot))


def describe(slots: Slots, *, language: Language, country: str, currency: str) -> tuple[str, ...]:
    """What is known, in words, without the name and the income."""
    words = words_of(country, currency)
    facts: list[str] = []
    if home := _home(slots, language, words):
        facts.append(home)
    if slots.purpose:
        facts.append(PURPOSES[language][slots.purpose].format(**words))
    if slots.location:
        facts.append(say("in_places", language, places=join(slots.location, language)))
    if slots.budget_amount is not None:
        facts.append(_budget(slots, language, country))
    facts += [contact for contact in (slots.email, slots.phone) if contact]
    return tuple(facts)


def summarise(brief: Brief, reading: Reading) -> str:
    """What the agent who takes over reads first, in the broker's language."""
    language, slots = brief.language, reading.known
    facts = [slots.name] if slots.name else []
    facts += describe(slots, language=language, country=brief.country, currency=brief.currency)
    if slots.income_amount is not None:
        money = say_money(slots.income_amount, slots.income_currency, language=language, country=brief.country)
        facts.append(say("summary_income", language, money=money))
    if slots.visit_date:
        when = say_when(slots.visit_date, slots.visit_time, slots.visit_part, language)
        facts.append(say("summary_visit", language, when=when))
    lines = [" · ".join(facts) if facts else say("summary_empty", language)]
    if slots.declined:
        names = ", ".join(SLOT_NAMES[language].get(name, name) for name in slots.declined)
        lines.append(say("summary_declined", language, slots=names))
    if reading.question_text:
        lines.append(say("summary_asked", language, question=_quoted(reading.question_text)))
    elif reading.last_text:
        lines.append(say("summary_said", language, text=_quoted(reading.last_text)))
    return "\n".join(lines)


def _ask_next(brief: Brief, reading: Reading, slot: SlotName, stalled: int) -> Reply:
    language = reading.language
    words = words_of(brief.country, brief.currency)
    is_again = slot == brief.asked and not reading.is_first
    parts = [
        _opening(brief, reading),
        _acknowledgement(brief, reading, is_stalled=stalled > brief.turns_without_progress),
        _answer(brief, reading),
        say(_question_key(slot, reading.slots), language, attempt=int(is_again), **words),
    ]
    buttons = PURPOSE_BUTTONS[language] if slot == "purpose" else ()
    return _reply(
        brief,
        reading,
        text=" ".join(part for part in parts if part),
        asked=slot,
        intent=_intent(reading, is_stalled=stalled > brief.turns_without_progress),
        stalled=stalled,
        buttons=tuple(button.format(**words) for button in buttons),
    )


def _finish(brief: Brief, reading: Reading) -> Reply:
    """Nothing is left to ask: a person goes on, with the visit noted if there is one."""
    slots = reading.slots
    answer = _answer(brief, reading)
    opening = _opening(brief, reading)
    if slots.visit_date:
        when = say_when(slots.visit_date, slots.visit_time, slots.visit_part, reading.language)
        return _hand_over(
            brief, reading, HandoverReason.QUALIFIED, "handover_visit",
            intent="visit_requested", before=(opening, answer), when=when,
        )  # fmt: skip
    is_qualified = slots.budget_amount is not None and bool(slots.location)
    reason = HandoverReason.QUALIFIED if is_qualified else HandoverReason.NO_PROGRESS
    key = "handover_qualified" if is_qualified else "handover_no_progress"
    return _hand_over(
        brief, reading, reason, key, intent="qualified" if is_qualified else "unclear", before=(opening, answer)
    )


def _hand_over(
    brief: Brief, reading: Reading, reason: HandoverReason, key: str, *, intent: str,
    before: tuple[str, ...] = (), when: str = "",
) -> Reply:  # fmt: skip
    text = say(key, reading.language, comma_name=_comma_name(reading), broker=brief.broker_name, when=when)
    return _reply(
        brief,
        reading,
        text=" ".join([*(part for part in before if part), text]),
        asked=None,
        intent=intent,
        handover=Handover(reason=reason, summary=summarise(brief, reading)),
    )


def _reply(
    brief: Brief, reading: Reading, *, text: str, asked: str | None, intent: str, stalled: int = 0,
    handover: Handover | None = None, is_opt_out: bool = False, buttons: tuple[str, ...] = (),
) -> Reply:  # fmt: skip
    return Reply(
        text=text,
        slots=reading.slots,
        asked=asked,
        intent=intent,
        engine="rules",
        handover=handover,
        opt_out=is_opt_out,
        stage_hint=stage_hint(reading.slots).value,
        turns_without_progress=stalled,
        language=reading.language,
        buttons=buttons,
    )


def _stalled(brief: Brief, reading: Reading) -> int:
    """Turns in a row that brought nothing, this one included. Courtesy neither counts nor resets."""
    if reading.is_progress or reading.is_first:
        return 0
    is_courtesy = bool(reading.signals & {Signal.THANKS, Signal.BYE, Signal.GREETING}) and not reading.question
    return brief.turns_without_progress + (not is_courtesy)


def _opening(brief: Brief, reading: Reading) -> str:
    if not reading.is_first:
        return ""
    key = "hello_name" if reading.known.name else "hello"
    return say(
        key, reading.language, agent=brief.agent_name, broker=brief.broker_name, name=_first_name(reading.known.name)
    )


def _acknowledgement(brief: Brief, reading: Reading, *, is_stalled: bool) -> str:
    language = reading.language
    new = _new_facts(brief.slots, reading.slots)
    parts: list[str] = []
    if new.name and not reading.is_first:
        parts.append(say("pleased", language, name=_first_name(new.name)))
    facts = describe(new, language=language, country=brief.country, currency=brief.currency)
    if facts:
        told = ", ".join(facts)
        variant = len(brief.turns) % 3
        parts.append(say("noted", language, attempt=variant, facts=told))
    if new.visit_date:
        when = say_when(new.visit_date, new.visit_time, new.visit_part, language)
        parts.append(say("noted", language, facts=say("summary_visit", language, when=when)))
    if new.income_amount is not None:
        parts.append(say("thanks_for_sharing", language))
    if parts:
        return " ".join(parts)
    if reading.is_file_only:
        return say("got_file", language)
    if reading.has_declined:
        return say("no_problem", language, attempt=len(reading.slots.declined) - 1)
    if Signal.THANKS in reading.signals and not reading.is_progress and not reading.question:
        return say("welcome", language)
    is_lost = is_stalled and reading.question is None
    return say("not_understood", language, attempt=brief.turns_without_progress) if is_lost else ""


def _answer(brief: Brief, reading: Reading) -> str:
    """An honest word on the question; "do you have…?" that tells the wish is answered by going on."""
    if reading.question is None:
        return ""
    has_told = reading.slots != brief.slots
    if has_told and reading.question.value in {"availability", "other"}:
        return ""
    return say(f"answer_{reading.question.value}", reading.language, agent=brief.agent_name, broker=brief.broker_name)


def _question_key(slot: SlotName, slots: Slots) -> str:
    if slots.purpose == "sell" and slot in _ASKED_TO_SELL:
        return f"ask_{slot}_sell"
    return "ask_budget_rent" if slots.purpose == "rent" and slot == "budget" else f"ask_{slot}"


def _intent(reading: Reading, *, is_stalled: bool) -> str:
    if reading.question is not None:
        return f"question_{reading.question.value}"
    if reading.is_progress:
        return "provides_information"
    if Signal.GREETING in reading.signals or reading.is_first:
        return "greeting"
    if Signal.THANKS in reading.signals:
        return "thanks"
    if reading.is_file_only:
        return "file"
    return "unclear" if is_stalled else "small_talk"


def _new_facts(before: Slots, after: Slots) -> Slots:
    """Only what this turn brought."""
    has_new_budget = (after.budget_amount, after.budget_min) != (before.budget_amount, before.budget_min)
    has_new_rooms = (after.bedrooms, after.bathrooms) != (before.bedrooms, before.bathrooms)
    has_new_visit = (after.visit_date, after.visit_time) != (before.visit_date, before.visit_time)
    return Slots(
        name=after.name if after.name != before.name else "",
        purpose=after.purpose if after.purpose != before.purpose else None,
        property_type=after.property_type if after.property_type != before.property_type else "",
        location=after.location if after.location != before.location else (),
        budget_amount=after.budget_amount if has_new_budget else None,
        budget_currency=after.budget_currency if has_new_budget else "",
        budget_min=after.budget_min if has_new_budget else None,
        budget_max=after.budget_max if has_new_budget else None,
        bedrooms=after.bedrooms if has_new_rooms else None,
        bathrooms=after.bathrooms if has_new_rooms else None,
        income_amount=after.income_amount if after.income_amount != before.income_amount else None,
        visit_date=after.visit_date if has_new_visit else None,
        visit_time=after.visit_time if has_new_visit else None,
        visit_part=after.visit_part if has_new_visit else None,
        email=after.email if after.email != before.email else "",
        phone=after.phone if after.phone != before.phone else "",
    )


def _home(slots: Slots, language: Language, words: dict[str, str]) -> str:
    rooms: list[str] = []
    if slots.bedrooms is not None:
        one, many, none = ROOMS[language]
        pattern = none if slots.bedrooms == 0 else one if slots.bedrooms == 1 else many
        rooms.append(pattern.format(n=slots.bedrooms, **words))
    if slots.bathrooms:
        one, many = BATHROOMS[language]
        rooms.append((one if slots.bathrooms == 1 else many).format(n=slots.bathrooms))
    told = join(tuple(rooms), language)
    kind = PROPERTY_TYPES[language].get(slots.property_type, "")
    if not kind or not told:
        return kind or told
    return f"{kind}, {told}" if language == "en" else f"{kind} de {told}"


def _budget(slots: Slots, language: Language, country: str) -> str:
    def money(amount: Decimal) -> str:
        return say_money(amount, slots.budget_currency, language=language, country=country)

    if slots.budget_min is not None and slots.budget_max is not None:
        return say("between", language, low=money(slots.budget_min), high=money(slots.budget_max))
    if slots.budget_min is not None:
        return say("from", language, money=money(slots.budget_min))
    key = "up_to" if slots.budget_max is not None else "around"
    return say(key, language, money=money(slots.budget_amount or Decimal(0)))


def _comma_name(reading: Reading) -> str:
    return f", {_first_name(reading.known.name)}" if reading.known.name else ""


def _first_name(name: str) -> str:
    return name.split()[0] if name else ""


def _quoted(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _MAX_QUOTE else f"{flat[:_MAX_QUOTE]}…"
