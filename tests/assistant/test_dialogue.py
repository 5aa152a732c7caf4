"""Whole conversations with the rule-based Sofía."""

import string
from dataclasses import replace
from datetime import date, time
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.assistant.phrases import PHRASES, say, words_of
from apps.assistant.types import ASKING_ORDER, HandoverReason, Reply, Slots
from tests.assistant.conversations import conversation

AR = {"country": "AR", "currency": "ARS", "timezone": "America/Argentina/Buenos_Aires"}
MX = {"country": "MX", "currency": "MXN", "timezone": "America/Mexico_City"}
BR = {"country": "BR", "currency": "BRL", "timezone": "America/Sao_Paulo"}


def reason_of(reply: Reply) -> HandoverReason | None:
    return reply.handover.reason if reply.handover else None


def summary_of(reply: Reply) -> str:
    return reply.handover.summary if reply.handover else ""


def test_a_buyer_in_santiago_is_qualified_one_question_at_a_time():
    talk = conversation()

    last = talk.say_all(
        "Hola",
        "Ana Pérez",
        "comprar",
        "ñuñoa o providencia",
        "hasta 4500 uf",
        "2",
        "gano 2 millones y medio",
        "el sábado a las 11",
    )

    assert [reply.asked for reply in talk.replies] == [*ASKING_ORDER, None]
    assert reason_of(last) is HandoverReason.QUALIFIED
    assert last.stage_hint == "agendado"
    assert last.slots == Slots(
        name="Ana Pérez",
        purpose="buy",
        location=("Ñuñoa", "Providencia"),
        budget_amount=Decimal(4500),
        budget_currency="UF",
        budget_max=Decimal(4500),
        bedrooms=2,
        income_amount=Decimal(2_500_000),
        income_currency="CLP",
        visit_date=date(2026, 3, 14),
        visit_time=time(11),
    )
    assert "sábado 14 de marzo a las 11:00" in last.text
    for fact in ("Ana Pérez", "Ñuñoa y Providencia", "hasta 4.500 UF", "$2.500.000", "sábado 14 de marzo"):
        assert fact in summary_of(last)


def test_the_first_answer_introduces_sofia_once_and_asks_for_the_name():
    talk = conversation()

    first, second = talk.say("Hola"), talk.say("Ana")

    assert first.text == "¡Hola! Soy Sofía, de Casa Andina. ¿Cuál es tu nombre?"
    assert first.intent == "greeting"
    assert "Sofía" not in second.text
    assert "Ana" in second.text


def test_what_the_first_message_tells_is_not_asked_again():
    talk = conversation()

    first = talk.say("Hola, soy Camila, quiero arrendar un depto de 2D1B en Las Condes hasta 700 lucas")

    assert first.asked == "visit_date"
    assert "Camila" in first.text
    assert "Las Condes" in first.text


def test_a_burst_is_answered_together():
    talk = conversation()

    reply = talk.say("hola", "soy Pedro", "busco casa", "para comprar", "en Maipú")

    assert reply.asked == "budget"
    assert (reply.slots.name, reply.slots.purpose, reply.slots.location) == ("Pedro", "buy", ("Maipú",))


def test_a_tenant_in_mexico_speaks_of_rentar_and_recamaras():
    talk = conversation(**MX)

    last = talk.say_all("Hola! busco casa en Mérida", "soy Luisa", "rentar", "18 mil", "3 recámaras", "no por ahora")

    said = " ".join(reply.text for reply in talk.replies)
    assert "rentar" in said
    assert "¿Cuántas recámaras necesitas?" in said
    assert "arrendar" not in said
    assert reason_of(last) is HandoverReason.QUALIFIED
    assert last.slots.budget_amount == 18_000
    assert "visit_date" in last.slots.declined


def test_somebody_who_writes_english_is_answered_in_english():
    talk = conversation(**AR)

    last = talk.say_all(
        "Hi, I'm John, looking to buy an apartment in Palermo",
        "around 150k usd",
        "2 bedrooms",
        "I'd rather not say",
        "tomorrow at 4pm",
    )

    assert talk.replies[0].text.startswith("Hi John! I'm Sofía, from Casa Andina.")
    assert "Friday, March 13 at 16:00" in last.text
    assert last.language == "en"
    assert "para comprar" in summary_of(last), "the agent reads the broker's language"


def test_somebody_who_writes_portuguese_is_answered_in_portuguese():
    talk = conversation(**BR, language="pt")

    last = talk.say_all(
        "Olá, quero alugar um apartamento em Pinheiros", "Meu nome é João", "até R$ 4.000", "2 quartos", "não"
    )

    assert talk.replies[0].text.startswith("Olá! Sou Sofía, da Casa Andina.")
    assert last.text.startswith("Pronto, João!")
    assert last.slots.budget_currency == "BRL"


def test_an_owner_who_sells_is_asked_for_the_price_and_a_valuation():
    talk = conversation()

    last = talk.say_all("quiero vender mi casa en Maipú", "Rosa Díaz", "150 millones", "el lunes en la tarde")

    assert "¿En qué precio te gustaría vender?" in talk.replies[1].text
    assert [reply.asked for reply in talk.replies] == ["name", "budget", "visit_date", None]
    assert last.slots.visit_part == "afternoon"


def test_a_refused_income_is_respected():
    talk = conversation(
        slots=Slots(name="Ana", purpose="buy", location=("Macul",), budget_amount=Decimal(3000), bedrooms=2)
    )
    talk.say("sigo interesada")

    reply = talk.say("prefiero no decirlo")

    assert reply.asked == "visit_date"
    assert "income" in reply.slots.declined
    assert talk.say("mejor te cuento, gano 2 palos").slots.declined == ()


def test_a_correction_while_something_else_was_asked_is_not_a_refusal():
    talk = conversation(slots=Slots(name="Ana", purpose="buy", location=("Ñuñoa",), budget_amount=Decimal(3000)))
    assert talk.say("hola").asked == "bedrooms"

    reply = talk.say("no, en Ñuñoa no, en Providencia")

    assert reply.slots.location == ("Providencia",)
    assert reply.asked == "bedrooms"
    assert reply.slots.declined == ()


def test_the_second_time_is_worded_otherwise_and_the_third_goes_to_a_person():
    talk = conversation()
    talk.say("Hola, soy Ana")

    replies = [talk.say(text) for text in ("jajaja", "mmm", "xd")]

    assert [reply.turns_without_progress for reply in replies] == [1, 2, 0]
    assert replies[0].text != talk.replies[0].text
    assert reason_of(replies[-1]) is HandoverReason.NO_PROGRESS


def test_courtesy_neither_counts_nor_resets():
    talk = conversation()
    talk.say("Hola, soy Ana")
    talk.say("jajaja")

    reply = talk.say("gracias")

    assert reply.turns_without_progress == 1
    assert reply.text.startswith("¡Con gusto!")


def test_a_question_is_answered_without_inventing_and_the_talk_goes_on():
    talk = conversation()
    talk.say("Hola, soy Ana")

    reply = talk.say("¿cuánto cuesta?")

    assert "te lo confirma" in reply.text
    assert reply.text.endswith("?")
    assert reply.intent == "question_price"
    assert not any(character.isdigit() for character in reply.text)


def test_sofia_does_not_pretend_to_be_human():
    reply = conversation().say("¿eres un robot?")

    assert "asistente virtual" in reply.text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("quiero hablar con una persona", HandoverReason.ASKED_FOR_PERSON),
        ("son unos estafadores, pésima atención", HandoverReason.ANGRY),
        ("I want to talk to a human", HandoverReason.ASKED_FOR_PERSON),
    ],
)
def test_a_wish_for_a_person_and_anger_are_obeyed_at_once(text, reason):
    reply = conversation(lead_name="Carla Soto").say(text)

    assert reason_of(reply) is reason
    assert reply.asked is None
    assert "Carla" in reply.text
    assert text in summary_of(reply)


def test_an_opt_out_is_confirmed_and_nobody_is_called():
    reply = conversation().say("no me escriban más, son unos ladrones")

    assert reply.opt_out
    assert reply.handover is None
    assert reply.text.startswith("Listo, no te escribiremos más.")


def test_a_file_without_words_is_acknowledged():
    reply = conversation().say("[image]")

    assert "Recibí lo que me enviaste" in reply.text
    assert reply.slots == Slots()


def test_a_goodbye_ends_kindly_and_keeps_the_question():
    talk = conversation()
    talk.say("hola soy Ana")

    reply = talk.say("chao")

    assert reply.text == "¡Gracias por escribirnos, Ana! Cuando quieras seguir, aquí estaré."
    assert reply.asked == "purpose"
    assert reply.handover is None


def test_a_profile_name_is_used_but_not_kept_as_told():
    reply = conversation(lead_name="carla soto").say("hola")

    assert reply.text.startswith("¡Hola, Carla!")
    assert reply.slots.name == ""
    assert reply.asked == "purpose"


@pytest.mark.parametrize("profile", ["💎 Inversiones 24/7", "+56912345678", "busco depto", "."])
def test_a_profile_name_that_is_no_name_is_not_used(profile):
    assert conversation(lead_name=profile).say("hola").asked == "name"


def test_an_urgent_visitor_is_asked_only_the_essentials():
    talk = conversation()

    last = talk.say_all("soy Ana, quiero comprar en Ñuñoa, puedo visitar mañana a las 10", "4000 uf")

    assert [reply.asked for reply in talk.replies] == ["budget", None]
    assert reason_of(last) is HandoverReason.QUALIFIED


def test_a_will_to_visit_without_a_day_is_asked_for_the_day():
    talk = conversation(slots=Slots(name="Ana", purpose="rent", location=("Macul",), budget_amount=Decimal(3000)))
    talk.brief = replace(talk.brief, asked="visit_date", slots=replace(talk.brief.slots, bedrooms=2))

    reply = talk.say("la próxima semana")

    assert "¿Qué día" in reply.text
    assert reply.turns_without_progress == 0
    assert "no te entendí" not in reply.text


def test_land_has_no_bedrooms():
    talk = conversation()

    reply = talk.say("soy Ana, quiero comprar una parcela en Pirque por 100 millones")

    assert reply.asked == "income"


def test_unknown_time_zone_does_not_stop_the_answer():
    assert conversation(timezone="Mars/Olympus").say("hola").text


def test_every_phrase_has_all_languages_and_only_known_blanks():
    allowed = {
        "agent", "broker", "name", "comma_name", "facts", "when", "question", "text", "slots", "money", "places", "low",
        "high", "time", *words_of("CL", "CLP"),
    }  # fmt: skip
    for key, wordings in PHRASES.items():
        assert set(wordings) == {"es", "en", "pt"}, key
        for texts in wordings.values():
            assert len(texts) >= 1
            for text in texts:
                blanks = {name for _, name, _, _ in string.Formatter().parse(text) if name}
                assert blanks <= allowed, (key, blanks)


def test_the_questions_fill_in_every_country():
    for country in ("CL", "MX", "AR", "CO", "PE", "BR", "US"):
        for slot in ASKING_ORDER:
            for attempt in (0, 1, 5):
                assert "{" not in say(f"ask_{slot}", "es", attempt=attempt, **words_of(country, "USD"))


@settings(max_examples=60, deadline=None)
@given(texts=st.lists(st.text(max_size=80), min_size=1, max_size=6))
def test_no_customer_leaves_sofia_speechless(texts):
    talk = conversation()

    for text in texts:
        reply = talk.say(text)

        assert reply.text.strip()
        assert reply.engine == "rules"
        assert Slots.from_attributes(reply.slots.to_attributes()) == reply.slots
