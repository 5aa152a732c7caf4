"""A refusal on its way to the client, before a dialect gives it its envelope."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from django.core import exceptions as django_errors
from django.db import DataError, IntegrityError, OperationalError
from django.http import Http404
from django.http.request import RawPostDataException, UnreadablePostError
from django.utils.translation import gettext_lazy as _
from psycopg import errors as postgres_errors
from rest_framework import exceptions as drf

from apps.core.errors import DomainError, ErrorKind, FieldError, RateLimited

STATUS_OF_KIND: Final[Mapping[ErrorKind, int]] = {
    ErrorKind.INVALID: 422,
    ErrorKind.BAD_REQUEST: 400,
    ErrorKind.UNAUTHENTICATED: 401,
    ErrorKind.FORBIDDEN: 403,
    ErrorKind.NOT_FOUND: 404,
    ErrorKind.CONFLICT: 409,
    ErrorKind.TOO_LARGE: 413,
    ErrorKind.RATE_LIMITED: 429,
    ErrorKind.UNAVAILABLE: 503,
    ErrorKind.NOT_BUILT: 501,
}


@dataclass(frozen=True)
class Problem:
    """`fields` are the values that are wrong, found `where` (body, query or path)."""

    status: int
    code: str
    message: str
    fields: Sequence[FieldError] = ()
    where: str = "body"
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_validation(self) -> bool:
        """Whether a value of the request is at fault."""
        return self.status == 422


class InvalidRequest(Exception):
    """A serializer refused the body or the query; raised by the kit's view."""

    def __init__(self, detail: object, *, where: str) -> None:
        super().__init__("invalid request")
        self.detail = detail
        self.where = where


class MalformedBody(Exception):
    """The body is not JSON."""


def problem_of(error: Exception, *, method: str = "POST") -> Problem | None:
    """The refusal that the exception means, or None where it is a fault of ours."""
    if isinstance(error, DomainError):
        return _of_domain(error, where="query" if method in {"GET", "DELETE"} else "body")
    if isinstance(error, InvalidRequest):
        return _of_fields(field_errors(error.detail), where=error.where)
    if isinstance(error, drf.ValidationError):
        return _of_fields(field_errors(error.detail), where="body")
    if isinstance(error, django_errors.ValidationError):
        return _of_fields([FieldError("", text) for text in error.messages], where="body")
    if isinstance(error, drf.APIException):
        return _of_drf(error)
    return _of_django(error)


def field_errors(detail: object, prefix: str = "") -> list[FieldError]:
    """DRF's nested errors as a flat list with dotted names; "" is the body as a whole."""
    if isinstance(detail, Mapping):
        found: list[FieldError] = []
        for name, inner in detail.items():
            is_whole = name in {"non_field_errors", "detail"}
            dotted = prefix if is_whole else f"{prefix}.{name}" if prefix else str(name)
            found += field_errors(inner, dotted)
        return found
    if isinstance(detail, list | tuple):
        found = []
        for index, inner in enumerate(detail):
            nested = isinstance(inner, Mapping | list | tuple)
            found += field_errors(inner, f"{prefix}.{index}" if nested and prefix else prefix)
        return found
    return [FieldError(prefix, str(detail), str(getattr(detail, "code", "invalid")))]


def _of_fields(errors: list[FieldError], *, where: str) -> Problem:
    return Problem(422, "VALIDATION_ERROR", str(_("Some values are not valid.")), errors, where)


def _of_domain(error: DomainError, *, where: str) -> Problem:
    named = [FieldError(error.field, error.message, error.code)] if error.field else []
    headers = {"Retry-After": str(error.retry_after)} if isinstance(error, RateLimited) else {}
    if error.kind is ErrorKind.UNAUTHENTICATED:
        headers = {"WWW-Authenticate": "Bearer"}
    return Problem(STATUS_OF_KIND[error.kind], error.code, error.message, list(error.details) or named, where, headers)


def _of_drf(error: drf.APIException) -> Problem:
    headers: dict[str, str] = {}
    if isinstance(error, drf.NotAuthenticated | drf.AuthenticationFailed):
        message = str(_("Sign in to continue: the credentials are missing, expired or not valid."))
        return Problem(401, "UNAUTHORIZED", message, headers={"WWW-Authenticate": "Bearer"})
    wait = getattr(error, "wait", None)  # of Throttled, in seconds
    if wait:
        headers["Retry-After"] = str(int(wait) + 1)
    codes = {
        400: "BAD_REQUEST",
        403: "FORBIDDEN",
        404: "NOT_FOUND",
        405: "METHOD_NOT_ALLOWED",
        406: "NOT_ACCEPTABLE",
        415: "UNSUPPORTED_MEDIA_TYPE",
        429: "RATE_LIMITED",
    }
    return Problem(error.status_code, codes.get(error.status_code, "ERROR"), str(error.detail), headers=headers)


def _of_django(error: Exception) -> Problem | None:
    if isinstance(error, Http404):
        return Problem(404, "NOT_FOUND", str(_("It was not found.")))
    if isinstance(error, django_errors.RequestDataTooBig | django_errors.TooManyFieldsSent):
        return Problem(413, "PAYLOAD_TOO_LARGE", str(_("The content is too large.")))
    if isinstance(error, UnreadablePostError | RawPostDataException | django_errors.SuspiciousOperation):
        return Problem(400, "BAD_REQUEST", str(_("The request could not be read.")))
    if isinstance(error, django_errors.PermissionDenied):
        return Problem(
            403, "FORBIDDEN", str(_("You do not have permission to do this. Ask an administrator of your team."))
        )
    if isinstance(error, DataError):  # a number or text that no column holds: the caller's value, not our fault
        return Problem(422, "VALIDATION_ERROR", str(_("A value is too large or cannot be stored.")))
    cause = error.__cause__
    if isinstance(error, IntegrityError) and isinstance(
        cause, postgres_errors.UniqueViolation | postgres_errors.ExclusionViolation
    ):
        return Problem(409, "CONFLICT", str(_("This conflicts with what is already there.")))
    if isinstance(error, OperationalError):
        message = str(_("The service is not available right now. Try again in a moment."))
        return Problem(503, "UNAVAILABLE", message, headers={"Retry-After": "5"})
    return None


def fault() -> Problem:
    """A fault of ours: it says no more than that."""
    return Problem(500, "INTERNAL_ERROR", str(_("Something went wrong on our side. Try again in a moment.")))
