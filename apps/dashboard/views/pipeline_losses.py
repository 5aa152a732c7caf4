"""Why leads are lost: the list that people choose from."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from apps.core.access import Actor
from apps.core.errors import Conflict, InvalidInput
from apps.dashboard.requests import broker_page
from apps.leads.pipeline.arranging import Direction
from apps.leads.pipeline.loss_settings import (
    delete_loss_reason,
    move_loss_reason,
    save_loss_reason,
    switch_loss_reason,
)


@require_POST
@broker_page
def save(request: HttpRequest, actor: Actor, reason_id: int | None = None) -> HttpResponse:
    """A new reason, or another name for one."""
    try:
        save_loss_reason(actor=actor, name=request.POST.get("name", ""), reason_id=reason_id)
    except (InvalidInput, Conflict) as error:
        messages.error(request, error.message)
    return _back()


@require_POST
@broker_page
def switch(_request: HttpRequest, actor: Actor, reason_id: int) -> HttpResponse:
    """No longer on offer, or again."""
    switch_loss_reason(actor=actor, reason_id=reason_id)
    return _back()


@require_POST
@broker_page
def move(request: HttpRequest, actor: Actor, reason_id: int) -> HttpResponse:
    """One place up or down."""
    direction: Direction = "up" if request.POST.get("direction") == "up" else "down"
    move_loss_reason(actor=actor, reason_id=reason_id, direction=direction)
    return _back()


@require_POST
@broker_page
def delete(_request: HttpRequest, actor: Actor, reason_id: int) -> HttpResponse:
    """For good."""
    delete_loss_reason(actor=actor, reason_id=reason_id)
    return _back()


def _back() -> HttpResponse:
    return redirect(f"{reverse('dashboard:settings-pipeline')}#reasons")
