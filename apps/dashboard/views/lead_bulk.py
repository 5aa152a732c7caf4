"""One change to many leads of the table: the form that asks, the doing, its progress, and taking it back."""

from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from apps.core.access import Actor
from apps.core.errors import DomainError, InvalidInput, NotFound
from apps.dashboard.lead_queries import team_of
from apps.dashboard.lead_table import resolved_state
from apps.dashboard.lead_words import counted
from apps.dashboard.requests import STATUS_OF_KIND, broker_page, with_event, with_toast, with_undo
from apps.leads.bulk import BulkAction, Target, can_be_undone, count_for, parse_target, start_bulk, undo_job
from apps.leads.jobs import ENDED, get_job, request_cancel
from apps.leads.models import Job
from apps.leads.pipeline import loss_reasons
from apps.leads.saved_views import list_views
from apps.leads.types import ContactStatus, JobState, LeadStatus, Stage

# The buttons of the bar, and the right that each needs.
_FORMS = {
    "assign": "chats.assign",
    "tags": "clients.update",
    "stage": "clients.update",
    "status": "clients.update",
    "delete": "clients.delete",
}


@require_POST
@broker_page
def form(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What is to be done, with how many leads it concerns."""
    return _form(request, actor)


@require_POST
@broker_page
def start(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Do it: few leads at once, many as a job whose progress the page shows."""
    try:
        job = start_bulk(
            actor=actor,
            action=_action(request),
            target=_target(request, actor),
            values=_values(request),
            confirmed=_confirmed(request),
        )
    except DomainError as error:
        return _form(request, actor, error)
    answer = with_event(HttpResponse(status=204), "close-dialog", {})
    if job.state in ENDED:
        return with_event(_told(answer, job), "bulk-began", {"job_id": None})
    return with_event(answer, "bulk-began", {"job_id": job.pk})


@require_GET
@broker_page
def job(_request: HttpRequest, actor: Actor, job_id: int) -> HttpResponse:
    """How a job ended, as a toast; nothing while it runs."""
    found = get_job(actor, job_id)
    return _told(HttpResponse(status=204), found) if found.state in ENDED else HttpResponse(status=204)


@require_POST
@broker_page
def cancel(_request: HttpRequest, actor: Actor, job_id: int) -> HttpResponse:
    """Stop it; what was done stays done."""
    request_cancel(actor=actor, job_id=job_id)
    return HttpResponse(status=204)


@require_POST
@broker_page
def undo(_request: HttpRequest, actor: Actor, job_id: int) -> HttpResponse:
    """Take it back."""
    undone = undo_job(actor=actor, job_id=job_id)
    if undone.state not in ENDED:
        return with_event(HttpResponse(status=204), "bulk-began", {"job_id": undone.pk})
    return with_event(with_toast(HttpResponse(status=204), _("It was taken back.")), "bulk-undone", {})


def _form(request: HttpRequest, actor: Actor, error: DomainError | None = None) -> HttpResponse:
    kind = request.POST.get("form", "") or request.POST.get("action", "")
    if kind not in _FORMS:
        raise NotFound
    actor.require(_FORMS[kind])
    target = _target(request, actor)
    number = count_for(actor, target)
    context: dict[str, Any] = {
        "form": kind,
        "given": request.POST,
        "number": number,
        "shown": counted(number),
        "is_whole": target.lead_ids is None,
        "error": error.message if error else "",
        "agents": team_of(actor) if kind == "assign" else (),
        "stages": Stage.choices,
        "statuses": LeadStatus.choices,
        "contact_statuses": ContactStatus.choices,
        "reasons": loss_reasons() if kind == "stage" else [],
    }
    return render(request, "leads/bulk_form.html", context, status=STATUS_OF_KIND[error.kind] if error else 200)


def _target(request: HttpRequest, actor: Actor) -> Target:
    """The chosen leads, or all that the table's address finds.

    Raises InvalidInput where neither is named: never is it every lead by mistake.
    """
    if request.POST.get("all") == "1":
        state = resolved_state(QueryDict(request.POST.get("query", "")[:20_000]), list_views(actor))
        return parse_target(actor, {"conditions": state.whole, "search": state.search})
    ids = [number for number in request.POST.get("ids", "").split(",") if number]
    if not ids:
        raise InvalidInput(_("Choose at least one lead."), field="ids")
    return parse_target(actor, {"ids": ids})


def _action(request: HttpRequest) -> str:
    kind, how = request.POST.get("form", ""), request.POST.get("how", "")
    match kind:
        case "assign":
            return BulkAction.ASSIGN
        case "tags":
            return BulkAction.REMOVE_TAGS if how == "remove" else BulkAction.ADD_TAGS
        case "stage":
            return BulkAction.MOVE_STAGE
        case "status":
            return BulkAction.SET_CONTACT_STATUS if how == "contact" else BulkAction.SET_STATUS
        case "delete":
            return BulkAction.DELETE
    raise NotFound


def _values(request: HttpRequest) -> dict[str, Any]:
    given = request.POST
    return {
        "agent_id": given.get("agent_id", ""),
        "tags": [tag.strip() for tag in given.get("tags", "").split(",") if tag.strip()],
        "stage": given.get("stage", ""),
        "reason": given.get("reason", "").replace("\x00", ""),
        "status": given.get("status", ""),
        "contact_status": given.get("contact_status", ""),
    }


def _told(answer: HttpResponse, job: Job) -> HttpResponse:
    changed = job.result.get("changed", job.result.get("restored", job.done))
    changed = changed if isinstance(changed, int) else 0
    if job.state == JobState.FAILED:
        return with_toast(answer, job.error or _("It failed."), "error")
    sentence = ngettext("%(number)s lead changed.", "%(number)s leads changed.", changed) % {"number": counted(changed)}
    skipped = job.result.get("skipped")
    if skipped:
        sentence += " " + ngettext(
            "%(number)s could not be changed: something it needs is missing.",
            "%(number)s could not be changed: something they need is missing.",
            int(str(skipped)),
        ) % {"number": skipped}
    action = job.params.get("action", "")
    if action in BulkAction.values and can_be_undone(BulkAction(action)) and changed:
        return with_undo(answer, sentence, reverse("dashboard:lead-bulk-undo", args=[job.pk]))
    return with_toast(answer, sentence)


def _confirmed(request: HttpRequest) -> int | None:
    """The number that the person agreed to: the one that the form showed, typed again where leads are deleted."""
    shown, typed = _number(request.POST.get("shown", "")), _number(request.POST.get("confirmed", ""))
    if request.POST.get("form") == "delete" and typed != shown:
        raise InvalidInput(_("Write the number of leads to confirm."), field="confirmed")
    return shown


def _number(text: str) -> int | None:
    digits = "".join(letter for letter in text if letter.isdecimal())
    return int(digits) if 0 < len(digits) < 19 else None
