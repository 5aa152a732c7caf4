"""Pairs of leads that may be one person, and what was decided about them."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.core.access import Actor
from apps.core.errors import NotFound
from apps.core.events import publish
from apps.leads.events import DuplicateDismissed, DuplicateReopened
from apps.leads.models import DuplicatePair, Lead
from apps.leads.queries import get_lead, visible_leads
from apps.leads.types import DuplicateReason, DuplicateState

# How sure each reason makes us, from 0 to 100. Namesakes are many: a full name alone is the weakest.
LIKENESS: dict[str, int] = {
    DuplicateReason.PHONE: 95,
    DuplicateReason.EMAIL: 90,
    DuplicateReason.NAME_AND_PHONE_TAIL: 80,
    DuplicateReason.NAME: 40,
}


@dataclass(frozen=True, kw_only=True)
class LikelyPair:
    """Another lead that may be the same person."""

    pair_id: int
    other: Lead
    reason: str
    likeness: int


def open_pairs(actor: Actor, *, reason: str = "") -> QuerySet[DuplicatePair]:
    """What waits for a decision, the surest first; both leads come with their agents.

    Raises Forbidden.
    """
    actor.require("clients.merge")
    rows = _visible_pairs(actor).filter(state=DuplicateState.OPEN).order_by("-likeness", "-id")
    rows = rows.filter(reason=reason) if reason in DuplicateReason.values else rows
    return rows.select_related("first__assigned_agent", "second__assigned_agent")


def open_count(actor: Actor, *, most: int = 100) -> int:
    """How many wait, counted up to `most`."""
    return _visible_pairs(actor).filter(state=DuplicateState.OPEN)[:most].count()


def pairs_of(actor: Actor, lead_id: int) -> list[LikelyPair]:
    """The other leads that may be the same person, the likeliest first: two queries. Empty for who may not merge.

    Raises NotFound.
    """
    get_lead(actor, lead_id)
    if not actor.can("clients.merge"):
        return []
    rows = _visible_pairs(actor).filter(Q(first_id=lead_id) | Q(second_id=lead_id), state=DuplicateState.OPEN)
    found = rows.select_related("first__assigned_agent", "second__assigned_agent").order_by("-likeness", "-id")[:20]
    return [
        LikelyPair(
            pair_id=pair.pk,
            other=pair.second if pair.first_id == lead_id else pair.first,
            reason=str(DuplicateReason(pair.reason).label),
            likeness=pair.likeness,
        )
        for pair in found
    ]


def get_pair(actor: Actor, pair_id: int) -> DuplicatePair:
    """One pair of leads in the actor's sight, in whatever state.

    Raises NotFound, Forbidden.
    """
    actor.require("clients.merge")
    pair = _visible_pairs(actor).select_related("first", "second").filter(pk=pair_id).first()
    if pair is None:
        raise NotFound(_("This pair is settled already."), field="pair_id")
    return pair


@transaction.atomic
def dismiss_pair(*, actor: Actor, pair_id: int) -> DuplicatePair:
    """They are two people: the pair does not come back, whatever they have in common. Twice is the same as once.

    Raises NotFound, Forbidden.
    """
    pair = _lock_pair(actor, pair_id)
    if pair.state == DuplicateState.DISMISSED:
        return pair

    pair.state, pair.decided_by_id, pair.decided_at = DuplicateState.DISMISSED, actor.user_id, timezone.now()
    pair.save(update_fields=["state", "decided_by", "decided_at"])
    publish(
        DuplicateDismissed(
            broker_id=actor.broker_id,
            actor=actor,
            duplicate_id=pair.pk,
            first_id=pair.first_id,
            second_id=pair.second_id,
        )
    )
    return pair


@transaction.atomic
def reopen_pair(*, actor: Actor, pair_id: int) -> DuplicatePair:
    """Take a decision back.

    Raises NotFound, Forbidden.
    """
    pair = _lock_pair(actor, pair_id)
    if pair.state == DuplicateState.OPEN:
        return pair

    pair.state, pair.decided_by_id, pair.decided_at = DuplicateState.OPEN, None, None
    pair.save(update_fields=["state", "decided_by", "decided_at"])
    publish(
        DuplicateReopened(
            broker_id=actor.broker_id,
            actor=actor,
            duplicate_id=pair.pk,
            first_id=pair.first_id,
            second_id=pair.second_id,
        )
    )
    return pair


def suggest_pair(one_id: int, other_id: int, reason: str) -> None:
    """Have a person look at the two; nothing happens where somebody did already."""
    DuplicatePair.objects.bulk_create(
        [
            DuplicatePair(
                first_id=min(one_id, other_id),
                second_id=max(one_id, other_id),
                reason=reason,
                likeness=LIKENESS[reason],
                created_at=timezone.now(),
            )
        ],
        ignore_conflicts=True,
    )


def _visible_pairs(actor: Actor) -> QuerySet[DuplicatePair]:
    if actor.sees_everything:
        return DuplicatePair.objects.all()
    seen = visible_leads(actor).values("pk")
    return DuplicatePair.objects.filter(first__in=seen, second__in=seen)


def _lock_pair(actor: Actor, pair_id: int) -> DuplicatePair:
    get_pair(actor, pair_id)
    pair = DuplicatePair.objects.select_for_update().filter(pk=pair_id).first()
    if pair is None:
        raise NotFound(_("This pair is settled already."), field="pair_id")
    return pair
