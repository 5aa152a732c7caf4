"""People become leads with a score, a history and a timeline."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models.functions import Coalesce, Greatest

from apps.accounts.models import User
from apps.core.access import system_actor
from apps.core.phones import match_key
from apps.core.tenancy import entered_broker_id
from apps.leads.models import Activity, Lead, StageChange
from apps.leads.scoring import ScoringRules, facts_of, rescore_many, score_of, status_of_score
from apps.leads.types import STAGE_ORDER, ContactStatus, LeadStatus, Stage
from apps.operations.demo.market import AGENT_REASONS, COMPANIES, LOST_REASONS, UF_IN_PESOS, WON_REASONS
from apps.operations.demo.people import Profile

_SOFIAS_STAGES = frozenset({Stage.PERFILAMIENTO, Stage.CALIFICACION_FINANCIERA})
_FINAL_STATUS = {Stage.GANADO: LeadStatus.CONVERTED, Stage.PERDIDO: LeadStatus.LOST}
_COMMISSION = Decimal("0.02")


@dataclass(frozen=True)
class Person:
    """A profile with its row and the agent who attends it."""

    profile: Profile
    lead: Lead
    agent: User | None


def make_leads(
    rng: random.Random, people: Sequence[Profile], *, sellers: Sequence[User], renters: Sequence[User]
) -> list[Person]:
    """Store the people in the broker entered now, with what happened to them."""
    made = [_lead(rng, profile, renters if profile.wishes.purpose == "rent" else sellers) for profile in people]
    Lead.objects.bulk_create([person.lead for person in made])
    changes: list[StageChange] = []
    activities: list[Activity] = []
    for person in made:
        moves = _stage_changes(rng, person)
        changes += moves
        activities += _activities(person, moves)
    StageChange.objects.bulk_create(changes)
    Activity.objects.bulk_create(sorted(activities, key=lambda line: line.created_at))
    return made


def date_leads() -> None:
    """`updated_at` says when a lead last changed; storing it in bulk made that now."""
    Lead.objects.update(
        updated_at=Greatest(
            "stage_changed_at",
            "created_at",
            Coalesce("last_contacted_at", "created_at"),
            Coalesce("last_inbound_at", "created_at"),
        )
    )


def score_leads() -> None:
    """Scores as they are now, from all that happened since they were first made."""
    rescore_many(actor=system_actor(entered_broker_id(), name="demo"), leads=Lead.objects.all())


def _lead(rng: random.Random, profile: Profile, agents: Sequence[User]) -> Person:
    stage = profile.stage
    has_agent = STAGE_ORDER.index(stage) >= STAGE_ORDER.index(Stage.CALIFICACION_FINANCIERA) or rng.random() < 0.25
    # The first of them is the agent whose login is shown: theirs should be a full inbox.
    agent = rng.choices(agents, [2, *[1] * (len(agents) - 1)])[0] if has_agent else None
    has_phone = profile.channel == "whatsapp_meta" or stage != Stage.ENTRADA
    lead = Lead(
        phone=profile.phone if has_phone else None,
        phone_key=match_key(profile.phone) if has_phone else None,
        first_name=profile.first_name if profile.known.name else "",
        last_name=profile.last_name if profile.known.name else "",
        email=profile.email,
        company=rng.choice(COMPANIES) if rng.random() < 0.05 else "",
        city=profile.comuna.name if profile.known.location else "",
        country="CL",
        tags=list(profile.tags),
        attributes=profile.known.to_attributes(),
        source=profile.source,
        referral=profile.referral,
        stage=stage,
        stage_changed_at=profile.steps[-1].at,
        contact_status=_contact_status(stage),
        assigned_agent=agent,
        is_opted_out=stage == Stage.PERDIDO and rng.random() < 0.15,
        lifetime_value=_commission(profile) if stage == Stage.GANADO else Decimal(0),
        created_at=profile.created_at,
        last_inbound_at=profile.steps[-1].at,
        inbound_count=3 * len(profile.steps),
    )
    scored = score_of(facts_of(lead), ScoringRules(), profile.steps[-1].at)
    lead.score, lead.score_parts = Decimal(str(scored.score)), scored.parts
    lead.status = _FINAL_STATUS.get(stage) or status_of_score(scored.score)
    return Person(profile, lead, agent)


def _contact_status(stage: Stage) -> str:
    if stage == Stage.GANADO:
        return ContactStatus.CUSTOMER
    if stage == Stage.PERDIDO:
        return ContactStatus.UNQUALIFIED
    if stage in {Stage.ENTRADA, Stage.PERFILAMIENTO}:
        return ContactStatus.NEW if stage == Stage.ENTRADA else ContactStatus.CONTACTED
    return ContactStatus.QUALIFIED


def _commission(profile: Profile) -> Decimal:
    """Two percent of a sale, half a month of a rent."""
    budget = profile.wishes.budget_amount or Decimal(0)
    if profile.wishes.purpose == "rent":
        return budget / 2
    pesos = budget * UF_IN_PESOS if profile.wishes.budget_currency == "UF" else budget
    return (pesos * _COMMISSION).quantize(Decimal(1))


def _stage_changes(rng: random.Random, person: Person) -> list[StageChange]:
    steps = person.profile.steps
    made = []
    for before, after in zip(steps, steps[1:], strict=False):
        is_sofia = after.stage in _SOFIAS_STAGES or person.agent is None
        made.append(
            StageChange(
                lead=person.lead,
                from_stage=before.stage,
                to_stage=after.stage,
                reason="Sofía" if is_sofia else _reason(rng, after.stage),
                seconds_in_stage=int((after.at - before.at).total_seconds()),
                actor_kind="assistant" if is_sofia else "user",
                actor_user=None if is_sofia else person.agent,
                created_at=after.at,
            )
        )
    return made


def _reason(rng: random.Random, stage: Stage) -> str:
    if stage == Stage.GANADO:
        return rng.choice(WON_REASONS)
    if stage == Stage.PERDIDO:
        return rng.choice(LOST_REASONS)
    return rng.choice(AGENT_REASONS[stage.value])


def _activities(person: Person, changes: Sequence[StageChange]) -> list[Activity]:
    """The same lines that the events write (apps.leads.listeners)."""
    lead, profile = person.lead, person.profile
    lines = [_line(lead, "created", {"source": lead.source}, profile.created_at, kind="customer", name=str(lead))]
    if lead.score:
        at = profile.created_at + timedelta(minutes=4)
        details = {"before": 0.0, "after": float(lead.score), "status": status_of_score(float(lead.score))}
        lines.append(_line(lead, "scored", details, at, kind="assistant", name="Sofía"))
    for change in changes:
        user = change.actor_user
        details = {"from": change.from_stage, "to": change.to_stage, "reason": change.reason}
        name = user.name if user else "Sofía"
        lines.append(
            _line(lead, "stage_changed", details, change.created_at, kind=change.actor_kind, name=name, user=user)
        )
    if person.agent is not None:
        at = changes[min(1, len(changes) - 1)].created_at if changes else profile.created_at + timedelta(minutes=9)
        details = {"agent_id": person.agent.pk, "previous_agent_id": None}
        lines.append(_line(lead, "assigned", details, at, kind="system", name="Ventas"))
    return lines


def _line(
    lead: Lead,
    kind_of_line: str,
    details: dict[str, object],
    at: datetime,
    *,
    kind: str,
    name: str,
    user: User | None = None,
) -> Activity:
    return Activity(
        lead=lead, kind=kind_of_line, details=details, actor_kind=kind, actor_name=name, actor_user=user, created_at=at
    )
