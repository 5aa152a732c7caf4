"""Channel accounts and the raw events they receive. Public: a webhook is stored before its broker is entered."""

import secrets
from typing import Any

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.core.crypto import EncryptedJSONField
from apps.core.ids import uid_for
from apps.messaging.types import AccountRef, Channel


class AccountStatus(models.TextChoices):
    """Whether messages flow."""

    PENDING = "pending", _("Being set up")
    CONNECTED = "connected", _("Connected")
    DISCONNECTED = "disconnected", _("Disconnected")
    ERROR = "error", _("Needs attention")


def _new_public_key() -> str:
    return secrets.token_urlsafe(18)


class ChannelAccount(models.Model):
    """A number, a bot or a widget through which customers reach one broker."""

    uid = models.UUIDField(unique=True, editable=False)
    broker = models.ForeignKey("brokers.Broker", models.PROTECT, related_name="+")
    channel = models.CharField(_("channel"), max_length=24, choices=Channel.choices)
    name = models.CharField(_("name"), max_length=120)
    external_id = models.CharField(
        _("provider's id"), max_length=128, help_text=_("phone_number_id, bot id, session name or widget key")
    )
    display_number = models.CharField(_("number or @name shown"), max_length=64, blank=True, default="")
    credentials = EncryptedJSONField(blank=True, default=dict)
    settings = models.JSONField(blank=True, default=dict)
    # Unguessable: the widget's key, and the secret part of webhook addresses of providers that sign nothing.
    public_key = models.CharField(max_length=48, unique=True, default=_new_public_key)
    status = models.CharField(_("status"), max_length=20, choices=AccountStatus.choices, default=AccountStatus.PENDING)
    status_detail = models.CharField(max_length=300, blank=True, default="")
    is_active = models.BooleanField(_("active"), default=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    last_inbound_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = _("channel account")
        verbose_name_plural = _("channel accounts")
        indexes = [models.Index(fields=["broker", "channel"], name="channel_account_broker")]
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "external_id"],
                condition=models.Q(deleted_at__isnull=True),
                name="channel_account_external_id",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.get_channel_display()})"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Gives the row its uid; nothing else happens on saving."""
        if not self.uid:
            self.uid = uid_for(self.broker_id)
        super().save(*args, **kwargs)

    def ref(self) -> AccountRef:
        """A plain copy for the adapters, which know no ORM."""
        return AccountRef(
            id=self.pk,
            broker_id=self.broker_id,
            channel=Channel(self.channel),
            external_id=self.external_id,
            credentials=dict(self.credentials or {}),
            settings=dict(self.settings or {}),
            base_url=str((self.settings or {}).get("base_url", "")),
        )


class RawEventState(models.TextChoices):
    """The ledger's columns: received = processed + waiting + failed."""

    WAITING = "waiting", _("Waiting")
    PROCESSED = "processed", _("Processed")
    FAILED = "failed", _("Failed")


class RawEvent(models.Model):
    """The bytes a provider posted, stored before it was answered. Nothing is parsed on the way in."""

    broker_id = models.PositiveIntegerField()
    account = models.ForeignKey(ChannelAccount, models.PROTECT, related_name="+")
    body = models.BinaryField()
    state = models.CharField(
        max_length=12, choices=RawEventState.choices, default=RawEventState.WAITING, db_default="waiting"
    )
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    lease_until = models.DateTimeField(null=True)
    error = models.TextField(blank=True, default="", db_default="")
    is_signed = models.BooleanField(default=True, db_default=True)
    received_at = models.DateTimeField(db_default=Now())
    processed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("raw event")
        verbose_name_plural = _("raw events")
        indexes = [
            models.Index(fields=["id"], name="raw_event_waiting", condition=models.Q(state="waiting")),
            models.Index(fields=["broker_id", "state", "-id"], name="raw_event_broker_state"),
            models.Index(fields=["-received_at"], name="raw_event_received"),
        ]

    def __str__(self) -> str:
        return f"event {self.pk} of account {self.account_id}"


class ParkedStatus(models.Model):
    """A delivery status that came before our own send call returned: matched when the message gets its provider id."""

    broker_id = models.PositiveIntegerField()
    account = models.ForeignKey(ChannelAccount, models.CASCADE, related_name="+")
    provider_message_id = models.CharField(max_length=200)
    tracker = models.CharField(max_length=64, blank=True, default="")
    payload = models.JSONField()
    received_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["account", "provider_message_id"], name="parked_status_message"),
            models.Index(fields=["received_at"], name="parked_status_age"),
        ]

    def __str__(self) -> str:
        return f"status of {self.provider_message_id}"
