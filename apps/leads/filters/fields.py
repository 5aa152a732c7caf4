"""What a list of leads can be narrowed by: the columns, the custom fields, and what can be asked of each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.accounts.types import UserStatus
from apps.core.tenancy import entered_broker_id
from apps.leads.changes import label_of
from apps.leads.fields import accepted_fields
from apps.leads.models import CustomField
from apps.leads.types import ContactStatus, FieldType, LeadStatus, Stage

ATTRIBUTE: Final = "attributes."


class Kind(StrEnum):
    """What a field holds, as far as questions about it go."""

    TEXT = "text"
    PHONE = "phone"
    CHOICE = "choice"
    NUMBER = "number"
    DATE = "date"
    TAGS = "tags"
    BOOLEAN = "boolean"
    AGENT = "agent"


class Op(TextChoices):
    """What is asked of a field."""

    IS = "is", _("is")
    IS_NOT = "is_not", _("is not")
    IN = "in", _("is one of")
    NOT_IN = "not_in", _("is none of")
    CONTAINS = "contains", _("contains")
    STARTS_WITH = "starts_with", _("starts with")
    GT = "gt", _("is more than")
    GTE = "gte", _("is at least")
    LT = "lt", _("is less than")
    LTE = "lte", _("is at most")
    BETWEEN = "between", _("is between")
    KNOWN = "known", _("is known")
    UNKNOWN = "unknown", _("is not known")
    HAS_ANY = "has_any", _("include any of")
    HAS_ALL = "has_all", _("include all of")
    HAS_NONE = "has_none", _("include none of")
    WITHIN_DAYS = "within_days", _("in the last days")
    OLDER_THAN_DAYS = "older_than_days", _("more days ago than")
    IS_ME = "is_me", _("is me")


_EQUAL: Final = (Op.IS, Op.IS_NOT, Op.IN, Op.NOT_IN)
_ORDERED: Final = (Op.GT, Op.GTE, Op.LT, Op.LTE, Op.BETWEEN)
_THERE: Final = (Op.KNOWN, Op.UNKNOWN)
OPS_OF_KIND: Final[Mapping[Kind, tuple[Op, ...]]] = {
    Kind.TEXT: (Op.CONTAINS, Op.STARTS_WITH, *_EQUAL, *_THERE),
    Kind.PHONE: (Op.CONTAINS, Op.STARTS_WITH, *_EQUAL, *_THERE),
    Kind.CHOICE: (*_EQUAL, *_THERE),
    Kind.NUMBER: (*_ORDERED, *_EQUAL, *_THERE),
    Kind.DATE: (Op.WITHIN_DAYS, Op.OLDER_THAN_DAYS, Op.IS, *_ORDERED, *_THERE),
    Kind.TAGS: (Op.HAS_ANY, Op.HAS_ALL, Op.HAS_NONE, *_THERE),
    Kind.BOOLEAN: (Op.IS, Op.IS_NOT, *_THERE),
    Kind.AGENT: (Op.IS_ME, *_EQUAL, *_THERE),
}
KIND_OF_COLUMN: Final[Mapping[str, Kind]] = {
    "name": Kind.TEXT,
    "phone": Kind.PHONE,
    "email": Kind.TEXT,
    "stage": Kind.CHOICE,
    "status": Kind.CHOICE,
    "score": Kind.NUMBER,
    "contact_status": Kind.CHOICE,
    "assigned_agent": Kind.AGENT,
    "source": Kind.TEXT,
    "tags": Kind.TAGS,
    "created_at": Kind.DATE,
    "updated_at": Kind.DATE,
    "last_contacted_at": Kind.DATE,
    "last_inbound_at": Kind.DATE,
    "stage_changed_at": Kind.DATE,
    "company": Kind.TEXT,
    "city": Kind.TEXT,
    "country": Kind.TEXT,
    "segment": Kind.TEXT,
    "is_opted_out": Kind.BOOLEAN,
    "is_blocked": Kind.BOOLEAN,
    "lifetime_value": Kind.NUMBER,
    "inbound_count": Kind.NUMBER,
    "lost_reason": Kind.TEXT,
    "odoo_partner_id": Kind.NUMBER,
}
CHOICES_OF_COLUMN: Final[Mapping[str, type[TextChoices]]] = {
    "stage": Stage,
    "status": LeadStatus,
    "contact_status": ContactStatus,
}
KIND_OF_TYPE: Final[Mapping[str, Kind]] = {
    FieldType.STRING: Kind.TEXT,
    FieldType.EMAIL: Kind.TEXT,
    FieldType.PHONE: Kind.TEXT,
    FieldType.NUMBER: Kind.NUMBER,
    FieldType.BOOLEAN: Kind.BOOLEAN,
    FieldType.DATETIME: Kind.DATE,
}


@dataclass(frozen=True, kw_only=True)
class FilterField:
    """One field to choose in a filter; `choices` (value, label) where the values are few and known."""

    name: str
    label: str
    kind: Kind
    ops: tuple[Op, ...]
    choices: tuple[tuple[str | int, str | Promise], ...] = ()


def filter_fields() -> list[FilterField]:
    """The lead's columns, then the broker's custom fields; two queries."""
    columns = [_of_column(name, kind) for name, kind in KIND_OF_COLUMN.items()]
    return columns + [_of_custom_field(field) for field in accepted_fields()]


def custom_kinds(names: Iterable[str]) -> dict[str, Kind]:
    """The kinds of the custom fields with these names, where they are defined; one query, none without names."""
    wanted = set(names)
    if not wanted:
        return {}
    rows = CustomField.objects.filter(name__in=wanted).values_list("name", "type")
    return {name: KIND_OF_TYPE[kind] for name, kind in rows}


def _of_column(name: str, kind: Kind) -> FilterField:
    choices: tuple[tuple[str | int, str | Promise], ...] = ()
    if name in CHOICES_OF_COLUMN:
        choices = tuple(CHOICES_OF_COLUMN[name].choices)
    elif kind == Kind.AGENT:
        choices = tuple(_agents())
    return FilterField(name=name, label=label_of(name), kind=kind, ops=OPS_OF_KIND[kind], choices=choices)


def _of_custom_field(field: CustomField) -> FilterField:
    kind = KIND_OF_TYPE[field.type]
    label = field.label or label_of(field.name)
    return FilterField(name=f"{ATTRIBUTE}{field.name}", label=label, kind=kind, ops=OPS_OF_KIND[kind])


def _agents() -> list[tuple[int, str]]:
    people = User.objects.filter(broker_id=entered_broker_id(), status=UserStatus.ACTIVE)
    return [(person.pk, person.name) for person in people.order_by("first_name", "last_name", "id")]
