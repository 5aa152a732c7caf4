"""Giving a lead to somebody of the team by hand."""

from django.db import transaction

from apps.accounts.models import User
from apps.accounts.types import UserStatus
from apps.core.access import Actor
from apps.leads.actions import InvalidAgent, assign_lead
from apps.leads.models import Lead
from apps.leads.queries import get_lead


@transaction.atomic
def give_lead(*, actor: Actor, lead_id: int, agent_id: int | None) -> Lead:
    """A supervisor or administrator gives the lead to an active user of the broker, or to nobody.

    Raises NotFound, Forbidden without `chats.assign`, InvalidAgent.
    """
    get_lead(actor, lead_id)
    actor.require("chats.assign")
    people = User.objects.filter(broker_id=actor.broker_id, status=UserStatus.ACTIVE)
    if agent_id is not None and not people.filter(pk=agent_id).exists():
        raise InvalidAgent(field="assigned_agent")

    return assign_lead(actor=actor, lead_id=lead_id, agent_id=agent_id)
