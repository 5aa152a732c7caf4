"""Telegram's updates as our events. One POST is one update.

Message ids are unique per chat only, so ours are `chat:message`. https://core.telegram.org/bots/api#update
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from apps.messaging.providers.wire import (
    NotJson,
    as_dict,
    as_int,
    as_number,
    as_text,
    as_time,
    dicts_in,
    load_json,
    readable_start,
)
from apps.messaging.types import (
    AccountNotice,
    ContentType,
    ExternalId,
    IdentityChange,
    InboundMessage,
    MediaRef,
    NoticeKind,
    ParsedEvent,
    Sender,
    Unreadable,
    WireDict,
)

_START = re.compile(r"/start(?:@\w+)?(?:\s+(?P<payload>[\w-]{1,64}))?\s*", re.ASCII)
# A reaction that is no plain emoji still has to be told from one taken away.
_OTHER_REACTIONS = {"custom_emoji": "\N{WHITE MEDIUM STAR}", "paid": "\N{WHITE MEDIUM STAR}"}
_SERVICE_KEYS = (
    "new_chat_members",
    "left_chat_member",
    "new_chat_title",
    "new_chat_photo",
    "delete_chat_photo",
    "group_chat_created",
    "supergroup_chat_created",
    "message_auto_delete_timer_changed",
    "pinned_message",
    "users_shared",
    "chat_shared",
    "write_access_allowed",
    "chat_background_set",
    "boost_added",
    "forum_topic_created",
    "forum_topic_closed",
    "forum_topic_reopened",
    "video_chat_started",
    "video_chat_ended",
)


def parse(body: bytes, received_at: datetime) -> list[ParsedEvent]:
    try:
        update = as_dict(load_json(body))
    except NotJson as error:
        return [Unreadable(reason=f"not JSON: {error}", raw=readable_start(body))]
    update_id = as_int(update.get("update_id"))
    kind = next((key for key in update if key != "update_id"), "")
    if update_id is None or not kind:
        return [Unreadable(reason="no update", raw=update)]
    reader = _READERS.get(kind)
    content = as_dict(update.get(kind))
    if reader is None:
        return [AccountNotice(kind=NoticeKind.OTHER, payload=update, at=received_at)]
    try:
        events = reader(content, update_id, received_at)
    except _Unusable as error:
        return [Unreadable(reason=str(error), raw=update)]
    return [replace(event, order=update_id) if isinstance(event, InboundMessage) else event for event in events]


class _Unusable(ValueError):
    """An update without what it cannot do without."""


# --- messages ---------------------------------------------------------------------------------------------------------


def _read_message(item: WireDict, update_id: int, received_at: datetime) -> list[ParsedEvent]:
    moved_to = as_int(item.get("migrate_to_chat_id"))
    if moved_to is not None:
        old, new = _telegram_id(_chat_id(item)), _telegram_id(moved_to)
        return [IdentityChange(old=old, new=new, at=as_time(item.get("date"), received_at))]
    if as_int(item.get("migrate_from_chat_id")) is not None:
        # The same move, told from the new chat's side.
        return [AccountNotice(kind=NoticeKind.OTHER, payload=item, at=as_time(item.get("date"), received_at))]
    return [_with_content(_bare_message(item, received_at), item)]


def _read_edited(item: WireDict, update_id: int, received_at: datetime) -> list[ParsedEvent]:
    message = _with_content(_bare_message(item, received_at), item)
    edited = replace(
        message,
        provider_message_id=f"{message.provider_message_id}:edit:{update_id}",
        sent_at=as_time(item.get("edit_date"), message.sent_at),
        target_id=message.provider_message_id,
        type=ContentType.EDIT,
        extra={**message.extra, "edited_type": message.type.value},
    )
    return [edited]


def _bare_message(item: WireDict, received_at: datetime) -> InboundMessage:
    chat_id, message_id = _chat_id(item), as_int(item.get("message_id"))
    if message_id is None:
        raise _Unusable("message_id is missing")
    message = InboundMessage(
        provider_message_id=f"{chat_id}:{message_id}",
        sender=_sender(as_dict(item.get("from")) or as_dict(item.get("sender_chat")) or as_dict(item.get("chat"))),
        sent_at=as_time(item.get("date"), received_at),
        type=ContentType.UNSUPPORTED,
        group_id=_group_id(item),
        reply_to=_reply_target(item, chat_id),
        forwarded="forward_origin" in item or "forward_date" in item,
        raw=item,
    )
    if album := as_text(item.get("media_group_id")):
        message.extra["album_id"] = album
    if (thread := as_int(item.get("message_thread_id"))) is not None:
        message.extra["thread_id"] = thread
    return message


def _chat_id(item: WireDict) -> int:
    chat_id = as_int(as_dict(item.get("chat")).get("id"))
    if chat_id is None:
        raise _Unusable("the chat has no id")
    return chat_id


def _group_id(item: WireDict) -> str:
    chat = as_dict(item.get("chat"))
    return "" if as_text(chat.get("type")) in {"", "private"} else as_text(chat.get("id"))


def _reply_target(item: WireDict, chat_id: int) -> str:
    replied = as_int(as_dict(item.get("reply_to_message")).get("message_id"))
    return "" if replied is None else f"{chat_id}:{replied}"


def _sender(person: WireDict) -> Sender:
    person_id = as_int(person.get("id"))
    if person_id is None:
        raise _Unusable("the sender has no id")
    names = (as_text(person.get("first_name")), as_text(person.get("last_name")))
    return Sender(
        address=str(person_id),
        ids=(_telegram_id(person_id),),
        name=" ".join(name for name in names if name) or as_text(person.get("title")),
        username=as_text(person.get("username")),
        language=as_text(person.get("language_code")),
    )


def _telegram_id(number: int) -> ExternalId:
    return ExternalId(kind="telegram", value=str(number))


def _with_content(message: InboundMessage, item: WireDict) -> InboundMessage:
    for key, read in _CONTENT_READERS.items():
        if key in item and (read_message := read(message, item)) is not None:
            return read_message
    service = next((key for key in _SERVICE_KEYS if key in item), "")
    if service:
        return replace(message, type=ContentType.SYSTEM, extra={**message.extra, "kind": service})
    kind = next((key for key, value in item.items() if isinstance(value, dict) and key not in {"from", "chat"}), "")
    return replace(message, type=ContentType.UNSUPPORTED, extra={**message.extra, "kind": kind})


def _read_text(message: InboundMessage, item: WireDict) -> InboundMessage | None:
    text = item.get("text")
    if not isinstance(text, str):
        return None
    start = _START.fullmatch(text)
    if start is None:
        return replace(message, type=ContentType.TEXT, text=text)
    payload = start["payload"] or ""
    return replace(
        message,
        type=ContentType.TEXT,
        text=text,
        referral={"source_type": "telegram_start", "source_id": payload} if payload else None,
        extra={**message.extra, "start": payload},
    )


def _file_reader(
    key: str, kind: ContentType, mime_type: str = ""
) -> Callable[[InboundMessage, WireDict], InboundMessage | None]:
    def read(message: InboundMessage, item: WireDict) -> InboundMessage | None:
        return _with_file(message, item, as_dict(item.get(key)), kind, mime_type)

    return read


def _with_file(
    message: InboundMessage, item: WireDict, file: WireDict, kind: ContentType, mime_type: str
) -> InboundMessage | None:
    file_id = as_text(file.get("file_id"))
    if not file_id:
        return None
    media = MediaRef(
        provider_id=file_id,
        mime_type=as_text(file.get("mime_type")) or mime_type,
        filename=as_text(file.get("file_name")),
        size=as_int(file.get("file_size")),
        voice=kind is ContentType.VOICE,
        animated="animation" in item or file.get("is_animated") is True or file.get("is_video") is True,
    )
    return replace(message, type=kind, text=as_text(item.get("caption")), media=media)


def _read_photo(message: InboundMessage, item: WireDict) -> InboundMessage | None:
    sizes = list(dicts_in(item.get("photo")))
    largest = max(
        sizes, key=lambda size: (as_int(size.get("width")) or 0) * (as_int(size.get("height")) or 0), default={}
    )
    return _with_file(message, item, largest, ContentType.IMAGE, "image/jpeg")


def _read_sticker(message: InboundMessage, item: WireDict) -> InboundMessage | None:
    sticker = as_dict(item.get("sticker"))
    mime_type = "image/webp"
    if sticker.get("is_animated") is True:
        mime_type = "application/x-tgsticker"
    elif sticker.get("is_video") is True:
        mime_type = "video/webm"
    read_message = _with_file(message, item, sticker, ContentType.STICKER, mime_type)
    emoji = as_text(sticker.get("emoji"))
    if read_message is not None and emoji:
        return replace(read_message, extra={**read_message.extra, "emoji": emoji})
    return read_message


def _read_location(message: InboundMessage, item: WireDict) -> InboundMessage | None:
    venue = as_dict(item.get("venue"))
    place = as_dict(venue.get("location")) or as_dict(item.get("location"))
    latitude, longitude = as_number(place.get("latitude")), as_number(place.get("longitude"))
    if latitude is None or longitude is None:
        return None
    location: WireDict = {"latitude": latitude, "longitude": longitude}
    if venue:
        location |= {"name": as_text(venue.get("title")), "address": as_text(venue.get("address"))}
    return replace(message, type=ContentType.LOCATION, location=location)


def _read_contact(message: InboundMessage, item: WireDict) -> InboundMessage | None:
    """The number is the sender's only where the contact's user is the sender; any other is somebody they know."""
    contact = as_dict(item.get("contact"))
    phone = as_text(contact.get("phone_number"))
    if not phone:
        return None
    names = (as_text(contact.get("first_name")), as_text(contact.get("last_name")))
    user_id = as_text(contact.get("user_id"))
    is_own = bool(user_id) and user_id == message.sender.address
    shared: WireDict = {
        "name": {"formatted_name": " ".join(name for name in names if name)},
        "phones": [{"phone": phone}],
        "origin": "own" if is_own else "other",
    }
    if user_id:
        shared["user_id"] = user_id
    sender = replace(message.sender, phone=phone) if is_own else message.sender
    return replace(message, type=ContentType.CONTACTS, contacts=(shared,), sender=sender)


# Venue comes with a location and an animation with a document: the fuller one is asked first.
_CONTENT_READERS: dict[str, Callable[[InboundMessage, WireDict], InboundMessage | None]] = {
    "text": _read_text,
    "photo": _read_photo,
    "animation": _file_reader("animation", ContentType.VIDEO, "video/mp4"),
    "voice": _file_reader("voice", ContentType.VOICE, "audio/ogg"),
    "audio": _file_reader("audio", ContentType.AUDIO, "audio/mpeg"),
    "video": _file_reader("video", ContentType.VIDEO, "video/mp4"),
    "video_note": _file_reader("video_note", ContentType.VIDEO, "video/mp4"),
    "sticker": _read_sticker,
    "document": _file_reader("document", ContentType.DOCUMENT),
    "venue": _read_location,
    "location": _read_location,
    "contact": _read_contact,
}


# --- buttons, reactions, membership -----------------------------------------------------------------------------------


def _read_callback(item: WireDict, update_id: int, received_at: datetime) -> list[ParsedEvent]:
    callback_id = as_text(item.get("id"))
    if not callback_id:
        raise _Unusable("the callback has no id")
    shown_on = as_dict(item.get("message"))
    chosen = as_text(item.get("data"))
    title = _button_title(shown_on, chosen) or chosen
    chat_id, shown_id = as_text(as_dict(shown_on.get("chat")).get("id")), as_text(shown_on.get("message_id"))
    message = InboundMessage(
        provider_message_id=f"callback:{callback_id}",
        sender=_sender(as_dict(item.get("from"))),
        sent_at=received_at,  # a callback carries no time of its own
        type=ContentType.INTERACTIVE_REPLY if chosen else ContentType.UNSUPPORTED,
        group_id=_group_id(shown_on),
        text=title,
        reply={"id": chosen, "title": title} if chosen else None,
        reply_to=f"{chat_id}:{shown_id}" if chat_id and shown_id else "",
        callback_id=callback_id,
        raw=item,
    )
    return [message]


def _button_title(shown_on: WireDict, chosen: str) -> str:
    keyboard = as_dict(shown_on.get("reply_markup")).get("inline_keyboard")
    for row in keyboard if isinstance(keyboard, list) else []:
        for button in dicts_in(row):
            if chosen and as_text(button.get("callback_data")) == chosen:
                return as_text(button.get("text"))
    return ""


def _read_reaction(item: WireDict, update_id: int, received_at: datetime) -> list[ParsedEvent]:
    chat_id, message_id = _chat_id(item), as_int(item.get("message_id"))
    person = as_dict(item.get("user")) or as_dict(item.get("actor_chat"))
    if message_id is None:
        raise _Unusable("message_id is missing")
    target = f"{chat_id}:{message_id}"
    newest = list(dicts_in(item.get("new_reaction")))[-1:]
    emoji = "".join(
        as_text(reaction.get("emoji")) or _OTHER_REACTIONS.get(as_text(reaction.get("type")), "") for reaction in newest
    )
    message = InboundMessage(
        provider_message_id=f"{target}:reaction:{update_id}",
        sender=_sender(person),
        sent_at=as_time(item.get("date"), received_at),
        type=ContentType.REACTION,
        group_id=_group_id(item),
        reaction={"message_id": target, "emoji": emoji},
        target_id=target,
        raw=item,
    )
    return [message]


def _read_membership(item: WireDict, update_id: int, received_at: datetime) -> list[ParsedEvent]:
    """In a private chat, membership is whether the person blocks the bot."""
    at = as_time(item.get("date"), received_at)
    if _group_id(item):
        return [AccountNotice(kind=NoticeKind.OTHER, payload={"my_chat_member": item}, at=at)]
    now_is = as_text(as_dict(item.get("new_chat_member")).get("status"))
    kind = NoticeKind.CONTACT_BLOCKED if now_is in {"kicked", "left"} else NoticeKind.CONTACT_UNBLOCKED
    return [AccountNotice(kind=kind, payload=item, at=at, contact=_sender(as_dict(item.get("from"))))]


_READERS: dict[str, Callable[[WireDict, int, datetime], list[ParsedEvent]]] = {
    "message": _read_message,
    "edited_message": _read_edited,
    "callback_query": _read_callback,
    "message_reaction": _read_reaction,
    "my_chat_member": _read_membership,
}
