"""Threads and messages of a broker."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.conversations.types import (
    OPEN_STATUSES,
    ConversationStatus,
    Direction,
    Handler,
    MessageStatus,
    Priority,
    SenderType,
)
from apps.core.ids import new_uid


class Conversation(models.Model):
    """One thread of a lead on a channel account; at most one is open at a time."""

    uid = models.UUIDField(unique=True, default=new_uid, editable=False)
    lead = models.ForeignKey("leads.Lead", models.CASCADE, related_name="+")
    identity = models.ForeignKey("leads.LeadIdentity", models.CASCADE, related_name="+")
    account = models.ForeignKey("messaging.ChannelAccount", models.PROTECT, related_name="+")
    # The id that wrote to us and that we answer to, exactly as the provider spells it.
    address = models.CharField(max_length=160)
    address_kind = models.CharField(max_length=12)
    channel = models.CharField(max_length=24)
    status = models.CharField(max_length=10, choices=ConversationStatus.choices, default=ConversationStatus.NEW)
    handler = models.CharField(max_length=10, choices=Handler.choices, default=Handler.NOBODY)
    priority = models.CharField(max_length=8, choices=Priority.choices, default=Priority.NORMAL)
    assigned_agent = models.ForeignKey("accounts.User", models.SET_NULL, null=True, blank=True, related_name="+")
    queue = models.ForeignKey("queues.Queue", models.SET_NULL, null=True, blank=True, related_name="+")
    required_skills = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    assistant_state = models.JSONField(default=dict, blank=True)
    handover_summary = models.TextField(blank=True, default="")
    unread_count = models.PositiveIntegerField(default=0)
    last_message_at = models.DateTimeField(null=True)
    last_message_preview = models.CharField(max_length=160, blank=True, default="")
    last_message_direction = models.CharField(max_length=3, blank=True, default="")
    last_inbound_at = models.DateTimeField(null=True)
    queued_at = models.DateTimeField(null=True)
    assigned_at = models.DateTimeField(null=True)
    first_response_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    close_reason = models.CharField(max_length=20, blank=True, default="")
    close_notes = models.TextField(blank=True, default="")
    lease_until = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        indexes = [
            models.Index(fields=["-last_message_at", "-id"], name="conversation_recent"),
            models.Index(
                fields=["assigned_agent", "-last_message_at", "-id"],
                name="conversation_agent_open",
                condition=~models.Q(status="closed"),
            ),
            models.Index(
                fields=["queue", "-last_message_at", "-id"],
                name="conversation_queue_open",
                condition=~models.Q(status="closed"),
            ),
            models.Index(fields=["status", "-last_message_at", "-id"], name="conversation_status"),
            models.Index(fields=["lead", "-id"], name="conversation_lead"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["lead", "account"], condition=models.Q(status__in=OPEN_STATUSES), name="conversation_one_open"
            ),
        ]

    def __str__(self) -> str:
        return f"conversation {self.pk}"

    @property
    def is_open(self) -> bool:
        """Anything but closed."""
        return self.status != ConversationStatus.CLOSED


class Message(models.Model):
    """One message of a thread, in either direction, or an internal note."""

    uid = models.UUIDField(unique=True, default=new_uid, editable=False)
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="messages")
    account = models.ForeignKey("messaging.ChannelAccount", models.PROTECT, related_name="+")
    direction = models.CharField(max_length=3, choices=Direction.choices)
    type = models.CharField(max_length=20)
    sender_type = models.CharField(max_length=10, choices=SenderType.choices)
    sender_user = models.ForeignKey("accounts.User", models.SET_NULL, null=True, related_name="+")
    text = models.TextField(blank=True, default="")
    payload = models.JSONField(default=dict, blank=True)
    file = models.ForeignKey("files.StoredFile", models.SET_NULL, null=True, related_name="+")
    provider_message_id = models.CharField(max_length=200, null=True)  # noqa: DJ001 - unique where there is one
    # A client's own id of the message it sends (web chat, browser composer): sending twice stores once.
    client_id = models.CharField(max_length=64, null=True)  # noqa: DJ001 - unique where there is one
    reply_to_provider_id = models.CharField(max_length=200, blank=True, default="")
    # The provider's clock and its order within one second: what the thread is sorted by.
    sent_at = models.DateTimeField()
    order = models.BigIntegerField(default=0)
    status = models.CharField(max_length=10, choices=MessageStatus.choices)
    error_code = models.CharField(max_length=60, blank=True, default="")
    error_text = models.CharField(max_length=400, blank=True, default="")
    attempts = models.PositiveSmallIntegerField(default=0)
    sending_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True)
    # Inbound only: when reception dealt with it. Null is work to do.
    handled_at = models.DateTimeField(null=True)
    is_ai = models.BooleanField(default=False)
    is_deleted = models.BooleanField(default=False)
    edited_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        indexes = [
            models.Index(fields=["conversation", "-sent_at", "-order", "-id"], name="message_thread"),
            models.Index(
                fields=["conversation"],
                name="message_unhandled",
                condition=models.Q(direction="in", handled_at__isnull=True),
            ),
            models.Index(
                fields=["status", "id"],
                name="message_outbox",
                condition=models.Q(status__in=["pending", "sending", "failed", "uncertain"]),
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["account", "provider_message_id"], name="message_provider_id"),
            models.UniqueConstraint(fields=["conversation", "client_id"], name="message_client_id"),
        ]

    def __str__(self) -> str:
        return f"message {self.pk}"
