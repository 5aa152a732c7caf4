"""Reading leads, always through the eyes of an actor."""

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from apps.core.access import Actor
from apps.core.errors import NotFound
from apps.leads.models import Activity, Lead


def visible_leads(actor: Actor) -> QuerySet[Lead]:
    """The leads in the actor's sight: agents see those assigned to them."""
    rows = Lead.objects.select_related("assigned_agent")
    if actor.sees_everything:
        return rows
    return rows.filter(assigned_agent_id=actor.user_id)


def get_lead(actor: Actor, lead_id: int) -> Lead:
    """One lead in the actor's sight.

    Raises NotFound for any other.
    """
    lead = visible_leads(actor).filter(pk=lead_id).first()
    if lead is None:
        raise NotFound(_("There is no lead with this number."), field="lead_id")
    return lead


def search_leads(rows: QuerySet[Lead], text: str) -> QuerySet[Lead]:
    """Rows whose name, phone or e-mail holds the text."""
    words = text.replace("\x00", " ").split()
    for word in words[:6]:
        digits = "".join(filter(str.isdigit, word))
        condition = Q(first_name__icontains=word) | Q(last_name__icontains=word) | Q(email__icontains=word)
        if len(digits) >= 3:
            condition |= Q(phone__contains=digits) | Q(phone_key__contains=digits)
        rows = rows.filter(condition)
    return rows


def recent_activities(lead_id: int, *, limit: int = 10) -> list[Activity]:
    """The newest lines of the timeline."""
    return list(Activity.objects.filter(lead_id=lead_id).order_by("-id")[:limit])
