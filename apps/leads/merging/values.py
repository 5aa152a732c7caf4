"""Which value of two leads the merged one has: the kept lead's unless it is empty, or as the caller chose."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from apps.core.errors import InvalidInput
from apps.leads.models import Lead
from apps.leads.types import STAGE_ORDER, ContactStatus, LeadStatus, Stage

ATTRIBUTE = "attributes."
# What is left over of a person's second number and address stays readable, and findable, under these names.
OTHER_PHONE, OTHER_EMAIL = "other_phone", "other_email"
_MOST_TAGS = 50


class Side(TextChoices):
    """Whose value it is."""

    KEPT = "kept", _("The one that stays")
    ABSORBED = "absorbed", _("The one that goes into it")


@dataclass(frozen=True, kw_only=True)
class Choosable:
    """Columns that are taken from one side together, under the name of the first idea they carry."""

    name: str
    columns: tuple[str, ...]

    def value(self, lead: Lead) -> tuple[Any, ...]:
        """What the lead has."""
        return tuple(getattr(lead, column) for column in self.columns)

    def is_empty(self, lead: Lead) -> bool:
        """Whether the lead has nothing here."""
        return all(value in (None, "") for value in self.value(lead))


CHOOSABLE: tuple[Choosable, ...] = (
    Choosable(name="name", columns=("first_name", "last_name")),
    Choosable(name="phone", columns=("phone", "phone_key")),
    Choosable(name="email", columns=("email",)),
    Choosable(name="company", columns=("company",)),
    Choosable(name="address", columns=("address",)),
    Choosable(name="city", columns=("city",)),
    Choosable(name="country", columns=("country",)),
    Choosable(name="segment", columns=("segment",)),
    Choosable(name="stage", columns=("stage", "stage_changed_at", "lost_reason")),
    Choosable(name="assigned_agent", columns=("assigned_agent_id",)),
    Choosable(name="source", columns=("source",)),
    Choosable(name="referral", columns=("referral",)),
    Choosable(name="odoo_partner_id", columns=("odoo_partner_id",)),
)
_BY_NAME = {one.name: one for one in CHOOSABLE}
_ADDED = ("inbound_count", "total_purchases", "lifetime_value")
_LATEST = ("last_contacted_at", "last_inbound_at", "last_purchase_at")
_TRUE_OF_EITHER = ("is_opted_out", "is_blocked")
_CONTACT_RANK = {
    ContactStatus.NEW: 0,
    ContactStatus.CONTACTED: 1,
    ContactStatus.UNQUALIFIED: 2,
    ContactStatus.QUALIFIED: 3,
    ContactStatus.CUSTOMER: 4,
}
_STATUS_RANK = {
    LeadStatus.LOST: 0,
    LeadStatus.COLD: 1,
    LeadStatus.WARM: 2,
    LeadStatus.HOT: 3,
    LeadStatus.CONVERTED: 4,
}


def check_choices(choices: Mapping[str, str]) -> None:
    """Raises InvalidInput for a field that cannot be chosen, or a side that is none."""
    for name, side in choices.items():
        if name not in _BY_NAME and not name.startswith(ATTRIBUTE):
            raise InvalidInput(_("There is nothing to choose for this field: %(field)s") % {"field": name}, field=name)
        if side not in Side.values:
            raise InvalidInput(
                _("Say whose value stays: %(sides)s") % {"sides": ", ".join(Side.values)},
                field=name,
            )


def winner_of(field: Choosable, kept: Lead, absorbed: Lead, choices: Mapping[str, str]) -> Side:
    """Whose value the merged lead gets. An empty value never wins over a known one."""
    if field.is_empty(absorbed):
        return Side.KEPT
    if field.is_empty(kept):
        return Side.ABSORBED
    if field.name in choices:
        return Side(choices[field.name])
    if field.name == "stage":
        return Side.ABSORBED if stage_rank(absorbed.stage) > stage_rank(kept.stage) else Side.KEPT
    return Side.KEPT


def stage_rank(stage: str) -> int:
    """How far a stage is: in the pipeline's order, except that a lost lead is behind every one that is not."""
    return -1 if stage == Stage.PERDIDO else STAGE_ORDER.index(stage) if stage in STAGE_ORDER else 0


def merged_columns(kept: Lead, absorbed: Lead, choices: Mapping[str, str]) -> dict[str, Any]:
    """The columns of the kept lead that change, with their new values."""
    wanted: dict[str, Any] = {}
    for field in CHOOSABLE:
        if winner_of(field, kept, absorbed, choices) == Side.ABSORBED:
            wanted |= dict(zip(field.columns, field.value(absorbed), strict=True))
    wanted |= {name: getattr(kept, name) + getattr(absorbed, name) for name in _ADDED}
    wanted |= {name: _latest(getattr(kept, name), getattr(absorbed, name)) for name in _LATEST}
    wanted |= {name: getattr(kept, name) or getattr(absorbed, name) for name in _TRUE_OF_EITHER}
    wanted["created_at"] = min(kept.created_at, absorbed.created_at)
    wanted["tags"] = list(dict.fromkeys([*kept.tags, *absorbed.tags]))[:_MOST_TAGS]
    wanted["notes"] = _joined_notes(kept.notes, absorbed.notes)
    wanted["contact_status"] = max(kept.contact_status, absorbed.contact_status, key=_rank_of_contact)
    wanted["status"] = _status(kept, absorbed, str(wanted.get("stage", kept.stage)))
    wanted["attributes"] = merged_attributes(kept, absorbed, choices)
    return {name: value for name, value in wanted.items() if getattr(kept, name) != value}


def merged_attributes(kept: Lead, absorbed: Lead, choices: Mapping[str, str]) -> dict[str, Any]:
    """Both leads' fields; the phone and the e-mail that lost become fields of their own."""
    merged = {**absorbed.attributes, **kept.attributes}
    for name, value in absorbed.attributes.items():
        if choices.get(ATTRIBUTE + name) == Side.ABSORBED:
            merged[name] = value
    if kept.phone_key and absorbed.phone_key:
        loser = kept if winner_of(_BY_NAME["phone"], kept, absorbed, choices) == Side.ABSORBED else absorbed
        _keep_other(merged, OTHER_PHONE, str(loser.phone))
    if kept.email and absorbed.email and kept.email.lower() != absorbed.email.lower():
        loser = kept if winner_of(_BY_NAME["email"], kept, absorbed, choices) == Side.ABSORBED else absorbed
        _keep_other(merged, OTHER_EMAIL, loser.email)
    return merged


def _keep_other(attributes: dict[str, Any], name: str, value: str) -> None:
    """Under the first free name: other_phone, other_phone_2, …"""
    number = 1
    key = name
    while attributes.get(key) not in (None, "", value):
        number += 1
        key = f"{name}_{number}"
    attributes[key] = value


def _status(kept: Lead, absorbed: Lead, stage: str) -> str:
    if stage == Stage.GANADO:
        return LeadStatus.CONVERTED
    if stage == Stage.PERDIDO:
        return LeadStatus.LOST
    return max(kept.status, absorbed.status, key=lambda status: _STATUS_RANK[LeadStatus(status)])


def _rank_of_contact(status: str) -> int:
    return _CONTACT_RANK[ContactStatus(status)]


def _latest(one: Any, other: Any) -> Any:
    return max((moment for moment in (one, other) if moment is not None), default=None)


def _joined_notes(kept: str, absorbed: str) -> str:
    if not absorbed.strip() or absorbed.strip() in kept:
        return kept
    return f"{kept.rstrip()}\n\n{absorbed}" if kept.strip() else absorbed
