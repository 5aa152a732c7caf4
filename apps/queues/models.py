"""Queues, who works in them and who is there now."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.core.ids import new_uid
from apps.queues.types import PresenceState, Strategy


class Queue(models.Model):
    """Where conversations wait for a person."""

    uid = models.UUIDField(unique=True, default=new_uid, editable=False)
    name = models.CharField(_("name"), max_length=120)
    description = models.TextField(_("description"), blank=True, default="")
    strategy = models.CharField(_("strategy"), max_length=12, choices=Strategy.choices, default=Strategy.LEAST_BUSY)
    max_per_agent = models.PositiveSmallIntegerField(_("conversations per agent"), default=5)
    sla_first_response_seconds = models.PositiveIntegerField(null=True, blank=True)
    sla_resolution_seconds = models.PositiveIntegerField(null=True, blank=True)
    # Per weekday a list of {start, end}; empty means always open. Times are in the broker's zone.
    business_hours = models.JSONField(default=dict, blank=True)
    welcome_message = models.TextField(blank=True, default="")
    offline_message = models.TextField(blank=True, default="")
    is_default = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("queue")
        verbose_name_plural = _("queues")
        constraints = [
            models.UniqueConstraint(fields=["name"], condition=models.Q(is_active=True), name="queue_name"),
            models.UniqueConstraint(
                fields=["is_default"], condition=models.Q(is_default=True), name="queue_one_default"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class QueueMember(models.Model):
    """An agent's place in a queue."""

    queue = models.ForeignKey(Queue, models.CASCADE, related_name="members")
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+")
    priority = models.SmallIntegerField(default=0)
    skills = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    is_supervisor = models.BooleanField(default=False)
    last_assigned_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["queue", "user"], name="queue_member_once")]
        indexes = [models.Index(fields=["user"], name="queue_member_user")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.queue_id}"


class AgentState(models.Model):
    """One agent's presence, limits and load; the row that routing locks."""

    user = models.OneToOneField("accounts.User", models.CASCADE, primary_key=True, related_name="+")
    presence = models.CharField(max_length=10, choices=PresenceState.choices, default=PresenceState.OFFLINE)
    reason = models.CharField(max_length=120, blank=True, default="")
    since = models.DateTimeField(db_default=Now())
    is_auto_assigned = models.BooleanField(default=True)
    max_concurrent = models.PositiveSmallIntegerField(default=5)
    last_assigned_at = models.DateTimeField(null=True)
    last_seen_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["presence"], name="agent_presence")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.presence}"


class PresenceInterval(models.Model):
    """The presence log: one row per interval."""

    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+")
    presence = models.CharField(max_length=10, choices=PresenceState.choices)
    reason = models.CharField(max_length=120, blank=True, default="")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["user", "-started_at"], name="presence_interval_user")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.presence}"
