"""Durable work: timers that must happen, and what failed for good. Both are public: they outlive any one schema."""

from django.db import models
from django.db.models.functions import Now


class ScheduledWork(models.Model):
    """Something to do at `due_at`, written in the same transaction as the fact that needs it.

    A row lives until it is done. `lease_until` keeps two runners off it; `revision` grows when the same key is asked
    for again while it runs, so that the request is not lost when the run ends.
    """

    broker_id = models.PositiveIntegerField(null=True)
    kind = models.CharField(max_length=80)
    key = models.CharField(max_length=200, null=True)  # noqa: DJ001 - unique where there is one
    payload = models.JSONField(default=dict)
    due_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    revision = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "scheduled work"
        indexes = [
            models.Index(fields=["due_at"], name="work_due"),
            models.Index(fields=["broker_id", "kind"], name="work_broker_kind"),
        ]
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="work_kind_key", nulls_distinct=True)]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"


class DeadLetter(models.Model):
    """Work that failed for good: a person reads it, retries it or discards it."""

    broker_id = models.PositiveIntegerField(null=True)
    kind = models.CharField(max_length=80)
    key = models.CharField(max_length=200, null=True)  # noqa: DJ001 - unique where there is one
    payload = models.JSONField(default=dict)
    attempts = models.PositiveIntegerField(default=0)
    error = models.TextField()
    failed_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["broker_id", "-failed_at"], name="dead_letter_broker")]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"
