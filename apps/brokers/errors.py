"""Refusals of the brokers room."""

from django.utils.translation import gettext_lazy as _

from apps.core.errors import Conflict


class DomainTaken(Conflict):
    """The host name leads to a broker already."""

    default_code = "DOMAIN_TAKEN"
    default_message = _("This domain already belongs to a broker.")
