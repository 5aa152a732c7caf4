"""What is kept of a value in one of the lead's own columns."""

import re
from collections.abc import Mapping
from typing import Any, Final

from apps.core.countries import country_code
from apps.core.errors import InvalidInput
from apps.core.phones import normalize_phone, parse_phone
from apps.leads.actions import clean_tags, split_name
from apps.leads.field_values import clean_as
from apps.leads.models import Lead
from apps.leads.types import FieldType

_LONGEST: Final[Mapping[str, int]] = {
    "name": 300,
    "first_name": 150,
    "last_name": 150,
    "company": 200,
    "city": 120,
    "address": 300,
    "segment": 60,
    "source": 60,
    "notes": 10_000,
}
_PARTS_OF_A_LIST: Final = re.compile(r"[,;|]")


def clean_column(column: str, value: Any, *, country: str) -> Any:
    """The value as the column holds it; a text that is too long is cut, the record has all of it.

    Raises InvalidInput for what the column cannot hold.
    """
    if column == "tags":
        parts = value if isinstance(value, list) else _PARTS_OF_A_LIST.split(_text(value, column))
        return clean_tags([_text(part, column) for part in parts])
    text = _text(value[0] if isinstance(value, list) and value else value, column)
    match column:
        case "phone":
            return _phone(text, country)
        case "email":
            return clean_as(FieldType.EMAIL, text, name=column)
        case "country":
            return country_code(text)
        case _:
            return text[: _LONGEST[column]]


def names_in(columns: Mapping[str, Any]) -> dict[str, Any]:
    """The columns with the full name split into first and last; what was said of either alone counts more."""
    found = {column: value for column, value in columns.items() if column != "name"}
    if "name" not in columns:
        return found
    first, last = split_name(columns["name"])
    if "last_name" in found and "first_name" not in found:
        # `nombre: Ana María, apellido: Pérez`: the name is the first name, unless it holds the last one already.
        whole = " ".join(columns["name"].split())
        first = whole.removesuffix(found["last_name"]).strip() or whole
    return {"first_name": first[:150], "last_name": last, **found}


def empty_columns(lead: Lead, columns: Mapping[str, Any]) -> dict[str, Any]:
    """Of these values those for which the lead has none. First and last name are one; tags are added."""
    found: dict[str, Any] = {}
    has_name = bool(lead.name)
    for column, value in columns.items():
        if column == "tags":
            tags = clean_tags([*lead.tags, *value])
            if tags != lead.tags:
                found[column] = tags
        elif column in {"first_name", "last_name"}:
            if not has_name and value:
                found[column] = value
        elif not getattr(lead, column) and value:
            found[column] = value
    return found


def _phone(text: str, country: str) -> str:
    """With its country code and without the +, as many systems write it, a number is read too."""
    return parse_phone(text, country=country) or normalize_phone(
        text if text.startswith("+") else f"+{text.lstrip('0')}", country=country
    )


def _text(value: Any, column: str) -> str:
    text = clean_as(FieldType.STRING, value, name=column)
    if not text:
        raise InvalidInput(field=column)
    return str(text)
