"""What each stage of the pipeline asks for, whoever moves a lead into it and by whichever door."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.core.access import Actor
from apps.core.errors import FieldError, InvalidInput
from apps.leads.changes import label_of, labels_of
from apps.leads.filters import q_of
from apps.leads.models import Lead, PipelineStage
from apps.leads.types import FINAL_STAGES, STAGE_ORDER, Stage, StageKind

ATTRIBUTE: Final = "attributes."
LOST_REASON: Final = "lost_reason"
KINDS: Final[Mapping[str, StageKind]] = {Stage.GANADO: StageKind.WON, Stage.PERDIDO: StageKind.LOST}


@dataclass(frozen=True, kw_only=True)
class StageSettings:
    """`required_fields`: columns of the lead, or `attributes.<name>`, that must be known before a lead enters.
    `inactive_days`: so many without a word, and the lead's agent is told; None: nobody is.
    """

    stage: str
    required_fields: tuple[str, ...] = ()
    inactive_days: int | None = None


class StageNeedsFields(InvalidInput):
    """Something must be known of the lead before it enters the stage; `details` names each field."""

    default_code = "STAGE_NEEDS_FIELDS"


def stage_settings() -> dict[str, StageSettings]:
    """Every stage in its order; what nobody has set asks for nothing. One query."""
    rows = PipelineStage.objects.filter(pipeline__is_default=True)
    kept = {
        row.stage: StageSettings(
            stage=row.stage, required_fields=tuple(row.required_fields), inactive_days=row.inactive_days
        )
        for row in rows
    }
    return {stage: kept.get(stage, StageSettings(stage=stage)) for stage in STAGE_ORDER}


def require_known(moves: Iterable[tuple[Lead, str]], *, reason: str) -> None:
    """Raises StageNeedsFields where a lead lacks what the stage asks for. The reason of the move counts as the reason
    of a loss."""
    settings = stage_settings()
    for lead, stage in moves:
        missing = missing_fields(lead, settings[stage], reason=reason)
        if missing:
            raise _refusal(stage, missing)


def can_enter(lead: Lead, stage: str, *, reason: str = "") -> bool:
    """Whether the lead has what the stage asks for; in one query."""
    return not missing_fields(lead, stage_settings()[stage], reason=reason)


def missing_fields(lead: Lead, stage: StageSettings, *, reason: str = "") -> list[str]:
    """What the stage asks for and nobody knows of the lead."""
    return [name for name in stage.required_fields if not _is_known(lead, name, reason)]


def has_what_is_asked(stage: StageSettings, actor: Actor) -> Q:
    """The leads that lack nothing for the stage, as a Q: `missing_fields` for many. Whoever moves many says why."""
    asked = [name for name in stage.required_fields if name != LOST_REASON]
    return q_of({"all": [{"field": name, "op": "known"} for name in asked]}, actor) if asked else Q()


def stages_before(stage: str) -> tuple[str, ...]:
    """Those from which a lead can still go on to this one."""
    earlier = STAGE_ORDER[: STAGE_ORDER.index(stage)]
    return tuple(one for one in earlier if one not in FINAL_STAGES)


def _is_known(lead: Lead, name: str, reason: str) -> bool:
    if name == LOST_REASON:
        return bool(reason.strip() or lead.lost_reason)
    if name.startswith(ATTRIBUTE):
        return lead.attributes.get(name.removeprefix(ATTRIBUTE)) not in (None, "", [])
    value = lead.assigned_agent_id if name == "assigned_agent" else getattr(lead, name)
    return value not in (None, "", [])


def _refusal(stage: str, missing: Sequence[str]) -> StageNeedsFields:
    labels = labels_of([name.removeprefix(ATTRIBUTE) for name in missing if name.startswith(ATTRIBUTE)])
    said = {name: label_of(name, labels) for name in missing}
    sentence = _("Before a lead goes to “%(stage)s” you need to know: %(fields)s") % {
        "stage": Stage(stage).label,
        "fields": ", ".join(said.values()),
    }
    details = [
        FieldError(
            field=name,
            message=str(
                _("“%(field)s” must be known before a lead goes to “%(stage)s”.")
                % {"field": label, "stage": Stage(stage).label}
            ),
            code="required",
        )
        for name, label in said.items()
    ]
    return StageNeedsFields(sentence, field="stage", details=details)
