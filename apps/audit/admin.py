"""The trail: the platform's, or that of the broker the superadmin stepped into."""

from django.contrib import admin
from unfold.contrib.filters.admin import RangeDateTimeFilter

from apps.audit.models import AuditEntry
from apps.core.admin import ReadOnlyAdmin


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "name", "object_type", "object_id", "actor_name", "actor_role", "address")
    list_filter = ("actor_kind", "object_type", ("created_at", RangeDateTimeFilter))
    search_fields = ("name", "object_id", "actor_name", "request_id", "address")
    ordering = ("-created_at", "-id")
