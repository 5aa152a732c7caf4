"""A broker's queues and agents, to look at from inside it."""

from django.contrib import admin
from unfold.admin import TabularInline

from apps.core.admin import TenantAdmin
from apps.queues.models import AgentState, Queue, QueueMember


class MemberInline(TabularInline):
    model = QueueMember
    fields = ("user", "priority", "skills", "is_supervisor", "last_assigned_at")
    readonly_fields = fields
    extra = 0
    can_delete = False

    def has_add_permission(self, *_args: object) -> bool:
        return False


@admin.register(Queue)
class QueueAdmin(TenantAdmin):
    list_display = ("name", "strategy", "max_per_agent", "is_default", "is_active", "created_at")
    list_filter = ("strategy", "is_active", "is_default")
    search_fields = ("name", "description")
    ordering = ("name",)
    inlines = (MemberInline,)


@admin.register(AgentState)
class AgentStateAdmin(TenantAdmin):
    list_display = ("user", "presence", "reason", "since", "max_concurrent", "is_auto_assigned")
    list_select_related = ("user",)
    list_filter = ("presence", "is_auto_assigned")
    search_fields = ("user__email", "user__first_name", "user__last_name")
    ordering = ("user_id",)
