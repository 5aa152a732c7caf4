"""How far a brokerage got with a person, in the one word that a customer file has for it.

The word joins three columns: what a person of ours noted (contact status), and what the pipeline decided (stage and
temperature). A deal that is won or lost speaks louder than the note.
"""

from typing import Any, Final

from django.db import transaction
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from apps.core.access import Actor
from apps.leads.actions import lock_lead, move_stage, status_of_score, update_lead
from apps.leads.models import Lead, StageChange
from apps.leads.types import FINAL_STAGES, ContactStatus, LeadStatus, Stage


class Standing(TextChoices):
    NEW = "new", _("New")
    CONTACTED = "contacted", _("Contacted")
    QUALIFIED = "qualified", _("Qualified")
    UNQUALIFIED = "unqualified", _("Unqualified")
    CONVERTED = "converted", _("Converted")
    LOST = "lost", _("Lost")


_DECIDED: Final = (LeadStatus.CONVERTED.value, LeadStatus.LOST.value)
_STAGES: Final = {Standing.CONVERTED: Stage.GANADO, Standing.LOST: Stage.PERDIDO}
_STATUSES: Final = {Standing.CONVERTED: LeadStatus.CONVERTED, Standing.LOST: LeadStatus.LOST}


def standing_of(lead: Lead) -> Standing:
    """The one word for the lead."""
    if lead.status == LeadStatus.LOST:
        return Standing.LOST
    if lead.status == LeadStatus.CONVERTED or lead.contact_status == ContactStatus.CUSTOMER:
        return Standing.CONVERTED
    return Standing(lead.contact_status)


def standing_conditions(standing: str) -> dict[str, Any]:
    """The filter (apps.leads.filters) of the leads for whom `standing_of` says this word."""
    if standing == Standing.LOST:
        return {"field": "status", "op": "is", "value": LeadStatus.LOST.value}
    if standing == Standing.CONVERTED:
        customer = {"field": "contact_status", "op": "is", "value": ContactStatus.CUSTOMER.value}
        won = {"field": "status", "op": "is", "value": LeadStatus.CONVERTED.value}
        not_lost = {"field": "status", "op": "is_not", "value": LeadStatus.LOST.value}
        return {"any": [won, {"all": [customer, not_lost]}]}
    noted = {"field": "contact_status", "op": "is", "value": standing}
    return {"all": [noted, {"field": "status", "op": "not_in", "value": list(_DECIDED)}]}


@transaction.atomic
def set_standing(*, actor: Actor, lead_id: int, standing: str) -> Lead:
    """Make `standing_of` say this word. Converted and lost take the lead to ganado and perdido, with all that these
    stages ask for; every other word takes it back from there to where it came from.

    Raises NotFound, Forbidden, and what the move of a stage raises.
    """
    lead = lock_lead(actor, lead_id)
    actor.require("clients.update")
    if standing_of(lead) == standing:
        return lead
    if standing in _STAGES:
        return _decide(actor, lead, Standing(standing))

    if lead.stage in FINAL_STAGES:
        lead = move_stage(actor=actor, lead_id=lead_id, stage=_stage_before(lead))
    fields = {"contact_status": standing}
    if lead.status in _DECIDED:
        fields["status"] = status_of_score(float(lead.score))
    return update_lead(actor=actor, lead_id=lead_id, **fields)


def _decide(actor: Actor, lead: Lead, standing: Standing) -> Lead:
    lead = move_stage(actor=actor, lead_id=lead.pk, stage=_STAGES[standing])
    fields: dict[str, str] = {"status": _STATUSES[standing]}
    if standing == Standing.CONVERTED:
        fields["contact_status"] = ContactStatus.CUSTOMER
    return update_lead(actor=actor, lead_id=lead.pk, **fields)


def _stage_before(lead: Lead) -> str:
    """The last open stage that the lead stood in; the entry where it never did."""
    final = list(FINAL_STAGES)
    moves = StageChange.objects.filter(lead=lead, to_stage__in=final).exclude(from_stage__in=[*final, ""])
    return moves.order_by("-id").values_list("from_stage", flat=True).first() or Stage.ENTRADA
