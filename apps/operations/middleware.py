"""Counts and times every request that Django answers."""

import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from apps.operations.metrics import latency, requests

# Addresses by their first part; the rest is `other`, so that scanners cannot make labels.
_DIALECTS = {
    "api": "api",
    "v1": "crm_whatsapp",
    "auth": "inmo",
    "webhooks": "webhooks",
    "app": "dashboard",
    "admin": "admin",
    "static": "static",
    "health": "operations",
    "metrics": "operations",
}
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class MetricsMiddleware:
    """Goes first, so that it sees what every other middleware costs and answers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = self.get_response(request)
        dialect = dialect_of(request.path_info)
        latency.labels(dialect).observe(time.perf_counter() - started)
        method = request.method if request.method in _METHODS else "OTHER"
        requests.labels(dialect, method, str(response.status_code)).inc()
        return response


def dialect_of(path: str) -> str:
    """Which document, or which part of the product, an address belongs to."""
    parts = path.strip("/").split("/")
    first = _DIALECTS.get(parts[0], "other")
    if first != "api":
        return first
    match parts[1:3]:
        case ["v1", "ingest" | "admin"]:
            return "centro_control"
        case ["v1", *_] | ["broker" | "brokers", *_]:
            return "inmo"
        case _:
            return "whatsapp_odoo"
