"""The words that channels and the rest of the product share. Plain values: no ORM, no network, no Django settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, BinaryIO, Literal, Protocol, Self, TypeAlias, runtime_checkable

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

# What came from or goes to a provider as JSON. It is not looked into above the adapters except for the documented keys.
WireDict: TypeAlias = dict[str, Any]

ExternalIdKind: TypeAlias = Literal["wa_id", "bsuid", "telegram", "webchat"]


class Channel(TextChoices):
    WHATSAPP_META = "whatsapp_meta", _("WhatsApp (Meta)")
    WHATSAPP_WPPCONNECT = "whatsapp_wppconnect", _("WhatsApp (WPPConnect)")
    TELEGRAM = "telegram", _("Telegram")
    WEBCHAT = "webchat", _("Web chat")


class ContentType(TextChoices):
    TEXT = "text", _("Text")
    IMAGE = "image", _("Image")
    VIDEO = "video", _("Video")
    AUDIO = "audio", _("Audio")
    VOICE = "voice", _("Voice note")
    DOCUMENT = "document", _("Document")
    STICKER = "sticker", _("Sticker")
    LOCATION = "location", _("Location")
    CONTACTS = "contacts", _("Contacts")
    INTERACTIVE_REPLY = "interactive_reply", _("Chosen option")
    BUTTON_REPLY = "button_reply", _("Template button")
    REACTION = "reaction", _("Reaction")
    ORDER = "order", _("Order")
    SYSTEM = "system", _("System notice")
    EDIT = "edit", _("Edited message")
    REVOKE = "revoke", _("Deleted message")
    TEMPLATE = "template", _("Template")
    BUTTONS = "buttons", _("Buttons")
    LIST = "list", _("List")
    UNSUPPORTED = "unsupported", _("Unsupported content")
    NOTE = "note", _("Internal note")


class DeliveryStatus(TextChoices):
    """What a provider says became of a message that we sent. Rank: `DELIVERY_RANK`; it only ever goes up."""

    SENT = "sent", _("Sent")
    DELIVERED = "delivered", _("Delivered")
    READ = "read", _("Read")
    PLAYED = "played", _("Played")
    FAILED = "failed", _("Failed")


# `failed` is final only while nothing above `sent` is known, so it has no rank here.
DELIVERY_RANK: Mapping[str, int] = {
    DeliveryStatus.SENT: 1,
    DeliveryStatus.DELIVERED: 2,
    DeliveryStatus.READ: 3,
    DeliveryStatus.PLAYED: 4,
}


class ErrorAction(TextChoices):
    """What to do about a provider's error; the only thing the sending code decides by."""

    RETRY = "retry", _("Try again")
    RETRY_LATER = "retry_later", _("Slow the number down")
    DELAY_RECIPIENT = "delay_recipient", _("Wait for this recipient")
    STOP_CHANNEL = "stop_channel", _("Stop the channel")
    OFFER_TEMPLATE = "offer_template", _("Use a template")
    BAD_RECIPIENT = "bad_recipient", _("Recipient cannot be reached")
    OPT_OUT = "opt_out", _("Recipient opted out")
    FIX_DATA = "fix_data", _("Correct the message")
    GIVE_UP = "give_up", _("Give up")


class SendOutcome(TextChoices):
    """ACCEPTED: the provider has it. REFUSED: it never will. RETRY: it was not taken, try again.
    UNKNOWN: it may have been taken; never resend it by itself, show it."""

    ACCEPTED = "accepted", _("Accepted")
    REFUSED = "refused", _("Refused")
    RETRY = "retry", _("To be tried again")
    UNKNOWN = "unknown", _("Uncertain")


class NoticeKind(TextChoices):
    TEMPLATE_STATUS = "template_status", _("Template status")
    TEMPLATE_QUALITY = "template_quality", _("Template quality")
    TEMPLATE_CATEGORY = "template_category", _("Template category")
    NUMBER_QUALITY = "number_quality", _("Number quality")
    CAPABILITY = "capability", _("Messaging limits")
    ACCOUNT = "account", _("Account notice")
    MARKETING_PREFERENCE = "marketing_preference", _("Marketing preference")
    SECURITY_CODE_CHANGED = "security_code_changed", _("Security code changed")
    CONTACT_BLOCKED = "contact_blocked", _("Blocked by the contact")
    CONTACT_UNBLOCKED = "contact_unblocked", _("Unblocked by the contact")
    PROVIDER_ERROR = "provider_error", _("Provider error")
    OTHER = "other", _("Other notice")


# --- In ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class ExternalId:
    """A person's name on a channel. `wa_id` and `bsuid` are exact provider strings, never a tidied phone."""

    kind: ExternalIdKind
    value: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Sender:
    """The customer's side of a message. `address` is the id that wrote to us and that we answer to;
    `ids` holds it and every other id of the same person in that payload; `phone` is digits or +digits, or None."""

    address: str
    ids: tuple[ExternalId, ...]
    phone: str | None = None
    name: str = ""
    username: str = ""
    language: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class MediaRef:
    """Where a received file can be fetched. `sha256` is as the provider writes it (Meta: base64 or hex)."""

    provider_id: str
    mime_type: str = ""
    filename: str = ""
    sha256: str = ""
    size: int | None = None
    url: str = ""
    voice: bool = False
    animated: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class InboundMessage:
    """One message, already unique by (account, provider_message_id).

    `is_echo`: the business wrote it elsewhere (phone app); `sender` is then still the customer. `text` is the words
    of any kind: body, caption, title of a chosen option. `order` breaks ties of `sent_at`. `reply` is
    {"id", "title"} (a list adds "description", a form adds "data"). `target_id`: the message that is edited or
    revoked. `extra`: what only one kind has ("order", "referred_product", "errors", "album_id", "start", ...).
    """

    provider_message_id: str
    sender: Sender
    sent_at: datetime
    type: ContentType
    group_id: str = ""
    order: int = 0
    text: str = ""
    media: MediaRef | None = None
    location: WireDict | None = None
    contacts: tuple[WireDict, ...] = ()
    reply: WireDict | None = None
    reply_to: str = ""
    forwarded: bool = False
    referral: WireDict | None = None
    reaction: WireDict | None = None
    target_id: str = ""
    is_echo: bool = False
    callback_id: str = ""
    extra: WireDict = field(default_factory=dict)
    raw: WireDict = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class ProviderError:
    """`code` as the provider gives it; `message` a translated sentence for a person; `detail` the provider's words."""

    code: str
    message: str
    action: ErrorAction
    detail: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusUpdate:
    """`tracker` is our own message uid where the provider returns it. `recipient` tells group members apart."""

    provider_message_id: str
    status: DeliveryStatus
    at: datetime
    error: ProviderError | None = None
    tracker: str = ""
    recipient: str = ""
    pricing: WireDict = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class IdentityChange:
    """The person known as `old` is from now on known as `new` too."""

    old: ExternalId
    new: ExternalId
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountNotice:
    """Something about the account or a contact that is no message. `payload` is the provider's own object."""

    kind: NoticeKind
    payload: WireDict
    at: datetime
    contact: Sender | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Unreadable:
    """One item that could not be understood; its neighbours could."""

    reason: str
    raw: Any


ParsedEvent: TypeAlias = InboundMessage | StatusUpdate | IdentityChange | AccountNotice | Unreadable


# --- Out --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class OutgoingMedia:
    """One of: `provider_id` (already uploaded), `content` (to upload), `url` (public, the provider fetches it)."""

    provider_id: str = ""
    url: str = ""
    content: bytes | None = field(default=None, repr=False)
    mime_type: str = ""
    filename: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outgoing:
    """A message to send. `text` is the body or the caption. `payload` by type:

    BUTTONS   {"buttons": [{"id", "title"} | {"title", "url"}], "header"?, "footer"?}; also
              {"request": "location" | "contact"} to ask for one
    LIST      {"button", "sections": [{"title"?, "rows": [{"id", "title", "description"?}]}], "header"?, "footer"?}
    TEMPLATE  {"name", "language", "components": [...]} as Meta writes components
    LOCATION  {"latitude", "longitude", "name"?, "address"?}
    REACTION  {"message_id", "emoji"} (an empty emoji takes it away)
    CONTACTS  {"contacts": [...]} as Meta writes them
    TEXT      {"preview_url"?: bool, "parse_mode"?: "HTML" | "MarkdownV2"}
    """

    to: str
    type: ContentType
    to_kind: ExternalIdKind | Literal["group"] = "wa_id"
    text: str = ""
    media: OutgoingMedia | None = None
    payload: WireDict = field(default_factory=dict)
    reply_to: str = ""
    tracker: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class SendResult:
    """`wa_id` is the recipient's id as the provider corrected it; `retry_after` is in seconds.
    `part_ids`: every id where one message became several; `provider_message_id` is the last of them."""

    outcome: SendOutcome
    provider_message_id: str = ""
    error: ProviderError | None = None
    retry_after: float | None = None
    wa_id: str = ""
    part_ids: tuple[str, ...] = ()
    held: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class MediaFile:
    """A fetched file on a temporary stream at position 0; closing it deletes it."""

    stream: BinaryIO
    mime_type: str
    filename: str
    size: int
    sha256: str  # hex, computed here

    def read(self) -> bytes:
        self.stream.seek(0)
        return self.stream.read()

    def close(self) -> None:
        self.stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


@dataclass(frozen=True, kw_only=True, slots=True)
class Health:
    ok: bool
    detail: str = ""
    facts: WireDict = field(default_factory=dict)
    checked_at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountRef:
    """A plain copy of a ChannelAccount. Credentials are kept out of its repr, so that no log line shows them."""

    id: int
    broker_id: int
    channel: Channel
    external_id: str
    credentials: WireDict = field(default_factory=dict, repr=False)
    settings: WireDict = field(default_factory=dict)
    base_url: str = ""


@runtime_checkable
class Adapter(Protocol):
    """One channel. `parse` never raises, whatever the body; `send` never raises for network trouble."""

    channel: Channel

    def verify(self, account: AccountRef, headers: Mapping[str, str], body: bytes) -> None: ...

    def parse(self, account: AccountRef, body: bytes, *, received_at: datetime | None = None) -> list[ParsedEvent]: ...

    def send(self, account: AccountRef, message: Outgoing) -> SendResult: ...

    def fetch_media(self, account: AccountRef, media: MediaRef) -> MediaFile: ...

    def mark_read(self, account: AccountRef, provider_message_id: str, *, typing: bool = False) -> bool: ...

    def health(self, account: AccountRef) -> Health: ...
