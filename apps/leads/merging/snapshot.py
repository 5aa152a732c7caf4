"""A lead's row as JSON, and back."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Field, ForeignKey

from apps.leads.models import Lead

Columns = dict[str, Any]  # JSON


def columns_of(lead: Lead) -> Columns:
    """Every column by its name."""
    return {field.attname: as_json(getattr(lead, field.attname)) for field in Lead._meta.concrete_fields}


def lead_from(columns: Mapping[str, Any]) -> Lead:
    """An unsaved lead with those columns. A person or job that it names and that is gone meanwhile is left out."""
    known = {name: from_json(name, value) for name, value in columns.items() if name in _fields()}
    for field in Lead._meta.concrete_fields:
        if isinstance(field, ForeignKey) and known.get(field.attname) is not None:
            model = field.related_model
            if isinstance(model, str) or not model._default_manager.filter(pk=known[field.attname]).exists():
                known[field.attname] = None
    return Lead(**known)


def as_json(value: Any) -> Any:
    """A column's value as JSON keeps it; the times to the microsecond."""
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, (Decimal, UUID)) else value


def from_json(name: str, value: Any) -> Any:
    """The column's value again."""
    return _fields()[name].to_python(value)


def field_names(columns: Iterable[str]) -> list[str]:
    """The model's names of the columns, for `update_fields`."""
    return [_fields()[column].name for column in columns]


def _fields() -> dict[str, "Field[Any, Any]"]:
    return {field.attname: field for field in Lead._meta.concrete_fields}
