"""What merging two people means for their threads: one lead has one open conversation on a channel account.

Where both have one, the older rests, closed; what the customer wrote there and nobody answered goes on in the other.
The note in the closed one keeps what it takes to open it again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Max, QuerySet
from django.utils.translation import gettext as _

from apps.conversations.events import ConversationChanged, UnansweredMoved
from apps.conversations.models import Conversation, Message
from apps.conversations.outbound import add_note
from apps.conversations.state import change_state
from apps.conversations.types import OPEN_STATUSES, CloseReason, ConversationStatus, Direction, MessageStatus
from apps.core.access import Actor
from apps.core.events import publish, subscribe
from apps.leads.events import LeadMergeBegan, LeadMergeUndone, LeadsMerged

REASON = "lead_merged"
_PARTED = "lead_merge_undone"


@subscribe(LeadMergeBegan)
def make_room(event: LeadMergeBegan) -> None:
    """Before the rows move: of two open conversations on one account, one stays open."""
    open_ones = Conversation.objects.select_for_update(of=("self",)).select_related("lead")
    rows = open_ones.filter(lead_id__in=[event.lead_id, event.absorbed_id], status__in=OPEN_STATUSES).order_by("pk")
    by_account: dict[int, list[Conversation]] = {}
    for conversation in rows:
        by_account.setdefault(conversation.account_id, []).append(conversation)
    for both in by_account.values():
        if len(both) == 2:
            rests, goes_on = sorted(both, key=_urgency)
            _close(event.actor, rests, goes_on, event.merge_id)


@subscribe(LeadsMerged)
def tell_moved(event: LeadsMerged) -> None:
    """Open conversations have another person in them now: lists and panes that show them look again."""
    _tell(event.actor, Conversation.objects.filter(lead_id=event.lead_id, status__in=OPEN_STATUSES), REASON)


@subscribe(LeadMergeUndone)
def part_again(event: LeadMergeUndone) -> None:
    """After the rows went back: what came in meanwhile under the other's ids follows, and what was closed opens."""
    both = [event.lead_id, event.restored_id]
    _follow_identities(event.lead_id, event.restored_id)
    for note in Message.objects.filter(conversation__lead_id__in=both, payload__merge__merge_id=event.merge_id):
        _open_again(event.actor, note)
    _tell(event.actor, Conversation.objects.filter(lead_id__in=both, status__in=OPEN_STATUSES), _PARTED)


@dataclass(frozen=True, kw_only=True)
class _Rest:
    """What the note of a closed conversation remembers."""

    merge_id: int
    goes_on_id: int
    message_ids: tuple[int, ...]
    status: str
    handler: str
    unread_count: int

    def to_payload(self) -> dict[str, Any]:
        return {"merge": {**self.__dict__, "message_ids": list(self.message_ids)}}


def _urgency(conversation: Conversation) -> tuple[bool, bool, Any]:
    """What an agent attends goes on before what nobody does; then the one that was written in last."""
    at = conversation.last_message_at
    return conversation.assigned_agent_id is not None, at is not None, at or conversation.created_at


def _close(actor: Actor, rests: Conversation, goes_on: Conversation, merge_id: int) -> None:
    moved = _move_unanswered(rests, goes_on)
    kept = _Rest(
        merge_id=merge_id,
        goes_on_id=goes_on.pk,
        message_ids=moved,
        status=rests.status,
        handler=rests.handler,
        unread_count=rests.unread_count,
    )
    note = add_note(rests, _("Both leads are one person now: their other conversation goes on."), actor=actor)
    note.payload = {**note.payload, **kept.to_payload()}
    note.save(update_fields=["payload"])
    change_state(
        rests,
        actor=actor,
        status=ConversationStatus.CLOSED,
        reason=REASON,
        extra={"close_reason": CloseReason.DUPLICATE, "close_notes": "", "unread_count": 0},
    )
    if moved:
        publish(
            UnansweredMoved(broker_id=actor.broker_id, actor=actor, conversation_id=goes_on.pk, lead_id=goes_on.lead_id)
        )


def _move_unanswered(rests: Conversation, goes_on: Conversation) -> tuple[int, ...]:
    """What the customer wrote after our last word."""
    rows = Message.objects.filter(conversation=rests)
    ours = rows.filter(direction=Direction.OUT).exclude(status=MessageStatus.NOTE)
    last = ours.aggregate(last=Max("sent_at"))["last"]
    unanswered = rows.filter(direction=Direction.IN)
    if last is not None:
        unanswered = unanswered.filter(sent_at__gt=last)
    taken = Message.objects.filter(conversation=goes_on, client_id__isnull=False).values("client_id")
    ids = tuple(unanswered.exclude(client_id__in=taken).values_list("pk", flat=True))
    if ids:
        Message.objects.filter(pk__in=ids).update(conversation=goes_on)
        Conversation.objects.filter(pk=goes_on.pk).update(unread_count=F("unread_count") + len(ids))
    return ids


def _follow_identities(kept_id: int, restored_id: int) -> None:
    """Conversations that began after the merge belong to whose id they were held with."""
    theirs = Conversation.objects.filter(lead_id=kept_id, identity__lead_id=restored_id)
    taken = Conversation.objects.filter(lead_id=restored_id, status__in=OPEN_STATUSES).values("account_id")
    theirs.exclude(status__in=OPEN_STATUSES, account_id__in=taken).update(lead_id=restored_id)


def _open_again(actor: Actor, note: Message) -> None:
    kept = note.payload["merge"]
    closed = Conversation.objects.select_for_update(of=("self",)).select_related("lead").get(pk=note.conversation_id)
    _move_back(kept["message_ids"], from_id=kept["goes_on_id"], to_id=closed.pk)
    others = Conversation.objects.filter(lead_id=closed.lead_id, account_id=closed.account_id, status__in=OPEN_STATUSES)
    if closed.is_open or closed.close_reason != CloseReason.DUPLICATE or others.exists():
        return
    Conversation.objects.filter(pk=closed.pk).update(
        status=kept["status"],
        handler=kept["handler"],
        closed_at=None,
        close_reason="",
        unread_count=kept["unread_count"],
    )
    if kept["message_ids"]:
        publish(
            UnansweredMoved(broker_id=actor.broker_id, actor=actor, conversation_id=closed.pk, lead_id=closed.lead_id)
        )


def _move_back(message_ids: Sequence[int], *, from_id: int, to_id: int) -> None:
    moved = Message.objects.filter(pk__in=message_ids, conversation_id=from_id).update(conversation_id=to_id)
    for conversation in Conversation.objects.select_for_update(of=("self",)).filter(pk=from_id) if moved else ():
        conversation.unread_count = max(0, conversation.unread_count - moved)
        conversation.save(update_fields=["unread_count"])


def _tell(actor: Actor, conversations: QuerySet[Conversation], reason: str) -> None:
    for conversation in conversations:
        publish(
            ConversationChanged(
                broker_id=actor.broker_id,
                actor=actor,
                conversation_id=conversation.pk,
                lead_id=conversation.lead_id,
                status=conversation.status,
                previous_status=conversation.status,
                handler=conversation.handler,
                agent_id=conversation.assigned_agent_id,
                previous_agent_id=conversation.assigned_agent_id,
                queue_id=conversation.queue_id,
                reason=reason,
            )
        )
