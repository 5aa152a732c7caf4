"""Sofía's own words in Spanish, English and Portuguese.

They are here and not in the message catalogues: customers read them in their own language whatever the language of
the dashboard is, and a translation that is not compiled must never leave a customer without an answer. Each entry has
one or more wordings; the second is for when the first brought nothing.
"""

from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal

from apps.assistant.types import DayPart, Language, Purpose

Wordings = Mapping[Language, tuple[str, ...]]

PHRASES: Mapping[str, Wordings] = {
    # ---- opening
    "hello": {
        "es": ("¡Hola! Soy {agent}, de {broker}.",),
        "en": ("Hi! I'm {agent}, from {broker}.",),
        "pt": ("Olá! Sou {agent}, da {broker}.",),
    },
    "hello_name": {
        "es": ("¡Hola, {name}! Soy {agent}, de {broker}.",),
        "en": ("Hi {name}! I'm {agent}, from {broker}.",),
        "pt": ("Olá, {name}! Sou {agent}, da {broker}.",),
    },
    "pleased": {
        "es": ("¡Mucho gusto, {name}!", "¡Gracias, {name}!"),
        "en": ("Nice to meet you, {name}!", "Thanks, {name}!"),
        "pt": ("Muito prazer, {name}!", "Obrigada, {name}!"),
    },
    # ---- what was understood
    "noted": {
        "es": ("Anoto: {facts}.", "Perfecto: {facts}.", "Muy bien: {facts}."),
        "en": ("Got it: {facts}.", "Great: {facts}.", "Noted: {facts}."),
        "pt": ("Anotado: {facts}.", "Perfeito: {facts}.", "Certo: {facts}."),
    },
    "thanks_for_sharing": {
        "es": ("Gracias por la confianza.",),
        "en": ("Thanks for sharing that.",),
        "pt": ("Obrigada pela confiança.",),
    },
    "no_problem": {
        "es": ("No hay problema.", "Está bien, sigamos."),
        "en": ("No problem.", "That's fine, let's go on."),
        "pt": ("Sem problema.", "Tudo bem, vamos seguir."),
    },
    "got_file": {
        "es": ("Recibí lo que me enviaste; quedó guardado para que lo vea una persona del equipo.",),
        "en": ("I got what you sent; it is saved so that someone on the team can look at it.",),
        "pt": ("Recebi o que você enviou; ficou guardado para alguém da equipe ver.",),
    },
    "not_understood": {
        "es": ("Disculpa, no te entendí bien.", "Perdón, quiero asegurarme de entenderte."),
        "en": ("Sorry, I didn't quite get that.", "Sorry, I want to be sure I understand you."),
        "pt": ("Desculpe, não entendi bem.", "Perdão, quero ter certeza de que entendi."),
    },
    "welcome": {
        "es": ("¡Con gusto!",),
        "en": ("You're welcome!",),
        "pt": ("De nada!",),
    },
    "bye": {
        "es": ("¡Gracias por escribirnos{comma_name}! Cuando quieras seguir, aquí estaré.",),
        "en": ("Thanks for writing{comma_name}! I'll be here whenever you want to go on.",),
        "pt": ("Obrigada por escrever{comma_name}! Quando quiser continuar, estarei aqui.",),
    },
    # ---- one question at a time
    "ask_name": {
        "es": ("¿Cuál es tu nombre?", "¿Con quién tengo el gusto? Con tu nombre basta."),
        "en": ("What's your name?", "Who am I talking with? Your first name is enough."),
        "pt": ("Qual é o seu nome?", "Com quem estou falando? Só o primeiro nome já basta."),
    },
    "ask_purpose": {
        "es": (
            "¿Buscas comprar, {rent_verb} o invertir?",
            "Para orientarte bien: ¿es para comprar, para {rent_verb} o como inversión?",
        ),
        "en": (
            "Are you looking to buy, rent or invest?",
            "So I can guide you well: is it to buy, to rent or as an investment?",
        ),
        "pt": (
            "Você procura comprar, alugar ou investir?",
            "Para te orientar melhor: é para comprar, alugar ou investir?",
        ),
    },
    "ask_location": {
        "es": (
            "¿En qué {area} te gustaría?",
            "¿Qué zona te acomoda más? Puedes nombrarme una o varias {areas}.",
        ),
        "en": ("Which area would you like?", "Which part of town suits you best? One or several are fine."),
        "pt": ("Em qual bairro ou cidade você gostaria?", "Qual região prefere? Pode me dizer uma ou várias."),
    },
    "ask_location_sell": {
        "es": ("¿En qué {area} está la propiedad?", "¿Dónde se ubica la propiedad? Con la {area} me basta."),
        "en": ("Where is the property?", "In which area is the property?"),
        "pt": ("Em qual bairro ou cidade fica o imóvel?", "Onde fica o imóvel? Só o bairro já basta."),
    },
    "ask_budget": {
        "es": (
            "¿Qué presupuesto tienes en mente{example}?",
            "¿Hasta cuánto te gustaría pagar, más o menos? Un rango también sirve{example}.",
        ),
        "en": ("What budget do you have in mind?", "Roughly up to how much would you like to pay? A range is fine."),
        "pt": (
            "Qual orçamento você tem em mente?",
            "Até quanto gostaria de pagar, mais ou menos? Uma faixa também serve.",
        ),
    },
    "ask_budget_rent": {
        "es": (
            "¿Qué presupuesto mensual tienes en mente?",
            "¿Hasta cuánto te gustaría pagar al mes, más o menos?",
        ),
        "en": ("What monthly budget do you have in mind?", "Roughly how much would you like to pay per month?"),
        "pt": ("Qual orçamento mensal você tem em mente?", "Até quanto gostaria de pagar por mês, mais ou menos?"),
    },
    "ask_budget_sell": {
        "es": ("¿En qué precio te gustaría vender?", "¿Tienes un precio de venta en mente, aunque sea aproximado?"),
        "en": ("What price would you like to sell at?", "Do you have a sale price in mind, even a rough one?"),
        "pt": ("Por qual valor gostaria de vender?", "Você tem um preço de venda em mente, mesmo aproximado?"),
    },
    "ask_bedrooms": {
        "es": ("¿{How_many} {rooms} necesitas?", "¿Con {how_many} {rooms} estarías a gusto? Por ejemplo, 2 o 3."),
        "en": ("How many bedrooms do you need?", "How many bedrooms would be comfortable? For example, 2 or 3."),
        "pt": ("De quantos quartos você precisa?", "Com quantos quartos ficaria bom? Por exemplo, 2 ou 3."),
    },
    "ask_income": {
        "es": (
            "Si no te incomoda, ¿cuál es tu {income} aproximado? Sirve para orientarte con el crédito; "
            "si prefieres no decirlo, no hay problema.",
            "¿Me cuentas tu {income} aproximado? Es opcional: puedes responder «prefiero no decirlo».",
        ),
        "en": (
            "If you don't mind, what is your approximate monthly income? It helps us guide you with financing; "
            "it's fine not to say.",
            "Could you tell me your approximate monthly income? It's optional: you can just say you'd rather not.",
        ),
        "pt": (
            "Se não se importar, qual é a sua renda mensal aproximada? Ajuda a orientar o financiamento; "
            "se preferir não dizer, tudo bem.",
            "Pode me dizer sua renda mensal aproximada? É opcional: pode responder «prefiro não dizer».",
        ),
    },
    "ask_visit_date": {
        "es": (
            "¿Te gustaría agendar una visita? ¿Qué día y a qué hora te acomoda?",
            "¿Qué día te vendría bien para la visita? Por ejemplo, «el sábado a las 11».",
        ),
        "en": (
            "Would you like to book a visit? What day and time suit you?",
            "Which day would work for the visit? For example, “Saturday at 11”.",
        ),
        "pt": (
            "Gostaria de agendar uma visita? Que dia e horário ficam bons para você?",
            "Que dia seria bom para a visita? Por exemplo, «sábado às 11».",
        ),
    },
    "ask_visit_date_sell": {
        "es": (
            "¿Te parece si un asesor visita la propiedad para tasarla? ¿Qué día y a qué hora te acomoda?",
            "¿Qué día podríamos visitar la propiedad? Por ejemplo, «el sábado a las 11».",
        ),
        "en": (
            "Shall an advisor visit the property to value it? What day and time suit you?",
            "Which day could we visit the property? For example, “Saturday at 11”.",
        ),
        "pt": (
            "Que tal um consultor visitar o imóvel para avaliá-lo? Que dia e horário ficam bons?",
            "Que dia poderíamos visitar o imóvel? Por exemplo, «sábado às 11».",
        ),
    },
    # ---- questions of the customer: honest, nothing invented
    "answer_price": {
        "es": ("El valor exacto depende de cada propiedad; una persona del equipo te lo confirma.",),
        "en": ("The exact price depends on each property; someone on the team will confirm it.",),
        "pt": ("O valor exato depende de cada imóvel; alguém da equipe confirma para você.",),
    },
    "answer_location": {
        "es": ("La dirección exacta te la confirma una persona del equipo según la propiedad que elijas.",),
        "en": ("Someone on the team will confirm the exact address for the property you choose.",),
        "pt": ("O endereço exato é confirmado por alguém da equipe conforme o imóvel que você escolher.",),
    },
    "answer_financing": {
        "es": ("Las condiciones de financiamiento las revisa contigo un asesor, según tu caso.",),
        "en": ("An advisor will go through the financing options with you, depending on your case.",),
        "pt": ("As condições de financiamento um consultor revisa com você, conforme o seu caso.",),
    },
    "answer_hours": {
        "es": ("Podemos coordinar la visita en el horario que te acomode; un colega te lo confirma.",),
        "en": ("We can arrange the visit at a time that suits you; a colleague will confirm it.",),
        "pt": ("Podemos combinar a visita no horário que for melhor; um colega confirma com você.",),
    },
    "answer_availability": {
        "es": ("La disponibilidad te la confirma una persona del equipo con lo que buscas.",),
        "en": ("Someone on the team will confirm what is available for what you need.",),
        "pt": ("A disponibilidade alguém da equipe confirma com base no que você procura.",),
    },
    "answer_pets": {
        "es": ("Depende de cada propiedad; lo anoto para que el asesor te lo confirme.",),
        "en": ("It depends on each property; I'll note it so the advisor can confirm.",),
        "pt": ("Depende de cada imóvel; anoto para o consultor confirmar.",),
    },
    "answer_photos": {
        "es": ("Le pido a una persona del equipo que te envíe fotos y planos.",),
        "en": ("I'll ask someone on the team to send you photos and floor plans.",),
        "pt": ("Vou pedir a alguém da equipe que envie fotos e plantas.",),
    },
    "answer_identity": {
        "es": ("Soy {agent}, la asistente virtual de {broker}; si prefieres, te paso con una persona.",),
        "en": ("I'm {agent}, the virtual assistant of {broker}; I can pass you to a person if you prefer.",),
        "pt": ("Sou {agent}, a assistente virtual da {broker}; se preferir, passo você para uma pessoa.",),
    },
    "answer_reason": {
        "es": ("Te lo pregunto solo para orientarte mejor; puedes contarme lo que quieras.",),
        "en": ("I only ask so that I can guide you better; share whatever you like.",),
        "pt": ("Pergunto só para te orientar melhor; pode contar o que quiser.",),
    },
    "answer_privacy": {
        "es": ("Tus datos se usan solo para atender tu consulta; si quieres que dejemos de escribirte, dime «baja».",),
        "en": ("Your details are only used for your enquiry; if you want us to stop writing, just say “stop”.",),
        "pt": ("Seus dados são usados só para atender você; se quiser que paremos de escrever, diga «sair».",),
    },
    "answer_other": {
        "es": ("Buena pregunta: la anoto para que una persona del equipo te la responda.",),
        "en": ("Good question: I'll note it so someone on the team can answer it.",),
        "pt": ("Boa pergunta: anoto para alguém da equipe responder.",),
    },
    # ---- leaving it to people
    "handover_person": {
        "es": (
            "Por supuesto{comma_name}. Le paso tu conversación a una persona del equipo, que te escribirá por aquí.",
        ),
        "en": (
            "Of course{comma_name}. I'm passing your conversation to someone on the team, who will write to you here.",
        ),
        "pt": ("Claro{comma_name}. Vou passar sua conversa para alguém da equipe, que escreverá por aqui.",),
    },
    "handover_angry": {
        "es": ("Lamento mucho la molestia{comma_name}. Ya mismo le paso tu caso a una persona del equipo.",),
        "en": ("I'm very sorry about this{comma_name}. I'm passing your case to someone on the team right now.",),
        "pt": ("Sinto muito pelo incômodo{comma_name}. Já estou passando seu caso para alguém da equipe.",),
    },
    "handover_no_progress": {
        "es": (
            "Para ayudarte mejor, le paso nuestra conversación a una persona del equipo, que seguirá contigo por aquí.",
        ),
        "en": (
            "To help you better, I'm passing our conversation to someone on the team, who will go on with you here.",
        ),
        "pt": (
            "Para ajudar melhor, vou passar nossa conversa para alguém da equipe, que continuará com você por aqui.",
        ),
    },
    "handover_qualified": {
        "es": (
            "¡Listo{comma_name}! Ya tengo lo necesario: una persona de {broker} te escribirá por aquí con opciones.",
        ),
        "en": ("All set{comma_name}! I have what I need: someone from {broker} will write to you here with options.",),
        "pt": ("Pronto{comma_name}! Já tenho o necessário: alguém da {broker} escreverá por aqui com opções.",),
    },
    "handover_visit": {
        "es": ("¡Listo{comma_name}! Anoté la visita para el {when}. Una persona de {broker} te la confirma por aquí.",),
        "en": ("All set{comma_name}! I've noted the visit for {when}. Someone from {broker} will confirm it here.",),
        "pt": ("Pronto{comma_name}! Anotei a visita para {when}. Alguém da {broker} confirma por aqui.",),
    },
    "opted_out": {
        "es": ("Listo, no te escribiremos más. Si algún día quieres retomar, escríbenos por aquí.",),
        "en": ("Done, we won't write to you again. If you ever want to pick this up, just write here.",),
        "pt": ("Pronto, não escreveremos mais. Se um dia quiser retomar, é só escrever por aqui.",),
    },
    # ---- for the agent who takes over
    "summary_asked": {
        "es": ("Preguntó: «{question}»",),
        "en": ("Asked: “{question}”",),
        "pt": ("Perguntou: «{question}»",),
    },
    "summary_said": {
        "es": ("Último mensaje: «{text}»",),
        "en": ("Last message: “{text}”",),
        "pt": ("Última mensagem: «{text}»",),
    },
    "summary_declined": {
        "es": ("Sin responder: {slots}",),
        "en": ("Not answered: {slots}",),
        "pt": ("Sem resposta: {slots}",),
    },
    "summary_income": {"es": ("ingreso {money}",), "en": ("income {money}",), "pt": ("renda {money}",)},
    "summary_visit": {"es": ("visita: {when}",), "en": ("visit: {when}",), "pt": ("visita: {when}",)},
    "summary_empty": {
        "es": ("Aún no se sabe nada de esta persona.",),
        "en": ("Nothing is known about this person yet.",),
        "pt": ("Ainda não se sabe nada desta pessoa.",),
    },
    # ---- pieces of facts
    "in_places": {"es": ("en {places}",), "en": ("in {places}",), "pt": ("em {places}",)},
    "up_to": {"es": ("hasta {money}",), "en": ("up to {money}",), "pt": ("até {money}",)},
    "from": {"es": ("desde {money}",), "en": ("from {money}",), "pt": ("a partir de {money}",)},
    "around": {"es": ("alrededor de {money}",), "en": ("about {money}",), "pt": ("cerca de {money}",)},
    "between": {
        "es": ("entre {low} y {high}",),
        "en": ("between {low} and {high}",),
        "pt": ("entre {low} e {high}",),
    },
    "at_time": {"es": ("a las {time}",), "en": ("at {time}",), "pt": ("às {time}",)},
    "and": {"es": ("y",), "en": ("and",), "pt": ("e",)},
}

PURPOSES: Mapping[Language, Mapping[Purpose, str]] = {
    "es": {"buy": "para comprar", "rent": "para {rent_verb}", "invest": "para invertir", "sell": "para vender"},
    "en": {"buy": "to buy", "rent": "to rent", "invest": "to invest", "sell": "to sell"},
    "pt": {"buy": "para comprar", "rent": "para alugar", "invest": "para investir", "sell": "para vender"},
}
PURPOSE_BUTTONS: Mapping[Language, tuple[str, str, str]] = {
    "es": ("Comprar", "{Rent_verb}", "Invertir"),
    "en": ("Buy", "Rent", "Invest"),
    "pt": ("Comprar", "Alugar", "Investir"),
}
PROPERTY_TYPES: Mapping[Language, Mapping[str, str]] = {
    "es": {"apartment": "departamento", "house": "casa", "office": "oficina", "land": "terreno",
           "retail": "local comercial", "warehouse": "bodega", "parking": "estacionamiento"},
    "en": {"apartment": "apartment", "house": "house", "office": "office", "land": "land", "retail": "retail space",
           "warehouse": "warehouse", "parking": "parking"},
    "pt": {"apartment": "apartamento", "house": "casa", "office": "sala comercial", "land": "terreno",
           "retail": "loja", "warehouse": "galpão", "parking": "vaga de garagem"},
}  # fmt: skip
SLOT_NAMES: Mapping[Language, Mapping[str, str]] = {
    "es": {"name": "nombre", "purpose": "objetivo", "location": "zona", "budget": "presupuesto",
           "bedrooms": "dormitorios", "income": "ingreso", "visit_date": "visita"},
    "en": {"name": "name", "purpose": "purpose", "location": "area", "budget": "budget", "bedrooms": "bedrooms",
           "income": "income", "visit_date": "visit"},
    "pt": {"name": "nome", "purpose": "objetivo", "location": "região", "budget": "orçamento", "bedrooms": "quartos",
           "income": "renda", "visit_date": "visita"},
}  # fmt: skip
ROOMS: Mapping[Language, tuple[str, str, str]] = {
    # one, many, none
    "es": ("{n} {room}", "{n} {rooms}", "un ambiente"),
    "en": ("{n} bedroom", "{n} bedrooms", "studio"),
    "pt": ("{n} quarto", "{n} quartos", "estúdio"),
}
BATHROOMS: Mapping[Language, tuple[str, str]] = {
    "es": ("{n} baño", "{n} baños"),
    "en": ("{n} bathroom", "{n} bathrooms"),
    "pt": ("{n} banheiro", "{n} banheiros"),
}
DAY_PARTS: Mapping[Language, Mapping[DayPart, str]] = {
    "es": {"morning": "en la mañana", "afternoon": "en la tarde", "evening": "en la noche"},
    "en": {"morning": "in the morning", "afternoon": "in the afternoon", "evening": "in the evening"},
    "pt": {"morning": "de manhã", "afternoon": "à tarde", "evening": "à noite"},
}
WEEKDAYS: Mapping[Language, tuple[str, ...]] = {
    "es": ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "pt": ("segunda-feira", "terça-feira", "quarta-feira", "quinta-feira", "sexta-feira", "sábado", "domingo"),
}
MONTHS: Mapping[Language, tuple[str, ...]] = {
    "es": ("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre",
           "noviembre", "diciembre"),
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December"),
    "pt": ("janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto", "setembro", "outubro",
           "novembro", "dezembro"),
}  # fmt: skip

# How Spanish names the same things from country to country.
_NEUTRAL = {
    "rent_verb": "arrendar", "how_many": "cuántos", "room": "dormitorio", "rooms": "dormitorios",
    "area": "zona o ciudad", "areas": "zonas", "income": "ingreso mensual",
}  # fmt: skip
WORDS_BY_COUNTRY: Mapping[str, Mapping[str, str]] = {
    "CL": {**_NEUTRAL, "area": "comuna o ciudad", "areas": "comunas", "income": "sueldo líquido mensual"},
    "MX": {**_NEUTRAL, "rent_verb": "rentar", "how_many": "cuántas", "room": "recámara", "rooms": "recámaras",
           "area": "colonia o ciudad", "areas": "colonias"},
    "AR": {**_NEUTRAL, "rent_verb": "alquilar", "area": "barrio o ciudad", "areas": "barrios"},
    "CO": {**_NEUTRAL, "how_many": "cuántas", "room": "habitación", "rooms": "habitaciones",
           "area": "barrio o ciudad", "areas": "barrios"},
    "PE": {**_NEUTRAL, "rent_verb": "alquilar", "area": "distrito o ciudad",
           "areas": "distritos"},
}  # fmt: skip
_BUDGET_EXAMPLES = {
    "CLP": " (por ejemplo, «hasta 4.000 UF» o «entre 80 y 100 millones»)",
    "MXN": " (por ejemplo, «hasta 2.5 millones»)",
    "ARS": " (por ejemplo, «hasta 100 mil dólares»)",
    "COP": " (por ejemplo, «hasta 350 millones»)",
    "PEN": " (por ejemplo, «hasta 120 mil dólares»)",
}
_MONEY = {
    "CLP": "${}", "UF": "{} UF", "MXN": "${}", "USD": "US${}", "COP": "${}", "ARS": "${}", "PEN": "S/ {}",
    "BRL": "R$ {}", "EUR": "€{}",
}  # fmt: skip
_COMMA_COUNTRIES = frozenset({"MX", "PE", "US"})


def words_of(country: str, currency: str) -> dict[str, str]:
    """The country's words, to be filled into phrases."""
    words = dict(WORDS_BY_COUNTRY.get(country, _NEUTRAL))
    capitals = {"Rent_verb": words["rent_verb"].capitalize(), "How_many": words["how_many"].capitalize()}
    return {**words, **capitals, "example": _BUDGET_EXAMPLES.get(currency, "")}


def say(key: str, language: Language, *, attempt: int = 0, **values: str) -> str:
    """The phrase in that language; from the second attempt on in its last wording."""
    wordings = PHRASES[key][language]
    return wordings[min(attempt, len(wordings) - 1)].format(**values)


def say_money(amount: Decimal, currency: str, *, language: Language, country: str) -> str:
    """ "US$200.000", "4.000 UF", "$2,500,000": separators as in the country, or as in English."""
    written = f"{amount:,.2f}" if amount != amount.to_integral_value() else f"{amount:,.0f}"
    if language != "en" and country not in _COMMA_COUNTRIES:
        written = written.translate(str.maketrans(",.", ".,"))
    return _MONEY.get(currency, "${}").format(written)


def say_when(day: date, clock: time | None, part: DayPart | None, language: Language) -> str:
    """ "sábado 14 de marzo a las 17:00" """
    weekday, month = WEEKDAYS[language][day.weekday()], MONTHS[language][day.month - 1]
    told = {
        "es": f"{weekday} {day.day} de {month}",
        "en": f"{weekday}, {month} {day.day}",
        "pt": f"{weekday}, {day.day} de {month}",
    }[language]
    if clock:
        return f"{told} {say('at_time', language, time=clock.strftime('%H:%M'))}"
    return f"{told} {DAY_PARTS[language][part]}" if part else told


def join(items: tuple[str, ...], language: Language) -> str:
    """ "Ñuñoa, Macul y Providencia" """
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {say('and', language)} {items[-1]}"
