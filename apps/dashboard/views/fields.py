"""/app/settings/fields: what the team keeps of its leads beyond name and phone, and what came by itself."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.core.access import Actor
from apps.core.errors import DomainError, InvalidInput
from apps.dashboard.field_forms import FieldForm
from apps.dashboard.field_queries import fields_page
from apps.dashboard.requests import STATUS_OF_KIND, broker_page, with_event, with_toast, with_undo
from apps.leads import field_actions
from apps.leads.fields import get_field


@require_safe
@broker_page
def fields(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The page, or its lists alone."""
    actor.require(field_actions.PERMISSION)
    is_part = request.GET.get("part") == "lists"
    return render(request, "settings/fields_lists.html" if is_part else "settings/fields.html", _context(actor))


@require_http_methods(["GET", "POST"])
@broker_page
def new(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Define a field."""
    actor.require(field_actions.PERMISSION)
    form = FieldForm(request.POST or None)
    url = reverse("dashboard:field-new")
    if request.method == "GET" or not form.is_valid():
        return _form(request, form, url)
    return _saved(
        request,
        form,
        url,
        lambda: field_actions.define_field(actor=actor, **form.cleaned_data),
        _("The field was made."),
    )


@require_http_methods(["GET", "POST"])
@broker_page
def edit(request: HttpRequest, actor: Actor, field_id: int) -> HttpResponse:
    """Change a definition; its name stays, for senders use it."""
    actor.require(field_actions.PERMISSION)
    field = get_field(actor, field_id)
    initial = {name: getattr(field, name) for name in ("name", "label", "type", "description", "is_required")}
    form = FieldForm(request.POST or None, initial=initial)
    form.keep_name(field.name)
    url = reverse("dashboard:field-edit", args=[field_id])
    if request.method == "GET" or not form.is_valid():
        return _form(request, form, url, field=field)
    changes = {name: value for name, value in form.cleaned_data.items() if name != "name"}
    return _saved(
        request,
        form,
        url,
        lambda: field_actions.change_field(actor=actor, field_id=field_id, changes=changes),
        _("Saved."),
        field=field,
    )


@require_POST
@broker_page
def review(request: HttpRequest, actor: Actor, field_id: int) -> HttpResponse:
    """Accept, retype, send to another field, ignore, or take one of these back."""
    verb = request.POST.get("verb", "") or request.GET.get("verb", "")
    if verb not in _VERBS:
        raise InvalidInput(_("Choose what becomes of the field."))
    words = _VERBS[verb](actor, field_id, request.POST)
    if "verb" in request.GET:
        # The toast's button: it has no place to put the lists.
        return with_event(with_toast(HttpResponse(status=204), words), "fields-changed", {})
    answer = render(request, "settings/fields_lists.html", _context(actor))
    if verb == "ignore":
        return with_undo(answer, words, f"{reverse('dashboard:field-review', args=[field_id])}?verb=accept")
    return with_toast(answer, words)


@require_POST
@broker_page
def filterable(request: HttpRequest, actor: Actor, field_id: int) -> HttpResponse:
    """Whether filters on it have an index of their own."""
    changes = {"is_filterable": "is_filterable" in request.POST}
    field_actions.change_field(actor=actor, field_id=field_id, changes=changes)
    return render(request, "settings/fields_lists.html", _context(actor))


@require_POST
@broker_page
def delete(request: HttpRequest, actor: Actor, field_id: int) -> HttpResponse:
    """Forget the definition."""
    field_actions.delete_field(actor=actor, field_id=field_id)
    return with_toast(render(request, "settings/fields_lists.html", _context(actor)), _("The field was deleted."))


def _accept(actor: Actor, field_id: int, given: Any) -> str:
    if given.get("type"):
        field_actions.retype_field(actor=actor, field_id=field_id, type=given["type"])
    field_actions.accept_field(actor=actor, field_id=field_id)
    return _("The field was accepted.")


def _map(actor: Actor, field_id: int, given: Any) -> str:
    field_actions.map_field(actor=actor, field_id=field_id, target=given.get("target", ""))
    return _("Its values go there from now on.")


def _unmap(actor: Actor, field_id: int, _given: Any) -> str:
    field_actions.map_field(actor=actor, field_id=field_id, target="")
    return _("Its values stay under their own name again.")


def _ignore(actor: Actor, field_id: int, _given: Any) -> str:
    field_actions.ignore_field(actor=actor, field_id=field_id)
    return _("The field is ignored from now on. What is sent under its name stays in the records.")


_VERBS: dict[str, Callable[[Actor, int, Any], str]] = {
    "accept": _accept,
    "map": _map,
    "unmap": _unmap,
    "ignore": _ignore,
}


def _context(actor: Actor) -> dict[str, object]:
    return {"page": fields_page(actor)}


def _form(request: HttpRequest, form: FieldForm, url: str, **context: object) -> HttpResponse:
    status = 422 if form.is_bound else 200
    return render(request, "settings/fields_form.html", {"form": form, "url": url, **context}, status=status)


def _saved(
    request: HttpRequest,
    form: FieldForm,
    url: str,
    save: Callable[[], object],
    words: str,
    **context: object,
) -> HttpResponse:
    """Do it and close the form; a refusal stands at the field it names."""
    try:
        save()
    except DomainError as error:
        if STATUS_OF_KIND[error.kind] in {403, 404}:
            raise
        form.show(error)
        return _form(request, form, url, **context)
    answer = with_event(with_toast(HttpResponse(status=204), words), "close-dialog", {})
    return with_event(answer, "fields-changed", {})
