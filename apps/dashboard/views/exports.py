"""Leads as a file: which columns, and CSV at once or a spreadsheet by a job."""

from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.core.access import Actor
from apps.core.downloads import download
from apps.core.errors import NotFound
from apps.dashboard.lead_list import filter_of
from apps.dashboard.lead_table import read_state
from apps.dashboard.requests import broker_of, broker_page
from apps.files.signing import signed_path
from apps.leads.exporting.actions import Export, export_csv, exported_leads, file_of, get_export, start_spreadsheet
from apps.leads.exporting.columns import export_columns
from apps.leads.filters import describe, parse_conditions
from apps.leads.queries import page_of_leads


@require_GET
@broker_page
def export(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Choose what goes into the file; the address' query is that of the table of leads."""
    state = read_state(request.GET)
    wanted = filter_of(state)
    exported_leads(actor, wanted)
    page = page_of_leads(actor, wanted, 0, 1)
    context = {
        "section": "leads",
        "query": state.query,
        "total": page.total,
        "is_exact": getattr(page, "is_exact", True),
        "columns": export_columns(zone="UTC"),
        "words": describe(parse_conditions(state.whole)),
        "search": state.search,
    }
    return render(request, "imports/export.html", context)


@require_GET
@broker_page  # type: ignore[arg-type]  # a stream is a response too
def export_as_csv(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """The file itself, as it is made."""
    pieces = export_csv(actor=actor, export=_said(request, actor, request.GET))
    name = f"{_('leads')} {timezone.localdate():%Y-%m-%d}.csv"
    return download(request, pieces, name=name, content_type="text/csv; charset=utf-8")


@require_POST
@broker_page
def export_as_spreadsheet(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Begin a spreadsheet and show how far it is."""
    job = start_spreadsheet(actor=actor, export=_said(request, actor, request.POST))
    return redirect("dashboard:export-job", job.pk)


@require_GET
@broker_page
def export_job(request: HttpRequest, actor: Actor, job_id: int) -> HttpResponse:
    """How far a spreadsheet is, and its file."""
    job = get_export(actor, job_id)
    template = "imports/export_progress.html" if request.GET.get("part") else "imports/export_job.html"
    return render(request, template, {"job": job, "section": "leads", "file": file_of(job)})


@require_GET
@broker_page
def export_file(_request: HttpRequest, actor: Actor, job_id: int) -> HttpResponse:
    """The spreadsheet, by an address that is signed for a while."""
    stored = file_of(get_export(actor, job_id))
    if stored is None:
        raise NotFound(_("This file no longer exists."))
    return redirect(signed_path(stored))


def _said(request: HttpRequest, actor: Actor, said: QueryDict) -> Export:
    query = QueryDict(str(said["query"])) if "query" in said else said
    keys = tuple(said.getlist("column"))
    return Export(wanted=filter_of(read_state(query)), columns=keys, zone=broker_of(request, actor).timezone)
