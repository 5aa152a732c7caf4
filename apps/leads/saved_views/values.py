"""The parts of a view as somebody sent them."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from apps.core.access import Actor
from apps.core.errors import InvalidInput
from apps.leads.filters import parse_conditions
from apps.leads.sorting import order_of

_MOST_COLUMNS: Final = 60
_LONGEST_COLUMN: Final = 130
_LONGEST_NAME: Final = 120
_LONGEST_SEARCH: Final = 200


def clean_values(actor: Actor, values: Mapping[str, Any]) -> dict[str, Any]:
    """What was given of a view, checked and in its canonical form.

    Raises InvalidInput, Forbidden for sharing without `views.share`.
    """
    cleaners: dict[str, Callable[[Any], Any]] = {
        "name": _clean_name,
        "conditions": parse_conditions,
        "search": _clean_search,
        "sort": _clean_sort,
        "columns": _clean_columns,
    }
    cleaned = {name: clean(values[name]) for name, clean in cleaners.items() if name in values}
    if "is_shared" in values:
        cleaned["is_shared"] = bool(values["is_shared"])
        if cleaned["is_shared"]:
            actor.require("views.share")
    return cleaned


def _clean_name(name: object) -> str:
    text = " ".join(str(name or "").split())
    if not 1 <= len(text) <= _LONGEST_NAME or not text.isprintable():
        raise InvalidInput(_("Write a name of 1 to %(most)d characters.") % {"most": _LONGEST_NAME}, field="name")
    return text


def _clean_search(search: object) -> str:
    text = str(search or "").strip()
    if len(text) > _LONGEST_SEARCH or not text.isprintable():
        raise InvalidInput(_("Write a text of 1 to %(most)d characters.") % {"most": _LONGEST_SEARCH}, field="search")
    return text


def _clean_sort(sort: object) -> str:
    text = str(sort or "")
    order_of(text)
    return text


def _clean_columns(columns: object) -> list[str]:
    names = list(columns) if isinstance(columns, list | tuple) else []
    is_readable = all(
        isinstance(name, str) and 0 < len(name) <= _LONGEST_COLUMN and name.isprintable() for name in names
    )
    if len(names) > _MOST_COLUMNS or not is_readable:
        raise InvalidInput(
            _("Choose at most %(most)d columns by their names.") % {"most": _MOST_COLUMNS}, field="columns"
        )
    return list(dict.fromkeys(names))
