"""What the page of one lead shows; a fixed number of queries, however much happened."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Final

from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.types import UserStatus
from apps.conversations.models import Conversation, Message
from apps.conversations.queries import is_open_to_agents, visible_conversations
from apps.core.access import Actor
from apps.dashboard.lead_columns import Column, all_columns, custom_names, detail_columns
from apps.leads.models import Activity, IngestRecord, Lead, LeadIdentity
from apps.leads.queries import get_lead
from apps.leads.scoring.explaining import ExplainedPart, explain
from apps.leads.timeline import TimelinePage, Words, timeline_page
from apps.leads.types import Stage

MOST_CONVERSATIONS: Final = 20
MOST_FILES: Final = 24
MOST_RECORDS: Final = 5


@dataclass(frozen=True, kw_only=True)
class Step:
    """One stage of the stepper. `is_past`: before the lead's own."""

    stage: str
    label: str
    is_current: bool
    is_past: bool


@dataclass(frozen=True, kw_only=True)
class Day:
    """What happened on one day, newest first."""

    day: date
    activities: Sequence[Activity]


@dataclass(frozen=True, kw_only=True)
class Story:
    """A page of the timeline, day by day."""

    days: Sequence[Day]
    words: Words
    older: int | None
    kind: str


@dataclass(frozen=True, kw_only=True)
class LeadView:
    """Everything on the page of a lead."""

    lead: Lead
    columns: dict[str, Column]
    details: Sequence[Column]
    own_fields: frozenset[str]
    steps: Sequence[Step]
    score_parts: Sequence[ExplainedPart]
    identities: Sequence[LeadIdentity]
    conversations: Sequence[Conversation]
    files: Sequence[Message]
    records: Sequence[IngestRecord]
    story: Story

    @property
    def open_conversation(self) -> Conversation | None:
        """Where one writes to the person: an open conversation, else the last one."""
        return next((row for row in self.conversations if row.is_open), next(iter(self.conversations), None))


def lead_view(actor: Actor, lead_id: int, *, kind: str = "", down_to_id: int | None = None) -> LeadView:
    """The lead with all around it; the timeline down to an activity that is on the screen already, or its first page.

    Raises NotFound for a lead out of the actor's sight.
    """
    lead = get_lead(actor, lead_id)
    columns = all_columns()
    details = detail_columns(columns)
    conversations = _conversations_of(actor, lead)
    return LeadView(
        lead=lead,
        columns=columns,
        details=details,
        own_fields=custom_names(details),
        steps=steps_of(lead),
        score_parts=explain(lead),
        identities=list(lead.identities.order_by("id")),
        conversations=conversations,
        files=_files_in(conversations),
        records=list(IngestRecord.objects.filter(lead=lead).order_by("-id")[:MOST_RECORDS]),
        story=story_of(actor, lead_id, kind=kind, down_to_id=down_to_id),
    )


def story_of(
    actor: Actor, lead_id: int, *, kind: str = "", before_id: int | None = None, down_to_id: int | None = None
) -> Story:
    """A page of the timeline, day by day in the broker's time.

    Raises NotFound for a lead out of the actor's sight.
    """
    page: TimelinePage = timeline_page(actor, lead_id, kind=kind, before_id=before_id, down_to_id=down_to_id)
    by_day = groupby(page.activities, key=lambda activity: _day_of(activity.created_at))
    days = [Day(day=day, activities=list(activities)) for day, activities in by_day]
    return Story(days=days, words=page.words, older=page.older, kind=kind)


def steps_of(lead: Lead) -> list[Step]:
    """The stages in order, with where the lead stands."""
    order = list(Stage.values)
    at = order.index(lead.stage) if lead.stage in order else -1
    return [
        Step(stage=stage, label=str(Stage(stage).label), is_current=number == at, is_past=number < at)
        for number, stage in enumerate(order)
    ]


def team_of(actor: Actor) -> list[User]:
    """Whom a lead can be given to."""
    people = User.objects.filter(broker_id=actor.broker_id, status=UserStatus.ACTIVE)
    return list(people.order_by("first_name", "id"))


def _day_of(moment: datetime) -> date:
    return timezone.localdate(moment)


def _conversations_of(actor: Actor, lead: Lead) -> list[Conversation]:
    rows = visible_conversations(actor, is_open_to_agents=is_open_to_agents(actor)).filter(lead=lead)
    return list(rows.order_by("-last_message_at", "-id")[:MOST_CONVERSATIONS])


def _files_in(conversations: Sequence[Conversation]) -> list[Message]:
    """The newest messages with a file, of the conversations that the actor may read."""
    rows = Message.objects.filter(conversation__in=[row.pk for row in conversations], file__isnull=False)
    return list(rows.select_related("file").order_by("-sent_at", "-id")[:MOST_FILES])
