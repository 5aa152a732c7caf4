"""A broker arranges its pipeline: its rows, made the first time somebody changes something, and who may change them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal, TypeVar

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from apps.brokers.models import Broker
from apps.core.access import Actor
from apps.core.errors import NotFound
from apps.core.events import Event, publish
from apps.core.locks import lock_names
from apps.core.tenancy import entered_broker_id
from apps.leads.models import LossReason, Pipeline, PipelineRule, PipelineStage
from apps.leads.pipeline.losses import usual_loss_reasons
from apps.leads.pipeline.rules import built_in_rules
from apps.leads.stages import KINDS
from apps.leads.types import STAGE_ORDER, StageKind

PERMISSION: Final = "pipeline.manage"
LONGEST_NAME: Final = 120

Direction = Literal["up", "down"]
Row = TypeVar("Row", PipelineRule, LossReason)


@dataclass(frozen=True, kw_only=True)
class PipelineChanged(Event):
    """`changes`: stage, rule or reason → [before, after]."""

    name: ClassVar[str] = "pipeline.changed"
    pipeline_id: int
    changes: dict[str, list[Any]] = field(default_factory=dict)


@transaction.atomic
def ensure_pipeline(*, actor: Actor) -> Pipeline:
    """The broker's own rows, made from the product's where there are none: what a person can then change.

    Raises Forbidden.
    """
    return arrange(actor)


def arrange(actor: Actor) -> Pipeline:
    """The pipeline in rows of the broker's own, held until the transaction ends: two arrange it one after the other."""
    actor.require(PERMISSION)
    broker_id = entered_broker_id()
    lock_names([f"pipeline:{broker_id}"])
    found = Pipeline.objects.filter(is_default=True).first()
    if found is not None:
        return found

    language = Broker.objects.values_list("language", flat=True).get(pk=broker_id)
    with translation.override(language):
        pipeline = Pipeline.objects.create(name=_("Sales"), is_default=True)
        LossReason.objects.bulk_create(usual_loss_reasons(), ignore_conflicts=True)
    PipelineStage.objects.bulk_create(
        PipelineStage(pipeline=pipeline, stage=stage, kind=KINDS.get(stage, StageKind.OPEN), position=position)
        for position, stage in enumerate(STAGE_ORDER)
    )
    PipelineRule.objects.bulk_create(built_in_rules(pipeline))
    return pipeline


def get_row(kind: type[Row], row_id: int) -> Row:
    """Raises NotFound."""
    row = kind.objects.filter(pk=row_id).first()
    if row is None:
        raise NotFound()
    return row


def switch(actor: Actor, row: Row, word: str) -> Row:
    """Off where it was on, on where it was off."""
    row.is_active = not row.is_active
    row.save(update_fields=["is_active"])
    tell(actor, {f"{word}.{row.pk}.is_active": [not row.is_active, row.is_active]})
    return row


def move_in(actor: Actor, rows: list[Row], row: Row, direction: Direction, word: str) -> None:
    """One place up or down; at the end it stays."""
    before = [each.pk for each in rows]
    at = before.index(row.pk)
    to = max(0, min(len(rows) - 1, at + (1 if direction == "down" else -1)))
    rows.insert(to, rows.pop(at))
    for position, each in enumerate(rows):
        each.position = position
    type(row).objects.bulk_update(rows, ["position"])
    if to != at:
        tell(actor, {word: [before, [each.pk for each in rows]]})


def tell(actor: Actor, changes: Mapping[str, list[Any]]) -> bool:
    """Announce what changed; False where nothing did."""
    if changes:
        pipeline_id = Pipeline.objects.values_list("pk", flat=True).get(is_default=True)
        publish(
            PipelineChanged(broker_id=entered_broker_id(), actor=actor, pipeline_id=pipeline_id, changes=dict(changes))
        )
    return bool(changes)
