"""The timeline in words: each activity as one sentence, with labels instead of columns and people instead of numbers.

Rooms above write kinds of their own and teach this one to say them (`sentence_for`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.accounts.models import User
from apps.core.access import Actor
from apps.leads.changes import Change, changes_in, label_of_source, labels_of, readable
from apps.leads.models import Activity
from apps.leads.queries import get_lead
from apps.leads.types import IdentityKind

PAGE_SIZE: Final = 30
MOST_AT_ONCE: Final = 500
_BY_A_RULE: Final = "auto_advance."


class TimelineKind(TextChoices):
    """What a timeline can be narrowed to."""

    PIPELINE = "pipeline", gettext_lazy("Stages")
    DETAILS = "details", gettext_lazy("Details")
    SCORE = "score", gettext_lazy("Score")
    CONVERSATIONS = "conversations", gettext_lazy("Conversations")
    ORIGIN = "origin", gettext_lazy("Origin")


_KINDS: dict[str, frozenset[str]] = {
    TimelineKind.PIPELINE: frozenset({"stage_changed", "inactive", "assigned"}),
    TimelineKind.DETAILS: frozenset({"updated", "merged", "merge_undone"}),
    TimelineKind.SCORE: frozenset({"scored"}),
    TimelineKind.CONVERSATIONS: frozenset(
        {"conversation_started", "conversation_assigned", "conversation_queued", "conversation_closed"}
    ),
    TimelineKind.ORIGIN: frozenset({"created", "ingested", "imported", "identity_added"}),
}


@dataclass(frozen=True)
class Words:
    """What sentences need beside the activities: the people they name and the labels of custom fields."""

    names: Mapping[int, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)

    def person(self, user_id: object) -> str:
        """The name of a user, or words for somebody who is not known any more."""
        name = self.names.get(user_id) if isinstance(user_id, int) else None
        return name or _("a colleague")


Sayer = Callable[[Mapping[str, Any], Words], str]
_sayers: dict[str, Sayer] = {}


def sentence_for(kind: str) -> Callable[[Sayer], Sayer]:
    """Teach the timeline a kind: the function says its details in the active language."""

    def register(sayer: Sayer) -> Sayer:
        _sayers[kind] = sayer
        return sayer

    return register


def sentence_of(activity: Activity, words: Words | None = None) -> str:
    """What happened, as one sentence. Without `words` people are "a colleague" and custom fields go by their names."""
    details = activity.details if isinstance(activity.details, Mapping) else {}
    sayer = _sayers.get(activity.kind)
    if sayer is None:
        return activity.kind.replace("_", " ").strip().capitalize()
    return sayer(details, words or Words())


def changes_of(activity: Activity, words: Words | None = None) -> list[Change]:
    """Field by field what an activity changed; empty for kinds that change no field."""
    return changes_in(activity.details.get("changes"), (words or Words()).labels)


def doer_of(activity: Activity) -> str:
    """Who did it."""
    if activity.actor_kind == "customer":
        return _("The customer")
    if activity.actor_kind == "system":
        return _("Automatically")
    return activity.actor_name or (_("Sofía") if activity.actor_kind == "assistant" else "")


def words_for(activities: Iterable[Activity]) -> Words:
    """Everything that sentences of these activities name, in at most two queries."""
    people: set[int] = set()
    fields: set[str] = set()
    for activity in activities:
        details = activity.details if isinstance(activity.details, Mapping) else {}
        people |= {value for name in ("agent_id", "previous_agent_id") if isinstance(value := details.get(name), int)}
        fields |= _custom_fields_in(details.get("changes"))
    users = User.objects.filter(pk__in=people) if people else ()
    return Words(names={user.pk: user.name for user in users}, labels=labels_of(fields))


@dataclass(frozen=True, kw_only=True)
class TimelinePage:
    """Activities, newest first; before the number `older` there are more, None at the beginning."""

    activities: Sequence[Activity]
    words: Words
    older: int | None


def timeline_page(
    actor: Actor, lead_id: int, *, kind: str = "", before_id: int | None = None, down_to_id: int | None = None
) -> TimelinePage:
    """One page of a lead's timeline, all kinds or one group of them: at most five queries.

    `before_id` asks for what came before an activity, `down_to_id` for everything from the newest to that one.
    Raises NotFound for a lead out of the actor's sight.
    """
    lead = get_lead(actor, lead_id)
    rows = Activity.objects.filter(lead_id=lead.pk).order_by("-id")
    if kind in _KINDS:
        rows = rows.filter(kind__in=_KINDS[kind])
    if before_id is not None:
        rows = rows.filter(pk__lt=before_id)
    size = PAGE_SIZE
    if down_to_id is not None:
        size = min(MOST_AT_ONCE, max(size, rows.filter(pk__gte=down_to_id).count()))
    found = list(rows[: size + 1])
    activities = found[:size]
    older = activities[-1].pk if len(found) > size else None
    return TimelinePage(activities=activities, words=words_for(activities), older=older)


def _custom_fields_in(changes: object) -> set[str]:
    pair = changes.get("attributes") if isinstance(changes, Mapping) else None
    if not isinstance(pair, list | tuple):
        return set()
    return {str(name) for side in pair if isinstance(side, Mapping) for name in side}


# ---- the kinds of this room


@sentence_for("created")
def _created(details: Mapping[str, Any], _words: Words) -> str:
    source = label_of_source(str(details.get("source") or ""))
    return _("First contact through %(source)s") % {"source": source} if source else _("Lead created")


@sentence_for("updated")
def _updated(details: Mapping[str, Any], words: Words) -> str:
    changes = changes_in(details.get("changes"), words.labels)
    if not changes:
        return _("Details updated")
    return "; ".join(str(change) for change in changes)


@sentence_for("stage_changed")
def _stage_changed(details: Mapping[str, Any], _words: Words) -> str:
    before, after = (readable("stage", details.get(side)) for side in ("from", "to"))
    said = _("Moved from “%(before)s” to “%(after)s”") if before else _("Moved to “%(after)s”")
    reason = _reason(str(details.get("reason") or ""))
    said = said % {"before": before, "after": after}
    return f"{said} · {reason}" if reason else said


_REASONS: Final[Mapping[str, Promise]] = {
    "merge": gettext_lazy("two leads became one"),
    "merge_undone": gettext_lazy("a merge was undone"),
}


def _reason(reason: str) -> str:
    if not reason.startswith(_BY_A_RULE):
        return str(_REASONS.get(reason, reason))
    from apps.leads.pipeline.rules import reason_label  # the pipeline teaches the timeline a kind of its own

    return reason_label(reason)


@sentence_for("scored")
def _scored(details: Mapping[str, Any], _words: Words) -> str:
    before, after = (_number(details.get(side)) for side in ("before", "after"))
    said = _("Score %(before)s → %(after)s") % {"before": before, "after": after}
    status = readable("status", details.get("status"))
    return f"{said} · {status}" if status else said


@sentence_for("assigned")
def _assigned(details: Mapping[str, Any], words: Words) -> str:
    agent, previous = details.get("agent_id"), details.get("previous_agent_id")
    if agent is None:
        return _("Taken from %(name)s") % {"name": words.person(previous)}
    if previous is None:
        return _("Given to %(name)s") % {"name": words.person(agent)}
    return _("Given to %(name)s, before with %(previous)s") % {
        "name": words.person(agent),
        "previous": words.person(previous),
    }


@sentence_for("identity_added")
def _identity_added(details: Mapping[str, Any], _words: Words) -> str:
    kind = details.get("kind")
    channel = str(IdentityKind(kind).label) if kind in IdentityKind.values else str(kind or "")
    return _("Also known on %(channel)s as %(id)s") % {"channel": channel, "id": details.get("external_id", "")}


def _number(value: object) -> str:
    return f"{value:.0f}" if isinstance(value, int | float) else "0"
