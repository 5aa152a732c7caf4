"""Words of the conversations room, and which state may follow which."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class ConversationStatus(TextChoices):
    """Where a conversation stands (the whatsapp_odoo names map onto these)."""

    NEW = "new", pgettext_lazy("conversation", "New")
    BOT = "bot", _("With Sofía")
    QUEUED = "queued", _("Waiting")
    ASSIGNED = "assigned", _("Assigned")
    ACTIVE = "active", pgettext_lazy("conversation", "Active")
    PENDING = "pending", _("Pending")
    CLOSED = "closed", _("Closed")


_S = ConversationStatus
OPEN_STATUSES: tuple[str, ...] = tuple(status for status in _S.values if status != _S.CLOSED)
# Every other transition is refused with IllegalTransition.
TRANSITIONS: dict[str, frozenset[str]] = {
    _S.NEW: frozenset({_S.BOT, _S.QUEUED, _S.ASSIGNED, _S.ACTIVE, _S.CLOSED}),
    _S.BOT: frozenset({_S.QUEUED, _S.ASSIGNED, _S.ACTIVE, _S.CLOSED}),
    _S.QUEUED: frozenset({_S.ASSIGNED, _S.ACTIVE, _S.BOT, _S.CLOSED}),
    _S.ASSIGNED: frozenset({_S.ACTIVE, _S.QUEUED, _S.PENDING, _S.BOT, _S.CLOSED}),
    _S.ACTIVE: frozenset({_S.PENDING, _S.QUEUED, _S.ASSIGNED, _S.BOT, _S.CLOSED}),
    _S.PENDING: frozenset({_S.ACTIVE, _S.QUEUED, _S.ASSIGNED, _S.CLOSED}),
    _S.CLOSED: frozenset({_S.ACTIVE, _S.QUEUED}),
}


class Handler(TextChoices):
    """Who attends the conversation; apart from its status."""

    NOBODY = "nobody", _("Nobody")
    FLOW = "flow", _("A flow")
    ASSISTANT = "assistant", _("Sofía")
    AGENT = "agent", _("An agent")


class Priority(TextChoices):
    LOW = "low", _("Low")
    NORMAL = "normal", _("Normal")
    HIGH = "high", _("High")
    URGENT = "urgent", _("Urgent")


class Direction(TextChoices):
    IN = "in", _("Inbound")
    OUT = "out", _("Outbound")


class SenderType(TextChoices):
    CUSTOMER = "customer", _("Customer")
    BOT = "bot", _("Sofía")
    AGENT = "agent", _("Agent")
    SYSTEM = "system", _("System")


class MessageStatus(TextChoices):
    """An outbound message moves forward only; `uncertain` means the provider's answer was lost."""

    RECEIVED = "received", _("Received")
    PENDING = "pending", _("Pending")
    SENDING = "sending", _("Sending")
    SENT = "sent", _("Sent")
    DELIVERED = "delivered", _("Delivered")
    READ = "read", _("Read")
    FAILED = "failed", _("Failed")
    UNCERTAIN = "uncertain", _("Uncertain")
    NOTE = "note", _("Note")


# A provider's status may only raise the rank; failed is handled apart (terminal only below delivered).
STATUS_RANK: dict[str, int] = {
    MessageStatus.PENDING: 0,
    MessageStatus.SENDING: 0,
    MessageStatus.UNCERTAIN: 0,
    MessageStatus.SENT: 1,
    MessageStatus.DELIVERED: 2,
    MessageStatus.READ: 3,
}


class CloseReason(TextChoices):
    RESOLVED = "resolved", _("Resolved")
    NO_ANSWER = "no_answer", _("Customer did not answer")
    SPAM = "spam", _("Spam")
    DUPLICATE = "duplicate", _("Duplicate")
    OPTED_OUT = "opted_out", _("Does not want messages")
    OTHER = "other", _("Other")
