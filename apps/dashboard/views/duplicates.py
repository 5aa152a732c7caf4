"""Leads that may be one person: reviewed pair by pair, merged, and parted again."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.core.access import Actor
from apps.core.errors import InvalidInput
from apps.dashboard.duplicate_pairs import PAGE_SIZE, cards_of
from apps.dashboard.requests import broker_page, with_event, with_toast, with_undo
from apps.leads.changes import label_of
from apps.leads.duplicates import dismiss_pair, open_count, open_pairs, reopen_pair
from apps.leads.duplicates.search import last_search, start_search
from apps.leads.merging import left_by_undo, merge_leads, preview_merge, recent_merges, undo_merge
from apps.leads.models import LeadMerge
from apps.leads.queries import get_lead, search_leads, visible_leads
from apps.leads.types import DuplicateReason, JobState

_MERGES_SHOWN = 10
_FOUND_SHOWN = 8


@require_GET
@broker_page
def duplicates(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The whole page."""
    return render(request, "duplicates/page.html", _review(request, actor))


@require_GET
@broker_page
def review(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What of the page follows what happens: the pairs, the search, the merges."""
    return render(request, "duplicates/review.html", _review(request, actor))


@require_POST
@broker_page
def search(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Compare all leads with each other, in the background."""
    start_search(actor=actor)
    return with_event(HttpResponse(status=204), "duplicates-changed", {})


@require_POST
@broker_page
def dismiss(_request: HttpRequest, actor: Actor, pair_id: int) -> HttpResponse:
    """They are two people."""
    dismiss_pair(actor=actor, pair_id=pair_id)
    back = reverse("dashboard:duplicates-reopen", args=[pair_id])
    return _changed(
        with_undo(HttpResponse(status=204), _("They are two people: they will not be asked about again."), back),
        undo=back,
    )


@require_POST
@broker_page
def reopen(request: HttpRequest, actor: Actor, pair_id: int) -> HttpResponse:
    """Take "two people" back."""
    reopen_pair(actor=actor, pair_id=pair_id)
    return _changed(with_toast(HttpResponse(status=204), _("Taken back.")), undone=request.path)


@require_GET
@broker_page
def merge_form(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What merging two leads would do, with the values to choose from; without a second lead, who it could be."""
    kept_id, absorbed_id = _number(request.GET.get("kept")), _number(request.GET.get("absorbed"))
    if absorbed_id is None:
        return _merge_with(request, actor, kept_id or 0)
    preview = preview_merge(actor, kept_id or 0, absorbed_id, _choices(request.GET))
    open_values = [value for value in preview.values if value.is_open]
    context = {
        "preview": preview,
        "open_values": open_values,
        "settled_values": [value for value in preview.values if not value.is_open],
    }
    return render(request, "duplicates/merge.html", context)


@require_POST
@broker_page
def merge(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Make one lead of two."""
    kept_id, absorbed_id = _number(request.POST.get("kept")), _number(request.POST.get("absorbed"))
    if kept_id is None or absorbed_id is None:
        raise InvalidInput(_("Choose two different leads."), field="absorbed_id")
    done = merge_leads(actor=actor, kept_id=kept_id, absorbed_id=absorbed_id, choices=_choices(request.POST))
    back = reverse("dashboard:duplicates-undo", args=[done.pk])
    answer = with_undo(HttpResponse(status=204), _("They are one lead now."), back)
    with_event(answer, "close-dialog", {})
    with_event(answer, "leads-merged", {"kept": kept_id, "absorbed": absorbed_id})
    return _changed(answer, undo=back)


@require_POST
@broker_page
def undo(request: HttpRequest, actor: Actor, merge_id: int) -> HttpResponse:
    """Part two leads again."""
    undo_merge(actor=actor, merge_id=merge_id)
    left = left_by_undo(LeadMerge.objects.get(pk=merge_id))
    if not left:
        return _changed(with_toast(HttpResponse(status=204), _("They are two leads again.")), undone=request.path)
    said = _("They are two leads again. Changed since, and left as it is: %(fields)s") % {
        "fields": ", ".join(label_of(name) for name in left)
    }
    return _changed(with_toast(HttpResponse(status=204), said, "warning"), undone=request.path)


def _merge_with(request: HttpRequest, actor: Actor, lead_id: int) -> HttpResponse:
    actor.require("clients.merge")
    lead, wanted = get_lead(actor, lead_id), request.GET.get("q", "").strip()[:200]
    rows = search_leads(visible_leads(actor).exclude(pk=lead.pk), wanted) if wanted else visible_leads(actor).none()
    context = {"lead": lead, "wanted": wanted, "found": rows.order_by("-id")[:_FOUND_SHOWN]}
    is_search = "q" in request.GET
    return render(request, "duplicates/found.html" if is_search else "duplicates/merge_with.html", context)


def _review(request: HttpRequest, actor: Actor) -> dict[str, object]:
    reason = request.GET.get("reason", "")
    page = max(1, _number(request.GET.get("page")) or 1)
    pairs = list(open_pairs(actor, reason=reason)[(page - 1) * PAGE_SIZE : page * PAGE_SIZE + 1])
    count, job = open_count(actor), last_search(actor)
    return {
        "cards": cards_of(pairs[:PAGE_SIZE]),
        "page": page,
        "has_more": len(pairs) > PAGE_SIZE,
        "reason": reason if reason in DuplicateReason.values else "",
        "reasons": DuplicateReason.choices,
        "count": f"{count}+" if count >= 100 else str(count) if count else "",
        "job": job,
        "is_searching": job is not None and job.state in {JobState.QUEUED, JobState.RUNNING},
        "merges": recent_merges(actor)[:_MERGES_SHOWN],
    }


def _changed(answer: HttpResponse, *, undo: str = "", undone: str = "") -> HttpResponse:
    """The page looks again, and remembers how the last step is taken back, or that it was."""
    return with_event(answer, "duplicates-changed", {"undo": undo, "undone": undone})


def _choices(given: object) -> dict[str, str]:
    """The fields named choose.<name>."""
    pairs = given.items() if hasattr(given, "items") else ()
    return {name.removeprefix("choose."): str(side) for name, side in pairs if name.startswith("choose.")}


def _number(text: str | None) -> int | None:
    is_number = text is not None and text.isascii() and text.isdecimal() and len(text) <= 18
    return int(text) if is_number and text is not None else None
