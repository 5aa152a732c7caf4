"""How a broker runs its pipeline: stages, what they ask for, and the rules by which leads go on by themselves."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.leads.types import Stage, StageKind


class Pipeline(models.Model):
    """A way to a sale. There is one now; every rule and setting hangs from it, so that there can be more."""

    name = models.CharField(_("name"), max_length=120)
    is_default = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"], condition=models.Q(is_default=True), name="pipeline_one_default"
            )
        ]

    def __str__(self) -> str:
        return self.name


class PipelineStage(models.Model):
    """One stage's settings."""

    pipeline = models.ForeignKey(Pipeline, models.CASCADE, related_name="stages")
    stage = models.CharField(max_length=30, choices=Stage.choices)
    kind = models.CharField(max_length=8, choices=StageKind.choices, default=StageKind.OPEN)
    position = models.PositiveSmallIntegerField()
    # Columns of the lead or custom fields that must be known before a lead enters.
    required_fields = ArrayField(models.CharField(max_length=120), default=list, blank=True)
    # Days without a word after which somebody is told; null: nobody is.
    inactive_days = models.PositiveSmallIntegerField(_("days until an alert"), null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["pipeline", "stage"], name="pipeline_stage_once")]

    def __str__(self) -> str:
        return self.stage


class PipelineRule(models.Model):
    """Leads that meet `conditions` (a filter, apps.leads.filters) go to `to_stage` from any stage before it."""

    pipeline = models.ForeignKey(Pipeline, models.CASCADE, related_name="rules")
    name = models.CharField(_("name"), max_length=120)
    # A built-in rule's key; empty for a person's.
    key = models.CharField(max_length=60, blank=True, default="")
    to_stage = models.CharField(_("goes to"), max_length=30, choices=Stage.choices)
    conditions = models.JSONField(_("conditions"), default=dict)
    is_active = models.BooleanField(_("active"), default=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["pipeline", "position"], name="pipeline_rule_position")]

    def __str__(self) -> str:
        return self.name


class LossReason(models.Model):
    """Why leads are lost, to choose from."""

    name = models.CharField(_("reason"), max_length=120)
    is_active = models.BooleanField(_("active"), default=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name"], name="loss_reason_name")]

    def __str__(self) -> str:
        return self.name
