"""What the inbox shows: the list, the thread, the lead; each costs a fixed number of queries."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, Q, QuerySet, TextChoices
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.accounts.models import User
from apps.accounts.queries import visible_users
from apps.accounts.types import UserStatus
from apps.conversations.models import Conversation, Message
from apps.conversations.queries import (
    get_conversation,
    is_open_to_agents,
    thread_page,
    visible_conversations,
    window_closes_at,
)
from apps.conversations.types import ConversationStatus, Handler
from apps.core.access import Actor
from apps.core.errors import NotFound
from apps.leads.models import Activity, Lead, LeadIdentity
from apps.leads.queries import recent_activities, search_leads
from apps.queues.models import AgentState, Queue
from apps.queues.queries import active_queues, agent_states

PAGE_SIZE = 30
THREAD_SIZE = 50
_S = ConversationStatus


class InboxFilter(TextChoices):
    """The tabs above the list."""

    MINE = "mine", _("Mine")
    WAITING = "waiting", _("Waiting")
    BOT = "bot", _("Sofía")
    OPEN = "open", _("All open")
    CLOSED = "closed", pgettext_lazy("tab", "Closed")


_CONDITIONS: dict[str, Q] = {
    InboxFilter.WAITING: Q(status__in=[_S.NEW, _S.QUEUED], assigned_agent__isnull=True),
    InboxFilter.BOT: Q(status=_S.BOT),
    InboxFilter.OPEN: ~Q(status=_S.CLOSED),
    InboxFilter.CLOSED: Q(status=_S.CLOSED),
}


@dataclass(frozen=True, kw_only=True)
class InboxPage:
    """Rows, newest first; `cursor` asks for those after them, empty at the end."""

    rows: Sequence[Conversation]
    cursor: str


def inbox_page(actor: Actor, *, tab: str, search: str = "", cursor: str = "") -> InboxPage:
    """One page of the list: two queries. A cursor that is not ours starts from the top."""
    rows = _matching(actor, tab, search).order_by("-last_message_at", "-id")
    after = _read_cursor(cursor)
    if after is not None:
        rows = rows.filter(_is_below(*after))
    found = list(rows[: PAGE_SIZE + 1])
    has_more = len(found) > PAGE_SIZE
    return InboxPage(rows=found[:PAGE_SIZE], cursor=_write_cursor(found[PAGE_SIZE - 1]) if has_more else "")


def inbox_row(actor: Actor, conversation_id: int, *, tab: str, search: str = "") -> Conversation | None:
    """The row of one conversation if it belongs into this tab."""
    return _matching(actor, tab, search).filter(pk=conversation_id).first()


def inbox_counts(actor: Actor) -> dict[str, int]:
    """How many conversations wait, are mine and are with Sofía: one query over what is open."""
    rows = _visible(actor).filter(_CONDITIONS[InboxFilter.OPEN]).order_by()
    counted: dict[str, int] = rows.aggregate(
        mine=Count("pk", filter=Q(assigned_agent_id=actor.user_id)),
        waiting=Count("pk", filter=_CONDITIONS[InboxFilter.WAITING]),
        bot=Count("pk", filter=_CONDITIONS[InboxFilter.BOT]),
    )
    return counted


def _visible(actor: Actor) -> QuerySet[Conversation]:
    return visible_conversations(actor, is_open_to_agents=is_open_to_agents(actor))


def _matching(actor: Actor, tab: str, search: str) -> QuerySet[Conversation]:
    condition = _CONDITIONS.get(tab, Q(assigned_agent_id=actor.user_id) & ~Q(status=_S.CLOSED))
    rows = _visible(actor).filter(condition)
    if search.strip():
        leads = search_leads(Lead.objects.all(), search)
        name = search.replace("\x00", " ").strip()[:80]
        rows = rows.filter(Q(lead__in=leads) | Q(identity__display_name__icontains=name))
    return rows


def _is_below(moment: datetime | None, row_id: int) -> Q:
    """After the cursor in the order of the list, where rows without a message stand first."""
    if moment is None:
        return Q(last_message_at__isnull=False) | Q(last_message_at__isnull=True, id__lt=row_id)
    return Q(last_message_at__lt=moment) | Q(last_message_at=moment, id__lt=row_id)


def _write_cursor(row: Conversation) -> str:
    moment = row.last_message_at.isoformat() if row.last_message_at else None
    return base64.urlsafe_b64encode(json.dumps([moment, row.pk]).encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[datetime | None, int] | None:
    if not cursor:
        return None
    try:
        moment, row_id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        return (parse_datetime(moment) if moment is not None else None), int(row_id)
    except (binascii.Error, ValueError, TypeError):
        return None


# ---- the thread


@dataclass(frozen=True, kw_only=True)
class ThreadLine:
    """A message, or a line about what happened. `key` sorts; `day` is set where a new day begins."""

    key: str
    anchor: str
    day: date | None
    is_first: bool
    message: Message | None = None
    activity: Activity | None = None
    agent_name: str = ""


@dataclass(frozen=True, kw_only=True)
class Thread:
    """Lines oldest first; before the message `older` there are more, None at the beginning."""

    conversation: Conversation
    lines: Sequence[ThreadLine]
    older: int | None


def thread(actor: Actor, conversation_id: int, *, before_id: int | None = None) -> Thread:
    """The newest messages, or those before one, with what happened between them.

    Raises NotFound.
    """
    conversation = get_conversation(actor, conversation_id)
    before = _message_of(conversation, before_id) if before_id is not None else None
    page = thread_page(actor, conversation_id, before=before, limit=THREAD_SIZE)
    older = page.messages[0].pk if page.has_more else None
    start = page.messages[0].sent_at if page.has_more else None
    activities = _activities_of(conversation, start=start, end=before.sent_at if before else None)
    return Thread(conversation=conversation, lines=_lines(page.messages, activities), older=older)


def thread_tail(actor: Actor, conversation_id: int, *, since_id: int | None) -> Thread:
    """The given message and everything after it, for a thread that is already on the screen.

    Raises NotFound.
    """
    conversation = get_conversation(actor, conversation_id)
    since = _message_of(conversation, since_id) if since_id is not None else None
    rows = conversation.messages.select_related("sender_user", "file").order_by("-sent_at", "-order", "-id")
    if since is not None:
        rows = rows.filter(sent_at__gte=since.sent_at)
    messages = list(rows[: THREAD_SIZE * 4])[::-1]
    earlier = _neighbour_before(conversation, messages[0]) if messages else None
    activities = _activities_of(conversation, start=messages[0].sent_at if messages else None, end=None)
    return Thread(conversation=conversation, lines=_lines(messages, activities, earlier=earlier), older=None)


def _message_of(conversation: Conversation, message_id: int) -> Message:
    message = conversation.messages.filter(pk=message_id).first()
    if message is None:
        raise NotFound(_("There is no such message."), field="message_id")
    return message


def _neighbour_before(conversation: Conversation, message: Message) -> Message | None:
    """What stands above the first line, so that its day and sender are not repeated."""
    rows = conversation.messages.order_by("-sent_at", "-order", "-id")
    return rows.filter(sent_at__lt=message.sent_at).first()


def _activities_of(conversation: Conversation, *, start: datetime | None, end: datetime | None) -> list[Activity]:
    rows = Activity.objects.filter(
        lead_id=conversation.lead_id,
        kind__in=["conversation_assigned", "conversation_queued", "conversation_closed", "stage_changed"],
        created_at__gte=start or conversation.created_at,
    ).filter(Q(details__conversation_id=conversation.pk) | Q(kind="stage_changed"))
    if end is not None:
        rows = rows.filter(created_at__lt=end)
    if conversation.closed_at is not None:
        rows = rows.filter(created_at__lte=conversation.closed_at)
    return list(rows.order_by("-id")[:100])


def _lines(
    messages: Sequence[Message], activities: Sequence[Activity], *, earlier: Message | None = None
) -> list[ThreadLine]:
    names = _names_of({activity.details.get("agent_id") for activity in activities})
    entries: list[tuple[str, datetime, Message | Activity]] = [
        (f"{_stamp(message.sent_at)}.{message.order:020d}.{message.pk:012d}", message.sent_at, message)
        for message in messages
    ]
    entries += [
        (f"{_stamp(activity.created_at)}.{'9' * 20}.{activity.pk:012d}", activity.created_at, activity)
        for activity in activities
    ]
    lines: list[ThreadLine] = []
    day = timezone.localdate(earlier.sent_at) if earlier else None
    sender = _sender_key(earlier) if earlier else None
    for key, moment, entry in sorted(entries, key=lambda item: item[0]):
        today = timezone.localdate(moment)
        is_message = isinstance(entry, Message)
        speaker = _sender_key(entry) if isinstance(entry, Message) else None
        lines.append(
            ThreadLine(
                key=key,
                anchor=f"m{entry.pk}" if is_message else f"a{entry.pk}",
                day=today if today != day else None,
                is_first=speaker != sender or today != day,
                message=entry if isinstance(entry, Message) else None,
                activity=entry if isinstance(entry, Activity) else None,
                agent_name=names.get(entry.details.get("agent_id"), "") if isinstance(entry, Activity) else "",
            )
        )
        day, sender = today, speaker
    return lines


def _stamp(moment: datetime) -> str:
    return f"{moment.timestamp():017.6f}"


def _sender_key(message: Message) -> tuple[str, str, int | None]:
    return message.direction, message.sender_type + message.status * (message.status == "note"), message.sender_user_id


def _names_of(user_ids: set[int | None]) -> dict[int | None, str]:
    wanted = [user_id for user_id in user_ids if user_id is not None]
    return {user.pk: user.name for user in User.objects.filter(pk__in=wanted)} if wanted else {}


# ---- what may be done, and the lead beside it


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What the actor can do with the conversation now; the actions themselves decide again."""

    conversation: Conversation
    is_mine: bool
    is_window_open: bool
    window_closes_at: datetime | None
    can_write: bool
    can_take: bool
    can_return: bool
    can_transfer: bool
    can_close: bool
    can_reopen: bool


def desk(actor: Actor, conversation: Conversation) -> Desk:
    """No query: everything comes from the conversation and the actor."""
    closes_at = window_closes_at(conversation)
    is_window_open = closes_at is None or closes_at > timezone.now()
    is_open, may_update = conversation.is_open, actor.can("chats.update")
    is_mine = conversation.assigned_agent_id == actor.user_id
    is_free = conversation.assigned_agent_id is None or actor.can("chats.assign")
    return Desk(
        conversation=conversation,
        is_mine=is_mine,
        is_window_open=is_window_open,
        window_closes_at=closes_at,
        can_write=is_open and actor.can("messages.create"),
        can_take=is_open and may_update and not is_mine and is_free,
        can_return=is_open and may_update and conversation.handler == Handler.AGENT,
        can_transfer=is_open and actor.can("chats.transfer"),
        can_close=is_open and actor.can("chats.close"),
        can_reopen=not is_open and may_update,
    )


@dataclass(frozen=True, kw_only=True)
class LeadPanel:
    """Everything shown about the person beside the thread."""

    lead: Lead
    identities: Sequence[LeadIdentity]
    activities: Sequence[Activity]
    others: Sequence[Conversation]


def lead_panel(actor: Actor, conversation: Conversation) -> LeadPanel:
    """Three queries. Whoever sees the conversation sees the person in it."""
    lead = conversation.lead
    others = _visible(actor).filter(lead=lead).exclude(pk=conversation.pk).order_by("-id")
    return LeadPanel(
        lead=lead,
        identities=list(lead.identities.order_by("id")),
        activities=recent_activities(lead.pk, limit=8),
        others=list(others[:5]),
    )


@dataclass(frozen=True, kw_only=True)
class TransferChoices:
    """To whom a conversation can go."""

    agents: Sequence[tuple[User, AgentState | None]]
    queues: Sequence[Queue]


def transfer_choices(actor: Actor, conversation: Conversation) -> TransferChoices:
    """The active people of the team with their presence, and the queues: three queries."""
    states = {state.user_id: state for state in agent_states()}
    team = visible_users(actor).filter(status=UserStatus.ACTIVE).order_by("first_name", "id")
    agents = [(user, states.get(user.pk)) for user in team if user.pk != conversation.assigned_agent_id]
    return TransferChoices(agents=agents, queues=list(active_queues()))
