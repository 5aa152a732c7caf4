"""A lead's score while somebody attends to them."""

from apps.core.access import Actor
from apps.leads.models import Lead
from apps.leads.scoring import rescore_lead


def rescore(actor: Actor, lead_id: int) -> Lead:
    """Compute and keep the lead's score.

    Raises NotFound.
    """
    return rescore_lead(actor=actor, lead_id=lead_id)
