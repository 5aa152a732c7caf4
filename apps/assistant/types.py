"""What goes into Sofía and what comes out of her: plain values, no ORM, shared by both engines and every caller."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import Literal, Self

from apps.leads.wishes import CURRENCIES, amount_of, day_of, one_of, rooms_of, text_of, texts_of, time_of

Role = Literal["customer", "assistant", "agent"]
Language = Literal["es", "en", "pt"]
Purpose = Literal["buy", "rent", "invest", "sell"]
DayPart = Literal["morning", "afternoon", "evening"]
Engine = Literal["rules", "llm"]
SlotName = Literal["name", "purpose", "location", "budget", "bedrooms", "income", "visit_date"]

PURPOSES: tuple[Purpose, ...] = ("buy", "rent", "invest", "sell")
DAY_PARTS: tuple[DayPart, ...] = ("morning", "afternoon", "evening")
PROPERTY_TYPES = ("apartment", "house", "office", "land", "retail", "warehouse", "parking")
ASKING_ORDER: tuple[SlotName, ...] = ("name", "purpose", "location", "budget", "bedrooms", "income", "visit_date")


class HandoverReason(StrEnum):
    ASKED_FOR_PERSON = "asked_for_person"
    ANGRY = "angry"
    NO_PROGRESS = "no_progress"
    QUALIFIED = "qualified"
    LLM_FAILED = "llm_failed"


class Stage(StrEnum):
    """The stages Sofía can hint at; the later ones belong to people."""

    ENTRADA = "entrada"
    PERFILAMIENTO = "perfilamiento"
    CALIFICACION_FINANCIERA = "calificacion_financiera"
    AGENDADO = "agendado"


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One line of the history, oldest first."""

    role: Role
    text: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Slots:
    """What Sofía wants to know about a customer; an empty value means not known yet.

    `declined` names the slots the customer would not or could not tell, so that nobody asks again.
    """

    name: str = ""
    purpose: Purpose | None = None
    property_type: str = ""
    location: tuple[str, ...] = ()
    budget_amount: Decimal | None = None
    budget_currency: str = ""
    budget_min: Decimal | None = None
    budget_max: Decimal | None = None
    bedrooms: int | None = None
    bathrooms: int | None = None
    income_amount: Decimal | None = None
    income_currency: str = ""
    visit_date: date | None = None
    visit_time: time | None = None
    visit_part: DayPart | None = None
    email: str = ""
    phone: str = ""
    declined: tuple[str, ...] = ()

    def knows(self, slot: SlotName) -> bool:
        known: dict[SlotName, bool] = {
            "name": bool(self.name),
            "purpose": self.purpose is not None,
            "location": bool(self.location),
            "budget": self.budget_amount is not None,
            "bedrooms": self.bedrooms is not None,
            "income": self.income_amount is not None,
            "visit_date": self.visit_date is not None,
        }
        return known[slot]

    def is_settled(self, slot: SlotName) -> bool:
        """Known, or declined: either way there is nothing left to ask."""
        return self.knows(slot) or slot in self.declined

    @property
    def is_empty(self) -> bool:
        return self == Slots(declined=self.declined)

    def declining(self, slot: SlotName) -> Self:
        return self if slot in self.declined else replace(self, declined=(*self.declined, slot))

    def without_told_declines(self) -> Self:
        """Who tells later what they declined before has not declined it."""
        told = {slot for slot in ASKING_ORDER if self.knows(slot)}
        return replace(self, declined=tuple(name for name in self.declined if name not in told))

    def to_attributes(self) -> dict[str, object]:
        """The JSON kept in Lead.attributes: only what is known, one key for each slot."""
        kept: dict[str, object] = {}
        for slot in fields(self):
            value = getattr(self, slot.name)
            if value is None or value == "" or value == ():
                continue
            kept[slot.name] = _to_json(value)
        return kept

    @classmethod
    def from_attributes(cls, attributes: Mapping[str, object]) -> "Slots":
        """Read back what to_attributes wrote; values that anybody else put there in another shape are ignored."""
        purpose = text_of(attributes.get("purpose"))
        part = text_of(attributes.get("visit_part"))
        return cls(
            name=text_of(attributes.get("name")),
            purpose=next((known for known in PURPOSES if known == purpose), None),
            property_type=one_of(attributes.get("property_type"), PROPERTY_TYPES),
            location=texts_of(attributes.get("location")),
            # An import or an integrator writes plain "budget".
            budget_amount=amount_of(attributes.get("budget_amount") or attributes.get("budget")),
            budget_currency=one_of(attributes.get("budget_currency"), CURRENCIES),
            budget_min=amount_of(attributes.get("budget_min")),
            budget_max=amount_of(attributes.get("budget_max")),
            bedrooms=rooms_of(attributes.get("bedrooms")),
            bathrooms=rooms_of(attributes.get("bathrooms")),
            income_amount=amount_of(attributes.get("income_amount")),
            income_currency=one_of(attributes.get("income_currency"), CURRENCIES),
            visit_date=day_of(attributes.get("visit_date")),
            visit_time=time_of(attributes.get("visit_time")),
            visit_part=next((known for known in DAY_PARTS if known == part), None),
            email=text_of(attributes.get("email")),
            phone=text_of(attributes.get("phone")),
            declined=tuple(name for name in texts_of(attributes.get("declined")) if name in ASKING_ORDER),
        )


@dataclass(frozen=True, kw_only=True)
class ModelSettings:
    """A broker's own model; empty values mean the platform's. With an own base_url the platform's key is never used."""

    base_url: str = ""
    api_key: str = field(default="", repr=False)
    model: str = ""
    temperature: float = 0.4
    max_tokens: int = 500
    is_enabled: bool = True


@dataclass(frozen=True, kw_only=True)
class Brief:
    """Everything Sofía needs to answer; the customer's turns after the last other turn are what she answers."""

    broker_id: int
    broker_name: str
    now: datetime
    turns: tuple[Turn, ...]
    agent_name: str = "Sofía"
    identity: str = ""
    sections: Mapping[str, str] = field(default_factory=dict)
    country: str = "CL"
    currency: str = "CLP"
    timezone: str = "America/Santiago"
    language: Language = "es"
    slots: Slots = field(default_factory=Slots)
    asked: str | None = None
    channel: str = "webchat"
    lead_name: str = ""
    lead_score: float = 0.0
    stage: str = Stage.ENTRADA
    turns_without_progress: int = 0
    max_turns_without_progress: int = 3
    model: ModelSettings = field(default_factory=ModelSettings)


@dataclass(frozen=True, kw_only=True)
class Handover:
    """Sofía wants a person to go on; `summary` is what that person should read first."""

    reason: HandoverReason
    summary: str


@dataclass(frozen=True, kw_only=True)
class UsageRow:
    """One call to a model. `cost` is USD and None when the model's price is unknown."""

    model: str
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    cost: Decimal | None
    duration_ms: int
    outcome: str
    is_estimated: bool = False
    request_id: str = ""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What Sofía decides. `text` is what is sent; tokens given to on_token were only its preview."""

    text: str
    slots: Slots
    asked: str | None
    intent: str
    engine: Engine
    handover: Handover | None = None
    opt_out: bool = False
    stage_hint: str | None = None
    turns_without_progress: int = 0
    language: Language = "es"
    buttons: tuple[str, ...] = ()
    usage: tuple[UsageRow, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A piece of the broker's knowledge base."""

    title: str
    text: str


@dataclass(frozen=True, kw_only=True)
class ToolBox:
    """What the caller lets Sofía look up; a tool whose function is missing is not offered to the model."""

    search_knowledge: Callable[[str], Sequence[Passage]] | None = None
    free_times: Callable[[date], Sequence[time]] | None = None


OnToken = Callable[[str], None]


def _to_json(value: object) -> object:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, time):
        return value.strftime("%H:%M")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return list(value)
    return value
