"""A broker's conversations and messages, to look at from inside it."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from apps.conversations.models import Conversation, Message
from apps.core.admin import TenantAdmin


@admin.register(Conversation)
class ConversationAdmin(TenantAdmin):
    list_display = (
        "id",
        "lead",
        "channel",
        "account",
        "status",
        "handler",
        "assigned_agent",
        "queue",
        "unread_count",
        "last_message_at",
    )
    list_select_related = ("lead", "account", "assigned_agent", "queue")
    list_filter = ("status", "handler", "channel", "priority", ("last_message_at", RangeDateTimeFilter))
    search_fields = ("lead__first_name", "lead__last_name", "lead__phone", "address")
    ordering = ("-last_message_at", "-id")


@admin.register(Message)
class MessageAdmin(TenantAdmin):
    list_display = ("id", "conversation_id", "direction", "type", "words", "status", "error_text", "sent_at")
    list_filter = ("direction", "status", "type", "sender_type", ("sent_at", RangeDateTimeFilter))
    search_fields = ("text", "provider_message_id", "error_code")
    ordering = ("-id",)

    @display(description=_("text"))
    def words(self, message: Message) -> str:
        return message.text[:80]
