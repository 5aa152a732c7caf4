"""Making one lead of two."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.core.access import Actor, system_actor
from apps.core.errors import Conflict, InvalidInput
from apps.core.events import publish
from apps.core.phones import spellings
from apps.leads.events import LeadMergeBegan, LeadsMerged, LeadStageChanged
from apps.leads.merging.locks import lock_people, require_nothing_dangles
from apps.leads.merging.rows import move_rows
from apps.leads.merging.snapshot import as_json, columns_of, field_names
from apps.leads.merging.values import check_choices, merged_columns
from apps.leads.models import DuplicatePair, Lead, LeadIdentity, LeadMerge, StageChange
from apps.leads.queries import get_lead
from apps.leads.scoring.rescoring import rescore_some
from apps.leads.types import DuplicateState, IdentityKind


class ChangedMeanwhile(Conflict):
    """Somebody wrote to one of the leads while they were being merged."""

    default_code = "CHANGED_MEANWHILE"
    default_message = _("One of the leads was changed at the same moment. Try again.")


@transaction.atomic
def merge_leads(*, actor: Actor, kept_id: int, absorbed_id: int, choices: Mapping[str, str] | None = None) -> LeadMerge:
    """Make one lead of two: all that hangs from `absorbed_id` moves to `kept_id`, and its row goes.

    The kept lead's values stay unless they are empty; `choices` says otherwise field by field ("kept" or "absorbed").
    Tags and fields are united, numbers added up. `undo_merge` takes it back.
    Raises NotFound, Forbidden, InvalidInput, ChangedMeanwhile.
    """
    get_lead(actor, kept_id)
    get_lead(actor, absorbed_id)
    actor.require("clients.merge")
    check_choices(choices or {})
    if kept_id == absorbed_id:
        raise InvalidInput(_("Choose two different leads."), field="absorbed_id")
    leads = lock_people([kept_id, absorbed_id])

    return _merge(actor, leads[kept_id], leads[absorbed_id], choices or {})


def merge_automatically(*, broker_id: int | None, lead_ids: list[int]) -> int:
    """Ids of one person turned out to belong to several leads: make one of them, the oldest, and return its number.

    Where a person has said that two of them are two people, they stay, and the first one given is returned.
    """
    kept_id = min(lead_ids)
    absorbed = [lead_id for lead_id in dict.fromkeys(lead_ids) if lead_id != kept_id]
    if any(are_two_people(kept_id, lead_id) for lead_id in absorbed):
        return lead_ids[0]
    for lead_id in absorbed:
        merge_leads(actor=system_actor(broker_id), kept_id=kept_id, absorbed_id=lead_id)
    return kept_id


def are_two_people(one: int, other: int) -> bool:
    """Whether somebody has decided so."""
    pair = DuplicatePair.objects.filter(first_id=min(one, other), second_id=max(one, other))
    return pair.filter(state=DuplicateState.DISMISSED).exists()


def _merge(actor: Actor, kept: Lead, absorbed: Lead, choices: Mapping[str, str]) -> LeadMerge:
    label = str(absorbed)
    columns = merged_columns(kept, absorbed, choices)
    stage_before, since = kept.stage, kept.stage_changed_at
    changes = {name: [as_json(getattr(kept, name)), as_json(value)] for name, value in columns.items()}
    merge = LeadMerge.objects.create(
        kept=kept,
        absorbed_id=absorbed.pk,
        absorbed=columns_of(absorbed),
        kept_before=changes,
        actor_name=actor.name[:200],
        actor_user_id=actor.user_id,
        created_at=timezone.now(),
    )
    publish(
        LeadMergeBegan(
            broker_id=actor.broker_id, actor=actor, lead_id=kept.pk, absorbed_id=absorbed.pk, merge_id=merge.pk
        )
    )
    _remember_other_phone(kept, absorbed, columns)
    merge.moved = move_rows(from_id=absorbed.pk, to_id=kept.pk)
    merge.save(update_fields=["moved"])
    _replace(kept, absorbed, columns)
    if "stage" in columns:
        _tell_stage(actor, kept, stage_before, since)
    rescore_some(actor=actor, lead_ids=[kept.pk])
    shown = {name: pair for name, pair in changes.items() if name not in _UNSAID}
    publish(
        LeadsMerged(
            broker_id=actor.broker_id,
            actor=actor,
            lead_id=kept.pk,
            absorbed_id=merge.absorbed_id,
            merge_id=merge.pk,
            label=label,
            agent_id=absorbed.assigned_agent_id,
            changes=shown,
        )
    )
    return merge


# Columns that say nothing to a reader of the trail, or that follow from others.
_UNSAID = frozenset({"phone_key", "stage_changed_at"})


def _replace(kept: Lead, absorbed: Lead, columns: Mapping[str, Any]) -> None:
    """The row goes before its phone is given to the other."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("DELETE FROM leads_lead WHERE id = %s", [absorbed.pk])
            for name, value in columns.items():
                setattr(kept, name, value)
            kept.save(update_fields=[*field_names(columns), "updated_at"])
            require_nothing_dangles()
    except IntegrityError as error:
        raise ChangedMeanwhile from error


def _remember_other_phone(kept: Lead, absorbed: Lead, columns: Mapping[str, Any]) -> None:
    """Who writes from the number that lost is found all the same."""
    if not (kept.phone and absorbed.phone):
        return
    loser = kept if "phone" in columns else absorbed
    LeadIdentity.objects.bulk_create(
        [
            LeadIdentity(
                lead=loser,
                kind=IdentityKind.WA_ID,
                external_id=number.removeprefix("+"),
                display_name=loser.name[:200],
                created_at=timezone.now(),
            )
            for number in spellings(str(loser.phone))
        ],
        ignore_conflicts=True,
    )


def _tell_stage(actor: Actor, kept: Lead, before: str, since: Any) -> None:
    now = timezone.now()
    StageChange.objects.create(
        lead=kept,
        from_stage=before,
        to_stage=kept.stage,
        reason="merge",
        seconds_in_stage=max(0, int((now - since).total_seconds())) if since else 0,
        actor_kind=actor.kind,
        actor_user_id=actor.user_id,
        created_at=now,
    )
    publish(
        LeadStageChanged(
            broker_id=actor.broker_id,
            actor=actor,
            lead_id=kept.pk,
            from_stage=before,
            to_stage=kept.stage,
            reason="merge",
        )
    )
