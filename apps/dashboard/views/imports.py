"""The import wizard: a file, its columns, a try, the import, and taking it back."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.core.access import Actor
from apps.core.errors import DomainError, InvalidInput
from apps.dashboard.import_pages import draft_context, import_context, said_choices, said_columns
from apps.dashboard.requests import broker_page, is_partial
from apps.leads.importing import actions
from apps.leads.importing.mapping import save_mapping
from apps.leads.importing.preview import preview_rows
from apps.leads.importing.queries import attempt_of, errors_as_csv, get_import, imports_of
from apps.leads.jobs import request_cancel
from apps.leads.types import JobState

HISTORY = 30


@require_http_methods(["GET", "POST"])
@broker_page
def imports(request: HttpRequest, actor: Actor) -> HttpResponse:
    """A place for a file, and what was imported before."""
    actor.require("clients.import")
    if request.method == "GET":
        return render(request, "imports/page.html", {"history": imports_of(actor)[:HISTORY]})
    file = request.FILES.get("file")
    try:
        if file is None:
            raise InvalidInput(_("Choose a file first."), field="file")
        job = actions.receive_file(actor=actor, chunks=file.chunks(), name=str(file.name))
    except DomainError as error:
        if is_partial(request):
            raise
        messages.error(request, error.message)
        return redirect("dashboard:imports")
    if is_partial(request):
        return HttpResponse(status=204, headers={"HX-Redirect": reverse("dashboard:import", args=[job.pk])})
    return redirect("dashboard:import", job.pk)


@require_GET
@broker_page
def page(request: HttpRequest, actor: Actor, job_id: int) -> HttpResponse:
    """One import where it is: its columns while it is a draft, then how far it is and what came of it."""
    job = get_import(actor, job_id)
    if job.state == JobState.DRAFT:
        return render(request, "imports/draft.html", draft_context(job))
    return render(request, "imports/import.html", import_context(job))


@require_GET
@broker_page
def progress(request: HttpRequest, actor: Actor, job_id: int) -> HttpResponse:
    """The part of either page that changes by itself."""
    job = get_import(actor, job_id)
    if job.state == JobState.DRAFT:
        return render(request, "imports/check.html", {"job": job, "check": attempt_of(job, "check")})
    return render(request, "imports/progress.html", import_context(job))


@require_POST
@broker_page
def preview(request: HttpRequest, actor: Actor, job_id: int) -> HttpResponse:
    """The first rows with the columns that are chosen on the page now."""
    job = get_import(actor, job_id)
    return render(request, "imports/preview.html", {"rows": preview_rows(job, said_columns(job, request.POST))})


@require_POST
@broker_page
def reread(request: HttpRequest, actor: Actor, job_id: int) -> HttpResponse:
    """The same file with another encoding, delimiter or sheet."""
    said = {name: request.POST.get(name, "") for name in ("encoding", "delimiter", "sheet")}
    return _back(request, job_id, lambda: actions.reread_file(actor=actor, job_id=job_id, **said))


@require_POST
@broker_page
def go(request: HttpRequest, actor: Actor, job_id: int) -> HttpResponse:
    """Keep what is chosen, then try it or import."""

    def act() -> None:
        job = get_import(actor, job_id)
        choices = said_choices(job, request.POST)
        actions.choose(actor=actor, job_id=job_id, choices=choices)
        if request.POST.get("remember") and request.POST.get("mapping_name", "").strip():
            save_mapping(actor=actor, name=request.POST["mapping_name"], columns=choices.columns)
        if request.POST.get("do") == "check":
            actions.check_import(actor=actor, job_id=job_id)
        else:
            actions.start_import(actor=actor, job_id=job_id)

    return _back(request, job_id, act)


@require_POST
@broker_page
def cancel(request: HttpRequest, actor: Actor, job_id: int) -> HttpResponse:
    """Stop an import, or the try of a draft."""
    job = get_import(actor, job_id)
    check = attempt_of(job, "check") if job.state == JobState.DRAFT else None
    return _back(request, job_id, lambda: request_cancel(actor=actor, job_id=check.pk if check else job.pk))


@require_POST
@broker_page
def undo(request: HttpRequest, actor: Actor, job_id: int) -> HttpResponse:
    """Take it back."""
    return _back(request, job_id, lambda: actions.undo_import(actor=actor, job_id=job_id))


@require_POST
@broker_page
def discard(request: HttpRequest, actor: Actor, job_id: int) -> HttpResponse:
    """Throw a draft and its file away."""
    actions.discard_draft(actor=actor, job_id=job_id)
    messages.success(request, _("The file was discarded."))
    return redirect("dashboard:imports")


@require_GET
@broker_page
def errors(request: HttpRequest, actor: Actor, job_id: int) -> HttpResponse:
    """What was wrong, as a file; `?of=check` that of the try, `?of=undo` the leads that stayed."""
    job = get_import(actor, job_id)
    of = request.GET.get("of", "")
    told = attempt_of(job, of) if of in {"check", "undo"} else job
    content = b"".join(errors_as_csv(told)) if told is not None else b""
    response = HttpResponse(content, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="import-{job.pk}-errors.csv"'
    return response


def _back(request: HttpRequest, job_id: int, act: Callable[[], object]) -> HttpResponse:
    """Do it and show the import's page; a refusal is said there."""
    try:
        act()
    except DomainError as error:
        messages.error(request, error.message)
    return redirect("dashboard:import", job_id)
