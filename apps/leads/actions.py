"""Everything that changes a lead."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.accounts.types import Role, UserStatus
from apps.brokers.models import Broker
from apps.core.access import Actor
from apps.core.countries import country_code
from apps.core.errors import BadRequest, Forbidden, InvalidInput, NotFound
from apps.core.events import publish
from apps.core.phones import match_key, normalize_phone
from apps.leads.events import (
    LeadAssigned,
    LeadCreated,
    LeadDeleted,
    LeadsChanged,
    LeadScored,
    LeadStageChanged,
    LeadUpdated,
)
from apps.leads.models import Activity, Lead, StageChange
from apps.leads.queries import get_lead, require_stage
from apps.leads.scoring.rules import SETTLED, ScoringRules, scoring_rules
from apps.leads.scoring.rules import status_of_score as status_of_score
from apps.leads.stages import require_known
from apps.leads.types import ContactStatus, LeadStatus, Stage

MOST_TAGS = 50
# So many moves at once are told one by one; a thousand would be a thousand events on every screen.
MOST_TOLD_ALONE = 100
LONGEST_LOSS_REASON = 120
EDITABLE_FIELDS = frozenset(
    {
        "first_name",
        "last_name",
        "email",
        "phone",
        "company",
        "city",
        "country",
        "address",
        "segment",
        "tags",
        "status",
        "contact_status",
        "is_opted_out",
        "is_blocked",
        "notes",
        "attributes",
        "source",
        "referral",
    }
)


class DuplicatePhone(BadRequest):
    """Another lead of the broker has this number, in whatever spelling."""

    default_code = "DUPLICATE_PHONE"
    default_message = _("There is already a lead with this phone number.")


class InvalidAgent(BadRequest):
    """Leads are given to active users of the same broker alone."""

    default_code = "INVALID_AGENT"
    default_message = _("This agent is not an active member of your team.")


class LossReasonRequired(InvalidInput):
    """People say why a lead is lost."""

    default_code = "LOSS_REASON_REQUIRED"
    default_message = _("Say why the lead is lost.")


def split_name(full_name: str) -> tuple[str, str]:
    """First and last name: a full name is split at its first space."""
    first, _space, last = " ".join(full_name.split()).partition(" ")
    return first[:150], last[:150]


@transaction.atomic
def create_lead(
    *,
    actor: Actor,
    phone: str | None = None,
    phone_country: str = "",
    name: str = "",
    email: str = "",
    tags: Sequence[str] = (),
    attributes: Mapping[str, Any] | None = None,
    source: str = "",
    assigned_agent_id: int | None = None,
    **fields: Any,
) -> Lead:
    """Make a lead: cold, score 0, in stage entrada. One that an agent makes is theirs unless it is given to another.

    `phone_country` reads a phone without its country code; the broker's own where it is empty. `fields` are further
    columns, a name in two parts among them; `country` is a name or two letters.
    Raises InvalidInput for an impossible phone, an unknown country or field, DuplicatePhone where the broker has the
    number already.
    """
    actor.require("clients.create")
    _require_editable(fields)
    number = normalize_phone(phone, country=phone_country or _country_of(actor)) if phone else None
    key = match_key(number) if number else None
    if key and Lead.objects.filter(phone_key=key).exists():
        raise DuplicatePhone(field="phone")
    first, last = split_name(name)
    now = timezone.now()

    lead = Lead(
        phone=number,
        phone_key=key,
        email=email,
        tags=clean_tags(tags),
        attributes={name: value for name, value in (attributes or {}).items() if value is not None},
        source=source,
        assigned_agent_id=assigned_agent_id if actor.sees_everything else assigned_agent_id or actor.user_id,
        stage_changed_at=now,
        created_at=now,
        **{"first_name": first, "last_name": last, **_with_country_code(fields)},
    )
    _save_phone(lead)
    publish(LeadCreated(broker_id=actor.broker_id, actor=actor, lead_id=lead.pk, source=source))
    return lead


@transaction.atomic
def update_lead(*, actor: Actor, lead_id: int, phone_country: str = "", **fields: Any) -> Lead:
    """Change the given fields and only them; `attributes` are merged key by key, a None value removes its key.

    `phone_country` reads a phone without its country code; `country` is a name or two letters.
    Raises NotFound, InvalidInput for an unknown field or country or an impossible phone, DuplicatePhone.
    """
    lead = lock_lead(actor, lead_id)
    actor.require("clients.update")
    _require_editable(set(fields) - {"name"})
    fields = _with_country_code(fields)
    if "name" in fields:
        fields["first_name"], fields["last_name"] = split_name(str(fields.pop("name") or ""))
    if "phone" in fields:
        _prepare_phone(lead, fields, country=phone_country or _country_of(actor))
    if "tags" in fields:
        fields["tags"] = clean_tags(fields["tags"])
    if "attributes" in fields:
        fields["attributes"] = _merged(lead.attributes, fields["attributes"])

    changes = {name: [getattr(lead, name), value] for name, value in fields.items() if getattr(lead, name) != value}
    if not changes:
        return lead
    for name, (_before, after) in changes.items():
        setattr(lead, name, after)
    _save_phone(lead, update_fields=[*changes, "updated_at"])
    changes.pop("phone_key", None)
    publish(LeadUpdated(broker_id=actor.broker_id, actor=actor, lead_id=lead.pk, changes=changes))
    return lead


@transaction.atomic
def move_stage(*, actor: Actor, lead_id: int, stage: str, reason: str = "") -> Lead:
    """Put the lead in a stage; won converts it, lost loses it for the reason. Moving to the present stage changes
    nothing.

    Raises NotFound, InvalidInput for an unknown stage, StageNeedsFields where the stage asks for more than is known.
    """
    lead = lock_lead(actor, lead_id)
    actor.require("clients.update")
    require_stage(stage)
    if lead.stage == stage:
        return lead

    put_in_stages(actor=actor, moves=[(lead, stage)], reason=reason)
    return lead


@transaction.atomic
def lose_lead(*, actor: Actor, lead_id: int, reason: str) -> Lead:
    """Put the lead in perdido, as people do it: with a reason. One that is lost already gets the new reason.

    Raises NotFound, LossReasonRequired, StageNeedsFields.
    """
    if not reason.strip():
        raise LossReasonRequired(field="reason")
    lead = lock_lead(actor, lead_id)
    if lead.stage != Stage.PERDIDO:
        return move_stage(actor=actor, lead_id=lead_id, stage=Stage.PERDIDO, reason=reason.strip())

    actor.require("clients.update")
    before, lead.lost_reason = lead.lost_reason, reason.strip()[:LONGEST_LOSS_REASON]
    if lead.lost_reason != before:
        lead.save(update_fields=["lost_reason", "updated_at"])
        changes: dict[str, list[Any]] = {"lost_reason": [before, lead.lost_reason]}
        publish(LeadUpdated(broker_id=actor.broker_id, actor=actor, lead_id=lead.pk, changes=changes))
    return lead


def put_in_stages(*, actor: Actor, moves: Sequence[tuple[Lead, str]], reason: str) -> None:
    """Move each lead, locked by the caller's transaction, to another stage; as many queries for one as for a thousand.

    What listens to the event writes its own line for each lead; more than MOST_TOLD_ALONE at once are told together.
    Raises StageNeedsFields, with nothing moved, where one lacks what its stage asks for.
    """
    require_known(moves, reason=reason)
    now = timezone.now()
    StageChange.objects.bulk_create([_stage_change(actor, lead, stage, reason, now) for lead, stage in moves])
    before = {lead.pk: lead.stage for lead, _stage in moves}
    alike: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    # What was decided has the temperature of its score again.
    rules = scoring_rules() if any(lead.status in SETTLED for lead, _stage in moves) else None
    for lead, stage in moves:
        lead.status = _status_in_stage(lead, stage, rules)
        lead.stage, lead.stage_changed_at, lead.updated_at = stage, now, now
        lead.lost_reason = reason.strip()[:LONGEST_LOSS_REASON] if stage == Stage.PERDIDO else ""
        alike[stage, lead.status, lead.lost_reason].append(lead.pk)
    for (stage, status, lost_reason), ids in alike.items():
        Lead.objects.filter(pk__in=ids).update(
            stage=stage, status=status, lost_reason=lost_reason, stage_changed_at=now, updated_at=now
        )
    if len(moves) > MOST_TOLD_ALONE:
        _tell_of_moves(actor, moves, before, reason)
        return
    for lead, stage in moves:
        publish(
            LeadStageChanged(
                broker_id=actor.broker_id,
                actor=actor,
                lead_id=lead.pk,
                from_stage=before[lead.pk],
                to_stage=stage,
                reason=reason,
            )
        )


@transaction.atomic
def assign_lead_by_hand(*, actor: Actor, lead_id: int, agent_id: int) -> Lead:
    """An administrator gives the lead to an active user of the broker.

    Raises NotFound, Forbidden for every other role, InvalidAgent.
    """
    get_lead(actor, lead_id)
    if actor.role != Role.ADMIN:
        raise Forbidden()
    if not User.objects.filter(pk=agent_id, broker_id=actor.broker_id, status=UserStatus.ACTIVE).exists():
        raise InvalidAgent(field="agent_id")

    return assign_lead(actor=actor, lead_id=lead_id, agent_id=agent_id)


@transaction.atomic
def assign_lead(*, actor: Actor, lead_id: int, agent_id: int | None) -> Lead:
    """Give the lead to an agent, who must be an active user of the broker (checked by the caller's room), or to nobody.

    Raises NotFound.
    """
    lead = lock_lead(actor, lead_id)
    if lead.assigned_agent_id == agent_id:
        return lead

    before = lead.assigned_agent_id
    lead.assigned_agent_id = agent_id
    lead.save(update_fields=["assigned_agent", "updated_at"])
    publish(
        LeadAssigned(
            broker_id=actor.broker_id, actor=actor, lead_id=lead.pk, agent_id=agent_id, previous_agent_id=before
        )
    )
    return lead


@transaction.atomic
def set_score(
    *,
    actor: Actor,
    lead_id: int,
    score: float,
    parts: Sequence[Mapping[str, Any]],
    thresholds: Mapping[str, float] | None = None,
) -> Lead:
    """Store a computed score with the parts that explain it, and the temperature it means.

    `score` is clamped to 0..100. Leads converted or lost keep their status. Raises NotFound.
    """
    lead = lock_lead(actor, lead_id)
    value = Decimal(str(round(min(100.0, max(0.0, score)), 2)))
    status = lead.status
    if status not in {LeadStatus.CONVERTED, LeadStatus.LOST}:
        status = status_of_score(float(value), thresholds)
    if lead.score == value and lead.status == status and lead.score_parts == list(parts):
        return lead

    before = float(lead.score)
    lead.score, lead.status, lead.score_parts = value, status, list(parts)
    lead.save(update_fields=["score", "status", "score_parts", "updated_at"])
    if before != float(value):
        publish(
            LeadScored(
                broker_id=actor.broker_id,
                actor=actor,
                lead_id=lead.pk,
                before=before,
                after=float(value),
                status=status,
            )
        )
    return lead


@transaction.atomic
def mark_contacted(*, actor: Actor, lead_id: int) -> None:
    """The first message of ours makes a new lead contacted."""
    now = timezone.now()
    Lead.objects.filter(pk=lead_id).update(last_contacted_at=now)
    changed = Lead.objects.filter(pk=lead_id, contact_status=ContactStatus.NEW).update(
        contact_status=ContactStatus.CONTACTED
    )
    if changed:
        publish(
            LeadUpdated(
                broker_id=actor.broker_id,
                actor=actor,
                lead_id=lead_id,
                changes={"contact_status": [ContactStatus.NEW.value, ContactStatus.CONTACTED.value]},
            )
        )


@transaction.atomic
def delete_lead(*, actor: Actor, lead_id: int) -> None:
    """Delete the lead and all that hangs from it; the audit trail keeps who did it.

    Raises NotFound.
    """
    lead = lock_lead(actor, lead_id)
    label, agent_id = str(lead), lead.assigned_agent_id
    lead.delete()
    publish(LeadDeleted(broker_id=actor.broker_id, actor=actor, lead_id=lead_id, label=label, agent_id=agent_id))


@transaction.atomic
def delete_client(*, actor: Actor, lead_id: int) -> None:
    """`delete_lead`, by those who may: the Inmo document lets anybody who sees a lead delete it, the others do not.

    Raises NotFound, Forbidden.
    """
    get_lead(actor, lead_id)
    actor.require("clients.delete")

    delete_lead(actor=actor, lead_id=lead_id)


def lock_lead(actor: Actor, lead_id: int) -> Lead:
    """The lead, locked until the transaction ends.

    Raises NotFound for one out of the actor's sight.
    """
    get_lead(actor, lead_id)
    lead = Lead.objects.select_for_update(of=("self",)).filter(pk=lead_id).first()
    if lead is None:  # merged into another, or deleted, while we waited for the lock
        raise NotFound(_("There is no lead with this number."), field="lead_id")
    return lead


def clean_tags(tags: Sequence[str]) -> list[str]:
    """Trimmed, without empty or repeated ones, in the given order; at most MOST_TAGS of 60 characters."""
    return list(dict.fromkeys(tag.strip()[:60] for tag in tags if tag.strip()))[:MOST_TAGS]


def _stage_change(actor: Actor, lead: Lead, stage: str, reason: str, now: datetime) -> StageChange:
    return StageChange(
        lead=lead,
        from_stage=lead.stage,
        to_stage=stage,
        reason=reason[:300],
        seconds_in_stage=max(0, int((now - lead.stage_changed_at).total_seconds())) if lead.stage_changed_at else 0,
        actor_kind=actor.kind,
        actor_user_id=actor.user_id,
    )


def _tell_of_moves(actor: Actor, moves: Sequence[tuple[Lead, str]], before: Mapping[int, str], reason: str) -> None:
    """A line on each timeline, as its event would have written, and one event for all."""
    Activity.objects.bulk_create(
        Activity(
            lead=lead,
            kind="stage_changed",
            details={"from": before[lead.pk], "to": stage, "reason": reason},
            actor_kind=actor.kind,
            actor_name=actor.name,
            actor_user_id=actor.user_id,
        )
        for lead, stage in moves
    )
    publish(LeadsChanged(broker_id=actor.broker_id, actor=actor, changed=("stage", "status"), count=len(moves)))


def _status_in_stage(lead: Lead, stage: str, rules: ScoringRules | None) -> str:
    if stage == Stage.GANADO:
        return LeadStatus.CONVERTED
    if stage == Stage.PERDIDO:
        return LeadStatus.LOST
    return rules.status_of(float(lead.score)) if rules and lead.status in SETTLED else lead.status


def _require_editable(names: Iterable[str]) -> None:
    unknown = set(names) - EDITABLE_FIELDS
    if unknown:
        raise InvalidInput(_("This field cannot be changed: %(field)s") % {"field": sorted(unknown)[0]})


def _with_country_code(fields: dict[str, Any]) -> dict[str, Any]:
    return {**fields, "country": country_code(fields["country"])} if "country" in fields else fields


def _prepare_phone(lead: Lead, fields: dict[str, Any], *, country: str) -> None:
    if not fields["phone"]:
        fields["phone"] = fields["phone_key"] = None
        return
    fields["phone"] = normalize_phone(str(fields["phone"]), country=country)
    fields["phone_key"] = match_key(fields["phone"])
    if Lead.objects.filter(phone_key=fields["phone_key"]).exclude(pk=lead.pk).exists():
        raise DuplicatePhone(field="phone")


def _save_phone(lead: Lead, *, update_fields: Sequence[str] | None = None) -> None:
    """Save; where somebody else stored the same number a moment ago, that is a duplicate like any other."""
    try:
        with transaction.atomic():
            lead.save(update_fields=update_fields)
    except IntegrityError as error:
        if "lead_phone_key" not in str(error):
            raise
        raise DuplicatePhone(field="phone") from error


def _country_of(actor: Actor) -> str:
    return Broker.objects.filter(pk=actor.broker_id).values_list("country", flat=True).first() or ""


def _merged(before: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**before, **given}
    return {key: value for key, value in merged.items() if value is not None}
