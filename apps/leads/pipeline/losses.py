"""Why leads are lost: what people choose from."""

from typing import Final

from django.utils.translation import gettext_lazy as _

from apps.leads.models import LossReason, Pipeline

USUAL: Final = (
    _("Bought elsewhere"),
    _("Does not answer"),
    _("The budget is too small"),
    _("The bank refused the loan"),
    _("Nothing in the area they look for"),
    _("Only looking"),
)


def loss_reasons() -> list[LossReason]:
    """The reasons on offer, in their order; unsaved rows where the broker still has the product's own."""
    return [reason for reason in all_loss_reasons() if reason.is_active]


def all_loss_reasons() -> list[LossReason]:
    """Those that are switched off too; two queries at most."""
    rows = list(LossReason.objects.order_by("position", "pk"))
    return rows or ([] if Pipeline.objects.filter(is_default=True).exists() else usual_loss_reasons())


def usual_loss_reasons() -> list[LossReason]:
    """The product's own in the active language, as rows that are not saved."""
    return [LossReason(name=str(name), position=position) for position, name in enumerate(USUAL)]
