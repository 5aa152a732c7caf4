"""What a score is made from: a lead's facts, read out of its row once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from apps.leads.models import Lead
from apps.leads.scoring.rules import SETTLED
from apps.leads.wishes import CURRENCIES, amount_of, day_of, one_of, rooms_of, text_of, texts_of

_PURPOSES = ("buy", "rent", "invest", "sell")


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """Empty values mean not known. `is_settled`: won or lost, so that silence does not matter any more."""

    name: str = ""
    purpose: str = ""
    location: str = ""
    budget_amount: Decimal | None = None
    budget_currency: str = ""
    bedrooms: int | None = None
    income_amount: Decimal | None = None
    income_currency: str = ""
    visit_date: date | None = None
    contact: str = ""
    source: str = ""
    inbound_count: int = 0
    last_inbound_at: datetime | None = None
    created_at: datetime | None = None
    is_settled: bool = False
    attributes: Mapping[str, object] = field(default_factory=dict)


def facts_of(lead: Lead) -> Facts:
    """The facts of a lead's row."""
    return read_facts(
        attributes=lead.attributes,
        name=lead.first_name or lead.last_name,
        contact=lead.email or lead.phone or "",
        city=lead.city,
        source=lead.source,
        status=lead.status,
        inbound_count=lead.inbound_count,
        last_inbound_at=lead.last_inbound_at,
        created_at=lead.created_at if isinstance(lead.created_at, datetime) else None,
    )


def read_facts(
    *,
    attributes: object,
    name: str,
    contact: str,
    city: str,
    source: str,
    status: str,
    inbound_count: int,
    last_inbound_at: datetime | None,
    created_at: datetime | None,
) -> Facts:
    """The facts of a row's columns; what Sofía or an import wrote into the attributes counts like the columns."""
    known = attributes if isinstance(attributes, dict) else {}
    places = texts_of(known.get("location")) if "location" in known else ()
    return Facts(
        name=text_of(known.get("name")) or name,
        purpose=one_of(known.get("purpose"), _PURPOSES),
        location=places[0] if places else city,
        # An import or an integrator writes plain "budget".
        budget_amount=amount_of(known.get("budget_amount") or known.get("budget")),
        budget_currency=one_of(known.get("budget_currency"), CURRENCIES),
        bedrooms=rooms_of(known.get("bedrooms")),
        income_amount=amount_of(known.get("income_amount")),
        income_currency=one_of(known.get("income_currency"), CURRENCIES),
        visit_date=day_of(known.get("visit_date")),
        contact=contact or text_of(known.get("email")) or text_of(known.get("phone")),
        source=source,
        inbound_count=inbound_count,
        last_inbound_at=last_inbound_at,
        created_at=created_at,
        is_settled=status in SETTLED,
        attributes=known,
    )
