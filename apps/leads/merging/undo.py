"""Parting again what was merged."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.core.access import Actor
from apps.core.errors import Conflict, NotFound
from apps.core.events import publish
from apps.leads.events import LeadMergeUndone, LeadStageChanged
from apps.leads.merging.locks import lock_people, names_of
from apps.leads.merging.rows import move_rows_back
from apps.leads.merging.snapshot import as_json, field_names, from_json, lead_from
from apps.leads.merging.values import ATTRIBUTE
from apps.leads.models import DuplicatePair, Lead, LeadMerge
from apps.leads.queries import visible_leads
from apps.leads.scoring.rescoring import rescore_some
from apps.leads.types import DuplicateReason, DuplicateState

_ADDED = frozenset({"inbound_count", "total_purchases", "lifetime_value"})
# What changes with every contact, and what follows from other columns: nobody misses it.
_UNSAID = frozenset({"last_contacted_at", "last_inbound_at", "last_purchase_at", "phone_key", "stage_changed_at"})
_TABLE = LeadMerge._meta.db_table


class AlreadyUndone(Conflict):
    """The two leads were parted before."""

    default_code = "MERGE_ALREADY_UNDONE"
    default_message = _("This merge has been undone already.")


class KeptLeadGone(Conflict):
    """There is nothing left to take the other lead out of."""

    default_code = "KEPT_LEAD_GONE"
    default_message = _("The merged lead was deleted: the merge cannot be undone any more.")


class MergedAgain(Conflict):
    """The later merge must go first."""

    default_code = "MERGED_AGAIN"
    default_message = _("The merged lead was itself merged later. Undo that merge first.")


@transaction.atomic
def undo_merge(*, actor: Actor, merge_id: int) -> Lead:
    """Bring the absorbed lead back under its number, with those of its rows that still exist.

    The kept lead gets back what the merge changed, unless somebody changed it since: `left_by_undo` names that.
    Raises NotFound, Forbidden, AlreadyUndone, KeptLeadGone, MergedAgain.
    """
    merge = _lock_merge(actor, merge_id)
    actor.require("clients.merge")
    _require_undoable(merge)
    back = lead_from(merge.absorbed)
    assert merge.kept_id is not None
    kept = lock_people([merge.kept_id], more=names_of(phone_key=back.phone_key, email=back.email))[merge.kept_id]

    stage_now = kept.stage
    left = _restore_kept(kept, merge.kept_before)
    left += _restore_absorbed(back)
    move_rows_back(merge.moved, from_id=kept.pk, to_id=back.pk)
    merge.undone_at = timezone.now()
    merge.kept_before = {name: merge.kept_before.get(name) for name in left}
    merge.save(update_fields=["undone_at", "kept_before"])
    if merge.actor_user_id is None:
        _keep_apart(actor, kept, back)
    rescore_some(actor=actor, lead_ids=[kept.pk])
    _announce(actor, merge, kept, back, stage_now, left)
    return back


def left_by_undo(merge: LeadMerge) -> list[str]:
    """The columns (and `attributes.<name>`) that an undone merge could not put back, because they changed since."""
    return sorted(name for name in merge.kept_before if name not in _UNSAID) if merge.undone_at else []


def recent_merges(actor: Actor) -> QuerySet[LeadMerge]:
    """The merges of leads in sight, the newest first; those of deleted leads are left out."""
    rows = LeadMerge.objects.select_related("kept", "actor_user").filter(kept__isnull=False).order_by("-id")
    return rows if actor.sees_everything else rows.filter(kept__in=visible_leads(actor))


def _lock_merge(actor: Actor, merge_id: int) -> LeadMerge:
    merge = LeadMerge.objects.select_for_update(of=("self",)).filter(pk=merge_id).first()
    is_seen = actor.sees_everything or recent_merges(actor).filter(pk=merge_id).exists()
    if merge is None or not is_seen:
        raise NotFound(_("There is no such merge."), field="merge_id")
    return merge


def _require_undoable(merge: LeadMerge) -> None:
    if merge.undone_at is not None:
        raise AlreadyUndone
    if merge.kept_id is None:
        raise KeptLeadGone
    later = LeadMerge.objects.filter(pk__gt=merge.pk, undone_at__isnull=True)
    if later.filter(**{f"moved__{_TABLE}.kept_id__contains": [merge.pk]}).exists():
        raise MergedAgain


def _restore_kept(kept: Lead, changed: Mapping[str, Sequence[Any]]) -> list[str]:
    """Put back each column that still has what the merge gave it; returns the names of the others."""
    left: list[str] = []
    restored: list[str] = []
    for name, (before, after) in changed.items():
        now = getattr(kept, name)
        value: Any
        match name:
            case "attributes":
                value, stuck = _restored_attributes(now, before, after)
                left += [ATTRIBUTE + each for each in stuck]
            case "tags":
                value = [tag for tag in now if tag in before or tag not in after]
            case _ if name in _ADDED:
                value = max(now - (_number(after) - _number(before)), type(now)(0))
            case _ if as_json(now) == after or from_json(name, after) == now:
                value = from_json(name, before)
            case _:
                left.append(name)
                continue
        setattr(kept, name, value)
        restored.append(name)
    kept.save(update_fields=[*field_names(restored), "updated_at"])
    return left


def _restored_attributes(
    now: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    value, stuck = dict(now), []
    for name in {*before, *after}:
        if before.get(name) == after.get(name):
            continue
        if now.get(name) != after.get(name):
            stuck.append(name)
        elif name in before:
            value[name] = before[name]
        else:
            value.pop(name, None)
    return value, sorted(stuck)


def _restore_absorbed(back: Lead) -> list[str]:
    """Insert the row again; a phone that another lead has by now stays with that one."""
    left = []
    if back.phone_key and Lead.objects.filter(phone_key=back.phone_key).exists():
        back.phone = back.phone_key = None
        left.append("phone")
    back.save(force_insert=True)
    return left


def _keep_apart(actor: Actor, kept: Lead, back: Lead) -> None:
    """What merged them by itself must not do it again with the next message."""
    DuplicatePair.objects.update_or_create(
        first_id=min(kept.pk, back.pk),
        second_id=max(kept.pk, back.pk),
        defaults={
            "state": DuplicateState.DISMISSED,
            "decided_by_id": actor.user_id,
            "decided_at": timezone.now(),
        },
        create_defaults={
            "reason": DuplicateReason.PHONE,
            "likeness": 90,
            "state": DuplicateState.DISMISSED,
            "decided_by_id": actor.user_id,
            "decided_at": timezone.now(),
        },
    )


def _announce(actor: Actor, merge: LeadMerge, kept: Lead, back: Lead, stage_before: str, left: Sequence[str]) -> None:
    if kept.stage != stage_before:
        publish(
            LeadStageChanged(
                broker_id=actor.broker_id,
                actor=actor,
                lead_id=kept.pk,
                from_stage=stage_before,
                to_stage=kept.stage,
                reason="merge_undone",
            )
        )
    publish(
        LeadMergeUndone(
            broker_id=actor.broker_id,
            actor=actor,
            lead_id=kept.pk,
            restored_id=back.pk,
            merge_id=merge.pk,
            label=str(back),
            left=tuple(name for name in left if name not in _UNSAID),
        )
    )


def _number(value: Any) -> Any:
    return Decimal(value) if isinstance(value, str) else value
