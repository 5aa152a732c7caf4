"""What a lead is shown as: the columns of the table and the details of its page, custom fields among them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from apps.leads.changes import label_of
from apps.leads.fields import accepted_fields
from apps.leads.models import CustomField, Lead
from apps.leads.types import ContactStatus, FieldType, LeadStatus, Stage

CUSTOM: Final = "attributes."


class Kind(StrEnum):
    """How a value is drawn and edited."""

    NAME = "name"
    TEXT = "text"
    LONG = "long"
    PHONE = "phone"
    EMAIL = "email"
    CHOICE = "choice"
    TAGS = "tags"
    AGENT = "agent"
    SCORE = "score"
    YES_NO = "yes_no"
    NUMBER = "number"
    MOMENT = "moment"
    DATE = "date"


@dataclass(frozen=True, kw_only=True)
class Column:
    """One thing known of a lead. `key` is its name in filters and sort orders."""

    key: str
    label: str
    kind: Kind
    is_editable: bool = False
    is_sortable: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    field: CustomField | None = None

    @property
    def is_numeric(self) -> bool:
        """Whether values stand at the end of the cell, digit under digit."""
        return self.kind in {Kind.NUMBER, Kind.SCORE}

    def value_of(self, lead: Lead) -> object:
        """What the lead has here."""
        if self.key.startswith(CUSTOM):
            return lead.attributes.get(self.key.removeprefix(CUSTOM))
        return getattr(lead, self.key)


_CHOICES: Final = {"stage": Stage, "status": LeadStatus, "contact_status": ContactStatus}
# key: (kind, editable, sortable)
_OWN: Final[Mapping[str, tuple[Kind, bool, bool]]] = {
    "name": (Kind.NAME, True, True),
    "phone": (Kind.PHONE, True, False),
    "email": (Kind.EMAIL, True, False),
    "stage": (Kind.CHOICE, True, True),
    "status": (Kind.CHOICE, True, True),
    "score": (Kind.SCORE, False, True),
    "contact_status": (Kind.CHOICE, True, True),
    "assigned_agent": (Kind.AGENT, True, False),
    "tags": (Kind.TAGS, True, False),
    "source": (Kind.TEXT, True, True),
    "company": (Kind.TEXT, True, True),
    "city": (Kind.TEXT, True, True),
    "country": (Kind.TEXT, True, True),
    "address": (Kind.TEXT, True, False),
    "segment": (Kind.TEXT, True, True),
    "lost_reason": (Kind.TEXT, False, False),
    "notes": (Kind.LONG, True, False),
    "inbound_count": (Kind.NUMBER, False, True),
    "lifetime_value": (Kind.NUMBER, False, True),
    "is_opted_out": (Kind.YES_NO, True, False),
    "is_blocked": (Kind.YES_NO, True, False),
    "last_inbound_at": (Kind.MOMENT, False, True),
    "last_contacted_at": (Kind.MOMENT, False, True),
    "stage_changed_at": (Kind.MOMENT, False, True),
    "created_at": (Kind.MOMENT, False, True),
    "updated_at": (Kind.MOMENT, False, True),
}
_KIND_OF_TYPE: Final[Mapping[str, Kind]] = {
    FieldType.STRING: Kind.TEXT,
    FieldType.NUMBER: Kind.NUMBER,
    FieldType.BOOLEAN: Kind.YES_NO,
    FieldType.DATETIME: Kind.DATE,
    FieldType.EMAIL: Kind.EMAIL,
    FieldType.PHONE: Kind.PHONE,
}
# In the table until somebody chooses others.
USUAL: Final = ("name", "phone", "stage", "status", "score", "assigned_agent", "tags", "last_inbound_at", "created_at")
# What a person fills in on the lead's page, in this order; custom fields follow.
DETAILS: Final = ("name", "phone", "email", "company", "city", "country", "address", "segment", "source")
# Never a column: too long for a row.
_ON_THE_PAGE_ALONE: Final = frozenset({"notes"})


def all_columns() -> dict[str, Column]:
    """Every column by its key, the lead's own before the broker's custom fields: one query."""
    own = [_own(key) for key in _OWN]
    custom = [_custom(field) for field in accepted_fields()]
    return {column.key: column for column in (*own, *custom)}


def table_columns(columns: Mapping[str, Column]) -> list[Column]:
    """Those that a table can show."""
    return [column for column in columns.values() if column.key not in _ON_THE_PAGE_ALONE]


def chosen_columns(columns: Mapping[str, Column], keys: Iterable[str]) -> list[Column]:
    """The columns with these keys, the name always first; the usual ones where none of the keys is known."""
    known = [key for key in dict.fromkeys(keys) if key in columns and key not in _ON_THE_PAGE_ALONE]
    wanted = known or list(USUAL)
    return [columns[key] for key in ("name", *(key for key in wanted if key != "name"))]


def detail_columns(columns: Mapping[str, Column]) -> list[Column]:
    """Those of the lead's page: what a person fills in, then the custom fields."""
    custom = [column for column in columns.values() if column.key.startswith(CUSTOM)]
    return [*(columns[key] for key in DETAILS), *custom]


def custom_names(columns: Sequence[Column]) -> frozenset[str]:
    """The names of the custom fields among the columns."""
    return frozenset(column.key.removeprefix(CUSTOM) for column in columns if column.key.startswith(CUSTOM))


def _own(key: str) -> Column:
    kind, is_editable, is_sortable = _OWN[key]
    choices = tuple((value, str(label)) for value, label in _CHOICES[key].choices) if key in _CHOICES else ()
    return Column(
        key=key, label=label_of(key), kind=kind, is_editable=is_editable, is_sortable=is_sortable, choices=choices
    )


def _custom(field: CustomField) -> Column:
    return Column(
        key=f"{CUSTOM}{field.name}",
        label=field.label or label_of(field.name),
        kind=_KIND_OF_TYPE.get(field.type, Kind.TEXT),
        is_editable=True,
        field=field,
    )
