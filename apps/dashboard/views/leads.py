"""The table of leads: the page, what a browser asks for again, and new leads."""

import json

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from apps.core.access import Actor
from apps.core.errors import DomainError, InvalidInput
from apps.dashboard.lead_editing import checked_email
from apps.dashboard.lead_list import cleared, is_in_table, lead_table, quick_choices, table_row
from apps.dashboard.lead_queries import team_of
from apps.dashboard.lead_table import TableState, resolved_state
from apps.dashboard.requests import STATUS_OF_KIND, broker_of, broker_page, is_partial, with_event, with_toast
from apps.dashboard.views.lead import permissions
from apps.leads.actions import create_lead
from apps.leads.filters import FilterField, Op, filter_fields
from apps.leads.models import Lead
from apps.leads.saved_views import list_views
from apps.leads.tagging import known_tags


@require_GET
@broker_page
def leads(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The whole page, or its main part for a script."""
    actor.require("clients.read")
    context = _context(request, actor)
    if is_partial(request):
        return render(request, "leads/main.html", context)
    context["fields"] = json.dumps([_field(field) for field in filter_fields()], ensure_ascii=False)
    context["ops"] = json.dumps({op.value: str(op.label) for op in Op}, ensure_ascii=False)
    return render(request, "leads/table_page.html", context)


@require_GET
@broker_page
def row(request: HttpRequest, actor: Actor, lead_id: int) -> HttpResponse:
    """One row as it is now; 204 where the lead does not belong into this table any more."""
    actor.require("clients.read")
    state = resolved_state(request.GET, list_views(actor))
    if not is_in_table(actor, state, lead_id):
        return HttpResponse(status=204)
    lead, columns = table_row(actor, lead_id, state.columns)
    return render(request, "leads/row.html", {"lead": lead, "columns": columns, "may": permissions(actor)})


@require_http_methods(["GET", "POST"])
@broker_page
def new(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The form of a new lead; once it is made, its page."""
    actor.require("clients.create")
    if request.method == "GET":
        return render(request, "leads/new.html", {"given": {}})
    given = {name: request.POST.get(name, "").replace("\x00", "").strip() for name in ("name", "phone", "email")}
    try:
        lead = _make(request, actor, given)
    except DomainError as error:
        context = {"given": given, "error": error.message, "field": error.field}
        return render(request, "leads/new.html", context, status=STATUS_OF_KIND[error.kind])
    answer = with_toast(HttpResponse(status=204), _("The lead was made."))
    answer.headers["HX-Redirect"] = reverse("dashboard:lead", args=[lead.pk])
    return with_event(answer, "close-dialog", {})


def _context(request: HttpRequest, actor: Actor) -> dict[str, object]:
    views = list_views(actor)
    problem = ""
    try:
        state = resolved_state(request.GET, views)
    except InvalidInput as error:
        state, problem = TableState(), str(error.message)
    agents, tags = team_of(actor), known_tags(actor)
    table = lead_table(actor, state, agents, problem=problem)
    view = next((row for row in views if row.id == state.view), None)
    may = permissions(actor)
    may["edit_view"] = view is not None and view.may_change
    return {
        "section": "leads",
        "state": table.state,
        "page": table.page,
        "heads": table.heads,
        "columns": table.columns,
        "choices": table.choices,
        "pages": table.pages,
        "chips": table.chips,
        "cleared": cleared(table.state),
        "problem": table.problem,
        "views": views,
        "view": view,
        "quick": quick_choices(actor, table.state, agents=agents, tags=tags),
        "tags": tags,
        "may": may,
    }


def _make(request: HttpRequest, actor: Actor, given: dict[str, str]) -> Lead:
    if not any(given.values()):
        raise InvalidInput(_("Write a name, a phone or an e-mail."), field="name")
    return create_lead(
        actor=actor,
        phone=given["phone"],
        phone_country=broker_of(request, actor).country,
        name=given["name"],
        email=checked_email(given["email"]),
        source="manual",
    )


def _field(field: FilterField) -> dict[str, object]:
    return {
        "name": field.name,
        "label": str(field.label),
        "kind": field.kind.value,
        "ops": [op.value for op in field.ops],
        "choices": [[value, str(label)] for value, label in field.choices],
    }
