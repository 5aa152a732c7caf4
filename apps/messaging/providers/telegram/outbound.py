"""Our messages as Bot API calls. https://core.telegram.org/bots/api#available-methods"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from apps.messaging.errors import InvalidOutgoing
from apps.messaging.providers.text import split_text, utf16_length
from apps.messaging.providers.wire import as_int, as_number, as_text, dicts_in, storable_text
from apps.messaging.types import ContentType, Outgoing, OutgoingMedia, WireDict

TEXT_MAX = 4096
CAPTION_MAX = 1024
CALLBACK_DATA_MAX_BYTES = 64
KEYBOARD_MAX = 100
SHORT_TITLE = 16
BUTTONS_PER_ROW = 3
_MEGABYTE = 1024 * 1024
PHOTO_MAX_BYTES = 10 * _MEGABYTE
FILE_MAX_BYTES = 50 * _MEGABYTE
_PARSE_MODES = frozenset({"HTML", "MarkdownV2", "Markdown"})

_MEDIA_METHODS = {
    ContentType.IMAGE: ("sendPhoto", "photo"),
    ContentType.VIDEO: ("sendVideo", "video"),
    ContentType.AUDIO: ("sendAudio", "audio"),
    ContentType.VOICE: ("sendVoice", "voice"),
    ContentType.DOCUMENT: ("sendDocument", "document"),
    ContentType.STICKER: ("sendSticker", "sticker"),
}


@dataclass(frozen=True, slots=True)
class BotCall:
    """One method with its parameters; `file` goes up with it as the parameter `file_field`."""

    method: str
    params: WireDict
    file_field: str = ""
    file: OutgoingMedia | None = None

    def to_chat(self, chat_id: int) -> BotCall:
        return replace(self, params={**self.params, "chat_id": chat_id})

    def as_plain_text(self) -> BotCall:
        return replace(self, params={key: value for key, value in self.params.items() if key != "parse_mode"})


def build(message: Outgoing) -> list[BotCall]:
    """The calls that make up the message: several only where a text is longer than one. Raises InvalidOutgoing."""
    builder = _BUILDERS.get(message.type)
    if builder is None:
        raise InvalidOutgoing(_("Telegram cannot send this kind of message."), field="type")
    calls = builder(message)
    return [replace(call, params={"chat_id": _chat_id(message), **call.params}) for call in _quoting(message, calls)]


def _chat_id(message: Outgoing) -> int | str:
    if not message.to:
        raise InvalidOutgoing(_("The recipient is missing."), field="to")
    number = as_int(message.to)
    if number is None and not message.to.startswith("@"):
        raise InvalidOutgoing(_("This is no Telegram chat."), field="to")
    return message.to if number is None else number


def _quoting(message: Outgoing, calls: list[BotCall]) -> list[BotCall]:
    """The first call answers the quoted message; one that is gone or of another chat is no reason to send nothing."""
    quoted = message_number(message.reply_to)
    if quoted is None or message.type is ContentType.REACTION:
        return calls
    reply = {"message_id": quoted, "allow_sending_without_reply": True}
    return [replace(calls[0], params={**calls[0].params, "reply_parameters": reply}), *calls[1:]]


def message_number(provider_message_id: str) -> int | None:
    """The message's number in its chat, from our `chat:message` form."""
    return as_int(provider_message_id.partition(":")[2].partition(":")[0])


def _texts(text: str, what: str) -> list[str]:
    pieces = split_text(storable_text(text), TEXT_MAX, measure=utf16_length)
    if not any(piece.strip() for piece in pieces):
        raise InvalidOutgoing(_("%(what)s is empty.") % {"what": what})
    return pieces


def _parse_mode(message: Outgoing) -> WireDict:
    mode = as_text(message.payload.get("parse_mode"))
    return {"parse_mode": mode} if mode in _PARSE_MODES else {}


def _build_text(message: Outgoing) -> list[BotCall]:
    extra = _parse_mode(message)
    if "preview_url" in message.payload:
        extra["link_preview_options"] = {"is_disabled": not message.payload["preview_url"]}
    return [BotCall("sendMessage", {"text": text, **extra}) for text in _texts(message.text, _("The text"))]


def _build_template(message: Outgoing) -> list[BotCall]:
    """Telegram has no templates: their text is sent."""
    return _build_text(replace(message, payload={}))


def _build_media(message: Outgoing) -> list[BotCall]:
    media = message.media
    method, field = _MEDIA_METHODS[message.type]
    if media is None or not (media.provider_id or media.url or media.content):
        raise InvalidOutgoing(_("The file is missing."), field="media")
    params = _caption(message)
    if media.provider_id or media.content is None:
        if not media.provider_id and not media.url.startswith(("https://", "http://")):
            raise InvalidOutgoing(_("The file's address must start with https://."), field="media")
        return [BotCall(method, {field: media.provider_id or media.url, **params})]
    limit = PHOTO_MAX_BYTES if message.type is ContentType.IMAGE else FILE_MAX_BYTES
    if len(media.content) > limit:
        raise InvalidOutgoing(
            _("The file has %(size).1f MB; Telegram takes %(limit)d MB of this kind at most.")
            % {"size": len(media.content) / _MEGABYTE, "limit": limit // _MEGABYTE},
            field="media",
        )
    return [BotCall(method, params, file_field=field, file=media)]


def _caption(message: Outgoing) -> WireDict:
    caption = storable_text(message.text)
    if not caption:
        return {}
    if message.type is ContentType.STICKER:
        raise InvalidOutgoing(_("Telegram cannot send a text together with a sticker. Send them apart."))
    if utf16_length(caption) > CAPTION_MAX:
        raise InvalidOutgoing(
            _("The caption has %(length)d characters; Telegram takes %(limit)d at most.")
            % {"length": utf16_length(caption), "limit": CAPTION_MAX}
        )
    return {"caption": caption, **_parse_mode(message)}


def _build_buttons(message: Outgoing) -> list[BotCall]:
    wish = as_text(message.payload.get("request"))
    if wish:
        return _with_markup(message, _request_keyboard(wish))
    rows = _rows([_button(button) for button in dicts_in(message.payload.get("buttons"))])
    return _with_markup(message, _inline(rows))


def _build_list(message: Outgoing) -> list[BotCall]:
    options = [row for section in dicts_in(message.payload.get("sections")) for row in dicts_in(section.get("rows"))]
    return _with_markup(message, _inline([[_option(option)] for option in options]))


def _inline(rows: list[list[WireDict]]) -> WireDict:
    count = sum(len(row) for row in rows)
    if not 1 <= count <= KEYBOARD_MAX:
        raise InvalidOutgoing(_("Telegram takes one to a hundred buttons under a message."), field="buttons")
    return {"inline_keyboard": rows}


def _rows(buttons: list[WireDict]) -> list[list[WireDict]]:
    """Short answers side by side, links and long titles on lines of their own."""
    rows: list[list[WireDict]] = []
    open_row = False
    for button in buttons:
        is_short = "url" not in button and len(button["text"]) <= SHORT_TITLE
        if is_short and open_row and len(rows[-1]) < BUTTONS_PER_ROW:
            rows[-1].append(button)
        else:
            rows.append([button])
        open_row = is_short
    return rows


def _button(button: WireDict) -> WireDict:
    title = as_text(button.get("title")).strip()
    if not title:
        raise InvalidOutgoing(_("%(what)s is empty.") % {"what": _("A button's title")})
    if url := as_text(button.get("url")):
        return {"text": title, "url": url}
    return {"text": title, "callback_data": _callback_data(as_text(button.get("id")) or title)}


def _option(option: WireDict) -> WireDict:
    button = _button(option)
    description = as_text(option.get("description"))
    return {**button, "text": f"{button['text']} · {description}"} if description else button


def _callback_data(value: str) -> str:
    if len(value.encode("utf-8", "replace")) > CALLBACK_DATA_MAX_BYTES:
        raise InvalidOutgoing(
            _("A button's id is longer than the %(limit)d bytes that Telegram takes.")
            % {"limit": CALLBACK_DATA_MAX_BYTES}
        )
    return value


def _request_keyboard(wish: str) -> WireDict:
    buttons = {
        "contact": {"text": _("Share my phone number"), "request_contact": True},
        "location": {"text": _("Share my location"), "request_location": True},
    }
    if wish not in buttons:
        raise InvalidOutgoing(_("Only a location or a contact can be asked for."), field="request")
    return {"keyboard": [[buttons[wish]]], "resize_keyboard": True, "one_time_keyboard": True}


def _with_markup(message: Outgoing, markup: WireDict) -> list[BotCall]:
    """Header, body and footer as one text, the keyboard under its last piece."""
    parts = (as_text(message.payload.get("header")), message.text, as_text(message.payload.get("footer")))
    pieces = _texts("\n\n".join(part for part in parts if part), _("The text"))
    calls = [BotCall("sendMessage", {"text": piece, **_parse_mode(message)}) for piece in pieces]
    return [*calls[:-1], replace(calls[-1], params={**calls[-1].params, "reply_markup": markup})]


def _build_location(message: Outgoing) -> list[BotCall]:
    latitude, longitude = as_number(message.payload.get("latitude")), as_number(message.payload.get("longitude"))
    if latitude is None or longitude is None or not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise InvalidOutgoing(_("The location needs a latitude and a longitude."), field="location")
    place: WireDict = {"latitude": latitude, "longitude": longitude}
    name, address = as_text(message.payload.get("name")), as_text(message.payload.get("address"))
    if name or address:
        return [BotCall("sendVenue", {**place, "title": name or address, "address": address or name})]
    return [BotCall("sendLocation", place)]


def _build_contacts(message: Outgoing) -> list[BotCall]:
    calls = [call for contact in dicts_in(message.payload.get("contacts")) for call in _contact_calls(contact)]
    if not calls:
        raise InvalidOutgoing(_("There is no contact to send."), field="contacts")
    return calls


def _contact_calls(contact: WireDict) -> list[BotCall]:
    name = contact.get("name")
    shown = as_text(name.get("formatted_name")) if isinstance(name, dict) else as_text(name)
    phone = next((as_text(phone.get("phone")) for phone in dicts_in(contact.get("phones"))), "")
    return [BotCall("sendContact", {"phone_number": phone, "first_name": shown or phone})] if phone else []


def _build_reaction(message: Outgoing) -> list[BotCall]:
    target = message_number(as_text(message.payload.get("message_id")))
    if target is None:
        raise InvalidOutgoing(_("The message to react to is missing."), field="message_id")
    emoji = as_text(message.payload.get("emoji"))
    reaction = [{"type": "emoji", "emoji": emoji}] if emoji else []
    return [BotCall("setMessageReaction", {"message_id": target, "reaction": reaction})]


_BUILDERS: dict[ContentType, Callable[[Outgoing], list[BotCall]]] = {
    ContentType.TEXT: _build_text,
    ContentType.TEMPLATE: _build_template,
    **dict.fromkeys(_MEDIA_METHODS, _build_media),
    ContentType.BUTTONS: _build_buttons,
    ContentType.LIST: _build_list,
    ContentType.LOCATION: _build_location,
    ContentType.CONTACTS: _build_contacts,
    ContentType.REACTION: _build_reaction,
}
