"""A broker weighs its leads otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from apps.brokers.models import Broker, BrokerConfig
from apps.core.access import Actor
from apps.core.errors import InvalidInput
from apps.core.events import Event, publish
from apps.core.tenancy import entered_broker_id
from apps.leads.jobs import create_job
from apps.leads.models import Job, LeadTally
from apps.leads.scoring.rules import MOST_POINTS, WEIGHTS, ScoringRules, rules_from
from apps.leads.types import JobKind, JobState

PERMISSION = "scoring.manage"
_MOST_ENTRIES = 100
_LONGEST_NAME = 120


@dataclass(frozen=True, kw_only=True)
class ScoringChanged(Event):
    """`changes`: what of the rules → [before, after]."""

    name: ClassVar[str] = "scoring.changed"
    changes: dict[str, list[Any]] = field(default_factory=dict)

    @property
    def scoring_id(self) -> int | None:
        """A broker has one."""
        return self.broker_id


@dataclass(frozen=True, kw_only=True)
class NewScoring:
    """Rules as somebody wants them; all of them, what is left out has its usual value."""

    weights: Mapping[str, float]
    warm: float
    hot: float
    sources: Mapping[str, float]
    fields: Mapping[str, float]
    after_days: float
    points_per_week: float
    floor: float


def rules_wanted(wanted: NewScoring) -> ScoringRules:
    """The rules that these would be, unsaved.

    Raises InvalidInput that names what to mend.
    """
    _check(wanted)
    zone = Broker.objects.values_list("timezone", flat=True).get(pk=entered_broker_id())
    return rules_from(*_stored(wanted), zone=zone)


@transaction.atomic
def save_scoring(*, actor: Actor, wanted: NewScoring) -> bool:
    """Weigh leads so from now on; scores change when they are computed next (`start_rescore` does it for all).

    False where nothing is different. Raises Forbidden, InvalidInput.
    """
    actor.require(PERMISSION)
    _check(wanted)
    broker_id = entered_broker_id()
    BrokerConfig.objects.get_or_create(broker_id=broker_id)
    config = BrokerConfig.objects.select_for_update().get(broker_id=broker_id)
    weights, thresholds, scoring = _stored(wanted)
    new = {"weights": weights, "thresholds": thresholds, "scoring": {**config.scoring, **scoring}}
    changes = {name: [getattr(config, name), value] for name, value in new.items() if getattr(config, name) != value}
    if not changes:
        return False

    for name, (_before, after) in changes.items():
        setattr(config, name, after)
    config.save(update_fields=[*changes, "updated_at"])
    publish(ScoringChanged(broker_id=broker_id, actor=actor, changes=changes))
    return True


@transaction.atomic
def start_rescore(*, actor: Actor) -> Job:
    """Compute the scores of all leads in the background; one that waits or runs already is answered instead of another.

    Raises Forbidden.
    """
    actor.require(PERMISSION)
    BrokerConfig.objects.select_for_update().filter(broker_id=entered_broker_id()).first()
    waiting = Job.objects.filter(kind=JobKind.RESCORE, state=JobState.QUEUED).first()
    if waiting is not None:
        return waiting

    total = LeadTally.objects.aggregate(number=Sum("number"))["number"] or 0
    return create_job(actor=actor, kind=JobKind.RESCORE, params={}, total=max(0, total))


def _stored(wanted: NewScoring) -> tuple[dict[str, float], dict[str, float], dict[str, Any]]:
    """The three columns of the broker's configuration."""
    decay = {
        "after_days": int(wanted.after_days),
        "points_per_week": wanted.points_per_week,
        "floor": wanted.floor,
    }
    scoring = {"sources": dict(wanted.sources), "fields": dict(wanted.fields), "decay": decay}
    return dict(wanted.weights), {"warm": wanted.warm, "hot": wanted.hot}, scoring


def _check(wanted: NewScoring) -> None:
    unknown = set(wanted.weights) - set(WEIGHTS)
    if unknown:
        raise InvalidInput(_("“%(name)s” is no part of a score.") % {"name": min(unknown)[:60]}, field="weights")
    for group in ("weights", "sources", "fields"):
        _check_points(group, getattr(wanted, group))
    _check_points("thresholds", {"warm": wanted.warm, "hot": wanted.hot})
    _check_points("decay", {"points_per_week": wanted.points_per_week, "floor": wanted.floor})
    if not wanted.warm < wanted.hot:
        raise InvalidInput(_("Leads must be warm at fewer points than they are hot."), field="hot")
    if wanted.warm <= 0:
        raise InvalidInput(_("Leads must be warm at more than no points."), field="warm")
    if not 1 <= wanted.after_days <= 3650:
        raise InvalidInput(_("Silence begins to count after 1 to 3650 days."), field="after_days")


def _check_points(group: str, points: Mapping[str, float]) -> None:
    if len(points) > _MOST_ENTRIES:
        raise InvalidInput(_("At most %(most)s entries.") % {"most": _MOST_ENTRIES}, field=group)
    for name, value in points.items():
        if not 0 <= value <= MOST_POINTS:
            raise InvalidInput(_("Points go from 0 to 100."), field=f"{group}.{name}"[:_LONGEST_NAME])
        if len(name) > _LONGEST_NAME:
            raise InvalidInput(_("This name is too long."), field=group)
