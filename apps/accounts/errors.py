"""What the accounts room refuses, in words for the person who reads them."""

from django.utils.translation import gettext_lazy as _

from apps.core.errors import BadRequest, Conflict, Forbidden, InvalidInput, Unauthenticated


class InvalidCredentials(Unauthenticated):
    """The e-mail and the password do not belong together; it looks alike whether or not the account exists."""

    default_code = "INVALID_CREDENTIALS"
    default_message = _("The email or the password is not correct.")


class AccountInactive(Forbidden):
    """The password was right, but the user or the broker is switched off."""

    default_code = "ACCOUNT_INACTIVE"
    default_message = _("This account is not active. Ask an administrator of your team.")


class InvalidToken(Unauthenticated):
    """The token is malformed, expired, revoked or of another kind."""

    default_code = "INVALID_TOKEN"
    default_message = _("The token is not valid or has expired. Sign in again.")


class InvalidCode(Unauthenticated):
    """The second factor is wrong, expired or was used before."""

    default_code = "INVALID_CODE"
    default_message = _("The code is not correct or was already used. Wait for the next one and try again.")


class EmailTaken(Conflict):
    """Another user signs in with this e-mail."""

    default_code = "EMAIL_TAKEN"
    default_message = _("This email is already registered.")


class WeakPassword(InvalidInput):
    """The password does not meet the rule that applies here."""

    default_code = "WEAK_PASSWORD"


class WrongPassword(InvalidInput):
    """The current password, asked for again before a sensitive change, is wrong."""

    default_code = "WRONG_PASSWORD"
    default_message = _("The current password is not correct.")


class TwoFactorActive(Conflict):
    """Two-factor authentication is already on."""

    default_code = "TWO_FACTOR_ACTIVE"
    default_message = _("Two-factor authentication is already active.")


class TwoFactorMissing(Conflict):
    """There is no second factor to verify or to switch off."""

    default_code = "TWO_FACTOR_MISSING"
    default_message = _("Two-factor authentication is not active. Enable it first.")


class OwnAccount(BadRequest):
    """Nobody locks themselves out."""

    default_code = "OWN_ACCOUNT"
    default_message = _("You cannot deactivate your own account or change your own role.")


class LastAdmin(BadRequest):
    """A broker always keeps someone who can administer it."""

    default_code = "LAST_ADMIN"
    default_message = _("This is the only active administrator. Make another one first.")
