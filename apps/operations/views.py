"""The platform's own addresses: /, /health, /metrics."""

import secrets

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.operations.health import report
from apps.operations.metrics import exposition


@require_safe
def root(request: HttpRequest) -> HttpResponse:
    """What this is, for a program; the dashboard, for a person's browser."""
    if _prefers_html(request):
        return HttpResponseRedirect("/app/")
    return JsonResponse(
        {"name": "Sofía CRM", "version": settings.SPECTACULAR_SETTINGS["VERSION"], "docs": "/docs"},
        headers={"Vary": "Accept"},
    )


@never_cache
@require_safe
def health(_request: HttpRequest) -> JsonResponse:
    """Always 200 while the process answers; a part that is down shows in its own key."""
    return JsonResponse(report())


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' text; with METRICS_TOKEN set, only for who brings it as bearer."""
    token: str = settings.METRICS_TOKEN
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token and not secrets.compare_digest(given.encode(), token.encode()):
        return HttpResponse("a bearer token is needed\n", status=401, headers={"WWW-Authenticate": "Bearer"})
    return HttpResponse(exposition(), content_type="text/plain; version=0.0.4; charset=utf-8")


def _prefers_html(request: HttpRequest) -> bool:
    accepted = request.headers.get("Accept", "")
    return "text/html" in accepted and request.get_preferred_type(["text/html", "application/json"]) == "text/html"
