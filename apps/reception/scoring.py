"""A lead's score while somebody attends to them."""

from apps.core.access import Actor
from apps.leads.models import Lead
from apps.leads.settling import settle_lead


def rescore(actor: Actor, lead_id: int) -> Lead:
    """Compute and keep the lead's score, and let the lead go on where a rule says so. A score set by hand stays.

    Raises NotFound.
    """
    return settle_lead(actor=actor, lead_id=lead_id)
