"""What a broker knows of its leads beyond the lead's own columns."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.core.ids import new_uid
from apps.leads.types import FieldOrigin, FieldReview, FieldType


class CustomField(models.Model):
    """The definition of one key of `Lead.attributes`."""

    uid = models.UUIDField(unique=True, default=new_uid, editable=False)
    # The key, as the sender wrote it.
    name = models.CharField(_("name"), max_length=120)
    label = models.CharField(_("label"), max_length=120, blank=True, default="")
    type = models.CharField(_("type"), max_length=10, choices=FieldType.choices, default=FieldType.STRING)
    description = models.CharField(_("description"), max_length=500, null=True, blank=True)  # noqa: DJ001 - null on the wire
    is_required = models.BooleanField(_("required"), default=False)
    origin = models.CharField(max_length=10, choices=FieldOrigin.choices, default=FieldOrigin.PERSON)
    review = models.CharField(max_length=10, choices=FieldReview.choices, default=FieldReview.ACCEPTED)
    # Where values under this key go instead: a column of the lead or another field's name.
    mapped_to = models.CharField(_("goes to"), max_length=120, blank=True, default="")
    # Filters on it have an index of their own; `has_index` once it is built.
    is_filterable = models.BooleanField(_("filter often"), default=False)
    has_index = models.BooleanField(default=False, editable=False)
    position = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("field")
        verbose_name_plural = _("fields")
        indexes = [models.Index(fields=["review", "id"], name="custom_field_review")]
        constraints = [models.UniqueConstraint(fields=["name"], name="custom_field_name")]

    def __str__(self) -> str:
        return self.label or self.name
