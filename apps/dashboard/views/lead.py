"""The page of one lead, the parts of it that a browser asks for again, and what its buttons do."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.core.access import Actor
from apps.core.errors import DomainError, NotFound
from apps.dashboard.lead_columns import Column, all_columns
from apps.dashboard.lead_editing import save_value, text_of
from apps.dashboard.lead_queries import lead_view, story_of, team_of
from apps.dashboard.requests import STATUS_OF_KIND, broker_of, broker_page, with_event, with_toast
from apps.leads.actions import delete_lead
from apps.leads.duplicates import pairs_of
from apps.leads.models import Lead
from apps.leads.queries import get_lead
from apps.leads.scoring.rescoring import rescore_lead
from apps.leads.timeline import TimelineKind

MOST_DUPLICATES = 5


@require_GET
@broker_page
def lead(request: HttpRequest, actor: Actor, lead_id: int) -> HttpResponse:
    """The whole page."""
    return render(request, "leads/lead_page.html", _context(request, actor, lead_id))


@require_GET
@broker_page
def live(request: HttpRequest, actor: Actor, lead_id: int) -> HttpResponse:
    """Everything on the page again, the timeline down to where it is opened."""
    return render(request, "leads/lead_body.html", _context(request, actor, lead_id))


@require_GET
@broker_page
def story(request: HttpRequest, actor: Actor, lead_id: int) -> HttpResponse:
    """The timeline before an activity."""
    actor.require("clients.read")
    page = story_of(actor, lead_id, kind=request.GET.get("kind", ""), before_id=number_in(request, "before"))
    return render(request, "leads/story_days.html", {"story": page, "lead": get_lead(actor, lead_id)})


@require_http_methods(["GET", "POST"])
@broker_page
def value(request: HttpRequest, actor: Actor, lead_id: int) -> HttpResponse:
    """A value's form, or, once it is sent, the value again; a refused one comes back with what to mend."""
    given = request.POST if request.method == "POST" else request.GET
    row = get_lead(actor, lead_id)
    column = all_columns().get(given.get("column", ""))
    if column is None or not column.is_editable:
        raise NotFound
    if request.method == "GET":
        actor.require("clients.update")
        return _form(request, actor, row, column, text_of(row, column))
    typed = given.get("value", "")
    try:
        saved = save_value(
            actor=actor, lead_id=lead_id, column=column, typed=typed, country=broker_of(request, actor).country
        )
    except DomainError as error:
        return _form(request, actor, row, column, typed, error)
    shown_as = given.get("as", "")
    template = "leads/cell_shown.html" if shown_as == "cell" else "leads/value_shown.html"
    context = {"lead": saved, "column": column, "is_editable": True, "only_text": shown_as == "name"}
    answer = render(request, template, context)
    return with_event(answer, "lead-saved", {"lead_id": lead_id, "column": column.key})


@require_POST
@broker_page
def rescore(_request: HttpRequest, actor: Actor, lead_id: int) -> HttpResponse:
    """Compute the score anew."""
    get_lead(actor, lead_id)
    actor.require("clients.update")
    row = rescore_lead(actor=actor, lead_id=lead_id)
    answer = with_toast(HttpResponse(status=204), _("The score is %(score)s.") % {"score": f"{row.score:.0f}"})
    return with_event(answer, "lead-saved", {"lead_id": lead_id})


@require_http_methods(["GET", "POST"])
@broker_page
def delete(request: HttpRequest, actor: Actor, lead_id: int) -> HttpResponse:
    """Ask first; then delete the lead with all that hangs from it and go back to the list."""
    row = get_lead(actor, lead_id)
    actor.require("clients.delete")
    if request.method == "GET":
        return render(request, "leads/delete.html", {"lead": row})
    delete_lead(actor=actor, lead_id=lead_id)
    answer = with_toast(HttpResponse(status=204), _("Deleted."))
    answer.headers["HX-Redirect"] = reverse("dashboard:leads")
    return answer


def permissions(actor: Actor) -> dict[str, bool]:
    """What the buttons of a lead offer; the actions decide again."""
    return {
        "update": actor.can("clients.update"),
        "assign": actor.can("chats.assign"),
        "delete": actor.can("clients.delete"),
        "create": actor.can("clients.create"),
        "merge": actor.can("clients.merge"),
        "export": actor.can("clients.export"),
        "bring": actor.can("clients.import"),
        "share": actor.can("views.share"),
    }


def number_in(request: HttpRequest, name: str) -> int | None:
    """A whole number of the address; None for anything else."""
    given = request.GET.get(name, "")
    return int(given) if given.isdecimal() and len(given) < 19 else None


def _context(request: HttpRequest, actor: Actor, lead_id: int) -> dict[str, object]:
    actor.require("clients.read")
    kind = request.GET.get("kind", "")
    view = lead_view(actor, lead_id, kind=kind, down_to_id=number_in(request, "down_to"))
    return {
        "view": view,
        "duplicates": pairs_of(actor, lead_id)[:MOST_DUPLICATES],
        "kinds": TimelineKind.choices,
        "may": permissions(actor),
    }


def _form(
    request: HttpRequest, actor: Actor, row: Lead, column: Column, text: str, error: DomainError | None = None
) -> HttpResponse:
    given = request.POST if request.method == "POST" else request.GET
    context = {
        "lead": row,
        "column": column,
        "text": text,
        "error": error.message if error else "",
        "agents": team_of(actor) if column.kind == "agent" else (),
        "shown_as": given.get("as", ""),
    }
    status = STATUS_OF_KIND[error.kind] if error else 200
    return render(request, "leads/edit.html", context, status=status)
