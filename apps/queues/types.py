"""Words of the queues room."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Strategy(TextChoices):
    ROUND_ROBIN = "round_robin", _("In turn")
    LEAST_BUSY = "least_busy", _("Least busy")
    SKILL_BASED = "skill_based", _("By skill")
    PRIORITY = "priority", _("By priority")
    MANUAL = "manual", _("By hand")


class PresenceState(TextChoices):
    AVAILABLE = "available", _("Available")
    BUSY = "busy", _("Busy")
    PAUSED = "paused", _("Paused")
    OFFLINE = "offline", _("Offline")
