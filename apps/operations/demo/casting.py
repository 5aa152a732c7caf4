"""Which person has which conversation: states, channels, agents and times of the whole inbox."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from apps.accounts.models import User
from apps.conversations.types import CloseReason, ConversationStatus, Priority
from apps.leads.types import Stage
from apps.messaging.models import ChannelAccount
from apps.operations.demo import dialogues
from apps.operations.demo.dialogues import Script
from apps.operations.demo.pipeline import Person
from apps.operations.demo.threads import Thread
from apps.queues.models import Queue

_S = ConversationStatus
_ZONE = ZoneInfo("America/Santiago")
_WRITTEN_BY_HOUR = (4, 7, 9, 9, 7, 5, 6, 8, 9, 9, 7, 5, 3)  # from nine in the morning to nine at night
_EARLY = frozenset({Stage.ENTRADA, Stage.PERFILAMIENTO})
_MIDDLE = frozenset({Stage.PERFILAMIENTO, Stage.CALIFICACION_FINANCIERA, Stage.AGENDADO, Stage.SEGUIMIENTO})
_LATE = frozenset(Stage) - {Stage.ENTRADA}
ScriptOf = Callable[[random.Random, Person, str], Script]


@dataclass(frozen=True, kw_only=True)
class Team:
    """Who answers and where things come in."""

    sales: Queue
    rents: Queue
    sellers: Sequence[User]
    renters: Sequence[User]
    accounts: Mapping[str, ChannelAccount]


@dataclass(frozen=True, kw_only=True)
class _Part:
    """`amount` conversations of one kind; `oldest` and `newest` are hours ago."""

    amount: int
    status: ConversationStatus
    stages: frozenset[Stage]
    script: ScriptOf
    newest: float
    oldest: float
    has_agent: bool = False
    is_queued: bool = False
    close_reason: str = ""
    unread: tuple[int, ...] = (0,)
    priority: str = Priority.NORMAL


_PARTS = (
    _Part(
        amount=3, status=_S.NEW, stages=frozenset({Stage.ENTRADA}), newest=0.02, oldest=0.3, unread=(1,),
        script=lambda rng, person, _agent: dialogues.just_arrived(rng, person.profile),
    ),
    _Part(
        amount=17, status=_S.BOT, stages=_EARLY, newest=0.05, oldest=20, unread=(0, 0, 1),
        script=lambda rng, person, _agent: dialogues.with_sofia(rng, person.profile),
    ),
    _Part(
        amount=7, status=_S.QUEUED, stages=_MIDDLE, newest=0.05, oldest=1.5, unread=(1, 1, 2), is_queued=True,
        script=lambda rng, person, _agent: dialogues.handed_over(rng, person.profile),
    ),
    _Part(
        amount=1, status=_S.QUEUED, stages=_EARLY, newest=0.1, oldest=0.4, unread=(3,), is_queued=True,
        priority=Priority.URGENT, script=lambda _rng, person, _agent: dialogues.angry(person.profile),
    ),
    _Part(
        amount=7, status=_S.ASSIGNED, stages=_MIDDLE, newest=0.1, oldest=3, unread=(1, 2), is_queued=True,
        has_agent=True, script=lambda rng, person, _agent: dialogues.handed_over(rng, person.profile),
    ),
    _Part(
        amount=12, status=_S.ACTIVE, stages=_LATE, newest=0.05, oldest=9, unread=(1, 1, 2), is_queued=True,
        has_agent=True, priority=Priority.HIGH,
        script=lambda rng, person, agent: dialogues.with_agent(rng, person.profile, agent, is_waiting=True),
    ),
    _Part(
        amount=11, status=_S.ACTIVE, stages=_LATE, newest=0.2, oldest=22, is_queued=True, has_agent=True,
        script=lambda rng, person, agent: dialogues.with_agent(rng, person.profile, agent, is_waiting=False),
    ),
    _Part(
        amount=10, status=_S.PENDING, stages=_LATE, newest=8, oldest=70, is_queued=True, has_agent=True,
        script=lambda rng, person, agent: dialogues.promised(rng, person.profile, agent),
    ),
    _Part(
        amount=39, status=_S.CLOSED, stages=_LATE, newest=10, oldest=24 * 80, is_queued=True, has_agent=True,
        close_reason=CloseReason.RESOLVED,
        script=lambda rng, person, agent: dialogues.closed_well(rng, person.profile, agent),
    ),
    _Part(
        amount=9, status=_S.CLOSED, stages=frozenset({Stage.PERFILAMIENTO, Stage.PERDIDO}), newest=20, oldest=24 * 75,
        close_reason=CloseReason.NO_ANSWER,
        script=lambda rng, person, _agent: dialogues.closed_by_sofia(rng, person.profile),
    ),
    _Part(
        amount=2, status=_S.CLOSED, stages=frozenset({Stage.ENTRADA}), newest=30, oldest=24 * 60,
        close_reason=CloseReason.OPTED_OUT, script=lambda _rng, _person, _agent: dialogues.opted_out(),
    ),
)  # fmt: skip


def cast_threads(
    rng: random.Random, people: Sequence[Person], team: Team, *, now: datetime, scale: float = 1
) -> list[Thread]:
    """The inbox. Nobody writes before they came; who came long ago may have written again."""
    free = list(people)
    threads: list[Thread] = []
    for part in _PARTS:
        for _each in range(max(1, round(part.amount * scale)) if scale < 1 else part.amount):
            person = _take(free, part, now)
            if person is not None:
                threads.append(_thread(rng, part, person, team, now))
    return threads


def _take(free: list[Person], part: _Part, now: datetime) -> Person | None:
    """The newest free person who fits; people of `oldest` hours may be older than their conversation, not younger."""
    latest = now - timedelta(hours=part.newest)
    for position in range(len(free) - 1, -1, -1):
        person = free[position]
        if person.profile.stage in part.stages and person.profile.created_at < latest:
            return free.pop(position)
    return None


def _thread(rng: random.Random, part: _Part, person: Person, team: Team, now: datetime) -> Thread:
    is_rent = person.profile.wishes.purpose == "rent"
    agent = _agent(rng, person, team.renters if is_rent else team.sellers) if part.has_agent else None
    script = part.script(rng, person, agent.first_name if agent else "")
    customers = sum(line.who == "customer" for line in script.lines)
    return Thread(
        person=person,
        script=script,
        status=part.status,
        ended_at=_end(rng, part, person, script, now),
        account=team.accounts.get(person.profile.channel) or next(iter(team.accounts.values())),
        agent=agent,
        queue=(team.rents if is_rent else team.sales) if part.is_queued else None,
        priority=part.priority if part.priority != Priority.HIGH or rng.random() < 0.3 else Priority.NORMAL,
        close_reason=part.close_reason,
        unread=min(rng.choice(part.unread), customers),
    )


def _agent(rng: random.Random, person: Person, agents: Sequence[User]) -> User:
    """The agent of the lead goes on; a lead without one gets theirs with the conversation."""
    if person.agent is not None and person.agent in agents:
        return person.agent
    agent = rng.choice(agents)
    person.lead.assigned_agent = agent
    return agent


def _by_day(rng: random.Random, moment: datetime, now: datetime) -> datetime:
    """People write by day; what was said in the last hours stays where it is, whatever the hour of the first start."""
    if now - moment < timedelta(hours=20):
        return moment
    local = timezone.localtime(moment, _ZONE)
    return local.replace(hour=rng.choices(range(9, 22), _WRITTEN_BY_HOUR)[0], minute=rng.randrange(60))


def _end(rng: random.Random, part: _Part, person: Person, script: Script, now: datetime) -> datetime:
    """Within the part's hours, and late enough for all of it to be said after the person came."""
    said_in = timedelta(seconds=sum(line.pause for line in script.lines[1:]))
    wished = _by_day(rng, now - timedelta(hours=rng.uniform(part.newest, part.oldest)), now)
    earliest = person.profile.created_at + said_in + timedelta(minutes=1)
    return min(max(wished, earliest), now - timedelta(seconds=rng.uniform(20, 90)))
