"""/app/ingest: where other systems write, and what became of what they wrote."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from apps.brokers import ingest_keys
from apps.core.access import Actor
from apps.core.errors import InvalidInput
from apps.dashboard.ingest_queries import RecordsPage, record_details, records_page
from apps.dashboard.requests import broker_page, is_partial, with_event, with_toast
from apps.leads.ingest import replay as replay_record
from apps.leads.types import IngestState

PERMISSION = "ingest.manage"


@never_cache
@require_safe
@broker_page
def ingest(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The page; the address is shown to those who may change it."""
    context = {"records": _records(request, actor), **(_address(actor) if actor.can(PERMISSION) else {})}
    return render(request, "ingest/page.html", context)


@require_safe
@broker_page
def records(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Another state, or older ones."""
    template = "ingest/rows.html" if request.GET.get("before") else "ingest/records.html"
    return render(request, template, {"records": _records(request, actor)})


@require_safe
@broker_page
def record(request: HttpRequest, actor: Actor, record_id: int) -> HttpResponse:
    """What was sent, and where each name went."""
    return render(request, "ingest/record.html", {"details": record_details(actor, record_id)})


@require_POST
@broker_page
def replay(request: HttpRequest, actor: Actor, record_id: int) -> HttpResponse:
    """Make of it what would be made of it now."""
    done = replay_record(actor=actor, record_id=record_id)
    answer = render(request, "ingest/replayed.html", {"details": record_details(actor, record_id)})
    if done.state == IngestState.FAILED:
        return with_toast(answer, _("It failed again. The record stays."), "error")
    return with_toast(answer, _("Processed again."))


@never_cache
@require_POST
@broker_page
def rotate(request: HttpRequest, actor: Actor) -> HttpResponse:
    """A new key; the old one works a while."""
    days = request.POST.get("grace_days", "")
    if not (days.isascii() and days.isdigit() and len(days) < 4):
        raise InvalidInput(_("Choose how long the old address works."), field="grace_days")
    ingest_keys.rotate_key(actor=actor, broker_id=_broker_id(actor), grace_days=int(days))
    return with_event(_address_part(request, actor, _("The address is new.")), "close-dialog", {})


@never_cache
@require_POST
@broker_page
def end_old(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Old addresses stop now."""
    ingest_keys.end_old_keys(actor=actor, broker_id=_broker_id(actor))
    return _address_part(request, actor, _("Old addresses do not work any more."))


@never_cache
@require_POST
@broker_page
def auto_create(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Whether unknown names become fields."""
    ingest_keys.set_creates_fields(
        actor=actor, broker_id=_broker_id(actor), creates_fields="creates_fields" in request.POST
    )
    return _address_part(request, actor, _("Saved."))


def _records(request: HttpRequest, actor: Actor) -> RecordsPage:
    before = request.GET.get("before", "")
    number = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None
    return records_page(actor, state=request.GET.get("state", ""), before=number)


def _address_part(request: HttpRequest, actor: Actor, words: str) -> HttpResponse:
    if not is_partial(request):
        return ingest(request)
    return with_toast(render(request, "ingest/address.html", _address(actor)), words)


def _address(actor: Actor) -> dict[str, object]:
    broker_id = _broker_id(actor)
    key = ingest_keys.present_key(actor, broker_id)
    return {
        "address": f"{settings.PUBLIC_URL}/api/v1/ingest/{key.key}",
        "key_made_at": key.created_at,
        "old_keys": ingest_keys.old_keys(actor, broker_id),
        "creates_fields": ingest_keys.key_holder(broker_id).creates_fields,
        "grace_choices": [(0, _("It stops now")), (1, _("One day")), (7, _("One week")), (30, _("One month"))],
        "grace_days": ingest_keys.GRACE_DAYS,
    }


def _broker_id(actor: Actor) -> int:
    if actor.broker_id is None:
        raise TypeError("broker_page lets only those inside a broker through")
    return actor.broker_id
