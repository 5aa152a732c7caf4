"""Made-up people: who they are, what they look for, how far they came and when."""

import random
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from apps.assistant.types import DayPart, Purpose, Slots
from apps.leads.types import Stage
from apps.messaging.types import Channel
from apps.operations.demo.market import ADS, MEN, OUTSIDE_SOURCES, SURNAMES, TAGS, UF_IN_PESOS, WOMEN, Comuna

# How many of a hundred stand in each stage.
_SHARES = {
    Stage.ENTRADA: 23,
    Stage.PERFILAMIENTO: 21,
    Stage.CALIFICACION_FINANCIERA: 16,
    Stage.AGENDADO: 11,
    Stage.SEGUIMIENTO: 10,
    Stage.REFERIDOS: 4,
    Stage.GANADO: 8,
    Stage.PERDIDO: 7,
}
# The way to a stage; a lost lead was lost somewhere on it.
_WAY = (Stage.ENTRADA, Stage.PERFILAMIENTO, Stage.CALIFICACION_FINANCIERA, Stage.AGENDADO, Stage.SEGUIMIENTO)
# How likely each thing is known in each of the first stages; after them everything is.
_KNOWN = {
    Stage.ENTRADA: {"name": 0.6, "purpose": 0.5, "location": 0.5, "budget": 0.15, "bedrooms": 0.15, "income": 0.0},
    Stage.PERFILAMIENTO: {"name": 1, "purpose": 1, "location": 0.9, "budget": 0.6, "bedrooms": 0.6, "income": 0.05},
    Stage.CALIFICACION_FINANCIERA: {
        "name": 1, "purpose": 1, "location": 1, "budget": 1, "bedrooms": 0.9, "income": 0.7,
    },
}  # fmt: skip
_HISTORY_DAYS = 90


@dataclass(frozen=True, kw_only=True)
class Step:
    """One move through the pipeline."""

    stage: Stage
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Profile:
    """A person before they become rows."""

    first_name: str
    last_name: str
    is_woman: bool
    phone: str
    email: str
    comuna: Comuna
    stage: Stage
    steps: tuple[Step, ...]
    wishes: Slots
    known: Slots
    channel: str
    source: str
    referral: dict[str, str] | None
    tags: tuple[str, ...]

    @property
    def created_at(self) -> datetime:
        return self.steps[0].at

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}"


def make_people(rng: random.Random, *, count: int, comunas: Sequence[Comuna], now: datetime) -> list[Profile]:
    """The people in the order in which they came; the same for the same generator, moved along with `now`."""
    stages = _stages(rng, count)
    # Numbers in a range that Chile has not assigned, so that no made-up person has a real person's telephone.
    numbers = rng.sample(range(1_000_000, 9_999_999), count)
    people = [
        _person(rng, stage, f"+5690{number}", comunas, now) for stage, number in zip(stages, numbers, strict=True)
    ]
    return sorted(people, key=lambda person: person.created_at)


def _stages(rng: random.Random, count: int) -> list[Stage]:
    stages = [stage for stage, share in _SHARES.items() for _each in range(round(count * share / 100))]
    stages += [Stage.ENTRADA] * (count - len(stages))
    rng.shuffle(stages)
    return stages[:count]


def _person(rng: random.Random, stage: Stage, phone: str, comunas: Sequence[Comuna], now: datetime) -> Profile:
    is_woman = rng.random() < 0.5
    first = rng.choice(WOMEN if is_woman else MEN)
    last = f"{rng.choice(SURNAMES)} {rng.choice(SURNAMES)}" if rng.random() < 0.55 else rng.choice(SURNAMES)
    comuna = rng.choices(comunas, [one.weight for one in comunas])[0]
    steps = _steps(rng, stage, now)
    wishes = _wishes(rng, comuna, f"{first} {last}", _visit_day(rng, stage, steps, now))
    channel = rng.choices((Channel.WHATSAPP_META, Channel.WEBCHAT, Channel.TELEGRAM), (60, 27, 13))[0]
    came_by_ad = channel == Channel.WHATSAPP_META and rng.random() < 0.3
    return Profile(
        first_name=first,
        last_name=last,
        is_woman=is_woman,
        phone=phone,
        email=_email(rng, first, last) if stage != Stage.ENTRADA and rng.random() < 0.6 else "",
        comuna=comuna,
        stage=stage,
        steps=steps,
        wishes=wishes,
        known=_known(rng, stage, wishes),
        channel=channel,
        source=channel.value if rng.random() < 0.75 else rng.choice(OUTSIDE_SOURCES),
        referral=_ad(rng) if came_by_ad else None,
        tags=tuple(rng.sample(TAGS, rng.choices((0, 1, 2, 3), (30, 38, 24, 8))[0])) if stage != Stage.ENTRADA else (),
    )


def _steps(rng: random.Random, stage: Stage, now: datetime) -> tuple[Step, ...]:
    """The way to the stage, with times that get there before now: the further, the longer ago it began."""
    way = _way_to(rng, stage)
    longest = _HISTORY_DAYS * 24.0
    shortest = 0.3 if len(way) == 1 else 20.0 * len(way)
    # Squared: many came these days, few three months ago.
    hours_ago = shortest + (longest - shortest) * rng.random() ** 2
    last_ago = hours_ago * rng.uniform(0.02, 0.5) if len(way) > 1 else hours_ago
    between = sorted((rng.uniform(last_ago, hours_ago) for _each in range(len(way) - 2)), reverse=True)
    times = [hours_ago, *between, last_ago][: len(way)]
    return tuple(Step(stage=each, at=now - timedelta(hours=ago)) for each, ago in zip(way, times, strict=True))


def _way_to(rng: random.Random, stage: Stage) -> tuple[Stage, ...]:
    if stage in _WAY:
        return _WAY[: _WAY.index(stage) + 1]
    if stage == Stage.PERDIDO:
        return (*_WAY[: rng.randint(2, len(_WAY))], stage)
    return (*_WAY, stage)


def _wishes(rng: random.Random, comuna: Comuna, name: str, visit: date | None) -> Slots:
    """What the person would tell if asked everything."""
    purpose: Purpose = rng.choices(("buy", "rent", "invest"), (56, 28, 16))[0]
    kind = "apartment" if purpose == "invest" or rng.random() < 0.75 else "house"
    rooms = rng.choice((1, 1, 2)) if purpose == "invest" else rng.choices((1, 2, 3, 4), (12, 42, 34, 12))[0]
    budget, currency, in_pesos = _budget(rng, purpose, comuna, rooms, kind)
    monthly = in_pesos if purpose == "rent" else in_pesos * 0.0046
    part: DayPart = rng.choice(("morning", "afternoon"))
    hour = time(rng.choice((10, 11, 12) if part == "morning" else (16, 17)), rng.choice((0, 30)))
    return Slots(
        name=name,
        purpose=purpose,
        property_type=kind,
        location=(comuna.name,),
        budget_amount=budget,
        budget_currency=currency,
        bedrooms=rooms,
        bathrooms=max(1, rooms - 1) if rng.random() < 0.4 else None,
        income_amount=_rounded(monthly * rng.uniform(2.4, 4.6), 50_000),
        income_currency="CLP",
        visit_date=visit,
        visit_part=part if visit else None,
        visit_time=hour if visit and rng.random() < 0.5 else None,
    )


def _budget(rng: random.Random, purpose: Purpose, comuna: Comuna, rooms: int, kind: str) -> tuple[Decimal, str, float]:
    """The sum, its currency, and the same in pesos."""
    factor = rng.uniform(0.85, 1.2) * (1.25 if kind == "house" else 1.0)
    if purpose == "rent":
        pesos = _rounded(comuna.rent_per_room * (0.75 + 0.55 * rooms) * factor, 10_000)
        return pesos, "CLP", float(pesos)
    uf = _rounded(comuna.uf_per_room * (0.6 + 0.65 * rooms) * factor, 50)
    if rng.random() < 0.22:
        pesos = _rounded(float(uf) * UF_IN_PESOS, 1_000_000)
        return pesos, "CLP", float(pesos)
    return uf, "UF", float(uf) * UF_IN_PESOS


def _visit_day(rng: random.Random, stage: Stage, steps: tuple[Step, ...], now: datetime) -> date | None:
    if stage == Stage.AGENDADO:
        return (now + timedelta(days=rng.randint(1, 9))).date()
    scheduled = next((step.at for step in steps if step.stage == Stage.AGENDADO), None)
    return (scheduled + timedelta(days=rng.randint(1, 4))).date() if scheduled else None


def _known(rng: random.Random, stage: Stage, wishes: Slots) -> Slots:
    """What they told so far."""
    chances = _KNOWN.get(stage)
    if chances is None:
        return wishes
    told = {name for name, chance in chances.items() if rng.random() < chance}
    return Slots(
        name=wishes.name if "name" in told else "",
        purpose=wishes.purpose if "purpose" in told else None,
        property_type=wishes.property_type if "purpose" in told else "",
        location=wishes.location if "location" in told else (),
        budget_amount=wishes.budget_amount if "budget" in told else None,
        budget_currency=wishes.budget_currency if "budget" in told else "",
        bedrooms=wishes.bedrooms if "bedrooms" in told else None,
        bathrooms=wishes.bathrooms if "bedrooms" in told else None,
        income_amount=wishes.income_amount if "income" in told else None,
        income_currency=wishes.income_currency if "income" in told else "",
    )


def _ad(rng: random.Random) -> dict[str, str]:
    number, headline, body = rng.choice(ADS)
    return {
        "source_type": "ad",
        "source_id": number,
        "source_url": f"https://fb.me/demo{number[-4:]}",
        "headline": headline,
        "body": body,
        "ctwa_clid": f"demo-{rng.getrandbits(48):012x}",
    }


def _email(rng: random.Random, first: str, last: str) -> str:
    """Under a reserved domain: nobody gets what is sent there."""
    words = [unicodedata.normalize("NFKD", word).encode("ascii", "ignore").decode().lower() for word in (first, last)]
    return f"{words[0].split()[0]}.{words[1].split()[0]}{rng.randint(1, 99)}@correo.example"


def _rounded(amount: float, step: int) -> Decimal:
    return Decimal(max(step, round(amount / step) * step))
