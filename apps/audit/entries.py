"""An event told as a line of the trail: what it concerns, how that was before and is after."""

import dataclasses
import json
from dataclasses import dataclass
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from apps.core.events import Event
from apps.core.redaction import hide_secrets

Values = dict[str, Any]  # JSON

_COMMON = frozenset(each.name for each in dataclasses.fields(Event))
# Whose id it is where the event's name says it in another word.
_ID_FIELD = {"agent": "user_id", "channel_account": "account_id", "leads": "job_id"}
# What a broker has one of: the broker's number is its number.
_OF_BROKER = frozenset({"broker", "pipeline", "scoring"})
# What `before` and `after` of an event are values of, where the event does not say so itself.
_SCALAR = {"lead.scored": "score"}
# What `previous` is the old value of.
_STATES = ("status", "presence")


@dataclass(frozen=True, kw_only=True)
class Told:
    """What an entry says beside who and where."""

    object_type: str
    object_id: str
    before: Values | None
    after: Values | None


def tell(event: Event) -> Told:
    """The object, and the values before and after: from `changes`, from pairs such as `previous_agent_id` and
    `agent_id`, and for the rest what the event itself says. Secrets are hidden."""
    object_type = event.name.split(".")[0]
    id_field = _ID_FIELD.get(object_type, f"{object_type}_id")
    before: Values = {}
    after: Values = {}
    for each in dataclasses.fields(event):
        if each.name in _COMMON or each.name == id_field:
            continue
        value = getattr(event, each.name)
        if each.name == "changes":
            for name, (old, new) in value.items():
                before[name], after[name] = old, new
        elif (old_name := _name_of_old(event, each.name)) is not None:
            before[old_name] = value
        else:
            after[_name_of_new(event, each.name)] = value
    object_id = event.broker_id if object_type in _OF_BROKER else getattr(event, id_field, None)
    return Told(
        object_type=object_type,
        object_id="" if object_id is None else str(object_id),
        before=_safe(before) or None,
        after=_safe(after) or None,
    )


def _name_of_old(event: Event, name: str) -> str | None:
    """The name under which this value belongs into `before`, or None where it is no old value."""
    if name == "before":
        return _SCALAR.get(event.name, "value")
    if name == "previous":
        return next((state for state in _STATES if hasattr(event, state)), "state")
    for prefix, partner in (("previous_", ""), ("from_", "to_")):
        rest = name.removeprefix(prefix)
        if rest != name and hasattr(event, partner + rest):
            return rest
    return None


def _name_of_new(event: Event, name: str) -> str:
    if name == "after":
        return _SCALAR.get(event.name, "value")
    rest = name.removeprefix("to_")
    return rest if rest != name and hasattr(event, f"from_{rest}") else name


def _safe(values: Values) -> Values:
    """As JSON, with whatever is called a secret hidden at any depth."""
    plain = json.loads(json.dumps(values, cls=DjangoJSONEncoder))
    hidden: Values = hide_secrets(plain)
    return hidden
