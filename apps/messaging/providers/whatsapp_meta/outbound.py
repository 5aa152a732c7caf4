"""Our messages as bodies for `POST /{phone_number_id}/messages`, refused here where Meta would refuse them there.

Limits: https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.utils.translation import gettext as _

from apps.messaging.errors import InvalidOutgoing
from apps.messaging.providers.wire import as_dict, as_list, as_number, as_text, dicts_in, storable_text
from apps.messaging.types import ContentType, Outgoing, WireDict

TEXT_MAX = 4096
CAPTION_MAX = 1024
BODY_MAX = 1024
LIST_BODY_MAX = 4096
HEADER_MAX = 60
FOOTER_MAX = 60
BUTTONS_MAX = 3
BUTTON_ID_MAX = 256
BUTTON_TITLE_MAX = 20
LIST_BUTTON_MAX = 20
SECTIONS_MAX = 10
ROWS_MAX = 10
SECTION_TITLE_MAX = 24
ROW_ID_MAX = 200
ROW_TITLE_MAX = 24
ROW_DESCRIPTION_MAX = 72
TRACKER_MAX = 512

MEDIA_OBJECTS = {
    ContentType.IMAGE: "image",
    ContentType.VIDEO: "video",
    ContentType.AUDIO: "audio",
    ContentType.VOICE: "audio",
    ContentType.DOCUMENT: "document",
    ContentType.STICKER: "sticker",
}
_MEGABYTE = 1024 * 1024
MEDIA_SIZE_MAX = {
    ContentType.IMAGE: 5 * _MEGABYTE,
    ContentType.VIDEO: 16 * _MEGABYTE,
    ContentType.AUDIO: 16 * _MEGABYTE,
    ContentType.VOICE: 16 * _MEGABYTE,
    ContentType.DOCUMENT: 100 * _MEGABYTE,
    ContentType.STICKER: 500 * 1024,
}
_WITH_CAPTION = frozenset({ContentType.IMAGE, ContentType.VIDEO, ContentType.DOCUMENT})


def build(message: Outgoing) -> WireDict:
    """The body to post. A file to upload must have its `provider_id` by now. Raises InvalidOutgoing."""
    builder = _BUILDERS.get(message.type)
    if builder is None:
        raise InvalidOutgoing(_("WhatsApp cannot send this kind of message."), field="type")
    kind, content = builder(message)
    body: WireDict = {
        "messaging_product": "whatsapp",
        "recipient_type": "group" if message.to_kind == "group" else "individual",
        **_recipient(message),
        "type": kind,
        kind: content,
    }
    if message.reply_to and message.type is not ContentType.REACTION:
        body["context"] = {"message_id": message.reply_to}
    if message.tracker:
        body["biz_opaque_callback_data"] = _within(message.tracker, TRACKER_MAX, _("The tracking mark"))
    return body


def _recipient(message: Outgoing) -> WireDict:
    if not message.to:
        raise InvalidOutgoing(_("The recipient is missing."), field="to")
    return {"recipient" if message.to_kind == "bsuid" else "to": message.to}


def _within(text: str, limit: int, what: str) -> str:
    """`text` if it fits; Meta would refuse it and a cut text would say something else."""
    if len(text) > limit:
        raise InvalidOutgoing(
            _("%(what)s has %(length)d characters; WhatsApp takes %(limit)d at most.")
            % {"what": what, "length": len(text), "limit": limit}
        )
    return text


def _needed(text: str, limit: int, what: str) -> str:
    clean = storable_text(text)
    if not clean.strip():
        raise InvalidOutgoing(_("%(what)s is empty.") % {"what": what})
    return _within(clean, limit, what)


def _build_text(message: Outgoing) -> tuple[str, WireDict]:
    content: WireDict = {"body": _needed(message.text, TEXT_MAX, _("The text"))}
    if "preview_url" in message.payload:
        content["preview_url"] = bool(message.payload["preview_url"])
    return "text", content


def _build_media(message: Outgoing) -> tuple[str, WireDict]:
    media = message.media
    if media is None or not (media.provider_id or media.url):
        raise InvalidOutgoing(_("The file is missing."), field="media")
    if not media.provider_id and not media.url.startswith(("https://", "http://")):
        raise InvalidOutgoing(_("The file's address must start with https://."), field="media")
    content: WireDict = {"id": media.provider_id} if media.provider_id else {"link": media.url}
    if message.text:
        content["caption"] = _caption(message)
    if message.type is ContentType.DOCUMENT and media.filename:
        content["filename"] = media.filename
    if message.type is ContentType.VOICE:
        content["voice"] = True
    return MEDIA_OBJECTS[message.type], content


def _caption(message: Outgoing) -> str:
    if message.type not in _WITH_CAPTION:
        raise InvalidOutgoing(_("WhatsApp cannot send a text together with this kind of file. Send them apart."))
    return _within(storable_text(message.text), CAPTION_MAX, _("The caption"))


def check_upload(message: Outgoing) -> None:
    """Raises InvalidOutgoing if the file that comes with the message is empty or larger than Meta takes."""
    if message.media is None or message.media.content is None:
        return
    size, limit = len(message.media.content), MEDIA_SIZE_MAX[message.type]
    if size == 0:
        raise InvalidOutgoing(_("The file is empty."), field="media")
    if size > limit:
        raise InvalidOutgoing(
            _("The file has %(size).1f MB; WhatsApp takes %(limit).1f MB of this kind at most.")
            % {"size": size / _MEGABYTE, "limit": limit / _MEGABYTE},
            field="media",
        )


def _build_buttons(message: Outgoing) -> tuple[str, WireDict]:
    wish = as_text(message.payload.get("request"))
    if wish:
        return "interactive", _request(message, wish)
    buttons = list(dicts_in(message.payload.get("buttons")))
    if len(buttons) == 1 and buttons[0].get("url"):
        return "interactive", _url_button(message, buttons[0])
    if any(button.get("url") for button in buttons):
        raise InvalidOutgoing(_("WhatsApp takes one link button alone, without other buttons."), field="buttons")
    if not 1 <= len(buttons) <= BUTTONS_MAX:
        raise InvalidOutgoing(_("WhatsApp takes one to three buttons. Use a list for more."), field="buttons")
    replies = [_reply_button(button) for button in buttons]
    _check_unique((reply["id"] for reply in replies), _("Two buttons have the same id."))
    _check_unique((reply["title"] for reply in replies), _("Two buttons have the same title."))
    action = {"buttons": [{"type": "reply", "reply": reply} for reply in replies]}
    return "interactive", {"type": "button", **_frame(message), "action": action}


def _reply_button(button: WireDict) -> WireDict:
    title = _needed(as_text(button.get("title")), BUTTON_TITLE_MAX, _("A button's title"))
    return {"id": _needed(as_text(button.get("id")) or title, BUTTON_ID_MAX, _("A button's id")), "title": title}


def _url_button(message: Outgoing, button: WireDict) -> WireDict:
    url = as_text(button.get("url"))
    if not url.startswith(("https://", "http://")):
        raise InvalidOutgoing(_("A link button's address must start with https://."), field="buttons")
    parameters = {
        "display_text": _needed(as_text(button.get("title")), BUTTON_TITLE_MAX, _("A button's title")),
        "url": url,
    }
    return {"type": "cta_url", **_frame(message), "action": {"name": "cta_url", "parameters": parameters}}


def _request(message: Outgoing, wish: str) -> WireDict:
    names = {
        "location": ("location_request_message", "send_location"),
        "contact": ("request_contact_info", "request_contact_info"),
    }
    if wish not in names:
        raise InvalidOutgoing(_("Only a location or a contact can be asked for."), field="request")
    kind, action = names[wish]
    body = {"text": _needed(message.text, BODY_MAX, _("The text"))}
    return {"type": kind, "body": body, "action": {"name": action}}


def _frame(message: Outgoing, body_max: int = BODY_MAX) -> WireDict:
    """Header, body and footer around buttons or a list; a header may be a text or Meta's own object."""
    frame: WireDict = {}
    header = message.payload.get("header")
    if isinstance(header, dict) and header:
        frame["header"] = header
    elif as_text(header):
        frame["header"] = {"type": "text", "text": _within(as_text(header), HEADER_MAX, _("The header"))}
    frame["body"] = {"text": _needed(message.text, body_max, _("The text"))}
    if footer := as_text(message.payload.get("footer")):
        frame["footer"] = {"text": _within(footer, FOOTER_MAX, _("The footer"))}
    return frame


def _build_list(message: Outgoing) -> tuple[str, WireDict]:
    sections = [_section(section) for section in dicts_in(message.payload.get("sections"))]
    rows = [row for section in sections for row in section["rows"]]
    if not 1 <= len(sections) <= SECTIONS_MAX or not 1 <= len(rows) <= ROWS_MAX:
        raise InvalidOutgoing(
            _("WhatsApp takes one to ten options in a list, over all its sections."), field="sections"
        )
    if len(sections) > 1 and not all(section.get("title") for section in sections):
        raise InvalidOutgoing(_("Each section of a list needs a title where there are several."), field="sections")
    _check_unique((row["id"] for row in rows), _("Two options of the list have the same id."))
    action = {
        "button": _needed(as_text(message.payload.get("button")), LIST_BUTTON_MAX, _("The list's button")),
        "sections": sections,
    }
    frame = _frame(message, LIST_BODY_MAX)
    if as_dict(frame.get("header")).get("type", "text") != "text":
        raise InvalidOutgoing(_("The header of a list can only be a text."), field="header")
    return "interactive", {"type": "list", **frame, "action": action}


def _section(section: WireDict) -> WireDict:
    built: WireDict = {}
    if title := as_text(section.get("title")):
        built["title"] = _within(title, SECTION_TITLE_MAX, _("A section's title"))
    built["rows"] = [_row(row) for row in dicts_in(section.get("rows"))]
    return built


def _row(row: WireDict) -> WireDict:
    title = _needed(as_text(row.get("title")), ROW_TITLE_MAX, _("An option's title"))
    built = {"id": _needed(as_text(row.get("id")) or title, ROW_ID_MAX, _("An option's id")), "title": title}
    if description := as_text(row.get("description")):
        built["description"] = _within(description, ROW_DESCRIPTION_MAX, _("An option's description"))
    return built


def _check_unique(values: Iterable[str], complaint: str) -> None:
    found = list(values)
    if len(found) != len(set(found)):
        raise InvalidOutgoing(complaint)


def _build_template(message: Outgoing) -> tuple[str, WireDict]:
    name, language = as_text(message.payload.get("name")), as_text(message.payload.get("language"))
    if not name or not language:
        raise InvalidOutgoing(_("A template needs its name and language."), field="template")
    template: WireDict = {"name": name, "language": {"code": language}}
    if components := as_list(message.payload.get("components")):
        template["components"] = components
    return "template", template


def _build_location(message: Outgoing) -> tuple[str, WireDict]:
    latitude, longitude = as_number(message.payload.get("latitude")), as_number(message.payload.get("longitude"))
    if latitude is None or longitude is None or not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise InvalidOutgoing(_("The location needs a latitude and a longitude."), field="location")
    content: WireDict = {"latitude": latitude, "longitude": longitude}
    content |= {key: text for key in ("name", "address") if (text := as_text(message.payload.get(key)))}
    return "location", content


def _build_contacts(message: Outgoing) -> tuple[str, Any]:
    contacts = list(dicts_in(message.payload.get("contacts")))
    if not contacts:
        raise InvalidOutgoing(_("There is no contact to send."), field="contacts")
    return "contacts", contacts


def _build_reaction(message: Outgoing) -> tuple[str, WireDict]:
    target = as_text(message.payload.get("message_id"))
    if not target:
        raise InvalidOutgoing(_("The message to react to is missing."), field="message_id")
    return "reaction", {"message_id": target, "emoji": as_text(message.payload.get("emoji"))}


_BUILDERS: dict[ContentType, Callable[[Outgoing], tuple[str, Any]]] = {
    ContentType.TEXT: _build_text,
    **dict.fromkeys(MEDIA_OBJECTS, _build_media),
    ContentType.BUTTONS: _build_buttons,
    ContentType.LIST: _build_list,
    ContentType.TEMPLATE: _build_template,
    ContentType.LOCATION: _build_location,
    ContentType.CONTACTS: _build_contacts,
    ContentType.REACTION: _build_reaction,
}
