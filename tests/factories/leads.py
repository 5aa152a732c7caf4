"""Leads and their identities."""

from apps.core.phones import match_key
from apps.leads.models import Lead, LeadIdentity
from apps.leads.types import IdentityKind
from tests.factories.sequence import next_number


def make_lead(**fields) -> Lead:
    """A lead with a phone of its own."""
    number = next_number()
    values = {"phone": f"+569{50000000 + number}", "first_name": "Ana", "last_name": f"Pérez {number}", **fields}
    if values["phone"] and "phone_key" not in values:
        values["phone_key"] = match_key(values["phone"])
    return Lead.objects.create(**values)


def make_identity(lead: Lead | None = None, *, kind: str = IdentityKind.WA_ID, **fields) -> LeadIdentity:
    """How a channel knows the lead: by default the lead's phone on WhatsApp."""
    lead = lead or make_lead()
    own = lead.phone.removeprefix("+") if kind == IdentityKind.WA_ID and lead.phone else f"id-{next_number()}"
    values = {"external_id": own, **fields}
    return LeadIdentity.objects.create(lead=lead, kind=kind, **values)
