"""Which column of a file goes where: guessed from its name and its values, or as somebody saved it."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.core.access import Actor
from apps.core.errors import InvalidInput
from apps.leads.fields import LEAD_ALIASES, accepted_fields, plain_name
from apps.leads.importing.phones import PhoneReader
from apps.leads.models import CustomField, ImportMapping

LEFT_OUT: Final = ""
ATTRIBUTE: Final = "attributes."
# What a column can become; `name` is first and last name together, in this order on the page.
TARGETS: Final[Mapping[str, Promise]] = MappingProxyType(
    {
        "phone": _("Phone"),
        "name": _("Full name"),
        "first_name": _("First name"),
        "last_name": _("Last name"),
        "email": _("Email"),
        "tags": _("Tags"),
        "company": _("Company"),
        "city": _("City"),
        "country": _("Country"),
        "address": _("Address"),
        "segment": _("Segment"),
        "source": _("Source"),
        "notes": _("Notes"),
        "stage": _("Stage"),
        "contact_status": _("Contact status"),
        "assigned_agent": _("Agent"),
        "lifetime_value": _("Lifetime value"),
        "is_opted_out": _("Does not want messages"),
    }
)
# Several columns may go to these; for a phone the first that holds one counts.
SHARED_TARGETS: Final = frozenset({"phone", "tags", "notes"})
_MORE: Final[Mapping[str, str]] = {
    "stage": "etapa stage pipelinestage etapapipeline fase estagio",
    "contact_status": "leadstatus contactstatus estadocontacto estadodecontacto estadolead estadodellead",
    "assigned_agent": "agente agent assignedagent vendedor asesor ejecutivo corretor responsable responsavel owner "
    "agenteasignado asignadoa",
    "lifetime_value": "ltv lifetimevalue valordevida",
    "is_opted_out": "optout isoptedout nomolestar nocontactar optedout unsubscribed",
}
_MORE_ALIASES: Final[Mapping[str, str]] = MappingProxyType(
    {alias: target for target, aliases in _MORE.items() for alias in aliases.split()}
)
_NUMBERED = re.compile(r"[0-9]+$")
_MOSTLY: Final = 0.6


@dataclass(frozen=True, kw_only=True)
class Guess:
    """A mapping with where it came from: the name of a saved one, or empty for a guess."""

    columns: dict[str, str]
    saved_as: str = ""


def guess_mapping(headers: Sequence[str], rows: Sequence[Sequence[str]], *, country: str) -> Guess:
    """A saved mapping of these headers, else the likeliest target of each; what is unknown is left out."""
    saved = ImportMapping.objects.filter(headers=recognised_by(headers)).order_by("-updated_at").first()
    if saved is not None:
        known = {_key(header): target for header, target in saved.columns.items()}
        return Guess(columns={header: known.get(_key(header), LEFT_OUT) for header in headers}, saved_as=saved.name)
    return Guess(columns=guess_columns(headers, rows, country=country))


def guess_columns(headers: Sequence[str], rows: Sequence[Sequence[str]], *, country: str) -> dict[str, str]:
    """The likeliest target of each header, by its name, then by what its cells hold."""
    fields = _targets_of_fields(accepted_fields())
    columns = {header: _by_name(header, fields) for header in headers}
    taken: Counter[str] = Counter()
    for header, target in columns.items():
        taken[target] += 1
        if taken[target] > 1 and target not in SHARED_TARGETS:
            columns[header] = LEFT_OUT
    if taken["first_name"] == 0 and taken["name"] and taken["last_name"]:
        columns = {header: "first_name" if target == "name" else target for header, target in columns.items()}
    reader = PhoneReader(country)
    for position, header in enumerate(headers):
        values = [row[position].strip() for row in rows if position < len(row) and row[position].strip()]
        if columns[header] == LEFT_OUT and values:
            target = _by_values(values, reader)
            if target and target not in columns.values():
                columns[header] = target
    return columns


def targets() -> dict[str, str]:
    """Every target and its name for a person, the lead's own columns first."""
    own = {name: str(label) for name, label in TARGETS.items()}
    return own | {f"{ATTRIBUTE}{field.name}": field.label or field.name for field in accepted_fields()}


def check_columns(headers: Sequence[str], columns: Mapping[str, str]) -> dict[str, str]:
    """The mapping with every header in it, in the file's order.

    `attributes.<a new name>` makes a custom field when the import starts.
    Raises InvalidInput for an unknown target, one taken twice, or where neither phone nor e-mail is mapped.
    """
    complete = {header: str(columns.get(header, LEFT_OUT)) for header in headers}
    for header, target in complete.items():
        name = target.removeprefix(ATTRIBUTE)
        is_field = target.startswith(ATTRIBUTE) and 0 < len(name.strip()) <= 120 and name.isprintable()
        if target != LEFT_OUT and target not in TARGETS and not is_field:
            raise InvalidInput(
                _("Column “%(column)s” cannot go to “%(target)s”.") % {"column": header, "target": target[:60]},
                field="columns",
            )
    taken = Counter(complete.values())
    for target, times in taken.items():
        if target != LEFT_OUT and times > 1 and target not in SHARED_TARGETS:
            raise InvalidInput(
                _("Two columns go to “%(target)s”. Leave one of them out.") % {"target": label_of(target)},
                field="columns",
            )
    if not taken["phone"] and not taken["email"]:
        raise InvalidInput(_("Say which column holds the phone or the e-mail."), field="columns")
    return complete


def label_of(target: str) -> str:
    """A target's name for a person."""
    return str(TARGETS.get(target, target.removeprefix(ATTRIBUTE)))


@transaction.atomic
def save_mapping(*, actor: Actor, name: str, columns: Mapping[str, str]) -> ImportMapping:
    """Remember a mapping for the next file with these headers; one of the same name is replaced.

    Raises Forbidden, InvalidInput for an empty name.
    """
    actor.require("clients.import")
    trimmed = " ".join(name.split())[:120]
    if not trimmed:
        raise InvalidInput(_("Give the mapping a name."), field="name")
    saved, _is_new = ImportMapping.objects.update_or_create(
        name=trimmed,
        defaults={
            "headers": recognised_by(list(columns)),
            "columns": dict(columns),
            "created_by_id": actor.user_id,
        },
    )
    return saved


def recognised_by(headers: Sequence[str]) -> list[str]:
    """How a known file is recognised: its headers without order, case and accents."""
    return sorted(_key(header)[:200] for header in headers)


def _key(header: str) -> str:
    return plain_name(header) or header.casefold()


def _by_name(header: str, fields: Mapping[str, str]) -> str:
    plain = plain_name(header)
    found = fields.get(plain) or _MORE_ALIASES.get(plain) or LEAD_ALIASES.get(plain) or _our_names().get(plain)
    if found is None:
        # "Teléfono 2" is a phone; a second e-mail is nothing we keep.
        shared = LEAD_ALIASES.get(_NUMBERED.sub("", plain))
        found = shared if shared in SHARED_TARGETS else None
    return found or LEFT_OUT


@lru_cache(maxsize=1)
def _our_names() -> dict[str, str]:
    """What our own exports call the columns, in each language."""
    found: dict[str, str] = {}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            found |= {plain_name(str(label)): target for target, label in TARGETS.items()}
    return found


def _targets_of_fields(fields: Sequence[CustomField]) -> dict[str, str]:
    by_label = {plain_name(field.label): f"{ATTRIBUTE}{field.name}" for field in fields if field.label}
    return by_label | {plain_name(field.name): f"{ATTRIBUTE}{field.name}" for field in fields}


def _by_values(values: Sequence[str], reader: PhoneReader) -> str:
    emails = sum(1 for value in values if "@" in value and "." in value.rsplit("@", 1)[1])
    if emails > _MOSTLY * len(values):
        return "email"
    phones = sum(1 for value in values if sum(map(str.isdigit, value)) >= 9 and reader.read(value) is not None)
    return "phone" if phones > _MOSTLY * len(values) else LEFT_OUT
