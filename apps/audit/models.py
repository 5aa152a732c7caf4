"""The trail. The same table exists in each broker's schema and, for the platform's own changes, in the public one."""

from django.db import models
from django.db.models.functions import Now


class AuditEntry(models.Model):
    """One change: who, what, before, after, from where. Rows are only ever added."""

    name = models.CharField(max_length=60)
    object_type = models.CharField(max_length=40, blank=True, default="")
    object_id = models.CharField(max_length=64, blank=True, default="")
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    # Kept as plain values: the trail survives the people and things it names.
    actor_kind = models.CharField(max_length=12)
    actor_user_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=200, blank=True, default="")
    actor_role = models.CharField(max_length=20, blank=True, default="")
    address = models.CharField(max_length=64, blank=True, default="")
    request_id = models.CharField(max_length=64, blank=True, default="")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "audit entries"
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="audit_recent"),
            models.Index(fields=["object_type", "object_id", "-id"], name="audit_object"),
            models.Index(fields=["actor_user_id", "-id"], name="audit_actor"),
            models.Index(fields=["name", "-id"], name="audit_name"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.object_type}:{self.object_id}"
