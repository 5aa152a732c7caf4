"""Words of the accounts room."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Role(TextChoices):
    """What a user is in the team; superadmins belong to the platform and to no broker."""

    SUPERADMIN = "superadmin", _("Superadmin")
    ADMIN = "admin", _("Administrator")
    SUPERVISOR = "supervisor", _("Supervisor")
    AGENT = "agent", _("Agent")


class UserStatus(TextChoices):
    """Only an active user may sign in."""

    ACTIVE = "active", _("Active")
    INACTIVE = "inactive", _("Inactive")
    SUSPENDED = "suspended", _("Suspended")
