"""Custom fields: what a broker knows of its leads beyond the lead's own columns.

A field is the definition of one key of `Lead.attributes`. Those that ingest or an import met wait for review and hold
values meanwhile. A field that is mapped hands its values on: to a column of the lead or to another field.
"""

from collections.abc import Mapping
from typing import Final

from django.utils.translation import gettext_lazy as _

from apps.core.access import Actor
from apps.core.errors import Conflict, InvalidInput, NotFound
from apps.leads.field_values import (
    LEAD_ALIASES,
    clean_as,
    clean_value,
    column_of,
    common_type,
    infer_type,
    plain_name,
    type_for,
)
from apps.leads.models import CustomField
from apps.leads.types import FieldReview

__all__ = [
    "LEAD_ALIASES",
    "LEAD_COLUMNS",
    "FieldExists",
    "all_fields",
    "accepted_fields",
    "clean_as",
    "clean_value",
    "column_of",
    "common_type",
    "ensure_fields",
    "field_named",
    "get_field",
    "infer_type",
    "plain_name",
    "type_for",
    "waiting_fields",
]

# Columns of the lead that a value may be sent to; `name` is first and last name together.
LEAD_COLUMNS: Final[tuple[str, ...]] = tuple(dict.fromkeys(LEAD_ALIASES.values()))
# What a sender with random names can make of a broker's list is bounded.
MOST_FIELDS: Final = 500
_LONGEST_NAME: Final = 120


class FieldExists(Conflict):
    """The broker has a field of this name."""

    default_code = "FIELD_EXISTS"
    default_message = _("There is already a field with this name.")


def all_fields() -> list[CustomField]:
    """Every definition of the broker entered, in the order of the lists."""
    return list(CustomField.objects.order_by("position", "id"))


def accepted_fields() -> list[CustomField]:
    """Those that a person works with: accepted, with values of their own in `Lead.attributes`."""
    rows = CustomField.objects.filter(review=FieldReview.ACCEPTED, mapped_to="")
    return list(rows.order_by("position", "id"))


def waiting_fields() -> list[CustomField]:
    """Those that came by themselves and nobody has looked at, oldest first."""
    return list(CustomField.objects.filter(review=FieldReview.WAITING).order_by("id"))


def field_named(name: str) -> CustomField | None:
    """The definition of a key of `Lead.attributes`, whatever its review says."""
    return CustomField.objects.filter(name=name).first()


def get_field(actor: Actor, field_id: int) -> CustomField:
    """One definition; everybody who reads leads may see it.

    Raises Forbidden, NotFound.
    """
    actor.require("clients.read")
    field = CustomField.objects.filter(pk=field_id).first()
    if field is None:
        raise NotFound(_("There is no such field."), field="field_id")
    return field


def ensure_fields(actor: Actor, names_to_samples: Mapping[str, object], origin: str) -> list[CustomField]:
    """Define the names that are no field yet, and return those that were made now.

    A sample is a value, or a list of values, from which the type is inferred. New fields wait for review; one that
    means a column of the lead is accepted and hands its values on to that column. Safe to call from many sessions at
    once: a field is made once. Names that are empty or longer than 120 characters are passed over, and so is
    everything once there are 500 fields.
    """
    actor.require("clients.create")
    known = set(CustomField.objects.values_list("name", flat=True))
    wanted = sorted(name for name in names_to_samples if name not in known and is_usable_name(name))
    wanted = wanted[: max(0, MOST_FIELDS - len(known))]
    if not wanted:
        return []
    rows = [_new_field(name, names_to_samples[name], origin) for name in wanted]
    CustomField.objects.bulk_create(rows, ignore_conflicts=True)
    # What another session made a moment earlier has another uid.
    return list(CustomField.objects.filter(uid__in=[row.uid for row in rows]).order_by("id"))


def is_usable_name(name: str) -> bool:
    """Whether a sender's name can be a field's: something to read, at most 120 characters, no control characters."""
    return bool(name.strip()) and len(name) <= _LONGEST_NAME and name.isprintable()


def require_usable_name(name: str) -> str:
    """The name, trimmed.

    Raises InvalidInput for one that cannot be a field's.
    """
    trimmed = name.strip()
    if not is_usable_name(trimmed):
        raise InvalidInput(_("Write a name of 1 to %(most)d characters.") % {"most": _LONGEST_NAME}, field="name")
    return trimmed


def _new_field(name: str, sample: object, origin: str) -> CustomField:
    column = column_of(name)
    return CustomField(
        name=name,
        type=type_for(name, sample),
        origin=origin,
        review=FieldReview.ACCEPTED if column else FieldReview.WAITING,
        mapped_to=column,
    )
