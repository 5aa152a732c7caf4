"""A stored file of a broker. The bytes lie under MEDIA_ROOT/<schema>/; the type is what the content says it is."""

from django.db import models
from django.db.models.functions import Now

from apps.core.ids import new_uid


class StoredFile(models.Model):
    """One file, kept once; served by a signed address that expires."""

    uid = models.UUIDField(unique=True, default=new_uid, editable=False)
    name = models.CharField(max_length=255)
    mime_type = models.CharField(max_length=120)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    path = models.CharField(max_length=300)
    created_by = models.ForeignKey("accounts.User", models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["sha256"], name="stored_file_sha256")]

    def __str__(self) -> str:
        return self.name
