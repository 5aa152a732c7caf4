"""Per-request housekeeping: an id, the client's address, a clean search path."""

import re
import uuid
from collections.abc import Callable

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from apps.core.context import RequestContext, set_request_context
from apps.core.tenancy import leave_broker

_REQUEST_ID = re.compile(r"[\w.\-]{8,64}")


class RequestContextMiddleware:
    """Gives each request an id (answered as X-Request-ID), and starts and ends it in the public schema."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        context = RequestContext(request_id=request_id, address=client_address(request))
        set_request_context(context)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        leave_broker()
        try:
            response = self.get_response(request)
        finally:
            leave_broker()
        response.headers["X-Request-ID"] = request_id
        return response


def client_address(request: HttpRequest) -> str:
    """The client's IP: the socket's, or the one our own proxies report when TRUST_PROXY is set."""
    count: int = settings.TRUSTED_PROXY_COUNT
    forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    if count and len(forwarded) >= count:
        return forwarded[-count]
    return str(request.META.get("REMOTE_ADDR", ""))
