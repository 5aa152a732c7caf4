"""The steps of signing in that three documents share, each with its own shapes around them."""

from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request

from apps.accounts.models import LoginSession
from apps.api.kit.authentication import BearerAuthentication
from apps.core.errors import Unauthenticated

LOGGED_OUT = _("You signed out.")
PASSWORD_CHANGED = _("The password was changed.")
CODE_VERIFIED = _("The code was verified.")


def bearer_session(request: Request) -> LoginSession:
    """The session of the bearer token, for operations that take a token but do not require one.

    Raises Unauthenticated.
    """
    found = BearerAuthentication().authenticate(request)
    if found is None or not isinstance(found[1], LoginSession):
        raise Unauthenticated()
    return found[1]


def user_agent(request: Request) -> str:
    """What the client calls itself."""
    return str(request.headers.get("User-Agent", ""))
