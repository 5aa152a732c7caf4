"""What a column of an export is called and how the database says it: every cell comes as text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import CharField, F, Func, Value
from django.db.models.expressions import Combinable
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Concat, Trim
from django.utils.translation import gettext as _

from apps.core.countries import country_names
from apps.core.errors import InvalidInput
from apps.leads.fields import accepted_fields
from apps.leads.importing.mapping import ATTRIBUTE
from apps.leads.types import ContactStatus, FieldType, LeadStatus, Stage


@dataclass(frozen=True, kw_only=True)
class ExportColumn:
    """`words` are what people read for what is stored; `is_number` says that a spreadsheet may add it up."""

    key: str
    label: str
    value: Combinable
    words: Mapping[str, str] = field(default_factory=dict)
    is_number: bool = False


def export_columns(*, zone: str, language: str = "es") -> list[ExportColumn]:
    """Every column for people, in their words and the broker's time: what an import reads back."""
    texts = {"email": _("Email"), "company": _("Company"), "city": _("City"), "address": _("Address")}
    moments = {
        "created_at": _("Created"),
        "updated_at": _("Changed"),
        "last_contacted_at": _("Last contact"),
        "last_inbound_at": _("Last message of theirs"),
    }
    name = Trim(Concat("first_name", Value(" "), "last_name"))
    agent = Trim(Concat("assigned_agent__first_name", Value(" "), "assigned_agent__last_name"))
    yes_or_no = {"true": _("Yes"), "false": _("No")}
    return [
        ExportColumn(key="phone", label=_("Phone"), value=F("phone")),
        ExportColumn(key="name", label=_("Full name"), value=name),
        *(ExportColumn(key=key, label=label, value=F(key)) for key, label in texts.items()),
        ExportColumn(key="country", label=_("Country"), value=F("country"), words=country_names(language)),
        ExportColumn(key="segment", label=_("Segment"), value=F("segment")),
        ExportColumn(key="tags", label=_("Tags"), value=_joined("tags")),
        ExportColumn(key="source", label=_("Source"), value=F("source")),
        ExportColumn(key="stage", label=_("Stage"), value=F("stage"), words=_words(Stage.choices)),
        ExportColumn(key="status", label=_("Status"), value=F("status"), words=_words(LeadStatus.choices)),
        ExportColumn(key="score", label=_("Score"), value=_text("score"), is_number=True),
        ExportColumn(
            key="contact_status",
            label=_("Contact status"),
            value=F("contact_status"),
            words=_words(ContactStatus.choices),
        ),
        ExportColumn(key="assigned_agent", label=_("Agent"), value=agent),
        ExportColumn(key="lifetime_value", label=_("Lifetime value"), value=_text("lifetime_value"), is_number=True),
        ExportColumn(
            key="is_opted_out", label=_("Does not want messages"), value=_text("is_opted_out"), words=yes_or_no
        ),
        ExportColumn(key="notes", label=_("Notes"), value=F("notes")),
        *(ExportColumn(key=key, label=label, value=moment_text(key, zone)) for key, label in moments.items()),
        *attribute_columns(),
    ]


def attribute_columns() -> list[ExportColumn]:
    """The broker's custom fields."""
    return [
        ExportColumn(
            key=f"{ATTRIBUTE}{each.name}",
            label=each.label or each.name,
            value=KeyTextTransform(each.name, "attributes"),
            is_number=each.type == FieldType.NUMBER,
        )
        for each in accepted_fields()
    ]


def chosen(columns: Sequence[ExportColumn], keys: Sequence[str]) -> list[ExportColumn]:
    """Those of the keys, in the order of the keys; all where none is named.

    Raises InvalidInput for an unknown key.
    """
    by_key = {column.key: column for column in columns}
    unknown = [key for key in keys if key not in by_key]
    if unknown:
        raise InvalidInput(_("There is no column “%(name)s”.") % {"name": unknown[0][:60]}, field="columns")
    return [by_key[key] for key in dict.fromkeys(keys)] or list(columns)


def moment_text(column: str, zone: str, form: str = "YYYY-MM-DD HH24:MI") -> Func:
    """A moment as text in a time zone."""
    return Func(
        Func(Value(zone), F(column), function="timezone"), Value(form), function="to_char", output_field=CharField()
    )


def _joined(column: str) -> Func:
    return Func(F(column), Value(", "), function="array_to_string", output_field=CharField())


def _text(column: str) -> Cast:
    return Cast(column, CharField())


def _words(choices: Sequence[tuple[object, object]]) -> dict[str, str]:
    return {str(value): str(label) for value, label in choices}
