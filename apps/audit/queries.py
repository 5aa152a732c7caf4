"""Reading the trail of the broker entered now."""

from django.db.models import QuerySet

from apps.audit.models import AuditEntry
from apps.core.access import Actor


def visible_entries(actor: Actor) -> QuerySet[AuditEntry]:
    """The entries of the schema entered now, newest first.

    Raises Forbidden without `audit_logs.read`.
    """
    actor.require("audit_logs.read")
    return AuditEntry.objects.order_by("-created_at", "-id")
