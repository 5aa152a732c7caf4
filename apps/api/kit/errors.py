"""Errors become answers here and nowhere else: a status, and the envelope of the dialect that was asked."""

import logging
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.defaults import server_error
from rest_framework.response import Response
from rest_framework.views import exception_handler as framework_handler
from rest_framework.views import set_rollback

from apps.api.kit.dialects import Dialect, dialect_of_path
from apps.api.kit.problems import MalformedBody, Problem, fault, problem_of
from apps.core.errors import DomainError

log = logging.getLogger(__name__)


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's hook; never lets a trace out."""
    request: HttpRequest = context["request"]
    dialect = getattr(context.get("view"), "dialect", None) or dialect_of_path(request.path)
    if dialect is None:
        return framework_handler(error, context)
    set_rollback()
    problem = _in_wire_names(_problem(error, dialect, request), getattr(context.get("view"), "wire_names", {}))
    return Response(dialect.envelope(problem), status=problem.status, headers=dict(problem.headers))


def error_response(request: HttpRequest, error: Exception) -> HttpResponse:
    """The same outside DRF: for middleware, unknown addresses and the webhook doors."""
    dialect = dialect_of_path(request.path)
    problem = _problem(error, dialect, request)
    if dialect is None:
        return HttpResponse(problem.message, status=problem.status, content_type="text/plain; charset=utf-8")
    body = orjson.dumps(dialect.envelope(problem))
    return HttpResponse(body, status=problem.status, content_type="application/json", headers=dict(problem.headers))


def _problem(error: Exception, dialect: Dialect | None, request: HttpRequest) -> Problem:
    if isinstance(error, MalformedBody):
        return _malformed(dialect)
    problem = problem_of(error, method=str(request.method))
    if problem is None:
        log.error("request failed", exc_info=error, extra={"path": request.path})
        return fault()
    if problem.status == 503 and not isinstance(error, DomainError):
        log.warning("request refused: something is down", exc_info=error)
    status = dialect.statuses.get(problem.code) if dialect else None
    return replace(problem, status=status) if status else problem


def _in_wire_names(problem: Problem, names: Mapping[str, str]) -> Problem:
    """The domain names a field by its own name, the caller knows the document's."""
    if not names or not problem.fields:
        return problem
    fields = [replace(error, field=names.get(error.field, error.field)) for error in problem.fields]
    return replace(problem, fields=fields)


def _malformed(dialect: Dialect | None) -> Problem:
    status = dialect.malformed_status if dialect else 400
    code = "VALIDATION_ERROR" if status == 422 else "BAD_REQUEST"
    return Problem(status, code, _("The body is not valid JSON."))


def fault_page(request: HttpRequest) -> HttpResponse:
    """Django's last resort (handler500): an error below the API's prefixes that no view of ours caught.

    Middleware refuses with domain errors, too: those keep their own status.
    """
    error = sys.exc_info()[1]
    if isinstance(error, DomainError) or dialect_of_path(request.path) is not None:
        return error_response(request, error if isinstance(error, Exception) else RuntimeError())
    return server_error(request)
