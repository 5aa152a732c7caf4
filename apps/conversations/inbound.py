"""What comes in: a raw event becomes messages, each stored once whatever the provider repeats."""

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from apps.conversations.events import ConversationStarted, MessageAdded, MessageChanged, MessageReceived
from apps.conversations.models import Conversation, Message
from apps.conversations.preview import preview_of
from apps.conversations.state import change_state
from apps.conversations.statuses import apply_status
from apps.conversations.types import (
    OPEN_STATUSES,
    ConversationStatus,
    Direction,
    Handler,
    MessageStatus,
    SenderType,
)
from apps.core.access import Actor, system_actor
from apps.core.events import publish
from apps.core.tenancy import in_broker
from apps.core.work import schedule
from apps.leads.identities import Contact, channel_id, identify_lead, lock_contact, move_identity
from apps.leads.models import Lead, LeadIdentity
from apps.messaging import ledger
from apps.messaging.models import ChannelAccount, RawEvent
from apps.messaging.notices import keep_notice
from apps.messaging.providers import adapter_for
from apps.messaging.types import (
    AccountNotice,
    AccountRef,
    ContentType,
    IdentityChange,
    InboundMessage,
    ParsedEvent,
    Sender,
    StatusUpdate,
    Unreadable,
)

log = logging.getLogger(__name__)
HEARD_EVERY = timedelta(minutes=1)
MOST_HEARD = 10_000
_heard_at: dict[int, datetime] = {}
# Content that changes an earlier message instead of adding one.
_CHANGES = frozenset({ContentType.REACTION, ContentType.EDIT, ContentType.REVOKE})


def receive_waiting_events(*, limit: int = 8) -> int:
    """Process the waiting raw events that nobody else holds; returns how many. Safe to call at any time, from anywhere.

    Few at a time, so that the other processes share what came at once.
    """
    events = ledger.claim_waiting(limit=limit)
    done: list[int] = []
    try:
        for event in events:
            if receive_event(event):
                done.append(event.pk)
    finally:
        ledger.mark_processed(done)
    return len(events)


def receive_event(event: RawEvent) -> bool:
    """Turn one raw event into what it says; one bad item does not hold up the others.

    Returns whether all of it is stored, for the caller to mark; what is not is marked as failed here.
    """
    account = event.account.ref()
    adapter = adapter_for(account.channel)
    items = adapter.parse(account, bytes(event.body), received_at=event.received_at)
    problems = [item.reason for item in items if isinstance(item, Unreadable)]
    is_final = True
    with in_broker(account.broker_id):
        for item in items:
            try:
                _receive_item_surely(account, item)
            except (OperationalError, InterfaceError) as error:
                problems.append(f"{type(error).__name__}: {error}")
                is_final = False
            except Exception as error:  # the item is kept as failed, visible and replayable
                log.exception("an item of a raw event failed", extra={"raw_event": event.pk})
                problems.append(f"{type(error).__name__}: {error}")
    if not items:
        problems.append("the body holds nothing that could be read")
    if problems:
        ledger.mark_failed(event, "\n".join(problems), is_final=is_final)
    return not problems


def _receive_item_surely(account: AccountRef, item: ParsedEvent) -> None:
    """Once more where another transaction made the same row, or merged the person, at the same moment."""
    try:
        _receive_item(account, item)
    except IntegrityError:
        _receive_item(account, item)


def _receive_item(account: AccountRef, item: ParsedEvent) -> None:
    match item:
        case InboundMessage():
            receive_message(account, item)
        case StatusUpdate():
            apply_status(account, item)
        case IdentityChange():
            actor = system_actor(account.broker_id, name=str(account.channel.label))
            move_identity(
                actor=actor,
                old=channel_id(item.old.kind, item.old.value, account_key=account.external_id),
                new=channel_id(item.new.kind, item.new.value, account_key=account.external_id),
            )
        case AccountNotice():
            keep_notice(account, item)
        case Unreadable():
            return


@transaction.atomic
def receive_message(account: AccountRef, inbound: InboundMessage) -> Message | None:
    """Store one message of a customer (or an echo of ours) with its lead and conversation; None where nothing is new.

    Ten parallel calls for a new person make one lead and one conversation: the person's ids are locked.
    """
    actor = Actor(
        kind="customer" if not inbound.is_echo else "integration",
        broker_id=account.broker_id,
        name=inbound.sender.name or inbound.sender.address,
        permissions=frozenset({"*"}),
    )
    contact = _contact_of(account, inbound.sender)
    lock_contact(account.broker_id, contact)
    if Message.objects.filter(account_id=account.id, provider_message_id=inbound.provider_message_id).exists():
        return None
    lead, identity = identify_lead(
        actor=actor, contact=contact, source=account.channel.value, referral=inbound.referral
    )
    if inbound.type in _CHANGES:
        _apply_change(actor, account, inbound)
        return None
    conversation = _open_conversation(actor, account, inbound, lead, identity)
    message = _store(account, _in_words(inbound, conversation), conversation)
    if inbound.is_echo:
        _note_echo(actor, conversation, message)
    else:
        _note_inbound(actor, conversation, message, lead)
    if inbound.media is not None:
        schedule(
            "conversations.fetch_media",
            {"message_id": message.pk},
            broker_id=account.broker_id,
            key=f"{account.broker_id}:{message.pk}",
        )
    if inbound.callback_id:
        schedule(
            "conversations.answer_tap",
            {"account_id": account.id, "callback_id": inbound.callback_id},
            broker_id=account.broker_id,
        )
    return message


def _contact_of(account: AccountRef, sender: Sender) -> Contact:
    """The sender's ids, the one that wrote first."""
    ordered = sorted(sender.ids, key=lambda one: one.value != sender.address)
    return Contact(
        ids=tuple(channel_id(one.kind, one.value, account_key=account.external_id) for one in ordered),
        phone=sender.phone,
        name=sender.name,
        username=sender.username,
        language=sender.language,
    )


def _open_conversation(
    actor: Actor, account: AccountRef, inbound: InboundMessage, lead: Lead, identity: LeadIdentity
) -> Conversation:
    """The lead's open conversation on this account, or a new one."""
    conversation = (
        Conversation.objects.select_for_update(of=("self",))
        .filter(lead=lead, account_id=account.id, status__in=OPEN_STATUSES)
        .first()
    )
    if conversation is not None:
        if conversation.address != inbound.sender.address:
            conversation.address, conversation.address_kind = inbound.sender.address, identity.kind
            conversation.identity = identity
            conversation.save(update_fields=["address", "address_kind", "identity"])
        return conversation
    conversation = Conversation.objects.create(
        lead=lead,
        identity=identity,
        account_id=account.id,
        address=inbound.sender.address,
        address_kind=identity.kind,
        channel=account.channel,
    )
    publish(
        ConversationStarted(
            broker_id=account.broker_id,
            actor=actor,
            conversation_id=conversation.pk,
            lead_id=lead.pk,
            channel=account.channel.value,
        )
    )
    return conversation


def _in_words(inbound: InboundMessage, conversation: Conversation) -> InboundMessage:
    """A choice that came as a bare id gets the words of the button or row that we sent.

    Telegram leaves the keyboard out of a tap on an older message.
    https://core.telegram.org/bots/api#inaccessiblemessage
    """
    chosen = inbound.reply
    if chosen is None or chosen["title"] != chosen["id"]:
        return inbound
    offers = Message.objects.filter(
        conversation__lead_id=conversation.lead_id,
        direction=Direction.OUT,
        type__in=(ContentType.BUTTONS, ContentType.LIST),
    ).order_by("-id")
    shown = offers.filter(account_id=conversation.account_id, provider_message_id=inbound.reply_to).first()
    title = _title_in(shown or offers.first(), chosen["id"])
    return replace(inbound, text=title, reply={**chosen, "title": title}) if title else inbound


def _title_in(offer: Message | None, chosen_id: str) -> str:
    if offer is None:
        return ""
    rows = [row for section in offer.payload.get("sections", []) for row in section.get("rows", [])]
    choices = [*offer.payload.get("buttons", []), *rows]
    return next((str(choice["title"]) for choice in choices if choice.get("id") == chosen_id), "")


def _store(account: AccountRef, inbound: InboundMessage, conversation: Conversation) -> Message:
    return Message.objects.create(
        conversation=conversation,
        account_id=account.id,
        direction=Direction.OUT if inbound.is_echo else Direction.IN,
        type=inbound.type,
        sender_type=SenderType.AGENT if inbound.is_echo else SenderType.CUSTOMER,
        text=inbound.text,
        payload=_payload_of(inbound),
        provider_message_id=inbound.provider_message_id,
        client_id=inbound.extra.get("client_id"),
        reply_to_provider_id=inbound.reply_to,
        sent_at=inbound.sent_at,
        order=inbound.order,
        status=MessageStatus.SENT if inbound.is_echo else MessageStatus.RECEIVED,
        # What is said in a group is shown, and left to people: an answer of Sofía would go to one of many.
        handled_at=timezone.now() if inbound.group_id else None,
    )


def _payload_of(inbound: InboundMessage) -> dict[str, object]:
    """What the thread shows beside the text; absent keys are left out."""
    media = inbound.media
    parts: dict[str, object] = {
        "media": {
            "provider_id": media.provider_id,
            "mime_type": media.mime_type,
            "filename": media.filename,
            "sha256": media.sha256,
            "size": media.size,
            "url": media.url,
            "voice": media.voice,
            "animated": media.animated,
        }
        if media
        else None,
        "location": inbound.location,
        "contacts": list(inbound.contacts) or None,
        "reply": inbound.reply,
        "referral": dict(inbound.referral) if inbound.referral else None,
        "forwarded": inbound.forwarded or None,
        "group_id": inbound.group_id or None,
        "callback_id": inbound.callback_id or None,
        "extra": inbound.extra or None,
    }
    return {name: value for name, value in parts.items() if value is not None}


def _note_inbound(actor: Actor, conversation: Conversation, message: Message, lead: Lead) -> None:
    is_latest = conversation.last_message_at is None or message.sent_at >= conversation.last_message_at
    changes: dict[str, object] = {
        "unread_count": F("unread_count") + 1,
        "last_message_at": Greatest(Coalesce(F("last_message_at"), Value(message.sent_at)), Value(message.sent_at)),
        "last_inbound_at": Greatest(Coalesce(F("last_inbound_at"), Value(message.sent_at)), Value(message.sent_at)),
    }
    if is_latest:
        changes |= {"last_message_preview": preview_of(message), "last_message_direction": Direction.IN}
    Conversation.objects.filter(pk=conversation.pk).update(**changes)
    Lead.objects.filter(pk=lead.pk).update(last_inbound_at=timezone.now(), inbound_count=F("inbound_count") + 1)
    _note_account_is_heard(conversation.account_id)
    publish(
        MessageReceived(
            broker_id=actor.broker_id,
            actor=actor,
            conversation_id=conversation.pk,
            lead_id=lead.pk,
            message_id=message.pk,
        )
    )


def _note_account_is_heard(account_id: int) -> None:
    """When the account last heard a customer, to the minute; a process that wrote it a minute ago does not ask."""
    now = timezone.now()
    if _heard_at.get(account_id, now - HEARD_EVERY) > now - HEARD_EVERY:
        return
    stale = Q(last_inbound_at=None) | Q(last_inbound_at__lt=now - HEARD_EVERY)
    ChannelAccount.objects.filter(stale, pk=account_id).update(last_inbound_at=now)
    if len(_heard_at) > MOST_HEARD:
        _heard_at.clear()
    _heard_at[account_id] = now


def _note_echo(actor: Actor, conversation: Conversation, message: Message) -> None:
    """Somebody of ours typed on the phone: the bot steps back, as for any agent's message."""
    Conversation.objects.filter(pk=conversation.pk).update(
        last_message_at=message.sent_at,
        last_message_preview=preview_of(message),
        last_message_direction=Direction.OUT,
        unread_count=0,
    )
    conversation.refresh_from_db()
    if conversation.handler != Handler.AGENT:
        change_state(
            conversation,
            actor=actor,
            status=ConversationStatus.ACTIVE,
            handler=Handler.AGENT,
            reason="typed_on_phone",
        )
    publish(
        MessageAdded(
            broker_id=actor.broker_id,
            actor=actor,
            conversation_id=conversation.pk,
            lead_id=conversation.lead_id,
            message_id=message.pk,
        )
    )


def _apply_change(actor: Actor, account: AccountRef, inbound: InboundMessage) -> None:
    """A reaction, an edit or a deletion of an earlier message; an unknown target changes nothing."""
    target_id = inbound.reaction["message_id"] if inbound.reaction else inbound.target_id
    target = (
        Message.objects.select_for_update(of=("self",))
        .select_related("conversation")
        .filter(account_id=account.id, provider_message_id=target_id)
        .first()
    )
    if target is None:
        return
    if inbound.type == ContentType.REACTION:
        who = inbound.sender.address
        reactions = dict(target.payload.get("reactions", {}))
        emoji = str((inbound.reaction or {}).get("emoji", ""))
        reactions = {**reactions, who: emoji} if emoji else {k: v for k, v in reactions.items() if k != who}
        target.payload = {**target.payload, "reactions": reactions}
    elif inbound.type == ContentType.EDIT:
        earlier = [*target.payload.get("earlier_texts", []), target.text]
        target.payload = {**target.payload, "earlier_texts": earlier[-20:]}
        target.text, target.edited_at = inbound.text, inbound.sent_at
    else:
        target.is_deleted = True
    target.save(update_fields=["payload", "text", "edited_at", "is_deleted"])
    publish(
        MessageChanged(
            broker_id=account.broker_id,
            actor=actor,
            conversation_id=target.conversation_id,
            lead_id=target.conversation.lead_id,
            message_id=target.pk,
            change=inbound.type.value,
        )
    )


def unhandled_messages(conversation_id: int) -> QuerySet[Message]:
    """Inbound messages that reception has not dealt with, in the provider's order."""
    return Message.objects.filter(
        conversation_id=conversation_id, direction=Direction.IN, handled_at__isnull=True
    ).order_by("sent_at", "order", "id")
