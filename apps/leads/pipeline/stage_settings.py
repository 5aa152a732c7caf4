"""What the stages of a broker's pipeline ask for."""

from collections.abc import Sequence
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext as _

from apps.core.access import Actor
from apps.core.errors import InvalidInput
from apps.leads.models import PipelineStage
from apps.leads.pipeline.arranging import arrange, tell
from apps.leads.pipeline.askable import askable_fields
from apps.leads.queries import require_stage
from apps.leads.stages import LOST_REASON, StageSettings, stage_settings
from apps.leads.types import FINAL_STAGES, Stage

_MOST_DAYS: Final = 365
# Nothing that a lead could be made to wait for.
_NOT_REQUIRED: Final = frozenset({"stage", "status", "score", "created_at", "updated_at", "stage_changed_at"})


def requirable_fields() -> list[tuple[str, str]]:
    """(name, label) of what a stage can ask for; two queries."""
    return [(each.name, each.label) for each in askable_fields() if each.name not in _NOT_REQUIRED]


@transaction.atomic
def save_stages(*, actor: Actor, wanted: Sequence[StageSettings]) -> bool:
    """What these stages ask for from now on; False where nothing is different. Leads that are in them stay.

    Raises Forbidden, InvalidInput.
    """
    pipeline = arrange(actor)
    allowed = {name for name, _label in requirable_fields()} | {LOST_REASON}
    before = stage_settings()
    changes: dict[str, list[Any]] = {}
    for stage in wanted:
        _check_stage(stage, allowed)
        if before[stage.stage] != stage:
            changes[stage.stage] = [_plain(before[stage.stage]), _plain(stage)]
            PipelineStage.objects.filter(pipeline=pipeline, stage=stage.stage).update(
                required_fields=list(stage.required_fields), inactive_days=stage.inactive_days
            )
    return tell(actor, changes)


def _check_stage(stage: StageSettings, allowed: set[str]) -> None:
    require_stage(stage.stage)
    unknown = set(stage.required_fields) - allowed
    if unknown:
        raise InvalidInput(_("There is no field “%(name)s”.") % {"name": min(unknown)[:60]}, field="required_fields")
    if LOST_REASON in stage.required_fields and stage.stage != Stage.PERDIDO:
        raise InvalidInput(_("Only lost leads have a reason of a loss."), field="required_fields")
    days = stage.inactive_days
    if days is not None and stage.stage in FINAL_STAGES:
        raise InvalidInput(_("Nobody waits for a lead that is won or lost."), field="inactive_days")
    if days is not None and not 1 <= days <= _MOST_DAYS:
        raise InvalidInput(_("Write 1 to %(most)d days, or nothing.") % {"most": _MOST_DAYS}, field="inactive_days")


def _plain(stage: StageSettings) -> dict[str, object]:
    return {"required_fields": list(stage.required_fields), "inactive_days": stage.inactive_days}
