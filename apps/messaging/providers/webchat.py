"""Our own web chat. Its frames come over our own socket, which knows the visitor; nothing is called over the network.

A frame, as the socket stores it (`visitor` is set by the socket, never taken from the page):

    {"visitor": "v_…", "id": "client's id", "type": "text", "text": "Hola", "seq": 3,
     "reply_to"?: "…", "reply"?: {"id", "title"}, "location"?: {…}, "profile"?: {"name", "phone", "email", "language"},
     "page"?: {"url", "title", "referrer"}, "media"?: {"id", "mime_type", "filename", "size"}}

`type`: text, button_reply, location, image, video, audio, voice, document, contact; and "delivered" or "read" with
`message_id`. Several at once: {"frames": [...]}.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from apps.messaging.errors import InvalidSignature, MediaGone
from apps.messaging.providers.wire import (
    NotJson,
    as_dict,
    as_int,
    as_list,
    as_number,
    as_text,
    load_json,
    readable_start,
)
from apps.messaging.types import (
    AccountRef,
    Channel,
    ContentType,
    DeliveryStatus,
    ExternalId,
    Health,
    InboundMessage,
    MediaFile,
    MediaRef,
    Outgoing,
    ParsedEvent,
    Sender,
    SendOutcome,
    SendResult,
    StatusUpdate,
    Unreadable,
    WireDict,
)

_RECEIPTS = {"delivered": DeliveryStatus.DELIVERED, "read": DeliveryStatus.READ}
_FILES = {
    "image": ContentType.IMAGE,
    "video": ContentType.VIDEO,
    "audio": ContentType.AUDIO,
    "voice": ContentType.VOICE,
    "document": ContentType.DOCUMENT,
}


class Webchat:
    channel = Channel.WEBCHAT

    def verify(self, account: AccountRef, headers: Mapping[str, str], body: bytes) -> None:
        """Always raises InvalidSignature: visitors are known to the socket, and no webhook may speak for them."""
        raise InvalidSignature

    def parse(self, account: AccountRef, body: bytes, *, received_at: datetime | None = None) -> list[ParsedEvent]:
        """The frames' events; never raises. Times are ours: a visitor's clock is not to be trusted."""
        at = received_at or datetime.now(UTC)
        try:
            loaded = as_dict(load_json(body))
        except NotJson as error:
            return [Unreadable(reason=f"not JSON: {error}", raw=readable_start(body))]
        frames = as_list(loaded["frames"]) if "frames" in loaded else [loaded]
        return [_read_frame(frame, at, index) for index, frame in enumerate(frames)]

    def send(self, account: AccountRef, message: Outgoing) -> SendResult:
        """Accepted at once under our own id: the socket delivers it now or when the visitor is back."""
        return SendResult(outcome=SendOutcome.ACCEPTED, provider_message_id=message.tracker)

    def fetch_media(self, account: AccountRef, media: MediaRef) -> MediaFile:
        """Raises MediaGone: the widget's files are uploaded to us before the frame that names them."""
        raise MediaGone

    def mark_read(self, account: AccountRef, provider_message_id: str, *, typing: bool = False) -> bool:
        """The socket shows it."""
        return True

    def health(self, account: AccountRef) -> Health:
        return Health(ok=True)


def _read_frame(value: object, at: datetime, index: int) -> ParsedEvent:
    frame = as_dict(value)
    kind, visitor = as_text(frame.get("type")), as_text(frame.get("visitor"))
    if kind in _RECEIPTS:
        return _receipt(frame, kind, at)
    frame_id = as_text(frame.get("id"))
    if not visitor or not frame_id:
        return Unreadable(reason="a frame needs its visitor and id", raw=value)
    message = InboundMessage(
        provider_message_id=f"{visitor}:{frame_id}",
        sender=_sender(frame, visitor),
        sent_at=at,
        order=as_int(frame.get("seq")) or index,
        type=ContentType.UNSUPPORTED,
        reply_to=as_text(frame.get("reply_to")),
        extra={
            "client_id": frame_id,
            **{key: found for key in ("profile", "page") if (found := as_dict(frame.get(key)))},
        },
        raw=frame,
    )
    reader = _READERS.get(kind)
    return (reader(message, frame) if reader else None) or replace(message, extra={**message.extra, "kind": kind})


def _receipt(frame: WireDict, kind: str, at: datetime) -> ParsedEvent:
    message_id = as_text(frame.get("message_id"))
    if not message_id:
        return Unreadable(reason="a receipt needs its message_id", raw=frame)
    return StatusUpdate(provider_message_id=message_id, status=_RECEIPTS[kind], at=at, tracker=message_id)


def _sender(frame: WireDict, visitor: str) -> Sender:
    """A phone that a visitor writes proves nothing, so it stays in `extra` and finds no lead."""
    profile = as_dict(frame.get("profile"))
    return Sender(
        address=visitor,
        ids=(ExternalId(kind="webchat", value=visitor),),
        name=as_text(profile.get("name")),
        language=as_text(profile.get("language")),
    )


def _read_text(message: InboundMessage, frame: WireDict) -> InboundMessage | None:
    text = as_text(frame.get("text"))
    return replace(message, type=ContentType.TEXT, text=text) if text.strip() else None


def _read_button(message: InboundMessage, frame: WireDict) -> InboundMessage | None:
    chosen = as_dict(frame.get("reply"))
    title = as_text(chosen.get("title"))
    chosen_id = as_text(chosen.get("id")) or title
    if not chosen_id:
        return None
    reply = {"id": chosen_id, "title": title or chosen_id}
    return replace(message, type=ContentType.INTERACTIVE_REPLY, text=title or chosen_id, reply=reply)


def _read_location(message: InboundMessage, frame: WireDict) -> InboundMessage | None:
    place = as_dict(frame.get("location"))
    latitude, longitude = as_number(place.get("latitude")), as_number(place.get("longitude"))
    if latitude is None or longitude is None:
        return None
    return replace(message, type=ContentType.LOCATION, location={"latitude": latitude, "longitude": longitude})


def _read_contact(message: InboundMessage, frame: WireDict) -> InboundMessage | None:
    profile = as_dict(frame.get("profile"))
    if not profile:
        return None
    shared: WireDict = {"name": {"formatted_name": as_text(profile.get("name"))}, "origin": "own"}
    if phone := as_text(profile.get("phone")):
        shared["phones"] = [{"phone": phone}]
    if email := as_text(profile.get("email")):
        shared["emails"] = [{"email": email}]
    return replace(message, type=ContentType.CONTACTS, contacts=(shared,))


def _read_file(message: InboundMessage, frame: WireDict) -> InboundMessage | None:
    file, kind = as_dict(frame.get("media")), _FILES[as_text(frame.get("type"))]
    if not as_text(file.get("id")):
        return None
    media = MediaRef(
        provider_id=as_text(file.get("id")),
        mime_type=as_text(file.get("mime_type")),
        filename=as_text(file.get("filename")),
        size=as_int(file.get("size")),
        voice=kind is ContentType.VOICE,
    )
    return replace(message, type=kind, text=as_text(frame.get("text")), media=media)


_READERS: dict[str, Callable[[InboundMessage, WireDict], InboundMessage | None]] = {
    "text": _read_text,
    "button_reply": _read_button,
    "location": _read_location,
    "contact": _read_contact,
    **dict.fromkeys(_FILES, _read_file),
}
