"""Saved views of the table: keeping what one looks at under a name, changing, sharing and forgetting it."""

from typing import Any
from urllib.parse import urlencode

from django.core import signing
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from apps.core.access import Actor
from apps.core.errors import DomainError, NotFound
from apps.dashboard.lead_table import TableState, resolved_state
from apps.dashboard.requests import STATUS_OF_KIND, broker_page, with_event, with_toast, with_undo
from apps.leads.saved_views import View, create_view, delete_view, get_view, list_views, update_view

_SALT = "leads.views"
_UNDO_SECONDS = 3600


@require_http_methods(["GET", "POST"])
@broker_page
def new(request: HttpRequest, actor: Actor) -> HttpResponse:
    """A form for the name; once it is sent, the view with what is on the screen."""
    if request.method == "GET":
        return _form(request, actor, url=reverse("dashboard:lead-view-new"), query=request.GET.urlencode())
    query = request.POST.get("query", "")
    try:
        view = create_view(
            actor=actor,
            name=request.POST.get("name", ""),
            is_shared="is_shared" in request.POST,
            **_kept(_state(actor, query)),
        )
    except DomainError as error:
        return _form(request, actor, url=reverse("dashboard:lead-view-new"), query=query, error=error)
    return _chosen(with_toast(HttpResponse(status=204), _("The view was saved.")), view.id)


@require_POST
@broker_page
def save(request: HttpRequest, actor: Actor, view_id: str) -> HttpResponse:
    """The view becomes what is on the screen."""
    update_view(actor=actor, view_id=view_id, **_kept(_state(actor, request.POST.get("query", ""))))
    return _chosen(with_toast(HttpResponse(status=204), _("The view was saved.")), view_id)


@require_http_methods(["GET", "POST"])
@broker_page
def edit(request: HttpRequest, actor: Actor, view_id: str) -> HttpResponse:
    """Another name, shared or not."""
    view, url = get_view(actor, view_id), reverse("dashboard:lead-view-edit", args=[view_id])
    if request.method == "GET":
        return _form(request, actor, url=url, view=view)
    changes: dict[str, Any] = {"name": request.POST.get("name", "")}
    if actor.can("views.share"):
        changes["is_shared"] = "is_shared" in request.POST
    try:
        update_view(actor=actor, view_id=view_id, **changes)
    except DomainError as error:
        return _form(request, actor, url=url, view=view, error=error)
    return _chosen(HttpResponse(status=204), view_id)


@require_POST
@broker_page
def delete(_request: HttpRequest, actor: Actor, view_id: str) -> HttpResponse:
    """Forget the view; the toast brings it back."""
    view = get_view(actor, view_id)
    delete_view(actor=actor, view_id=view_id)
    kept = {
        "name": str(view.name),
        "conditions": view.conditions,
        "search": view.search,
        "sort": view.sort,
        "columns": list(view.columns),
        "is_shared": view.is_shared,
    }
    token = signing.dumps([actor.broker_id, actor.user_id, kept], salt=_SALT)
    url = f"{reverse('dashboard:lead-view-restore')}?{urlencode({'token': token})}"
    answer = with_undo(HttpResponse(status=204), _("The view “%(name)s” was deleted.") % {"name": view.name}, url)
    return with_event(answer, "view-changed", {"url": reverse("dashboard:leads")})


@require_POST
@broker_page
def restore(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Bring a deleted view back, for whoever deleted it."""
    try:
        broker_id, user_id, kept = signing.loads(request.GET.get("token", ""), salt=_SALT, max_age=_UNDO_SECONDS)
    except signing.BadSignature as error:
        raise NotFound from error
    if (broker_id, user_id) != (actor.broker_id, actor.user_id):
        raise NotFound
    view = create_view(actor=actor, **kept)
    return _chosen(with_toast(HttpResponse(status=204), _("The view is back.")), view.id)


def _state(actor: Actor, query: str) -> TableState:
    return resolved_state(QueryDict(query[:20_000]), list_views(actor))


def _kept(state: TableState) -> dict[str, Any]:
    return {"conditions": state.whole, "search": state.search, "sort": state.sort, "columns": list(state.columns)}


def _chosen(answer: HttpResponse, view_id: str) -> HttpResponse:
    url = f"{reverse('dashboard:leads')}?{urlencode({'view': view_id})}"
    return with_event(with_event(answer, "close-dialog", {}), "view-changed", {"url": url})


def _form(
    request: HttpRequest,
    actor: Actor,
    *,
    url: str,
    query: str = "",
    view: View | None = None,
    error: DomainError | None = None,
) -> HttpResponse:
    is_sent = request.method == "POST"
    context = {
        "url": url,
        "query": query,
        "view": view,
        "name": request.POST.get("name", "") if is_sent else view.name if view else "",
        "is_shared": "is_shared" in request.POST if is_sent else bool(view and view.is_shared),
        "can_share": actor.can("views.share"),
        "error": error.message if error else "",
    }
    return render(request, "leads/view_form.html", context, status=STATUS_OF_KIND[error.kind] if error else 200)
