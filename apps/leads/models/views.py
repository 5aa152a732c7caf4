"""Lists of leads that somebody wants to see again."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.core.ids import new_uid


class SavedView(models.Model):
    """A filter, a sort order and columns under a name; a shared one is everybody's segment."""

    uid = models.UUIDField(unique=True, default=new_uid, editable=False)
    name = models.CharField(_("name"), max_length=120)
    owner = models.ForeignKey("accounts.User", models.CASCADE, null=True, related_name="+")
    is_shared = models.BooleanField(_("everybody sees it"), default=False)
    # A filter of apps.leads.filters.
    conditions = models.JSONField(default=dict)
    search = models.CharField(max_length=200, blank=True, default="")
    sort = models.CharField(max_length=130, blank=True, default="")
    columns = ArrayField(models.CharField(max_length=130), default=list, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("view")
        verbose_name_plural = _("views")
        indexes = [models.Index(fields=["owner", "position"], name="saved_view_owner")]

    def __str__(self) -> str:
        return self.name
