"""What a person's socket may ask about one thread; called inside the broker, on a thread."""

import uuid

from apps.conversations import actions
from apps.conversations.models import Conversation
from apps.conversations.queries import get_conversation
from apps.core.access import Actor
from apps.core.errors import NotFound
from apps.messaging.types import Channel
from apps.realtime.payloads import Json
from apps.realtime.rooms import rooms_of_conversation, visitor_room


def find_conversation(actor: Actor, named: object) -> Conversation:
    """The conversation by its number or its uuid, as the documents name it.

    Raises NotFound for anything else, and for one out of the actor's sight.
    """
    if isinstance(named, bool) or not isinstance(named, int | str):
        raise NotFound
    if isinstance(named, int) or named.isdecimal():
        number = int(named)
        if not 0 < number < 2**63:
            raise NotFound
        return get_conversation(actor, number)
    try:
        uid = uuid.UUID(named)
    except ValueError as error:
        raise NotFound from error
    found = Conversation.objects.filter(uid=uid).values_list("pk", flat=True).first()
    if found is None:
        raise NotFound
    return get_conversation(actor, found)


def read_conversation(actor: Actor, named: object) -> None:
    """Mark what the customer wrote as read. Raises NotFound."""
    actions.mark_read(actor=actor, conversation_id=find_conversation(actor, named).pk)


def typing_in(actor: Actor, named: object) -> tuple[Json, list[str], str]:
    """That the actor types: the payload, the rooms that see it, and the visitor's room or nothing.

    Raises NotFound.
    """
    conversation = find_conversation(actor, named)
    payload: Json = {
        "conversation_id": conversation.pk,
        "conversation_uid": str(conversation.uid),
        "lead_id": conversation.lead_id,
        "user": {"id": actor.user_id, "name": actor.name},
    }
    room = ""
    if conversation.channel == Channel.WEBCHAT:
        room = visitor_room(conversation.account_id, conversation.address)
    return payload, rooms_of_conversation(conversation), room


def typing_of_visitor(account_id: int, address: str) -> tuple[Json, list[str]] | None:
    """That a visitor types, for the team; None before they ever wrote."""
    conversation = (
        Conversation.objects.filter(account_id=account_id, address=address)
        .exclude(status="closed")
        .order_by("-pk")
        .first()
    )
    if conversation is None:
        return None
    payload: Json = {
        "conversation_id": conversation.pk,
        "conversation_uid": str(conversation.uid),
        "lead_id": conversation.lead_id,
        "user": None,
    }
    return payload, rooms_of_conversation(conversation)
