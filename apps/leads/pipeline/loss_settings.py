"""A broker's own reasons of losses."""

from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from apps.core.access import Actor
from apps.core.errors import Conflict, InvalidInput
from apps.leads.models import LossReason
from apps.leads.pipeline.arranging import LONGEST_NAME, Direction, arrange, get_row, move_in, switch, tell

MOST_REASONS: Final = 50


@transaction.atomic
def save_loss_reason(*, actor: Actor, name: str, reason_id: int | None = None) -> LossReason:
    """Rename a reason, or add one at the end; leads that were lost for it keep the words of then.

    Raises Forbidden, NotFound, InvalidInput, Conflict for a name that is taken.
    """
    arrange(actor)
    name = " ".join(name.replace("\x00", " ").split())
    if not 1 <= len(name) <= LONGEST_NAME:
        raise InvalidInput(_("Write a reason of 1 to %(most)d characters.") % {"most": LONGEST_NAME}, field="name")
    reason = get_row(LossReason, reason_id) if reason_id is not None else LossReason(position=_next_reason())
    if LossReason.objects.filter(name=name).exclude(pk=reason.pk).exists():
        raise Conflict(_("This reason is in the list already."), field="name")
    before, reason.name = reason.name or None, name
    reason.save()
    tell(actor, {f"reason.{reason.pk}": [before, name]})
    return reason


@transaction.atomic
def switch_loss_reason(*, actor: Actor, reason_id: int) -> LossReason:
    """No longer on offer, or again.

    Raises Forbidden, NotFound.
    """
    arrange(actor)
    return switch(actor, get_row(LossReason, reason_id), "reason")


@transaction.atomic
def delete_loss_reason(*, actor: Actor, reason_id: int) -> None:
    """Leads that were lost for it keep its words.

    Raises Forbidden, NotFound.
    """
    arrange(actor)
    reason = get_row(LossReason, reason_id)
    reason.delete()
    tell(actor, {f"reason.{reason_id}": [reason.name, None]})


@transaction.atomic
def move_loss_reason(*, actor: Actor, reason_id: int, direction: Direction) -> None:
    """One place up or down; at the end it stays.

    Raises Forbidden, NotFound.
    """
    arrange(actor)
    reasons = list(LossReason.objects.order_by("position", "pk"))
    move_in(actor, reasons, get_row(LossReason, reason_id), direction, "reasons")


def _next_reason() -> int:
    count = LossReason.objects.count()
    if count >= MOST_REASONS:
        raise InvalidInput(_("There are %(most)d reasons already, and more cannot be kept.") % {"most": MOST_REASONS})
    return count
