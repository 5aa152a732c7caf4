"""What is known of the request being served: its id and the caller's address, for logs and the audit trail."""

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class RequestContext:
    """`request_id` comes from the X-Request-ID header or is made; `address` is the client's IP."""

    request_id: str = ""
    address: str = ""


_NOTHING = RequestContext()
_current: ContextVar[RequestContext] = ContextVar("request_context", default=_NOTHING)


def request_context() -> RequestContext:
    """The context of the request being served; empty outside one."""
    return _current.get()


def set_request_context(context: RequestContext) -> None:
    """Called once per request by the middleware and by consumers."""
    _current.set(context)
