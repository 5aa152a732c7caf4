"""A lead's score from what is known of them, with the parts that explain it."""

from apps.assistant.qualification import score_lead
from apps.assistant.types import Slots
from apps.brokers.models import BrokerConfig
from apps.core.access import Actor
from apps.core.tenancy import entered_broker_id
from apps.leads.actions import set_score
from apps.leads.models import Lead
from apps.leads.queries import get_lead


def rescore(actor: Actor, lead_id: int) -> Lead:
    """Compute and keep the lead's score.

    Raises NotFound.
    """
    lead = get_lead(actor, lead_id)
    config = BrokerConfig.objects.filter(broker_id=entered_broker_id()).first()
    score, points = score_lead(Slots.from_attributes(lead.attributes), weights=config.weights if config else {})
    parts = [{"name": name, "points": value} for name, value in points.items()]
    return set_score(
        actor=actor, lead_id=lead_id, score=score, parts=parts, thresholds=config.thresholds if config else None
    )
