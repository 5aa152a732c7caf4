"""What was said: dialogues that fit what the lead panel beside them shows."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from apps.assistant.types import Slots
from apps.operations.demo.people import Profile

Who = Literal["customer", "sofia", "agent", "note"]
BROKER = "Inmobiliaria Los Andes"


@dataclass(frozen=True, kw_only=True)
class Line:
    """One message; `pause` is the seconds since the one before it."""

    who: Who
    text: str
    pause: float
    type: str = "text"
    payload: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Script:
    """A dialogue, and what the person who takes over should read first."""

    lines: tuple[Line, ...]
    summary: str = ""
    asked: str | None = None


def with_sofia(rng: random.Random, profile: Profile) -> Script:
    """Sofía still asks: the last line is her open question."""
    teller = _Teller(rng, profile)
    asked = teller.profiling()
    return Script(lines=tuple(teller.lines), asked=asked)


def handed_over(rng: random.Random, profile: Profile) -> Script:
    """Sofía passes the customer on, who waits for a person."""
    teller = _Teller(rng, profile)
    teller.profiling(ends_with_question=False)
    teller.hand_over()
    return Script(lines=tuple(teller.lines), summary=teller.summary())


def with_agent(rng: random.Random, profile: Profile, agent: str, *, is_waiting: bool) -> Script:
    """An agent answers; where the customer waits, the last line is theirs."""
    teller = _Teller(rng, profile)
    teller.profiling(ends_with_question=False)
    teller.hand_over()
    teller.agent_talks(agent, topics=rng.randint(1, 3))
    if is_waiting:
        teller.customer(rng.choice(_WAITING))
        if rng.random() < 0.4:
            teller.customer(rng.choice(_SECOND_THOUGHTS))
    return Script(lines=tuple(teller.lines), summary=teller.summary())


def promised(rng: random.Random, profile: Profile, agent: str) -> Script:
    """The agent said that they would come back to it, and it rests."""
    teller = _Teller(rng, profile)
    teller.profiling(ends_with_question=False)
    teller.hand_over()
    teller.agent_talks(agent, topics=1)
    teller.agent(rng.choice(_PROMISES))
    teller.customer(
        rng.choice(
            ("Perfecto, quedo atento" if not profile.is_woman else "Perfecto, quedo atenta", "Dale, gracias", "Ok 👍")
        )
    )
    teller.note(rng.choice(_REMINDERS))
    return Script(lines=tuple(teller.lines), summary=teller.summary())


def closed_well(rng: random.Random, profile: Profile, agent: str) -> Script:
    """A conversation that came to its end with an agent."""
    teller = _Teller(rng, profile)
    teller.profiling(ends_with_question=False)
    teller.hand_over()
    teller.agent_talks(agent, topics=rng.randint(2, 4))
    teller.agent(rng.choice(_FAREWELLS))
    teller.customer(rng.choice(("Muchas gracias!", "Mil gracias, nos vemos", "Excelente, gracias por la atención 😊")))
    return Script(lines=tuple(teller.lines), summary=teller.summary())


def closed_by_sofia(rng: random.Random, profile: Profile) -> Script:
    """The customer only asked and left."""
    teller = _Teller(rng, profile)
    teller.profiling()
    teller.customer(rng.choice(("Gracias, por ahora solo estaba cotizando", "Ok, lo converso en la casa y les aviso")))
    teller.sofia(f"¡Gracias por escribirnos, {profile.first_name}! Cuando quieras seguir, aquí estaré.")
    return Script(lines=tuple(teller.lines))


def angry(profile: Profile) -> Script:
    """Somebody who has waited long enough."""
    lines = (
        Line(who="customer", text="Hola, llevo una semana esperando que me llamen", pause=0),
        Line(who="sofia", text=f"¡Hola! Soy Sofía, de {BROKER}. ¿Cuál es tu nombre?", pause=4),
        Line(who="customer", text=f"{profile.first_name} {profile.last_name}. Ya di mis datos DOS veces", pause=41),
        Line(who="customer", text="Es una falta de respeto, quiero hablar con una persona ahora", pause=12),
        Line(
            who="sofia",
            text="Lamento la molestia. Te paso ahora mismo con una persona del equipo, que ya tiene lo que escribiste.",
            pause=5,
        ),
    )
    summary = f"{profile.first_name} está molesto: espera una llamada hace una semana. Pide hablar con una persona."
    return Script(lines=lines, summary=summary.replace("molesto", "molesta" if profile.is_woman else "molesto"))


def opted_out() -> Script:
    """Somebody who does not want to be written to."""
    lines = (
        Line(who="customer", text="Hola, cuánto vale el de 2 dormitorios?", pause=0),
        Line(who="sofia", text=f"¡Hola! Soy Sofía, de {BROKER}. ¿Cuál es tu nombre?", pause=4),
        Line(who="customer", text="Mejor no, no quiero que me sigan escribiendo. BAJA", pause=65),
        Line(
            who="sofia",
            text="Entendido: no te escribiremos más. Si cambias de idea, escríbenos cuando quieras.",
            pause=3,
        ),
    )
    return Script(lines=lines)


def just_arrived(rng: random.Random, profile: Profile) -> Script:
    """The first line, which nobody has dealt with."""
    return Script(lines=(Line(who="customer", text=_opening(rng, profile), pause=0),))


class _Teller:
    """Writes a dialogue line by line."""

    def __init__(self, rng: random.Random, profile: Profile) -> None:
        self.rng = rng
        self.profile = profile
        self.lines: list[Line] = []
        place = profile.known.location
        self.place = place[0] if place else "esa zona"

    def customer(self, text: str, *, type: str = "text", payload: dict[str, object] | None = None) -> None:
        pause = self.rng.uniform(14, 190) if self.rng.random() < 0.9 else self.rng.uniform(600, 5400)
        self.lines.append(Line(who="customer", text=text, pause=pause, type=type, payload=payload or {}))

    def sofia(self, text: str) -> None:
        self.lines.append(Line(who="sofia", text=text, pause=self.rng.uniform(2.5, 6)))

    def agent(self, text: str) -> None:
        self.lines.append(Line(who="agent", text=text, pause=self.rng.uniform(45, 540)))

    def note(self, text: str) -> None:
        self.lines.append(Line(who="note", text=text, pause=self.rng.uniform(20, 120)))

    def profiling(self, *, ends_with_question: bool = True) -> str | None:
        """Sofía asks one thing after the other for as long as the profile knows the answer; returns what is open."""
        opening = _opening(self.rng, self.profile)
        self.customer(opening)
        is_first = True
        for slot, question, answers in self._questions():
            if slot == "location" and self.place in opening:
                continue
            greeting = f"¡Hola! Soy Sofía, de {BROKER}. " if is_first else self._acknowledgement(slot)
            is_known = self.profile.known.knows(slot)  # type: ignore[arg-type]  # the names are SlotName's
            if not is_known and not ends_with_question:
                if not is_first:
                    break
                self.sofia(greeting + "Te ayudo con gusto.")
                break
            self.sofia(greeting + question)
            is_first = False
            if not is_known:
                return slot
            self.customer(self.rng.choice(answers))
        return None

    def hand_over(self) -> None:
        name = self.profile.first_name
        self.sofia(
            self.rng.choice(
                (
                    f"¡Gracias, {name}! Con esto un ejecutivo del equipo te escribe por aquí mismo.",
                    f"Perfecto, {name}. Te paso con una persona del equipo, que ya tiene lo que conversamos.",
                )
            )
        )

    def agent_talks(self, agent: str, *, topics: int) -> None:
        place, name = self.place, self.profile.first_name
        self.agent(
            self.rng.choice(
                (
                    f"Hola {name}, te saluda {agent} de {BROKER}. Ya vi lo que buscas en {place}: tengo dos opciones.",
                    f"Hola {name}! Soy {agent}, ya leí lo que hablaste con Sofía. ¿Te envío fichas de {place}?",
                )
            )
        )
        if self.rng.random() < 0.25:
            self.note(self.rng.choice(_NOTES))
        for question, answer in self.rng.sample(_topics(self.profile), topics):
            self.customer(question)
            self.agent(answer)
        if self.rng.random() < 0.12:
            self.customer("", type="location", payload={"location": {**_PLACE, "name": f"Metro {place}"}})
            self.agent("Buenísimo, ese punto queda a 10 minutos caminando.")

    def summary(self) -> str:
        """As Sofía writes it for whom it concerns."""
        known = self.profile.known
        parts = [self.profile.name if known.name else "Cliente sin nombre"]
        if known.purpose:
            parts.append(_PURPOSES[known.purpose])
        if known.location:
            parts.append(known.location[0])
        if known.budget_amount:
            parts.append(f"hasta {money(known.budget_amount, known.budget_currency)}")
        if known.bedrooms is not None:
            parts.append(_rooms(known.bedrooms))
        if known.income_amount:
            parts.append(f"renta {money(known.income_amount, 'CLP')}")
        return " · ".join(parts)

    def _acknowledgement(self, slot: str) -> str:
        if slot == "purpose":
            return f"¡Mucho gusto, {self.profile.first_name}! "
        return self.rng.choice(("Perfecto. ", "¡Genial! ", "Anotado. ", "Gracias. "))

    def _questions(self) -> Iterator[tuple[str, str, tuple[str, ...]]]:
        wishes, profile = self.profile.wishes, self.profile
        yield "name", "¿Cuál es tu nombre?", (profile.first_name, f"Soy {profile.name}", f"{profile.name}, mucho gusto")
        yield "purpose", "¿Buscas comprar, arrendar o invertir?", _PURPOSE_ANSWERS[str(wishes.purpose)]
        place = profile.comuna.name
        yield (
            "location",
            "¿En qué comuna te gustaría?",
            (place, f"Ojalá {place}", f"{place} o cerca, pero que tenga metro", f"Me gusta {place.lower()}"),
        )
        monthly = " mensual" if wishes.purpose == "rent" else ""
        budget = money(wishes.budget_amount or Decimal(0), wishes.budget_currency)
        yield (
            "budget",
            f"¿Qué presupuesto{monthly} tienes en mente?",
            (f"Hasta {budget}", f"Como {budget} máximo", f"{budget} más o menos", f"No más de {budget}"),
        )
        rooms = wishes.bedrooms or 1
        yield (
            "bedrooms",
            "¿Cuántos dormitorios necesitas?",
            (f"{rooms}", _rooms(rooms), f"{_rooms(rooms)} y ojalá estacionamiento", f"Mínimo {rooms}"),
        )
        income = money(wishes.income_amount or Decimal(0), "CLP")
        yield (
            "income",
            "Si no te incomoda, ¿cuál es tu renta líquida mensual aproximada? Sirve para orientarte con el crédito.",
            (f"{income} líquido", f"Entre los dos sumamos {income}", f"Unos {income}"),
        )
        yield (
            "visit_date",
            "¿Te gustaría agendar una visita? ¿Qué día y a qué hora te acomoda?",
            _visit_answers(wishes),
        )


def _rooms(number: int) -> str:
    return f"{number} dormitorio" if number == 1 else f"{number} dormitorios"


def _visit_answers(wishes: Slots) -> tuple[str, ...]:
    day = _WEEKDAYS[wishes.visit_date.weekday()] if wishes.visit_date else "sábado"
    part = "mañana" if wishes.visit_part == "morning" else "tarde"
    if wishes.visit_time:
        hour = wishes.visit_time.strftime("%H:%M")
        return (f"Puede ser el {day} a las {hour}", f"El {day} {hour}?", f"Sí! {day} a las {hour}")
    return (f"Sí! El {day} en la {part}", f"Me acomoda el {day} en la {part}", f"El {day}, ojalá en la {part}")


def money(amount: Decimal, currency: str) -> str:
    """As people in Chile write it: UF 4.250, $650.000, 160 millones."""
    whole = f"{int(amount):,}".replace(",", ".")
    if currency == "UF":
        return f"UF {whole}"
    if amount >= 20_000_000:
        return f"{int(amount / 1_000_000)} millones"
    return f"${whole}"


def _opening(rng: random.Random, profile: Profile) -> str:
    if profile.referral:
        headline = profile.referral["headline"]
        return rng.choice(
            (f"Hola! Vi el aviso «{headline}», quiero más información", "Hola, quiero más info sobre esto")
        )
    kind = "departamento" if profile.wishes.property_type == "apartment" else "casa"
    article = "el" if kind == "departamento" else "la"
    openings = [
        "Hola, buenas tardes",
        "Buen día, quisiera cotizar",
        "Hola! Me dieron su contacto, estoy buscando propiedad",
        f"Consulta, tienen {kind}s con entrega inmediata?",
    ]
    if profile.known.location:  # else Sofía would know it, and the panel beside the thread with her
        place = profile.known.location[0]
        openings += [
            f"Hola! Busco {kind} en {place}",
            f"Buenas, sigue disponible {article} {kind} de {place}?",
            f"Hola, me podrían dar información por {kind}s en {place} porfa",
        ]
    return rng.choice(openings)


def _topics(profile: Profile) -> tuple[tuple[str, str], ...]:
    """Question and answer pairs between a customer and an agent."""
    wishes = profile.wishes
    common = (
        ("Aceptan mascotas? Tengo un perro chico", "Sí, en los dos edificios se aceptan mascotas 🐶"),
        (
            "Tiene estacionamiento y bodega?",
            "El de 2 dormitorios incluye ambos; en el otro el estacionamiento es opcional.",
        ),
        ("Cuánto son los gastos comunes?", "Alrededor de $95.000 al mes, con agua caliente incluida."),
        ("Qué tan cerca queda del metro?", "A 6 minutos caminando, te dejo marcado el punto en la ficha."),
        ("Se puede visitar el fin de semana?", "Sí, el sábado entre 10:00 y 14:00. ¿Te reservo a las 11:00?"),
        ("Me puede mandar el plano?", "Te lo acabo de enviar a tu correo junto con la ficha."),
    )
    if wishes.purpose == "rent":
        return (
            *common,
            (
                "Qué documentos piden para arrendar?",
                "Tres liquidaciones de sueldo, contrato y DICOM. Mes de garantía y comisión del 50% más IVA.",
            ),
            (
                "Puedo ir con codeudor?",
                "Sí, con aval no hay problema. Solo necesitamos los mismos documentos de ambos.",
            ),
        )
    price = money(Decimal(round(float(wishes.budget_amount or 0) * 0.97 / 10) * 10), wishes.budget_currency)
    return (
        *common,
        (
            "Cuánto pie necesito?",
            "El banco financia hasta el 80%, así que el pie es un 20%. En este proyecto se puede pagar en 36 cuotas.",
        ),
        (
            "El precio es conversable?",
            f"Puedo presentar una oferta formal. Con {price} creo que la toman, ¿la preparo?",
        ),
        (
            "Ustedes ayudan con el crédito?",
            "Sí, trabajamos con tres bancos. Con tu renta el dividendo queda cerca del 25%, se ve bien.",
        ),
        ("Para cuándo es la entrega?", "Uno es entrega inmediata y el otro para marzo."),
    )


_WEEKDAYS = ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo")
_PURPOSES = {"buy": "compra", "rent": "arriendo", "invest": "inversión", "sell": "venta"}
_PURPOSE_ANSWERS = {
    "buy": ("Comprar", "Quiero comprar, sería nuestra primera vivienda", "Comprar para vivir", "Compra con crédito"),
    "rent": ("Arrendar", "Arriendo, necesito cambiarme luego", "Busco arrendar por un año"),
    "invest": ("Invertir", "Es para inversión, para después arrendarlo", "Inversión, ojalá con arriendo garantizado"),
}
_WAITING = (
    "Hola, alguna novedad?",
    "Ya revisé las fichas, me gustó la segunda. Cuándo podría ir a verla?",
    "Me confirma la hora porfa?",
    "Y si pago al contado hay descuento?",
    "Puedo ir con mi mamá a la visita?",
    "Le envié los documentos al correo, le llegaron?",
)
_SECOND_THOUGHTS = (
    "Quedo atento a su respuesta",
    "Porfa avíseme hoy si puede 🙏",
    "Es que tengo otra visita el mismo día",
)
_PROMISES = (
    "Lo reviso con el propietario y te escribo mañana en la mañana.",
    "Pido la simulación al banco; demora unas 24 horas y te aviso apenas llegue.",
    "Déjame confirmar la disponibilidad del piloto y te escribo.",
)
_REMINDERS = (
    "Llamar al propietario antes de las 12:00.",
    "Simulación pedida a los tres bancos, esperando respuesta.",
    "Confirmar con conserjería la visita del sábado.",
)
_NOTES = (
    "Tiene preaprobación del banco, falta la carta.",
    "Viene recomendada por una clienta anterior, cuidar los tiempos.",
    "Ojo: también está viendo con otra corredora.",
    "Prefiere que le escriban después de las 18:00.",
)
_FAREWELLS = (
    "Listo, visita confirmada para el sábado a las 11:00. Te espero en el hall. ¡Saludos!",
    "Perfecto, te envié todo al correo. Cualquier duda me escribes por aquí.",
    "¡Felicitaciones por la decisión! Nos vemos en la firma.",
)
_PLACE = {"latitude": -33.4569, "longitude": -70.6483}
