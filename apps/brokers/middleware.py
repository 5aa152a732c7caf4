"""Which broker a browser's request is in: the signed-in user's, which must agree with the host's domain."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from apps.brokers.resolution import resolve_for_session
from apps.core.tenancy import enter_broker

# Of no broker, and answered even when the database is away.
_PLATFORM_PATHS = frozenset({"", "/health", "/metrics"})


class BrokerMiddleware:
    """Sets `request.broker_id` and enters that broker. API requests are resolved after their token is read."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        is_platform = request.path_info.rstrip("/") in _PLATFORM_PATHS
        broker_id = None if is_platform else resolve_for_session(request)
        request.broker_id = broker_id  # type: ignore[attr-defined]
        if broker_id is not None:
            enter_broker(broker_id)
        return self.get_response(request)
