"""The one family of exceptions that the domain raises; `apps.api.kit` alone turns a kind into an HTTP status."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext_lazy as _


class ErrorKind(StrEnum):
    """What went wrong, seen by the caller."""

    INVALID = "invalid"
    BAD_REQUEST = "bad_request"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    TOO_LARGE = "too_large"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    NOT_BUILT = "not_built"


@dataclass(frozen=True)
class FieldError:
    """One field and what is wrong with it; `field` is dotted for nested input."""

    field: str
    message: str
    code: str = "invalid"


class DomainError(Exception):
    """A refusal that a person can read.

    `message` says what happened and what to do, translated late; `code` is for machines; `field` names the input
    concerned; `details` lists several field errors.
    """

    kind = ErrorKind.INVALID
    default_code = "VALIDATION_ERROR"
    default_message = _("The request is not valid.")

    def __init__(
        self,
        message: object = "",
        *,
        code: str | None = None,
        field: str | None = None,
        details: Sequence[FieldError] = (),
    ) -> None:
        self.raw_message = message or self.default_message
        self.code = code or self.default_code
        self.field = field
        self.details = tuple(details)
        super().__init__(self.code)

    @property
    def message(self) -> str:
        """The sentence in the language active now."""
        return str(self.raw_message)

    def __str__(self) -> str:
        return self.message


class InvalidInput(DomainError):
    """A value is missing, mistyped or outside its limits."""


class BadRequest(DomainError):
    """The request contradicts the state of things in a way the document calls 400."""

    kind = ErrorKind.BAD_REQUEST
    default_code = "BAD_REQUEST"


class Unauthenticated(DomainError):
    """No valid credential came with the request."""

    kind = ErrorKind.UNAUTHENTICATED
    default_code = "UNAUTHORIZED"
    default_message = _("Sign in to continue: the credentials are missing, expired or not valid.")


class Forbidden(DomainError):
    """The caller sees the row but may not do this with it."""

    kind = ErrorKind.FORBIDDEN
    default_code = "FORBIDDEN"
    default_message = _("You do not have permission to do this. Ask an administrator of your team.")


class NotFound(DomainError):
    """There is no such row in the caller's sight."""

    kind = ErrorKind.NOT_FOUND
    default_code = "NOT_FOUND"
    default_message = _("It was not found.")


class Conflict(DomainError):
    """The row exists already, or its state does not allow this."""

    kind = ErrorKind.CONFLICT
    default_code = "CONFLICT"
    default_message = _("This conflicts with what is already there.")


class IllegalTransition(Conflict):
    """A state may not follow the present one."""

    default_code = "ILLEGAL_TRANSITION"


class PayloadTooLarge(DomainError):
    """The body is larger than this address accepts."""

    kind = ErrorKind.TOO_LARGE
    default_code = "PAYLOAD_TOO_LARGE"
    default_message = _("The content is too large.")


class RateLimited(DomainError):
    """Too many calls; `retry_after` is in seconds."""

    kind = ErrorKind.RATE_LIMITED
    default_code = "RATE_LIMITED"
    default_message = _("Too many attempts. Wait a moment and try again.")

    def __init__(self, message: object = "", *, retry_after: int = 60) -> None:
        super().__init__(message)
        self.retry_after = max(1, retry_after)


class Unavailable(DomainError):
    """Something this needs is down for the moment."""

    kind = ErrorKind.UNAVAILABLE
    default_code = "UNAVAILABLE"
    default_message = _("The service is not available right now. Try again in a moment.")


class NotBuilt(DomainError):
    """A documented operation that this version does not serve yet."""

    kind = ErrorKind.NOT_BUILT
    default_code = "NOT_IMPLEMENTED"
    default_message = _("This operation is documented but not available in this version yet.")
