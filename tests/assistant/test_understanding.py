"""The readers against what customers really write."""

import time as clock
from datetime import date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.assistant.types import ASKING_ORDER, Slots
from apps.assistant.understanding import Facts, Signal, merge, understand
from apps.assistant.understanding.language import language_of
from tests.assistant.phrases_table import CL, FACTS, QUESTIONS, SIGNALS

NOW = datetime(2026, 3, 12, 15, 0, tzinfo=ZoneInfo("America/Santiago"))


def read(text: str, setting: dict | None = None) -> Facts:
    return understand(text, **{"asked": None, "now": NOW, **(setting or CL)})


def summary(facts: Facts) -> dict:
    return {
        "name": facts.name,
        "purpose": facts.purpose,
        "type": facts.rooms.property_type,
        "places": facts.places.wanted,
        "refused": facts.places.refused,
        "budget": facts.budget and (facts.budget.amount, facts.budget.currency),
        "range": facts.budget and (facts.budget.minimum, facts.budget.maximum),
        "income": facts.income and (facts.income.amount, facts.income.currency),
        "bedrooms": facts.rooms.bedrooms,
        "bathrooms": facts.rooms.bathrooms,
        "day": facts.when.day,
        "clock": facts.when.clock,
        "part": facts.when.part,
        "email": facts.email,
        "phone": facts.phone,
    }


@pytest.mark.parametrize(("text", "setting", "expected"), FACTS, ids=[row[0][:60] for row in FACTS])
def test_a_phrase_means_what_people_mean_by_it(text, setting, expected):
    found = summary(read(text, setting))

    assert {key: found[key] for key in expected} == expected


@pytest.mark.parametrize(("text", "present", "absent"), SIGNALS, ids=[row[0][:60] for row in SIGNALS])
def test_a_phrase_shows_its_intent(text, present, absent):
    signals = {str(signal) for signal in read(text).signals}

    assert present <= signals
    assert not absent & signals


@pytest.mark.parametrize(("text", "question"), QUESTIONS, ids=[row[0][:60] for row in QUESTIONS])
def test_a_question_is_of_its_kind(text, question):
    assert read(text).question == question


@pytest.mark.parametrize(
    ("texts", "language"),
    [
        (["Hola, busco depto"], "es"),
        (["Hi, I'm looking for a house"], "en"),
        (["Olá, quero comprar um apartamento"], "pt"),
        (["Hi, I want to rent", "3"], "en"),
        (["2D2B"], "es"),
        (["Hello", "prefiero español, busco casa en el centro"], "es"),
    ],
)
def test_the_language_is_that_of_the_last_telling_message(texts, language):
    assert language_of(texts, default="es") == language


def test_a_correction_replaces_the_place_and_an_addition_joins_it():
    slots = merge(Slots(), read("busco en Ñuñoa"))

    assert merge(slots, read("no, en Ñuñoa no, en Providencia")).location == ("Providencia",)
    assert merge(slots, read("también en Macul")).location == ("Ñuñoa", "Macul")
    assert merge(slots, read("mejor en Las Condes")).location == ("Las Condes",)


def test_a_time_said_after_the_day_completes_the_visit():
    slots = merge(Slots(), read("el sábado", {**CL, "asked": "visit_date"}))
    slots = merge(slots, read("a las 5", {**CL, "asked": "visit_date"}))

    assert (slots.visit_date, slots.visit_time) == (date(2026, 3, 14), time(17))


def test_a_time_said_before_the_day_is_kept_for_it_unless_it_may_have_passed():
    setting = {**CL, "asked": "visit_date"}
    slots = merge(Slots(), read("cualquier día después de las 10 de la mañana", setting))

    assert (slots.visit_date, slots.visit_time) == (None, time(10))
    assert merge(slots, read("el sábado", setting)).visit_time == time(10)
    assert merge(slots, read("hoy", setting)).visit_time is None


def test_another_day_takes_the_time_back():
    setting = {**CL, "asked": "visit_date"}
    slots = merge(Slots(), read("el sábado a las 11", setting))

    moved = merge(slots, read("mejor el lunes", setting))

    assert (moved.visit_date, moved.visit_time) == (date(2026, 3, 16), None)


HOSTILE = [
    "a" * 65_536,
    "1" * 65_536,
    "1." * 30_000,
    "no " * 20_000,
    "\x00\x01\x02hola\x00",
    "\u202e\u2066Hola\u2069 soy \u200bAna",
    "😀" * 5_000,
    "🏠👨‍👩‍👧‍👦",
    "\ufdfa" * 10_000,
    "٣٤٥ UF ²³ ①",
    "\ud800",
    "e\u0301" * 20_000,
    "en " * 10_000 + "Ñuñoa",
    "((((((((((" * 5_000,
    "uno y " * 10_000,
    "soy de la " * 8_000,
    "@" * 20_000,
    "a.a@a.a" * 5_000,
    "+" + "56 " * 20_000,
    "\n" * 60_000,
    "",
    " ",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("slot", [None, "name", "location", "budget", "visit_date"])
def test_hostile_text_is_read_quickly_and_without_a_crash(text, slot):
    started = clock.process_time()

    slots = merge(Slots(), read(text, {**CL, "asked": slot}))

    assert clock.process_time() - started < 1.0
    assert "\x00" not in str(slots.to_attributes())
    assert not any(len(value) > 200 for value in (slots.name, slots.email, *slots.location))


_WORDS = """
no en de 3 2d2b UF millones mañana a las 5 el sábado soy Ana entre y 100 mil $ 15/03 hasta pm Ñuñoa
99999999999 presupuesto gano . , ; ? ! uno medio primero la próxima semana 31 febrero
"""


@settings(max_examples=300, deadline=None)
@given(
    text=st.one_of(
        st.text(max_size=300),
        st.lists(
            st.sampled_from(_WORDS.split()),
            max_size=25,
        ).map(" ".join),
    ),
    slot=st.sampled_from([None, *ASKING_ORDER]),
    country=st.sampled_from([("CL", "CLP"), ("MX", "MXN"), ("AR", "ARS"), ("XX", "USD")]),
)
def test_no_text_breaks_the_readers(text, slot, country):
    facts = understand(text, asked=slot, now=NOW, country=country[0], currency=country[1])
    slots = merge(Slots(), facts)

    assert Slots.from_attributes(slots.to_attributes()) == slots
    assert slots.visit_date is None or slots.visit_date >= NOW.date()
    assert slots.budget_amount is None or slots.budget_amount > Decimal(0)
    assert all(isinstance(signal, Signal) for signal in facts.signals)
