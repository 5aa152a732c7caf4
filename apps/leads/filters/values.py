"""Values of conditions as somebody sent them, made what their field holds."""

import math
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Final

from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext_lazy as _

from apps.core.errors import InvalidInput
from apps.leads.filters.fields import CHOICES_OF_COLUMN, Kind, Op

_LONGEST_TEXT: Final = 300
_LONGEST_TAG: Final = 60
_MOST_DAYS: Final = 36_500
_OF_ORDER: Final = frozenset({Op.GT, Op.GTE, Op.LT, Op.LTE, Op.BETWEEN})
_WHOLE: Final = frozenset({"inbound_count", "odoo_partner_id"})

Scalar = str | int | float | bool


def reader_of(name: str, kind: Kind | None, op: Op) -> Callable[[object], Scalar]:
    """What reads one value of the field; it raises InvalidInput. `kind` None: nobody has defined the field."""
    if name in CHOICES_OF_COLUMN:
        return _choice_of(name)
    if name in _WHOLE:
        return _whole
    if kind is None:
        return _number_or_text if op in _OF_ORDER else _undefined
    return _readers[kind]


def readable_text(value: object, longest: int = _LONGEST_TEXT) -> str:
    """A text that can be stored and sent."""
    if not isinstance(value, str) or not value.strip() or len(value) > longest or "\x00" in value:
        raise refused(_("Write a text of 1 to %(most)d characters.") % {"most": longest})
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise refused(_("This text has characters that cannot be read.")) from error
    return value


def _text(value: object) -> Scalar:
    if isinstance(value, bool | int | float):
        value = str(_number(value)) if not isinstance(value, bool) else str(value).lower()
    return readable_text(value).strip()


def _tag(value: object) -> Scalar:
    return readable_text(value, _LONGEST_TAG).strip()


def _phone(value: object) -> Scalar:
    text = readable_text(value, _LONGEST_TAG).strip()
    if not any(letter in "0123456789" for letter in text):
        raise refused(_("Write digits of a phone number."))
    return text


def _number(value: object) -> int | float:
    if isinstance(value, str) and len(value) <= 30:
        try:
            value = float(value) if "." in value or "e" in value.lower() else int(value)
        except ValueError as error:
            raise refused(_("Write a number here.")) from error
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise refused(_("Write a number here."))
    if not math.isfinite(value) or abs(value) >= 10**15:
        raise refused(_("Write a number here."))
    return value


def _whole(value: object) -> Scalar:
    number = _number(value)
    if number != int(number):
        raise refused(_("Write a whole number here."))
    return int(number)


def _boolean(value: object) -> Scalar:
    word = value.strip().lower() if isinstance(value, str) else value
    if word is True or word == "true":
        return True
    if word is False or word == "false":
        return False
    raise refused(_("Say yes or no here."))


def _date(value: object) -> Scalar:
    """A day stays a day, in the broker's time zone; a moment goes to UTC."""
    try:
        found: date | datetime | None = None
        if isinstance(value, str) and len(value) <= 40:
            found = parse_date(value.strip()) or parse_datetime(value.strip())
    except ValueError:
        found = None
    if found is None or not 1 < found.year < 9999:
        raise refused(_("Write a date here, such as 2026-02-12."))
    if not isinstance(found, datetime):
        return found.isoformat()
    at = found if found.tzinfo else found.replace(tzinfo=UTC)
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def days(value: object) -> int:
    """So many days back."""
    number = _number(value)
    if not isinstance(number, int) or not 0 <= number <= _MOST_DAYS:
        raise refused(_("Write a number of days from 0 to %(most)d.") % {"most": _MOST_DAYS})
    return number


def _agent(value: object) -> Scalar:
    number = _number(value)
    if not isinstance(number, int) or number < 1:
        raise refused(_("Name an agent by their number."))
    return number


def _undefined(value: object) -> Scalar:
    return value if isinstance(value, bool) else _number(value) if isinstance(value, int | float) else _text(value)


def _number_or_text(value: object) -> Scalar:
    try:
        return _number(value)
    except InvalidInput:
        return _text(value)


def _choice_of(name: str) -> Callable[[object], Scalar]:
    values = CHOICES_OF_COLUMN[name].values

    def read(value: object) -> Scalar:
        word = value.strip().lower() if isinstance(value, str) else ""
        if word not in values:
            raise refused(
                _("“%(name)s” is one of: %(choices)s") % {"name": name, "choices": ", ".join(map(str, values))}
            )
        return word

    return read


def refused(sentence: object) -> InvalidInput:
    """What is wrong with the filter."""
    return InvalidInput(sentence, field="conditions")


_readers: Final[Mapping[Kind, Callable[[object], Scalar]]] = {
    Kind.TEXT: _text,
    Kind.PHONE: _phone,
    Kind.CHOICE: _text,
    Kind.NUMBER: _number,
    Kind.DATE: _date,
    Kind.TAGS: _tag,
    Kind.BOOLEAN: _boolean,
    Kind.AGENT: _agent,
}
