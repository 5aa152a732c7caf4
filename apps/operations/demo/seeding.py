"""Puts the demo together: two brokerages, their teams, people, conversations, costs and trail, in one transaction."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from django.apps import apps
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import override

from apps.accounts.actions import ensure_superadmin
from apps.accounts.actions.users import NewUser, create_user
from apps.accounts.models import User
from apps.accounts.passwords import PasswordRule
from apps.accounts.types import Role
from apps.assistant.models import LLMUsage
from apps.assistant.pricing import cost_of
from apps.brokers.actions import provision_broker
from apps.brokers.models import Broker, BrokerConfig, PromptVersion
from apps.core.access import system_actor
from apps.core.tenancy import in_broker, in_public
from apps.leads.models import StageChange
from apps.messaging.models import AccountStatus, ChannelAccount
from apps.messaging.types import Channel
from apps.operations.demo.casting import Team, cast_threads
from apps.operations.demo.logins import (
    CHAT_KEY,
    DEMO_PASSWORD,
    OTHER_CHAT_KEY,
    OTHER_TEAM,
    SUPERADMIN_EMAIL,
    TEAM,
)
from apps.operations.demo.logins import Person as Login
from apps.operations.demo.market import BIOBIO, COMUNAS
from apps.operations.demo.people import make_people
from apps.operations.demo.pipeline import date_leads, make_leads, score_leads
from apps.operations.demo.threads import Thread, mark_exceptions, store_threads
from apps.queues.models import AgentState, PresenceInterval, Queue, QueueMember
from apps.queues.types import PresenceState, Strategy

SEED = 2026
LEADS = 300
_WORKDAY = {"start": "09:00", "end": "19:00"}
_HOURS = {
    **{day: [_WORKDAY] for day in ("monday", "tuesday", "wednesday", "thursday", "friday")},
    "saturday": [{"start": "10:00", "end": "14:00"}],
}
_RENTERS = frozenset({"matias@demo.cl", "fernanda@demo.cl"})
_AWAY = {
    "joaquin@demo.cl": (PresenceState.PAUSED, "Almuerzo"),
    "fernanda@demo.cl": (PresenceState.OFFLINE, ""),
}
_IDENTITY = (
    "Eres Sofía, asistente de Inmobiliaria Los Andes, una corredora familiar con 18 años en Santiago. Tratas de tú, "
    "eres cálida y breve, y no prometes precios ni disponibilidad: eso lo confirma una persona del equipo."
)
_DEMO_NOTE = "Cuenta de demostración, sin credenciales: no envía ni recibe. Conecta tu propia cuenta en Canales."


def is_seeded() -> bool:
    """Whether this installation has a broker, also a deleted one: a demo is only for an empty one."""
    with in_public():
        return Broker.objects.exists()


@transaction.atomic
@override("es")
def seed(*, now: datetime | None = None) -> None:
    """Make the demo. It is the same each time but for its dates, which lead up to now, and it leaves no work behind."""
    now = now or timezone.now()
    with in_public():
        ensure_superadmin(email=SUPERADMIN_EMAIL, password=DEMO_PASSWORD)
    _seed_los_andes(random.Random(SEED), now)
    _seed_biobio(random.Random(SEED + 1), now)


def _seed_los_andes(rng: random.Random, now: datetime) -> None:
    broker = _broker("Inmobiliaria Los Andes")
    with in_broker(broker.pk):
        users = _users(broker, TEAM)
        team = _team(broker, users)
        people = make_people(rng, count=LEADS, comunas=COMUNAS, now=now)
        leads = make_leads(rng, people, sellers=team.sellers, renters=team.renters)
        threads = cast_threads(rng, leads, team, now=now)
        store_threads(rng, threads)
        mark_exceptions([thread for thread in threads if thread.status == "active"])
        date_leads()
        score_leads()
        _presence(rng, users, threads, now)
        _trail(users)
    _usage(rng, broker, threads)


def _seed_biobio(rng: random.Random, now: datetime) -> None:
    """A second, tiny one: what its people must not see of the first, and the first's of it."""
    broker = _broker("Propiedades Biobío")
    with in_broker(broker.pk):
        users = _users(broker, OTHER_TEAM)
        agents = [user for user in users if user.role == Role.AGENT]
        queue = _sales_queue()
        QueueMember.objects.bulk_create(QueueMember(queue=queue, user=user) for user in agents)
        accounts = {Channel.WEBCHAT.value: _web_chat(broker, OTHER_CHAT_KEY)}
        team = Team(sales=queue, rents=queue, sellers=agents, renters=agents, accounts=accounts)
        people = make_people(rng, count=14, comunas=BIOBIO, now=now)
        threads = cast_threads(rng, make_leads(rng, people, sellers=agents, renters=agents), team, now=now, scale=0.05)
        store_threads(rng, threads)
        date_leads()
        score_leads()
        _presence(rng, users, threads, now)


def _broker(name: str) -> Broker:
    broker = provision_broker(actor=system_actor(None, name="demo"), name=name, country="CL")
    BrokerConfig.objects.filter(broker=broker).update(identity=_IDENTITY.replace("Inmobiliaria Los Andes", name))
    PromptVersion.objects.filter(broker=broker).update(identity=_IDENTITY.replace("Inmobiliaria Los Andes", name))
    return broker


def _users(broker: Broker, team: Sequence[Login]) -> list[User]:
    actor = system_actor(broker.pk, name="demo")
    return [
        create_user(
            actor=actor,
            new=NewUser(
                email=person.email,
                password=DEMO_PASSWORD,
                first_name=person.first_name,
                last_name=person.last_name,
                role=person.role,
                language="es",
            ),
            rule=PasswordRule.STRONG,
        )
        for person in team
    ]


def _team(broker: Broker, users: Sequence[User]) -> Team:
    agents = [user for user in users if user.role == Role.AGENT]
    renters = [user for user in agents if user.email in _RENTERS]
    sellers = [user for user in agents if user.email not in _RENTERS]
    sales = _sales_queue()
    rents = Queue.objects.create(
        name="Arriendos",
        description="Personas que buscan arrendar",
        strategy=Strategy.ROUND_ROBIN,
        max_per_agent=12,
        sla_first_response_seconds=600,
        business_hours=_HOURS,
    )
    skills = {person.email: list(person.skills) for person in TEAM}
    supervisors = [user for user in users if user.role == Role.SUPERVISOR]
    QueueMember.objects.bulk_create(
        QueueMember(queue=queue, user=user, skills=skills[user.email], is_supervisor=user in supervisors)
        for queue, members in ((sales, sellers), (rents, renters))
        for user in (*members, *supervisors)
    )
    return Team(sales=sales, rents=rents, sellers=sellers, renters=renters, accounts=_accounts(broker))


def _sales_queue() -> Queue:
    """The one that every broker starts with."""
    queue = Queue.objects.get(is_default=True)
    queue.name, queue.description = "Ventas", "Compra e inversión"
    queue.max_per_agent, queue.sla_first_response_seconds, queue.sla_resolution_seconds = 12, 300, 14_400
    queue.business_hours = _HOURS
    queue.welcome_message = "¡Gracias por esperar! En un momento te atiende una persona del equipo."
    queue.save()
    return queue


def _accounts(broker: Broker) -> Mapping[str, ChannelAccount]:
    """The web chat that the broker has, and two accounts that are switched off: nothing can go out through them."""
    accounts = {Channel.WEBCHAT.value: _web_chat(broker, CHAT_KEY)}
    for channel, name, external_id, number in (
        (Channel.WHATSAPP_META, "WhatsApp Ventas (demostración)", "demo-whatsapp", "+56 9 0000 0000"),
        (Channel.TELEGRAM, "Telegram (demostración)", "demo-telegram", "@losandes_demo"),
    ):
        accounts[channel.value] = ChannelAccount.objects.create(
            broker=broker,
            channel=channel,
            name=name,
            external_id=external_id,
            display_number=number,
            status=AccountStatus.DISCONNECTED,
            status_detail=_DEMO_NOTE,
            is_active=False,
        )
    return accounts


def _web_chat(broker: Broker, key: str) -> ChannelAccount:
    """The one that every broker starts with, under a key that one can remember."""
    account = ChannelAccount.objects.get(broker=broker, channel=Channel.WEBCHAT)
    account.public_key = account.external_id = key
    account.name, account.settings = "Chat web", {**account.settings, "name": broker.name, "locale": "es"}
    account.save()
    return account


def _presence(rng: random.Random, users: Sequence[User], threads: Sequence[Thread], now: datetime) -> None:
    """Who is there. Everybody has as much as they take, so that what waits keeps waiting until somebody closes one."""
    load = Counter(thread.agent.pk for thread in threads if thread.agent is not None and thread.status != "closed")
    agents = [user for user in users if user.role == Role.AGENT]
    states, intervals = [], []
    for user in agents:
        presence, reason = _AWAY.get(user.email, (PresenceState.AVAILABLE, ""))
        since = now - timedelta(minutes=rng.randint(12, 190))
        states.append(
            AgentState(
                user=user,
                presence=presence,
                reason=reason,
                since=since,
                max_concurrent=max(1, load[user.pk]),
                last_assigned_at=now - timedelta(minutes=rng.randint(5, 90)),
                last_seen_at=since if presence == PresenceState.OFFLINE else now,
            )
        )
        intervals += _days_worked(rng, user, now, since)
        intervals.append(PresenceInterval(user=user, presence=presence, reason=reason, started_at=since))
    AgentState.objects.bulk_create(states)
    PresenceInterval.objects.bulk_create(intervals)


def _days_worked(rng: random.Random, user: User, now: datetime, until: datetime) -> list[PresenceInterval]:
    """Two weeks of mornings, lunches and afternoons."""
    made = []
    for days_ago in range(14, 0, -1):
        morning = (now - timedelta(days=days_ago)).replace(hour=12, minute=rng.randint(0, 25), second=0)
        if morning.weekday() == 6:
            continue
        lunch = morning + timedelta(hours=4, minutes=rng.randint(0, 40))
        back = lunch + timedelta(minutes=rng.randint(35, 70))
        evening = min(back + timedelta(hours=rng.uniform(3.5, 5)), until)
        for presence, reason, start, end in (
            (PresenceState.AVAILABLE, "", morning, lunch),
            (PresenceState.PAUSED, "Almuerzo", lunch, back),
            (PresenceState.AVAILABLE, "", back, evening),
        ):
            made.append(PresenceInterval(user=user, presence=presence, reason=reason, started_at=start, ended_at=end))
    return made


def _trail(users: Sequence[User]) -> None:
    """The pipeline's moves in the audit trail, as its listener tells them.

    The trail is a room beside this one, which may not import it; its table is reached through Django's registry.
    """
    entry = apps.get_model("audit", "AuditEntry")
    roles = {user.pk: user for user in users}
    entry.objects.bulk_create(
        entry(
            name="lead.stage_changed",
            object_type="lead",
            object_id=str(change.lead_id),
            before={"stage": change.from_stage},
            after={"stage": change.to_stage, "reason": change.reason},
            actor_kind=change.actor_kind,
            actor_user_id=change.actor_user_id,
            actor_name=roles[change.actor_user_id].name if change.actor_user_id else "Sofía",
            actor_role=roles[change.actor_user_id].role if change.actor_user_id else "",
            created_at=change.created_at,
        )
        for change in StageChange.objects.order_by("created_at")
    )


def _usage(rng: random.Random, broker: Broker, threads: Sequence[Thread]) -> None:
    """What Sofía's answers would have cost with a model; the demo's own answers are made up like the rest."""
    model = settings.OPENAI_MODEL
    rows = []
    for thread in threads:
        for message in thread.messages:
            if not message.is_ai:
                continue
            prompt, completion = rng.randint(900, 2600), rng.randint(25, 120)
            cost = cost_of(model, prompt, completion)
            rows.append(
                LLMUsage(
                    broker=broker,
                    lead_id=thread.person.lead.pk,
                    conversation_id=thread.row.pk,
                    model=model,
                    prompt_tokens=prompt,
                    completion_tokens=completion,
                    cached_tokens=rng.choice((0, 0, 512)),
                    cost_usd=Decimal(cost) if cost is not None else None,
                    duration_ms=rng.randint(600, 2900),
                    outcome="ok",
                    is_estimated=True,
                    created_at=message.sent_at,
                )
            )
    with in_public():
        LLMUsage.objects.bulk_create(rows)
