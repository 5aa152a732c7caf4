"""Moving a lead through the pipeline: at once, or after a dialog where the stage asks for something first."""

from dataclasses import dataclass

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from apps.core.access import Actor
from apps.core.errors import DomainError
from apps.dashboard.lead_columns import Column, all_columns
from apps.dashboard.lead_editing import save_value, text_of
from apps.dashboard.lead_queries import team_of
from apps.dashboard.requests import STATUS_OF_KIND, broker_of, broker_page, with_event
from apps.leads.actions import LossReasonRequired, lose_lead, move_stage
from apps.leads.models import Lead
from apps.leads.pipeline import loss_reasons
from apps.leads.queries import get_lead, require_stage
from apps.leads.stages import LOST_REASON, StageNeedsFields
from apps.leads.types import Stage

_VALUE = "value:"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A value that the stage asks for."""

    column: Column
    text: str
    error: str = ""


@require_POST
@broker_page
def stage(request: HttpRequest, actor: Actor, lead_id: int) -> HttpResponse:
    """Move the lead; where the stage asks for values or for the reason of a loss, the answer is their form."""
    return move_or_ask(request, actor, lead_id, action=reverse("dashboard:lead-stage", args=[lead_id]))


def move_or_ask(request: HttpRequest, actor: Actor, lead_id: int, *, action: str) -> HttpResponse:
    """204 where the lead is in the stage now, else a dialog that is sent to `action`, an address that comes here."""
    lead, wanted = get_lead(actor, lead_id), request.POST.get("stage", "")
    require_stage(wanted)
    actor.require("clients.update")
    if wanted == Stage.PERDIDO and wanted != lead.stage and "asked" not in request.POST:
        return _dialog(request, actor, lead, action, [])
    try:
        _move(request, actor, lead, wanted)
    except StageNeedsFields as error:
        return _dialog(request, actor, lead, action, [detail.field for detail in error.details], error)
    except LossReasonRequired as error:
        return _dialog(request, actor, lead, action, [], error)
    except _Refused as refused:
        return _dialog(request, actor, lead, action, list(refused.names), refused.error, refused.name)
    answer = with_event(HttpResponse(status=204), "close-dialog", {})
    return with_event(answer, "lead-saved", {"lead_id": lead_id})


class _Refused(Exception):
    """A value of the dialog that cannot be stored."""

    def __init__(self, name: str, names: list[str], error: DomainError) -> None:
        super().__init__(name)
        self.name, self.names, self.error = name, names, error


@transaction.atomic
def _move(request: HttpRequest, actor: Actor, lead: Lead, wanted: str) -> None:
    names = [name.removeprefix(_VALUE) for name in request.POST if name.startswith(_VALUE)]
    columns = all_columns() if names else {}
    for name in names:
        typed = request.POST[f"{_VALUE}{name}"].strip()
        if name not in columns or not typed:
            continue
        try:
            save_value(
                actor=actor,
                lead_id=lead.pk,
                column=columns[name],
                typed=typed,
                country=broker_of(request, actor).country,
            )
        except DomainError as error:
            raise _Refused(name, names, error) from error
    reason = _reason(request, wanted)
    if wanted == Stage.PERDIDO and wanted != lead.stage:
        lose_lead(actor=actor, lead_id=lead.pk, reason=reason)
    else:
        move_stage(actor=actor, lead_id=lead.pk, stage=wanted, reason=reason)


def _reason(request: HttpRequest, wanted: str) -> str:
    note = request.POST.get("reason", "").replace("\x00", "").strip()[:300]
    chosen = request.POST.get("lost_reason", "").replace("\x00", "").strip()[:120]
    return (chosen or note) if wanted == Stage.PERDIDO else note


def _dialog(
    request: HttpRequest,
    actor: Actor,
    lead: Lead,
    action: str,
    names: list[str],
    error: DomainError | None = None,
    refused: str = "",
) -> HttpResponse:
    wanted = request.POST.get("stage", "")
    columns = all_columns()
    # The form itself asks for what it can; only then is there something to complain of.
    is_asked_first = "asked" not in request.POST and all(name in columns for name in names)
    error = None if is_asked_first else error
    asks_reason = wanted == Stage.PERDIDO or LOST_REASON in names
    context = {
        "lead": lead,
        "action": action,
        "stage": wanted,
        "label": str(Stage(wanted).label),
        "asks_reason": asks_reason,
        "reasons": loss_reasons() if asks_reason else [],
        "chosen": request.POST.get("lost_reason", ""),
        "note": request.POST.get("reason", ""),
        "missing": [_asked(request, lead, columns[name], error, refused) for name in names if name in columns],
        "agents": team_of(actor) if "assigned_agent" in names else (),
        "error": error.message if error and not refused else "",
    }
    # 200 where it only asks: nothing was refused yet.
    return render(request, "leads/stage.html", context, status=STATUS_OF_KIND[error.kind] if error else 200)


def _asked(request: HttpRequest, lead: Lead, column: Column, error: DomainError | None, refused: str) -> Asked:
    text = request.POST.get(f"{_VALUE}{column.key}", text_of(lead, column))
    return Asked(column=column, text=text, error=error.message if error and column.key == refused else "")
