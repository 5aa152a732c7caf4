"""The buttons of a broker's page in the admin: step into it, close and open its doors.

All are POSTs behind the admin's own gate, which lets only superadmins come here. Whose rows the admin shows is kept in
the session.
"""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from apps.brokers import actions
from apps.brokers.queries import get_broker
from apps.brokers.resolution import STEPPED_INTO
from apps.core.admin import actor_of
from apps.core.errors import DomainError
from apps.core.events import publish
from apps.core.tenancy import in_public
from apps.operations.events import SteppedIntoBroker


def broker_door_urls(gate: Callable[..., Any]) -> list[URLPattern]:
    """`gate` is the admin site's own check."""
    return [
        path("brokers/<int:broker_id>/step-into/", gate(step_into), name="step-into"),
        path("brokers/step-out/", gate(step_out), name="step-out"),
        path("brokers/<int:broker_id>/suspend/", gate(suspend), name="suspend-broker"),
        path("brokers/<int:broker_id>/restore/", gate(restore), name="restore-broker"),
        path("brokers/<int:broker_id>/delete/", gate(delete), name="delete-broker"),
    ]


@require_POST
def step_into(request: HttpRequest, broker_id: int) -> HttpResponse:
    """From now on the admin shows this broker's rows too."""
    actor = actor_of(request)
    try:
        with in_public(), transaction.atomic():
            broker = get_broker(actor, broker_id)
            publish(SteppedIntoBroker(broker_id=broker_id, actor=actor, label=broker.name))
    except DomainError as error:
        messages.error(request, error.message)
        return HttpResponseRedirect(reverse("admin:brokers_broker_changelist"))
    request.session[STEPPED_INTO] = broker_id
    said = _("You are in %(broker)s. Its leads and conversations are in the menu.")
    messages.success(request, said % {"broker": broker})
    return HttpResponseRedirect(reverse("admin:leads_lead_changelist"))


@require_POST
def step_out(request: HttpRequest) -> HttpResponse:
    """Back to the platform."""
    request.session.pop(STEPPED_INTO, None)
    return HttpResponseRedirect(reverse("admin:index"))


@require_POST
def suspend(request: HttpRequest, broker_id: int) -> HttpResponse:
    return _done(request, broker_id, actions.suspend_broker, _("Every door of the broker is closed."))


@require_POST
def restore(request: HttpRequest, broker_id: int) -> HttpResponse:
    return _done(request, broker_id, actions.restore_broker, _("The broker's doors are open again."))


@require_POST
def delete(request: HttpRequest, broker_id: int) -> HttpResponse:
    """Soft: it can be restored. Whoever stands in it steps out."""
    if request.session.get(STEPPED_INTO) == broker_id:
        del request.session[STEPPED_INTO]
    return _done(request, broker_id, actions.delete_broker, _("The broker is deleted; it can be restored."))


def _done(request: HttpRequest, broker_id: int, act: Callable[..., object], said: str) -> HttpResponse:
    try:
        act(actor=actor_of(request), broker_id=broker_id)
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, said)
    return HttpResponseRedirect(reverse("admin:brokers_broker_change", args=[broker_id]))
