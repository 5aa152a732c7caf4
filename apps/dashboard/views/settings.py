"""The settings' own address: it leads to the first of their pages that the person may open."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET

from apps.accounts.models import User
from apps.core.access import Actor
from apps.core.errors import NotFound
from apps.dashboard.navigation import settings_for
from apps.dashboard.requests import broker_page


@require_GET
@broker_page
def settings(request: HttpRequest, _actor: Actor) -> HttpResponse:
    """Who may open none of them finds nothing here."""
    groups = settings_for(request.user) if isinstance(request.user, User) else ()
    if not groups:
        raise NotFound
    return redirect(groups[0].pages[0].url)
