"""What other systems sent us, kept as it came."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.core.ids import new_uid
from apps.leads.models.lead import Lead
from apps.leads.types import IngestState


class IngestRecord(models.Model):
    """One call of the ingest address; written before anything is made of it."""

    uid = models.UUIDField(unique=True, default=new_uid, editable=False)
    lead = models.ForeignKey(Lead, models.SET_NULL, null=True, blank=True, related_name="ingest_records")
    # The sender's shape: generic, meta_lead_ads, email.
    source = models.CharField(max_length=30, default="generic")
    # What was sent, as an object; for what is no JSON, its text under "raw".
    payload = models.JSONField()
    content_type = models.CharField(max_length=120, blank=True, default="")
    source_ip = models.GenericIPAddressField(null=True, blank=True)
    idempotency_key = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001 - unique where there is one
    state = models.CharField(max_length=10, choices=IngestState.choices, default=IngestState.RECEIVED)
    # What became of each name: [{"name", "to", "value", "problem"}].
    mapping = models.JSONField(default=list)
    unknown_fields = models.JSONField(null=True, blank=True)
    fields_created = models.JSONField(default=list)
    error = models.CharField(max_length=500, blank=True, default="")
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())
    processed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("ingest record")
        verbose_name_plural = _("ingest records")
        indexes = [
            models.Index(fields=["lead", "-id"], name="ingest_record_lead"),
            models.Index(fields=["state", "-id"], name="ingest_record_state"),
        ]
        constraints = [models.UniqueConstraint(fields=["idempotency_key"], name="ingest_idempotency_key")]

    def __str__(self) -> str:
        return f"{self.source} {self.pk}"
