"""A broker's leads, to look at from inside it."""

from django.contrib import admin
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import RangeDateTimeFilter

from apps.core.admin import TenantAdmin
from apps.leads.models import Lead, LeadIdentity


class IdentityInline(TabularInline):
    model = LeadIdentity
    fields = ("kind", "scope", "external_id", "display_name", "username", "is_reachable", "created_at")
    readonly_fields = fields
    extra = 0
    can_delete = False

    def has_add_permission(self, *_args: object) -> bool:
        return False


@admin.register(Lead)
class LeadAdmin(TenantAdmin):
    list_display = ("__str__", "phone", "email", "stage", "status", "score", "assigned_agent", "source", "created_at")
    list_select_related = ("assigned_agent",)
    list_filter = ("stage", "status", "contact_status", "is_opted_out", ("created_at", RangeDateTimeFilter))
    search_fields = ("phone", "first_name", "last_name", "email", "identities__external_id")
    ordering = ("-id",)
    inlines = (IdentityInline,)
