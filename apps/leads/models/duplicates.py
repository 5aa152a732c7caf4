"""Two leads that may be one person, and leads that were found to be."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.core.ids import new_uid
from apps.leads.models.lead import Lead
from apps.leads.types import DuplicateReason, DuplicateState


class DuplicatePair(models.Model):
    """Two leads with something in common; `first` has the smaller number."""

    first = models.ForeignKey(Lead, models.CASCADE, related_name="+")
    second = models.ForeignKey(Lead, models.CASCADE, related_name="+")
    reason = models.CharField(max_length=20, choices=DuplicateReason.choices)
    # From 0 to 100, how sure it is.
    likeness = models.PositiveSmallIntegerField(default=50)
    state = models.CharField(max_length=12, choices=DuplicateState.choices, default=DuplicateState.OPEN)
    decided_by = models.ForeignKey("accounts.User", models.SET_NULL, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("possible duplicate")
        verbose_name_plural = _("possible duplicates")
        indexes = [
            models.Index(fields=["state", "-likeness", "-id"], name="duplicate_state"),
            models.Index(fields=["second"], name="duplicate_second"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="duplicate_pair_once"),
            models.CheckConstraint(condition=models.Q(first__lt=models.F("second")), name="duplicate_pair_ordered"),
        ]

    def __str__(self) -> str:
        return f"{self.first_id} = {self.second_id}"


class LeadMerge(models.Model):
    """Two leads that became one, with all that is needed to part them again."""

    uid = models.UUIDField(unique=True, default=new_uid, editable=False)
    kept = models.ForeignKey(Lead, models.SET_NULL, null=True, related_name="merges")
    # The row that went: its columns by name, and its number, under which it comes back.
    absorbed_id = models.BigIntegerField()
    absorbed = models.JSONField()
    # The columns of the kept lead that changed: {name: [before, after]}; once undone, those that could not be put back.
    kept_before = models.JSONField(default=dict)
    # What moved to the kept lead: {table.column: [primary keys]}, and the pairs that went with the absorbed one.
    moved = models.JSONField(default=dict)
    actor_name = models.CharField(max_length=200, blank=True, default="")
    actor_user = models.ForeignKey("accounts.User", models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("merge")
        verbose_name_plural = _("merges")
        indexes = [models.Index(fields=["kept", "-id"], name="lead_merge_kept")]

    def __str__(self) -> str:
        return f"{self.absorbed_id} → {self.kept_id}"
