"""Changing one value of a lead where it stands: what was typed, made into a call of the action that changes it."""

from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _

from apps.core.access import Actor
from apps.core.errors import InvalidInput, NotFound
from apps.dashboard.lead_columns import CUSTOM, Column, Kind
from apps.leads.actions import move_stage, update_lead
from apps.leads.assigning import give_lead
from apps.leads.field_values import clean_value
from apps.leads.models import Lead
from apps.leads.queries import get_lead

_LONGEST: Final = {"name": 300, "notes": 20_000, "phone": 40}


def save_value(*, actor: Actor, lead_id: int, column: Column, typed: str, country: str) -> Lead:
    """Store what somebody typed into a column of the lead, or take the value away where they typed nothing.

    Raises NotFound for a lead out of sight and for a column that is
    not edited by hand, InvalidInput and the actions' refusals for what cannot be stored.
    """
    if not column.is_editable:
        raise NotFound
    text = typed.replace("\x00", "").strip()
    if column.field is not None:
        value = clean_value(column.field, text, country=country)
        return update_lead(actor=actor, lead_id=lead_id, attributes={column.key.removeprefix(CUSTOM): value})
    if column.key == "stage":
        return move_stage(actor=actor, lead_id=lead_id, stage=text)
    if column.kind is Kind.AGENT:
        give_lead(actor=actor, lead_id=lead_id, agent_id=_agent_id(text))
        return get_lead(actor.widened(), lead_id)
    return update_lead(actor=actor, lead_id=lead_id, phone_country=country, **{column.key: _value(column, text)})


def text_of(lead: Lead, column: Column) -> str:
    """What stands in the field when somebody begins to edit."""
    value = column.value_of(lead)
    if column.kind is Kind.AGENT:
        return str(lead.assigned_agent_id or "")
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _value(column: Column, text: str) -> object:
    match column.kind:
        case Kind.TAGS:
            return [tag.strip() for tag in text.split(",") if tag.strip()]
        case Kind.YES_NO:
            return text == "true"
        case Kind.CHOICE:
            if text not in dict(column.choices):
                raise InvalidInput(_("Choose one of the list."), field=column.key)
            return text
        case Kind.EMAIL:
            return checked_email(text, column.key)
        case _ if column.key == "country":
            return text
        case _:
            return _short_enough(text, column.key)


def checked_email(text: str, key: str = "email") -> str:
    """An e-mail address as it is kept, or nothing.

    Raises InvalidInput.
    """
    if text:
        try:
            validate_email(text)
        except ValidationError:
            raise InvalidInput(_("Write an e-mail address here."), field=key) from None
    return _short_enough(text.lower(), key)


def _short_enough(text: str, key: str) -> str:
    most = _LONGEST.get(key) or getattr(Lead._meta.get_field(key), "max_length", None)
    if most and len(text) > most:
        raise InvalidInput(_("Write at most %(most)d characters.") % {"most": most}, field=key)
    return text


def _agent_id(text: str) -> int | None:
    if not text:
        return None
    if not text.isdecimal() or len(text) > 18:
        raise InvalidInput(_("Choose one of the list."), field="assigned_agent")
    return int(text)
