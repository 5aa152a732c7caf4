"""Phone numbers: one spelling to store (E.164), every spelling to match.

Sources: docs of the providers, summarised in docs/channels.md: Mexico writes 52 and 521, Argentina 54 and 549, Brazil
with and without the ninth digit, for one person. `phonenumbers` calls +521… impossible, so the 1 goes before it parses.
"""

import re

import phonenumbers
from django.utils.translation import gettext_lazy as _

from apps.core.errors import InvalidInput

_NOT_DIGITS = re.compile(r"\D")


def normalize_phone(text: str, *, country: str, field: str = "phone") -> str:
    """The number as E.164, read with the country's habits when it has no +.

    Accepts what is possible rather than what is assigned: the documents' own examples need not exist.
    Raises InvalidInput where no possible number can be read.
    """
    number = parse_phone(text, country=country)
    if number is None:
        raise InvalidInput(
            _("“%(text)s” is not a phone number. Write it with its country code, for example +56912345678.")
            % {"text": str(text)[:40]},
            field=field,
        )
    return number


def parse_phone(text: str, *, country: str) -> str | None:
    """As `normalize_phone`, with None instead of an error."""
    cleaned = _without_old_mexican_prefix(str(text).strip()[:40])
    try:
        number = phonenumbers.parse(cleaned, country or None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def phone_of_wa_id(wa_id: str) -> str | None:
    """The E.164 number of a WhatsApp id, without judging whether it is assigned; None for other ids."""
    digits = _NOT_DIGITS.sub("", wa_id)
    if digits != wa_id.lstrip("+") or not 7 <= len(digits) <= 15:
        return None
    if digits.startswith("521") and len(digits) == 13:
        digits = "52" + digits[3:]
    return "+" + digits


def match_key(phone: str) -> str:
    """One key for all spellings of a person's number: for matching only, never for sending.

    >>> match_key("+5215512345678") == match_key("+52 55 1234 5678")
    True
    """
    digits = _NOT_DIGITS.sub("", phone)
    if digits.startswith("521") and len(digits) == 13:
        return "52" + digits[3:]
    if digits.startswith("549") and len(digits) == 13:
        return "54" + digits[3:]
    if digits.startswith("55") and len(digits) == 13 and digits[4] == "9":
        return digits[:4] + digits[5:]
    return digits


def spellings(phone: str) -> tuple[str, ...]:
    """Every E.164 spelling under which the person may be stored, the canonical first."""
    key = match_key(phone)
    forms = ["+" + key]
    if key.startswith("52") and len(key) == 12:
        forms.append("+521" + key[2:])
    if key.startswith("54") and len(key) == 12:
        forms.append("+549" + key[2:])
    if key.startswith("55") and len(key) == 12 and key[4] in "6789":
        forms.append(f"+{key[:4]}9{key[4:]}")
    return tuple(forms)


def _without_old_mexican_prefix(text: str) -> str:
    digits = _NOT_DIGITS.sub("", text)
    if text.startswith("+") and digits.startswith("521") and len(digits) == 13:
        return "+52" + digits[3:]
    return text
