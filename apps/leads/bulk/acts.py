"""What can be done to many leads: who may, what it needs to be told, and what it makes of each lead.

Nothing here touches the database but to check what was asked; apps.leads.bulk.running writes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Choices, TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.accounts.models import User
from apps.accounts.types import UserStatus
from apps.core.access import Actor
from apps.core.errors import InvalidInput
from apps.leads.actions import MOST_TAGS, InvalidAgent, clean_tags
from apps.leads.models import Lead
from apps.leads.types import ContactStatus, LeadStatus, Stage

_LONGEST_REASON: Final = 120
_LONGEST_TAG: Final = 60


class BulkAction(TextChoices):
    """Each by the word with which it is asked for."""

    ASSIGN = "assign", gettext_lazy("Assign")
    ADD_TAGS = "add_tags", gettext_lazy("Add tags")
    REMOVE_TAGS = "remove_tags", gettext_lazy("Remove tags")
    MOVE_STAGE = "move_stage", gettext_lazy("Move to a stage")
    SET_STATUS = "set_status", gettext_lazy("Set the status")
    SET_CONTACT_STATUS = "set_contact_status", gettext_lazy("Set the contact status")
    DELETE = "delete", gettext_lazy("Delete")


Values = dict[str, Any]  # JSON


@dataclass(frozen=True)
class _Act:
    """`clean` checks what it is told; `after` is what it makes of a lead, {column: value}, or None where it cannot."""

    permission: str
    clean: Callable[[Actor, Mapping[str, Any]], Values]
    after: Callable[[Lead, Values], Values | None]


def require_allowed(actor: Actor, action: BulkAction) -> None:
    """Raises Forbidden."""
    actor.require(_ACTS[action].permission)


def parse_action(word: object) -> BulkAction:
    """Raises InvalidInput for what is no action."""
    if isinstance(word, str) and word in BulkAction.values:
        return BulkAction(word)
    raise InvalidInput(
        gettext_lazy("“%(word)s” cannot be done to many leads. Use one of: %(words)s")
        % {"word": str(word)[:40], "words": ", ".join(BulkAction.values)},
        field="action",
    )


def clean_values(actor: Actor, action: BulkAction, values: Mapping[str, Any]) -> Values:
    """What the action was told, checked.

    Raises InvalidInput, InvalidAgent.
    """
    return _ACTS[action].clean(actor, values)


def columns_after(action: BulkAction, lead: Lead, values: Values) -> Values | None:
    """What changes on the lead, {column: value}: nothing where it is so already, None where it cannot be done."""
    return _ACTS[action].after(lead, values)


def can_be_undone(action: BulkAction) -> bool:
    """All but deleting."""
    return action != BulkAction.DELETE


def describe_action(action: BulkAction, values: Mapping[str, Any], number: int) -> str:
    """What would happen, for the person who confirms it."""
    leads = ngettext("%(number)d lead", "%(number)d leads", number) % {"number": number}
    match action:
        case BulkAction.ASSIGN:
            agent = User.objects.filter(pk=values["agent_id"]).first() if values["agent_id"] else None
            if agent is None:
                return _("Take %(leads)s from their agents") % {"leads": leads}
            return _("Give %(leads)s to %(agent)s") % {"leads": leads, "agent": agent.name}
        case BulkAction.ADD_TAGS:
            return _("Add to %(leads)s: %(tags)s") % {"leads": leads, "tags": ", ".join(values["tags"])}
        case BulkAction.REMOVE_TAGS:
            return _("Remove from %(leads)s: %(tags)s") % {"leads": leads, "tags": ", ".join(values["tags"])}
        case BulkAction.MOVE_STAGE:
            return _("Move %(leads)s to “%(name)s”") % {"leads": leads, "name": Stage(values["stage"]).label}
        case BulkAction.SET_STATUS:
            return _("Make %(leads)s “%(name)s”") % {"leads": leads, "name": LeadStatus(values["status"]).label}
        case BulkAction.SET_CONTACT_STATUS:
            label = ContactStatus(values["contact_status"]).label
            return _("Make %(leads)s “%(name)s”") % {"leads": leads, "name": label}
        case _:
            return _("Delete %(leads)s with all their conversations. This cannot be undone.") % {"leads": leads}


def _clean_agent(actor: Actor, values: Mapping[str, Any]) -> Values:
    agent_id = values.get("agent_id")
    if agent_id in (None, ""):
        return {"agent_id": None}
    digits = str(agent_id)
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 19):
        raise InvalidAgent(field="agent_id")
    people = User.objects.filter(broker_id=actor.broker_id, status=UserStatus.ACTIVE)
    if not people.filter(pk=int(digits)).exists():
        raise InvalidAgent(field="agent_id")
    return {"agent_id": int(digits)}


def _clean_tags(_actor: Actor, values: Mapping[str, Any]) -> Values:
    given = values.get("tags")
    texts = [tag for tag in given if isinstance(tag, str)] if isinstance(given, list | tuple) else []
    is_readable = all(tag.isprintable() and len(tag.strip()) <= _LONGEST_TAG for tag in texts)
    tags = clean_tags(texts)
    if not tags or not is_readable or len(texts) != len(given or ()):
        raise InvalidInput(gettext_lazy("Name at least one tag."), field="tags")
    return {"tags": tags}


def _clean_stage(actor: Actor, values: Mapping[str, Any]) -> Values:
    stage = _chosen("stage", Stage, values)
    reason = " ".join(str(values.get("reason") or "").split())[:_LONGEST_REASON]
    if not reason.isprintable():
        reason = ""
    if stage == Stage.PERDIDO and not reason:
        raise InvalidInput(gettext_lazy("Say why the lead is lost."), field="reason", code="LOSS_REASON_REQUIRED")
    return {"stage": stage, "reason": reason}


def _cleaner_of(name: str, choices: type[TextChoices]) -> Callable[[Actor, Mapping[str, Any]], Values]:
    return lambda _actor, values: {name: _chosen(name, choices, values)}


def _clean_nothing(_actor: Actor, _values: Mapping[str, Any]) -> Values:
    return {}


def _chosen(name: str, choices: type[Choices], values: Mapping[str, Any]) -> str:
    word = str(values.get(name) or "").strip().lower()
    if word not in choices.values:
        raise InvalidInput(
            gettext_lazy("“%(name)s” is one of: %(choices)s")
            % {"name": name, "choices": ", ".join(map(str, choices.values))},
            field=name,
        )
    return word


def _given_to(lead: Lead, values: Values) -> Values:
    return _changed(lead, {"assigned_agent_id": values["agent_id"]})


def _with_tags(lead: Lead, values: Values) -> Values | None:
    tags = list(dict.fromkeys([*lead.tags, *values["tags"]]))
    return _changed(lead, {"tags": tags}) if len(tags) <= MOST_TAGS else None


def _without_tags(lead: Lead, values: Values) -> Values:
    return _changed(lead, {"tags": [tag for tag in lead.tags if tag not in values["tags"]]})


def _in_stage(lead: Lead, values: Values) -> Values:
    return _changed(lead, {"stage": values["stage"]})


def _with_status(name: str) -> Callable[[Lead, Values], Values]:
    return lambda lead, values: _changed(lead, {name: values[name]})


def _gone(_lead: Lead, _values: Values) -> Values:
    return {"id": None}


def _changed(lead: Lead, after: Values) -> Values:
    return {column: value for column, value in after.items() if getattr(lead, column) != value}


_ACTS: Final[Mapping[BulkAction, _Act]] = {
    BulkAction.ASSIGN: _Act("chats.assign", _clean_agent, _given_to),
    BulkAction.ADD_TAGS: _Act("clients.update", _clean_tags, _with_tags),
    BulkAction.REMOVE_TAGS: _Act("clients.update", _clean_tags, _without_tags),
    BulkAction.MOVE_STAGE: _Act("clients.update", _clean_stage, _in_stage),
    BulkAction.SET_STATUS: _Act("clients.update", _cleaner_of("status", LeadStatus), _with_status("status")),
    BulkAction.SET_CONTACT_STATUS: _Act(
        "clients.update", _cleaner_of("contact_status", ContactStatus), _with_status("contact_status")
    ),
    BulkAction.DELETE: _Act("clients.delete", _clean_nothing, _gone),
}
Changes = Sequence[tuple[Lead, Values]]
