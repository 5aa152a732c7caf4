"""Long work on many leads: seen while it runs, stopped, and where possible taken back."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.core.ids import new_uid
from apps.leads.types import JobKind, JobState


class Job(models.Model):
    """An import, a bulk action, an export, a rescore, a search for duplicates."""

    uid = models.UUIDField(unique=True, default=new_uid, editable=False)
    kind = models.CharField(max_length=20, choices=JobKind.choices)
    state = models.CharField(max_length=12, choices=JobState.choices, default=JobState.DRAFT)
    params = models.JSONField(default=dict)
    # Numbers and names that tell how it ended: {"imported": 45, "duplicates": 3, …}.
    result = models.JSONField(default=dict)
    error = models.CharField(max_length=500, blank=True, default="")
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    is_cancel_requested = models.BooleanField(default=False)
    actor_name = models.CharField(max_length=200, blank=True, default="")
    created_by = models.ForeignKey("accounts.User", models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        indexes = [models.Index(fields=["kind", "-id"], name="lead_job_kind")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class JobChange(models.Model):
    """How one lead was before a job changed it: {column: value}. Leads that a job made carry its number instead."""

    job = models.ForeignKey(Job, models.CASCADE, related_name="changes")
    # No foreign key: the lead may be gone, and undoing may bring it back under its number.
    lead_id = models.BigIntegerField()
    before = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "lead_id"], name="lead_job_change_once")]

    def __str__(self) -> str:
        return f"{self.job_id}: {self.lead_id}"


class ImportFile(models.Model):
    """The file of an import and how it is read."""

    job = models.OneToOneField(Job, models.CASCADE, primary_key=True, related_name="file")
    name = models.CharField(max_length=255)
    # Where the bytes are in the files room's storage.
    path = models.CharField(max_length=300)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    format = models.CharField(max_length=8)
    encoding = models.CharField(max_length=20, blank=True, default="")
    delimiter = models.CharField(max_length=4, blank=True, default="")
    sheet = models.CharField(max_length=120, blank=True, default="")
    headers = ArrayField(models.CharField(max_length=200), default=list)

    def __str__(self) -> str:
        return self.name


class RowError(models.Model):
    """A row of a file that was left out, and why."""

    job = models.ForeignKey(Job, models.CASCADE, related_name="row_errors")
    # As a person counts: the header is row 1.
    row = models.PositiveIntegerField()
    column = models.CharField(max_length=200, blank=True, default="")
    value = models.CharField(max_length=300, blank=True, default="")
    # A key of apps.leads.importing's sentences; said in the reader's language.
    code = models.CharField(max_length=40)

    class Meta:
        indexes = [models.Index(fields=["job", "row"], name="lead_row_error_job")]

    def __str__(self) -> str:
        return f"{self.job_id}:{self.row} {self.code}"


class ImportMapping(models.Model):
    """Which column goes where, remembered for the next file with these headers."""

    name = models.CharField(_("name"), max_length=120)
    # Sorted, lower case: how a known file is recognised.
    headers = ArrayField(models.CharField(max_length=200), default=list)
    # {header: column of the lead or "attributes.<name>"; "" leaves it out}.
    columns = models.JSONField(default=dict)
    created_by = models.ForeignKey("accounts.User", models.SET_NULL, null=True, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name"], name="import_mapping_name")]

    def __str__(self) -> str:
        return self.name
