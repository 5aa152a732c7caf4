"""What every page asks first: who is there and in which broker; and how a refusal of the domain reaches the screen."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import iri_to_uri
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.brokers.models import Broker
from apps.core.access import Actor
from apps.core.errors import DomainError, ErrorKind

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
ActorView = Callable[Concatenate[HttpRequest, Actor, P], HttpResponse]

STATUS_OF_KIND: dict[ErrorKind, int] = {
    ErrorKind.INVALID: 422,
    ErrorKind.BAD_REQUEST: 400,
    ErrorKind.UNAUTHENTICATED: 401,
    ErrorKind.FORBIDDEN: 403,
    ErrorKind.NOT_FOUND: 404,
    ErrorKind.CONFLICT: 409,
    ErrorKind.TOO_LARGE: 413,
    ErrorKind.RATE_LIMITED: 429,
    ErrorKind.UNAVAILABLE: 503,
    ErrorKind.NOT_BUILT: 501,
}


def signed_in_page(view: ActorView[P]) -> View[P]:
    """A page for any signed-in user; the view gets the user as an actor. Others are sent to the sign-in page."""

    @wraps(view)
    def wrapped(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        user = request.user
        if not isinstance(user, User):
            return _to_sign_in(request)
        try:
            return view(request, user.actor(broker_id=_broker_id(request)), *args, **kwargs)
        except DomainError as error:
            return refuse(request, error)

    return wrapped


def broker_page(view: ActorView[P]) -> View[P]:
    """A page inside a broker, in its time zone. A superadmin who has stepped into none is sent to the admin."""

    @wraps(view)
    def wrapped(request: HttpRequest, actor: Actor, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if actor.broker_id is None:
            return redirect("/admin/")
        with timezone.override(ZoneInfo(broker_of(request, actor).timezone)):
            return view(request, actor, *args, **kwargs)

    return signed_in_page(wrapped)


def broker_of(request: HttpRequest, actor: Actor) -> Broker:
    """The broker the actor is in; the signed-in user came with it."""
    user = request.user
    if isinstance(user, User) and user.broker_id == actor.broker_id and user.broker is not None:
        return user.broker
    return Broker.objects.get(pk=actor.broker_id)


def refuse(request: HttpRequest, error: DomainError) -> HttpResponse:
    """A refusal as a toast for a partial request, as a page otherwise."""
    status = STATUS_OF_KIND[error.kind]
    if is_partial(request):
        return with_toast(HttpResponse(status=status), error.message, "error")
    if error.kind is ErrorKind.NOT_FOUND:
        return render(request, "errors/404.html", status=status)
    if error.kind is ErrorKind.FORBIDDEN:
        return render(request, "errors/403.html", status=status)
    messages.error(request, error.message)
    return redirect("dashboard:inbox")


def is_partial(request: HttpRequest) -> bool:
    """Whether a script asks for a part of a page."""
    return request.headers.get("HX-Request") == "true"


def with_toast(response: HttpResponse, message: str, level: str = "success") -> HttpResponse:
    """Have the browser show a toast when this answer arrives."""
    return with_event(response, "toast", {"message": message, "level": level})


def with_undo(response: HttpResponse, message: str, url: str) -> HttpResponse:
    """The same, with a button that takes back what was done: it posts to `url`."""
    action = {"label": _("Undo"), "url": url}
    return with_event(response, "toast", {"message": message, "level": "success", "action": action})


def with_event(response: HttpResponse, name: str, detail: dict[str, object]) -> HttpResponse:
    """Fire an event in the browser when this answer arrives; several may be added."""
    events = json.loads(response.headers.get("HX-Trigger", "{}"))
    response.headers["HX-Trigger"] = json.dumps({**events, name: detail})
    return response


def safe_next(request: HttpRequest, fallback: str) -> str:
    """Where the form wants to go on, if that is on this site."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return iri_to_uri(wanted) if wanted and is_ours else fallback


def _broker_id(request: HttpRequest) -> int | None:
    broker_id: int | None = getattr(request, "broker_id", None)
    return broker_id


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    if is_partial(request):
        return HttpResponse(status=401)
    return HttpResponseRedirect(f"{reverse('dashboard:login')}?{urlencode({'next': request.get_full_path()})}")
