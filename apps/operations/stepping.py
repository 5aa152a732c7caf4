"""Stepping into a broker and out again: whose rows the admin shows is kept in the session, and in the trail."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from apps.accounts.models import User
from apps.brokers.queries import get_broker
from apps.brokers.resolution import STEPPED_INTO
from apps.core.errors import NotFound
from apps.core.events import publish
from apps.core.tenancy import in_public
from apps.operations.events import SteppedIntoBroker


@require_POST
def step_into(request: HttpRequest, broker_id: int) -> HttpResponse:
    """From now on the admin shows this broker's rows too. The admin's own gate lets only superadmins come here."""
    user = request.user
    assert isinstance(user, User)
    with in_public(), transaction.atomic():
        try:
            broker = get_broker(user.actor(), broker_id)
        except NotFound as error:
            messages.error(request, error.message)
            return HttpResponseRedirect(reverse("admin:brokers_broker_changelist"))
        publish(SteppedIntoBroker(broker_id=broker_id, actor=user.actor(), label=broker.name))
    request.session[STEPPED_INTO] = broker_id
    messages.success(
        request, _("You are in %(broker)s. Its leads and conversations are in the menu.") % {"broker": broker}
    )
    return HttpResponseRedirect(reverse("admin:leads_lead_changelist"))


@require_POST
def step_out(request: HttpRequest) -> HttpResponse:
    """Back to the platform."""
    request.session.pop(STEPPED_INTO, None)
    return HttpResponseRedirect(reverse("admin:index"))
