"""The one answer to "which broker is this request in?".

In order: the token's or session's user, the host's domain, what the path names. Two that disagree are refused. A
superadmin, who is of no broker, names one with `?broker_id=` or steps into one in the admin.
"""

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.brokers.models import Broker, Domain
from apps.core.errors import Forbidden, InvalidInput, NotFound

STEPPED_INTO = "stepped_into_broker"


def resolve_for_session(request: HttpRequest) -> int | None:
    """The broker of a browser's request; None on the platform's own pages.

    Raises Forbidden where the user's broker and the host's domain disagree.
    """
    user = getattr(request, "user", None)
    if not isinstance(user, User) or not user.is_authenticated:
        return _broker_of_its_host(request)
    if user.broker_id is None:
        stepped = request.session.get(STEPPED_INTO)
        return int(stepped) if stepped is not None else None
    return agree(user.broker_id, _broker_of_its_host(request))


def resolve_for_token(user: User, request: HttpRequest, *, named_by_path: int | None = None) -> int | None:
    """The broker of an API call made with the user's token; None: a superadmin who named no broker.

    Raises Forbidden where the sources disagree, NotFound for a superadmin's unknown broker, InvalidInput for a
    `broker_id` that is no number.
    """
    of_host = _broker_of_its_host(request)
    if user.broker_id is not None:
        return agree(user.broker_id, of_host, named_by_path)
    named = request.GET.get("broker_id")
    if named is not None and not named.isdigit():
        raise InvalidInput(_("broker_id must be a number."), field="broker_id")
    broker_id = agree(int(named) if named else None, of_host, named_by_path)
    if broker_id is not None and not Broker.objects.filter(pk=broker_id, deleted_at__isnull=True).exists():
        raise NotFound(_("There is no broker with this number."), field="broker_id")
    return broker_id


def broker_of_host(host: str) -> int | None:
    """The broker that the host name leads to, None for the platform's own host."""
    name = host.rsplit(":", 1)[0].lower() if not host.endswith("]") else host
    return Domain.objects.filter(domain=name).values_list("tenant_id", flat=True).first()


def _broker_of_its_host(request: HttpRequest) -> int | None:
    """Asked by the middleware and again when the token is known: one query for both."""
    known = request.__dict__
    if "broker_of_host" not in known:
        known["broker_of_host"] = broker_of_host(request.get_host())
    found: int | None = known["broker_of_host"]
    return found


def agree(*candidates: int | None) -> int | None:
    """The one broker that all sources which name one name.

    Raises Forbidden where two differ.
    """
    named = {candidate for candidate in candidates if candidate is not None}
    if len(named) > 1:
        raise Forbidden(_("Your session belongs to another broker than this address."), code="BROKER_MISMATCH")
    return named.pop() if named else None
