"""What can go wrong between us and a channel, beyond a send's own result."""

from django.utils.translation import gettext_lazy as _

from apps.core.errors import Conflict, DomainError, ErrorKind, Forbidden, InvalidInput, Unauthenticated
from apps.messaging.types import ErrorAction, ProviderError


class InvalidSignature(Unauthenticated):
    """The webhook is not signed by the account's provider."""

    default_code = "INVALID_SIGNATURE"
    default_message = _("The webhook's signature or secret is missing or wrong.")


class VerificationRefused(Forbidden):
    """A webhook verification call without the account's verify token."""

    default_code = "VERIFICATION_REFUSED"
    default_message = _("The verify token does not match the one of this account.")


class InvalidOutgoing(InvalidInput):
    """The message breaks a limit of the channel; nothing was sent."""

    default_code = "INVALID_MESSAGE"


class ProviderCallFailed(DomainError):
    """The provider refused or could not be reached; `error` says what to do, `retry_after` is in seconds."""

    kind = ErrorKind.UNAVAILABLE
    default_code = "PROVIDER_FAILED"

    def __init__(self, error: ProviderError, *, retry_after: float | None = None) -> None:
        super().__init__(error.message)
        self.error = error
        self.retry_after = retry_after

    @property
    def is_temporary(self) -> bool:
        return self.error.action in {ErrorAction.RETRY, ErrorAction.RETRY_LATER}


class MediaGone(Conflict):
    """The provider no longer has the file; asking again is no use."""

    default_code = "MEDIA_GONE"
    default_message = _("The file is no longer available from the provider.")


class MediaTooLarge(DomainError):
    kind = ErrorKind.TOO_LARGE
    default_code = "MEDIA_TOO_LARGE"
    default_message = _("The file is larger than can be received.")


class MediaCorrupt(DomainError):
    """What arrived is not what the provider announced."""

    kind = ErrorKind.UNAVAILABLE
    default_code = "MEDIA_CORRUPT"
    default_message = _("The file arrived damaged.")


class AccountTaken(Conflict):
    """Two accounts would answer for one number or bot."""

    default_code = "ACCOUNT_TAKEN"
    default_message = _("This number or bot is already connected to an account.")


class NotConnected(DomainError):
    """The broker has no account of this channel to work with."""

    kind = ErrorKind.UNAVAILABLE
    default_code = "NOT_CONNECTED"
    default_message = _("No account of this channel is set up yet. Add it in the settings first.")
