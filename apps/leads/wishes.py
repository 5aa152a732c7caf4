"""Reading what somebody looks for out of a lead's attributes: whoever wrote them, only sensible values count."""

from collections.abc import Sequence
from datetime import date, time
from decimal import Decimal, InvalidOperation
from typing import Final

CURRENCIES: Final = ("CLP", "UF", "MXN", "USD", "COP", "ARS", "PEN", "BRL", "EUR")
MAX_AMOUNT: Final = Decimal("1e13")
MAX_ROOMS: Final = 20
MAX_TEXT: Final = 120


def amount_of(value: object) -> Decimal | None:
    """A positive amount of money from JSON, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        amount = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    if not amount.is_finite() or not 0 < amount <= MAX_AMOUNT:
        return None
    return amount.quantize(Decimal("0.01")) if amount != amount.to_integral_value() else Decimal(int(amount))


def rooms_of(value: object) -> int | None:
    """A sensible number of rooms from JSON, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        rooms = int(value)
    except (ValueError, OverflowError):
        return None
    return rooms if 0 <= rooms <= MAX_ROOMS else None


def day_of(value: object) -> date | None:
    """An ISO date from JSON, or None."""
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def time_of(value: object) -> time | None:
    """An ISO time from JSON, without seconds, or None."""
    try:
        moment = time.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment.replace(second=0, microsecond=0, tzinfo=None) if moment else None


def text_of(value: object) -> str:
    """A short text from JSON, or nothing."""
    return value.strip()[:MAX_TEXT] if isinstance(value, str) else ""


def texts_of(value: object) -> tuple[str, ...]:
    """At most ten short texts, each once; a single one may stand without its list."""
    items = value if isinstance(value, list | tuple) else [value]
    return tuple(dict.fromkeys(text for item in items[:10] if (text := text_of(item))))


def one_of(value: object, allowed: Sequence[str]) -> str:
    """The value where it is one of these texts, or nothing."""
    return value if isinstance(value, str) and value in allowed else ""
