"""Which passwords are accepted where: two rules, as the documents state them."""

from enum import Enum

from django.utils.translation import gettext_lazy as _

from apps.accounts.errors import WeakPassword

MAX_LENGTH = 256  # Argon2 reads all of it: a megabyte of password is an attack, not a password


class PasswordRule(Enum):
    """STRONG: `/auth/register`, `/auth/change-password`, `/api/broker/users`. BASIC: `/api/users` and `/v1`."""

    STRONG = "strong"
    BASIC = "basic"


def check_password_rule(password: str, rule: PasswordRule, *, field: str = "password") -> None:
    """Raise WeakPassword, naming what is missing, unless the password meets the rule."""
    if len(password) > MAX_LENGTH:
        raise WeakPassword(_("The password is too long: at most 256 characters."), field=field)
    if len(password) < 8:
        raise WeakPassword(_("The password must have at least 8 characters."), field=field)
    if rule is PasswordRule.BASIC:
        return
    if not any(character.isupper() for character in password):
        raise WeakPassword(_("The password needs an upper-case letter."), field=field)
    if not any(character.islower() for character in password):
        raise WeakPassword(_("The password needs a lower-case letter."), field=field)
    if not any(character.isdigit() for character in password):
        raise WeakPassword(_("The password needs a digit."), field=field)
    if all(character.isalnum() or character.isspace() for character in password):
        raise WeakPassword(_("The password needs a special character, such as ! or #."), field=field)
