"""From an id on a channel to a person: found by any of their ids, by the spellings of their phone, or made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from apps.core.access import Actor
from apps.core.events import publish
from apps.core.locks import lock_names
from apps.core.phones import match_key, phone_of_wa_id
from apps.leads.actions import split_name
from apps.leads.duplicates.pairs import suggest_pair
from apps.leads.events import LeadCreated, LeadIdentityAdded, LeadUpdated
from apps.leads.merging import merge_automatically
from apps.leads.models import Lead, LeadIdentity
from apps.leads.types import DuplicateReason, IdentityKind

# WhatsApp ids name a person to the whole portfolio; the others only to one bot or one widget.
_PORTFOLIO_KINDS = frozenset({IdentityKind.WA_ID, IdentityKind.BSUID})


@dataclass(frozen=True, kw_only=True)
class ChannelId:
    """One id of a person on a channel; `scope` is the bot or widget it belongs to."""

    kind: str
    value: str
    scope: str = ""


@dataclass(frozen=True, kw_only=True)
class Contact:
    """What a channel tells of the person who writes; the first id is the one we answer to."""

    ids: tuple[ChannelId, ...]
    phone: str | None = None
    name: str = ""
    username: str = ""
    language: str = ""


def channel_id(kind: str, value: str, *, account_key: str) -> ChannelId:
    """The id with the scope its kind needs; `account_key` names the bot or widget."""
    return ChannelId(kind=kind, value=value, scope="" if kind in _PORTFOLIO_KINDS else account_key)


def lock_contact(broker_id: int, contact: Contact) -> None:
    """Hold every id and the phone of the person until the transaction ends: ten parallel messages make one lead."""
    names = [f"identity:{broker_id}:{one.kind}:{one.scope}:{one.value}" for one in contact.ids]
    phone = _phone_of(contact)
    if phone:
        names.append(f"phone:{broker_id}:{match_key(phone)}")
    lock_names(names)


@transaction.atomic
def identify_lead(
    *, actor: Actor, contact: Contact, source: str, referral: Mapping[str, Any] | None = None
) -> tuple[Lead, LeadIdentity]:
    """The lead of the person and the identity that wrote, made where they did not exist.

    The caller holds `lock_contact`. Ids that come together are linked, and leads that they show to be one person merged
    (`undo_merge` parts them); a phone is never invented; the first ad that brought the person stays on the lead.
    """
    known = _known_identities(contact.ids)
    lead = _one_lead(actor, contact, known) if known else _lead_by_phone(contact)
    if lead is None:
        lead = _make_lead(actor, contact, source=source)
    identities = [_attach(actor, lead, one, contact, known) for one in contact.ids]
    _complete(actor, lead, contact, referral)
    return lead, identities[0]


@transaction.atomic
def move_identity(*, actor: Actor, old: ChannelId, new: ChannelId) -> bool:
    """The person known as `old` is from now on known as `new` too; False where nobody is known as `old`.

    Where `new` is another lead's already, the two are one person and are merged.
    """
    lock_names([f"identity:{actor.broker_id}:{one.kind}:{one.scope}:{one.value}" for one in (old, new)])
    identity = LeadIdentity.objects.filter(kind=old.kind, scope=old.scope, external_id=old.value).first()
    if identity is None:
        return False
    taken = LeadIdentity.objects.filter(kind=new.kind, scope=new.scope, external_id=new.value).first()
    if taken is not None:
        if taken.lead_id != identity.lead_id:
            merge_automatically(broker_id=actor.broker_id, lead_ids=[identity.lead_id, taken.lead_id])
        return True

    LeadIdentity.objects.create(
        lead_id=identity.lead_id,
        kind=new.kind,
        scope=new.scope,
        external_id=new.value,
        display_name=identity.display_name,
        username=identity.username,
        language=identity.language,
    )
    publish(
        LeadIdentityAdded(
            broker_id=actor.broker_id,
            actor=actor,
            lead_id=identity.lead_id,
            identity_kind=new.kind,
            external_id=new.value,
        )
    )
    return True


def _known_identities(ids: Sequence[ChannelId]) -> list[LeadIdentity]:
    found = [
        LeadIdentity.objects.select_related("lead")
        .filter(kind=one.kind, scope=one.scope, external_id=one.value)
        .first()
        for one in ids
    ]
    return [identity for identity in found if identity is not None]


def _one_lead(actor: Actor, contact: Contact, known: Sequence[LeadIdentity]) -> Lead:
    """The lead of all these ids. No query where they agree."""
    lead = known[0].lead
    found = [identity.lead_id for identity in known]
    number = _phone_by_whatsapp(contact)
    if number and lead.phone_key != match_key(number):
        # WhatsApp itself says that it is theirs; a number that a visitor typed merges nobody.
        found += Lead.objects.filter(phone_key=match_key(number)).values_list("pk", flat=True)
    if len(set(found)) == 1:
        return lead
    kept_id = merge_automatically(broker_id=actor.broker_id, lead_ids=found)
    kept = Lead.objects.get(pk=kept_id)
    for identity in known:
        identity.refresh_from_db()
    return kept


def _lead_by_phone(contact: Contact) -> Lead | None:
    phone = _phone_of(contact)
    return Lead.objects.filter(phone_key=match_key(phone)).first() if phone else None


def _phone_of(contact: Contact) -> str | None:
    if any(one.kind == IdentityKind.WA_ID for one in contact.ids):
        return _phone_by_whatsapp(contact)
    return phone_of_wa_id(contact.phone) if contact.phone else None


def _phone_by_whatsapp(contact: Contact) -> str | None:
    """The number of the first WhatsApp id."""
    return next((phone_of_wa_id(one.value) for one in contact.ids if one.kind == IdentityKind.WA_ID), None)


def _make_lead(actor: Actor, contact: Contact, *, source: str) -> Lead:
    phone = _phone_of(contact)
    first, last = split_name(contact.name)
    lead = Lead.objects.create(
        phone=phone,
        phone_key=match_key(phone) if phone else None,
        first_name=first,
        last_name=last,
        source=source,
    )
    publish(LeadCreated(broker_id=actor.broker_id, actor=actor, lead_id=lead.pk, source=source))
    return lead


def _attach(actor: Actor, lead: Lead, one: ChannelId, contact: Contact, known: Sequence[LeadIdentity]) -> LeadIdentity:
    """The identity row of one id, on this lead: ids that come in one payload are one person."""
    identity = next(
        (row for row in known if (row.kind, row.scope, row.external_id) == (one.kind, one.scope, one.value)), None
    )
    if identity is None:
        identity = LeadIdentity.objects.create(
            lead=lead,
            kind=one.kind,
            scope=one.scope,
            external_id=one.value,
            display_name=contact.name[:200],
            username=contact.username[:120],
            language=contact.language[:12],
        )
        if known:
            publish(
                LeadIdentityAdded(
                    broker_id=actor.broker_id,
                    actor=actor,
                    lead_id=lead.pk,
                    identity_kind=one.kind,
                    external_id=one.value,
                )
            )
        return identity
    fresh = {
        "display_name": contact.name[:200] or identity.display_name,
        "username": contact.username[:120] or identity.username,
        "is_reachable": True,
        "lead_id": lead.pk,
    }
    changed = [name for name, value in fresh.items() if getattr(identity, name) != value]
    if changed:
        for name in changed:
            setattr(identity, name, fresh[name])
        identity.save(update_fields=changed)
    return identity


def _complete(actor: Actor, lead: Lead, contact: Contact, referral: Mapping[str, Any] | None) -> None:
    """Fill what was empty: the phone when it becomes known, a name, the ad."""
    changes: dict[str, list[Any]] = {}
    phone = _phone_of(contact)
    if phone and not lead.phone and _is_free(phone, lead):
        changes["phone"] = [None, phone]
        lead.phone_key = match_key(phone)
    first, last = split_name(contact.name)
    if first and not lead.name:
        changes["first_name"], changes["last_name"] = ["", first], ["", last]
    if referral and not lead.referral:
        changes["referral"] = [None, dict(referral)]
    if not changes:
        return
    for name, (_before, after) in changes.items():
        setattr(lead, name, after)
    lead.save(update_fields=[*changes, "phone_key", "updated_at"])
    publish(LeadUpdated(broker_id=actor.broker_id, actor=actor, lead_id=lead.pk, changes=changes))


def _is_free(phone: str, lead: Lead) -> bool:
    """Whether nobody else has the number; where somebody has, both go to those who look for duplicates."""
    owner_id = Lead.objects.filter(phone_key=match_key(phone)).values_list("pk", flat=True).first()
    if owner_id is not None:
        suggest_pair(lead.pk, owner_id, DuplicateReason.PHONE)
    return owner_id is None
