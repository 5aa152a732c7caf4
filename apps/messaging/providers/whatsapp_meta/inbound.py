"""Meta's webhook bodies, read item by item: what one item cannot tell costs no other.

Both shapes before and after v24 are read, with and without phone numbers (business-scoped user ids, BSUID).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from apps.messaging.providers.whatsapp_meta.errors import read_error
from apps.messaging.providers.wire import (
    NotJson,
    as_dict,
    as_int,
    as_list,
    as_number,
    as_text,
    as_time,
    dicts_in,
    load_json,
    readable_start,
)
from apps.messaging.types import (
    AccountNotice,
    AccountRef,
    ContentType,
    DeliveryStatus,
    ExternalId,
    IdentityChange,
    InboundMessage,
    MediaRef,
    NoticeKind,
    ParsedEvent,
    ProviderError,
    Sender,
    StatusUpdate,
    Unreadable,
    WireDict,
)

_NOTICE_FIELDS = {
    "message_template_status_update": NoticeKind.TEMPLATE_STATUS,
    "message_template_quality_update": NoticeKind.TEMPLATE_QUALITY,
    "template_category_update": NoticeKind.TEMPLATE_CATEGORY,
    "phone_number_quality_update": NoticeKind.NUMBER_QUALITY,
    "business_capability_update": NoticeKind.CAPABILITY,
    "account_update": NoticeKind.ACCOUNT,
    "account_alerts": NoticeKind.ACCOUNT,
    "account_review_update": NoticeKind.ACCOUNT,
    "phone_number_name_update": NoticeKind.ACCOUNT,
    "security": NoticeKind.ACCOUNT,
}
_MEDIA_TYPES = {
    "image": ContentType.IMAGE,
    "video": ContentType.VIDEO,
    "audio": ContentType.AUDIO,
    "document": ContentType.DOCUMENT,
    "sticker": ContentType.STICKER,
}


def phone_number_ids(body: bytes) -> set[str]:
    """The business numbers that the body speaks of; empty for account-level notices and for what is no JSON."""
    return {number for _entry, _field, value in _changes(_loaded(body)) if (number := _phone_number_id(value))}


def business_account_ids(body: bytes) -> set[str]:
    """The WABA ids of the changes that name no number: template, quality and account notices are routed by these."""
    return {
        as_text(entry.get("id"))
        for entry, _field, value in _changes(_loaded(body))
        if not _phone_number_id(value) and as_text(entry.get("id"))
    }


def parse(account: AccountRef, body: bytes, received_at: datetime) -> list[ParsedEvent]:
    """Every event of the body that is this account's: one POST may carry several numbers' items, and the others are
    read when the same body is parsed for their accounts. Account-level notices belong to every number of the WABA."""
    try:
        loaded = load_json(body)
    except NotJson as error:
        return [Unreadable(reason=f"not JSON: {error}", raw=readable_start(body))]
    changes = list(_changes(loaded))
    if not changes:
        return [Unreadable(reason="no changes in the webhook", raw=loaded)]
    events: list[ParsedEvent] = list(_misshapen(loaded))
    for entry, field, value in changes:
        if _is_ours(account, entry, value):
            events += _read_change(entry, field, value, received_at)
    return [
        replace(event, order=index) if isinstance(event, InboundMessage) else event
        for index, event in enumerate(events)
    ]


def _loaded(body: bytes) -> Any:
    try:
        return load_json(body)
    except NotJson:
        return None


def _changes(loaded: Any) -> Iterator[tuple[WireDict, str, WireDict]]:
    for entry in dicts_in(as_dict(loaded).get("entry")):
        for change in dicts_in(entry.get("changes")):
            yield entry, as_text(change.get("field")), as_dict(change.get("value"))


def _misshapen(loaded: Any) -> Iterator[Unreadable]:
    for entry in as_list(as_dict(loaded).get("entry")):
        for change in as_list(as_dict(entry).get("changes")) or [entry]:
            if not isinstance(entry, dict) or not isinstance(change, dict):
                yield Unreadable(reason="an entry or change is no object", raw=change)


def _phone_number_id(value: WireDict) -> str:
    return as_text(as_dict(value.get("metadata")).get("phone_number_id"))


def _is_ours(account: AccountRef, entry: WireDict, value: WireDict) -> bool:
    number = _phone_number_id(value)
    if number:
        return not account.external_id or number == account.external_id
    waba_id = as_text(account.settings.get("waba_id"))
    return not waba_id or as_text(entry.get("id")) in {"", waba_id}


def _read_change(entry: WireDict, field: str, value: WireDict, received_at: datetime) -> list[ParsedEvent]:
    context = _Context(
        people=_People(value),
        received_at=as_time(entry.get("time"), received_at),
        errors=list(dicts_in(value.get("errors"))),
    )
    events: list[ParsedEvent] = []
    events += _each(value.get("messages"), lambda item: _read_message(item, context))
    events += _each(value.get("message_echoes"), lambda item: [_read_echo(item, context)])
    events += _each(value.get("statuses"), lambda item: [_read_status(item, context)])
    events += _each(value.get("user_id_update"), lambda item: _read_user_id_update(item, context))
    events += _each(value.get("user_preferences"), lambda item: [_read_preference(item, context)])
    if context.errors and not any(isinstance(event, InboundMessage) for event in events):
        events.append(
            AccountNotice(kind=NoticeKind.PROVIDER_ERROR, payload={"errors": context.errors}, at=context.received_at)
        )
    if events:
        return events
    kind = _NOTICE_FIELDS.get(field)
    if kind is None and field in {"", "messages"}:
        return [Unreadable(reason=f"nothing known in the change {field!r}", raw=value)]
    payload = {"field": field, "waba_id": as_text(entry.get("id")), **value}
    return [AccountNotice(kind=kind or NoticeKind.OTHER, payload=payload, at=context.received_at)]


def _each(items: object, read: Callable[[WireDict], list[ParsedEvent]]) -> list[ParsedEvent]:
    events: list[ParsedEvent] = []
    for item in as_list(items):
        if not isinstance(item, dict):
            events.append(Unreadable(reason="an item is no object", raw=item))
            continue
        try:
            events += read(item)
        except _Unusable as error:
            events.append(Unreadable(reason=str(error), raw=item))
    return events


class _Unusable(ValueError):
    """An item without what it cannot do without."""


def _required(item: WireDict, key: str) -> str:
    value = as_text(item.get(key))
    if not value:
        raise _Unusable(f"{key} is missing")
    return value


# --- people -----------------------------------------------------------------------------------------------------------


class _People:
    """The contacts of one change, found by id: their order says nothing."""

    def __init__(self, value: WireDict) -> None:
        self._by_id: dict[str, WireDict] = {}
        for contact in dicts_in(value.get("contacts")):
            for key in ("wa_id", "user_id"):
                if found := as_text(contact.get(key)):
                    self._by_id[found] = contact

    def sender(self, wa_id: str, user_id: str) -> Sender:
        contact = self._by_id.get(wa_id) or self._by_id.get(user_id) or {}
        wa_id = wa_id or as_text(contact.get("wa_id"))
        user_id = user_id or as_text(contact.get("user_id"))
        if not wa_id and not user_id:
            raise _Unusable("the sender has no id")
        profile = as_dict(contact.get("profile"))
        return Sender(
            address=wa_id or user_id,
            ids=_ids(wa_id, user_id),
            phone=wa_id or None,
            name=as_text(profile.get("name")),
            username=as_text(profile.get("username")),
        )


def _ids(wa_id: str, user_id: str) -> tuple[ExternalId, ...]:
    ids = []
    if wa_id:
        ids.append(ExternalId(kind="wa_id", value=wa_id))
    if user_id:
        ids.append(ExternalId(kind="bsuid", value=user_id))
    return tuple(ids)


@dataclass(frozen=True, slots=True)
class _Context:
    """What one change says around its items."""

    people: _People
    received_at: datetime
    errors: list[WireDict]


# --- messages ---------------------------------------------------------------------------------------------------------


def _read_message(item: WireDict, context: _Context) -> list[ParsedEvent]:
    if as_text(item.get("type")) == "system":
        return _read_system(item, context)
    sender = context.people.sender(as_text(item.get("from")), as_text(item.get("from_user_id")))
    return [_with_content(_bare_message(item, sender, context), item, context)]


def _read_echo(item: WireDict, context: _Context) -> ParsedEvent:
    """What the business wrote in the phone's app; the customer is the one it went to."""
    customer = context.people.sender(as_text(item.get("to")), as_text(item.get("to_user_id")))
    return _with_content(replace(_bare_message(item, customer, context), is_echo=True), item, context)


def _bare_message(item: WireDict, sender: Sender, context: _Context) -> InboundMessage:
    quoted = as_dict(item.get("context"))
    referral = as_dict(item.get("referral"))
    message = InboundMessage(
        provider_message_id=_required(item, "id"),
        sender=sender,
        sent_at=as_time(item.get("timestamp"), context.received_at),
        type=ContentType.UNSUPPORTED,
        group_id=as_text(item.get("group_id")),
        reply_to=as_text(quoted.get("id")),
        forwarded=quoted.get("forwarded") is True or quoted.get("frequently_forwarded") is True,
        referral=referral or None,
        raw=item,
    )
    if product := as_dict(quoted.get("referred_product")):
        message.extra["referred_product"] = product
    if errors := list(dicts_in(item.get("errors"))):
        message.extra["errors"] = errors
    return message


def _with_content(message: InboundMessage, item: WireDict, context: _Context) -> InboundMessage:
    kind = as_text(item.get("type"))
    reader = _READERS.get(kind)
    content = as_dict(item.get(kind)) if kind != "contacts" else item
    if reader is None or not content:
        return _unsupported(message, item, context)
    return reader(message, content) or _unsupported(message, item, context)


def _unsupported(message: InboundMessage, item: WireDict, context: _Context) -> InboundMessage:
    extra = {
        **message.extra,
        "kind": as_text(as_dict(item.get("unsupported")).get("type")) or as_text(item.get("type")),
    }
    if "errors" not in extra and context.errors:
        extra["errors"] = context.errors
    return replace(message, type=ContentType.UNSUPPORTED, extra=extra)


def _read_text(message: InboundMessage, content: WireDict) -> InboundMessage | None:
    body = content.get("body")
    return replace(message, type=ContentType.TEXT, text=body) if isinstance(body, str) else None


def _media_reader(kind: ContentType) -> Callable[[InboundMessage, WireDict], InboundMessage | None]:
    def read(message: InboundMessage, content: WireDict) -> InboundMessage | None:
        media_id = as_text(content.get("id"))
        if not media_id:
            return None
        is_voice = content.get("voice") is True
        media = MediaRef(
            provider_id=media_id,
            mime_type=as_text(content.get("mime_type")),
            filename=as_text(content.get("filename")),
            sha256=as_text(content.get("sha256")),
            size=as_int(content.get("file_size")),
            url=as_text(content.get("url")),
            voice=is_voice,
            animated=content.get("animated") is True,
        )
        return replace(
            message,
            type=ContentType.VOICE if is_voice and kind is ContentType.AUDIO else kind,
            text=as_text(content.get("caption")),
            media=media,
        )

    return read


def _read_location(message: InboundMessage, content: WireDict) -> InboundMessage | None:
    latitude, longitude = as_number(content.get("latitude")), as_number(content.get("longitude"))
    if latitude is None or longitude is None:
        return None
    location: WireDict = {"latitude": latitude, "longitude": longitude}
    location |= {key: text for key in ("name", "address", "url") if (text := as_text(content.get(key)))}
    return replace(message, type=ContentType.LOCATION, location=location)


def _read_contacts(message: InboundMessage, item: WireDict) -> InboundMessage | None:
    contacts = tuple(dicts_in(item.get("contacts")))
    if not contacts:
        return None
    return replace(
        message, type=ContentType.CONTACTS, contacts=contacts, sender=_with_requested_phone(message.sender, contacts)
    )


def _with_requested_phone(sender: Sender, contacts: tuple[WireDict, ...]) -> Sender:
    """A contact that answers our request for contact info is the sender's own; any other is somebody else's."""
    if sender.phone:
        return sender
    for contact in contacts:
        if contact.get("origin") != "contact_request":
            continue
        for phone in dicts_in(contact.get("phones")):
            wa_id, number = as_text(phone.get("wa_id")), as_text(phone.get("phone"))
            if wa_id or number:
                return replace(sender, phone=number or wa_id, ids=sender.ids + _ids(wa_id, ""))
    return sender


def _read_interactive(message: InboundMessage, content: WireDict) -> InboundMessage | None:
    kind = as_text(content.get("type"))
    chosen = as_dict(content.get(kind))
    if not chosen:
        return None
    if kind == "nfm_reply":
        return _read_form(message, chosen)
    if kind not in {"button_reply", "list_reply"}:
        return replace(message, type=ContentType.INTERACTIVE_REPLY, reply={"id": kind, "title": "", "data": chosen})
    title = as_text(chosen.get("title"))
    reply: WireDict = {"id": as_text(chosen.get("id")), "title": title}
    if description := as_text(chosen.get("description")):
        reply["description"] = description
    return replace(message, type=ContentType.INTERACTIVE_REPLY, text=title, reply=reply)


def _read_form(message: InboundMessage, chosen: WireDict) -> InboundMessage:
    body, name = as_text(chosen.get("body")), as_text(chosen.get("name"))
    written = as_text(chosen.get("response_json"))
    data = as_dict(_loaded(written.encode("utf-8", "replace"))) if written else {}
    reply = {"id": name, "title": body, "data": data}
    return replace(message, type=ContentType.INTERACTIVE_REPLY, text=body, reply=reply)


def _read_button(message: InboundMessage, content: WireDict) -> InboundMessage | None:
    title = as_text(content.get("text"))
    reply = {"id": as_text(content.get("payload")) or title, "title": title}
    return replace(message, type=ContentType.BUTTON_REPLY, text=title, reply=reply)


def _read_reaction(message: InboundMessage, content: WireDict) -> InboundMessage | None:
    target = as_text(content.get("message_id"))
    if not target:
        return None
    reaction = {"message_id": target, "emoji": as_text(content.get("emoji"))}
    return replace(message, type=ContentType.REACTION, reaction=reaction, target_id=target)


def _read_order(message: InboundMessage, content: WireDict) -> InboundMessage | None:
    order = {
        "catalog_id": as_text(content.get("catalog_id")),
        "items": list(dicts_in(content.get("product_items"))),
    }
    extra = {**message.extra, "order": order}
    return replace(message, type=ContentType.ORDER, text=as_text(content.get("text")), extra=extra)


def _read_edit(message: InboundMessage, content: WireDict) -> InboundMessage | None:
    target, edited = as_text(content.get("original_message_id")), as_dict(content.get("message"))
    kind = as_text(edited.get("type"))
    reader = _READERS.get(kind)
    if not target or reader is None or kind in {"edit", "revoke"}:
        return None
    now_reads = reader(message, edited if kind == "contacts" else as_dict(edited.get(kind)))
    if now_reads is None:
        return None
    extra = {**now_reads.extra, "edited_type": now_reads.type.value}
    return replace(now_reads, type=ContentType.EDIT, target_id=target, extra=extra)


def _read_revoke(message: InboundMessage, content: WireDict) -> InboundMessage | None:
    target = as_text(content.get("original_message_id"))
    return replace(message, type=ContentType.REVOKE, target_id=target) if target else None


_READERS: dict[str, Callable[[InboundMessage, WireDict], InboundMessage | None]] = {
    "text": _read_text,
    **{name: _media_reader(kind) for name, kind in _MEDIA_TYPES.items()},
    "location": _read_location,
    "contacts": _read_contacts,
    "interactive": _read_interactive,
    "button": _read_button,
    "reaction": _read_reaction,
    "order": _read_order,
    "edit": _read_edit,
    "revoke": _read_revoke,
}


# --- people who changed -----------------------------------------------------------------------------------------------


def _read_system(item: WireDict, context: _Context) -> list[ParsedEvent]:
    """Number and user id changes; `from` is what the person was known as before."""
    system = as_dict(item.get("system"))
    kind = as_text(system.get("type"))
    at = as_time(item.get("timestamp"), context.received_at)
    sender = context.people.sender(as_text(item.get("from")), as_text(item.get("from_user_id")))
    if kind in {"user_changed_number", "user_changed_user_id"}:
        new = _ids(as_text(system.get("wa_id")) or as_text(system.get("new_wa_id")), as_text(system.get("user_id")))
        changes: list[ParsedEvent] = [
            IdentityChange(old=sender.ids[0], new=identity, at=at) for identity in new if identity not in sender.ids
        ]
        return changes or [Unreadable(reason=f"{kind} without a new id", raw=item)]
    if kind == "customer_identity_changed":
        return [AccountNotice(kind=NoticeKind.SECURITY_CODE_CHANGED, payload=item, at=at, contact=sender)]
    message = _bare_message(item, sender, context)
    return [replace(message, type=ContentType.SYSTEM, text=as_text(system.get("body")))]


def _read_user_id_update(item: WireDict, context: _Context) -> list[ParsedEvent]:
    ids = as_dict(item.get("user_id"))
    old = ExternalId(kind="bsuid", value=_required(ids, "previous"))
    at = as_time(item.get("timestamp"), context.received_at)
    new = _ids(as_text(item.get("wa_id")), _required(ids, "current"))
    return [IdentityChange(old=old, new=identity, at=at) for identity in new if identity != old]


def _read_preference(item: WireDict, context: _Context) -> ParsedEvent:
    person = context.people.sender(as_text(item.get("wa_id")), as_text(item.get("user_id")))
    at = as_time(item.get("timestamp"), context.received_at)
    return AccountNotice(kind=NoticeKind.MARKETING_PREFERENCE, payload=item, at=at, contact=person)


# --- statuses ---------------------------------------------------------------------------------------------------------


def _read_status(item: WireDict, context: _Context) -> ParsedEvent:
    status = as_text(item.get("status"))
    if status not in DeliveryStatus.values:
        raise _Unusable(f"unknown status {status[:40]!r}")
    return StatusUpdate(
        provider_message_id=_required(item, "id"),
        status=DeliveryStatus(status),
        at=as_time(item.get("timestamp"), context.received_at),
        error=_status_error(item, context) if status == DeliveryStatus.FAILED else None,
        tracker=as_text(item.get("biz_opaque_callback_data")),
        recipient=as_text(item.get("recipient_participant_id"))
        or as_text(item.get("recipient_participant_user_id"))
        or as_text(item.get("recipient_id"))
        or as_text(item.get("recipient_user_id")),
        pricing=as_dict(item.get("pricing")),
    )


def _status_error(item: WireDict, context: _Context) -> ProviderError:
    errors = list(dicts_in(item.get("errors"))) or context.errors
    return read_error(errors[0] if errors else {}).error
