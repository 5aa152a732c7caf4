"""The person of a payload: found by phone, else by e-mail, else by the sender's own id; or made."""

from collections.abc import Mapping
from typing import Any, Final

from django.db import connection
from django.utils import timezone

from apps.core.access import Actor
from apps.core.events import publish
from apps.core.locks import lock_names
from apps.core.phones import match_key, spellings
from apps.leads.events import LeadCreated, LeadUpdated
from apps.leads.ingesting.columns import empty_columns
from apps.leads.models import Lead
from apps.leads.types import IdentityKind

# In plain SQL: the same three questions took the ORM longer to write than PostgreSQL to answer. The index on e-mails
# leaves out leads without one, and wants to hear that so does the question.
_WHO: Final = """
    (SELECT id, 1 AS rank FROM leads_lead WHERE phone_key = %(key)s)
     UNION ALL
    (SELECT lead_id, 2 FROM leads_leadidentity
      WHERE kind = %(wa_id)s AND scope = '' AND external_id = ANY(%(wa_ids)s) ORDER BY lead_id LIMIT 1)
     UNION ALL
    (SELECT id, 3 FROM leads_lead WHERE lower(email) = %(email)s AND NOT email = '' ORDER BY id LIMIT 1)
    ORDER BY rank LIMIT 1
"""


def find_or_make(
    *,
    actor: Actor,
    columns: Mapping[str, Any],
    attributes: Mapping[str, Any],
    same_person: Mapping[str, str],
    source: str,
) -> Lead:
    """The lead, with what was empty filled; fifty calls at once for one person make one lead.

    The caller's transaction holds locks on the phone and the e-mail until it ends. The phone's lock is the one that
    channels take (apps.leads.identities), so a message that comes at the same time finds the same lead.
    """
    phone, email = columns.get("phone"), columns.get("email")
    key = match_key(phone) if phone else None
    _lock(actor, key, email, same_person)
    lead = _known(key, email, same_person)
    if lead is None:
        return _make(actor, columns, attributes, key=key, source=source)
    _complete(actor, lead, columns, attributes, key=key)
    return lead


def _lock(actor: Actor, key: str | None, email: str | None, same_person: Mapping[str, str]) -> None:
    names = [f"phone:{actor.broker_id}:{key}"] if key else []
    names += [f"email:{actor.broker_id}:{email}"] if email else []
    names += [f"attribute:{actor.broker_id}:{name}:{value}" for name, value in same_person.items()]
    if names:
        lock_names(names)


def _known(key: str | None, email: str | None, same_person: Mapping[str, str]) -> Lead | None:
    """The lead, locked. One that was merged away at this moment is looked for again: now its heir is found."""
    rows = Lead.objects.select_for_update(of=("self",))
    for _look in range(2):
        lead_id = _known_id(key, email) if key or email else None
        if lead_id is None:
            break
        found = rows.filter(pk=lead_id).first()
        if found is not None:
            return found
    if not same_person:
        return None
    # Without a limit: with one the planner would rather read the whole table than the index.
    return min(rows.filter(attributes__contains=dict(same_person)), key=lambda lead: lead.pk, default=None)


def _known_id(key: str | None, email: str | None) -> int | None:
    """Whose phone it is, else who writes from it or was merged and had it, else whose e-mail it is: one question."""
    wa_ids = [form.removeprefix("+") for form in spellings(key)] if key else []
    with connection.cursor() as cursor:
        cursor.execute(_WHO, {"key": key, "wa_id": IdentityKind.WA_ID.value, "wa_ids": wa_ids, "email": email})
        row = cursor.fetchone()
    return int(row[0]) if row else None


def _make(
    actor: Actor, columns: Mapping[str, Any], attributes: Mapping[str, Any], *, key: str | None, source: str
) -> Lead:
    now = timezone.now()
    origin = columns.get("source") or source
    values = {column: value for column, value in columns.items() if column != "source"}
    lead = Lead(
        **values, source=origin, phone_key=key, attributes=dict(attributes), stage_changed_at=now, created_at=now
    )
    lead.save(force_insert=True)
    publish(LeadCreated(broker_id=actor.broker_id, actor=actor, lead_id=lead.pk, source=origin))
    return lead


def _complete(
    actor: Actor, lead: Lead, columns: Mapping[str, Any], attributes: Mapping[str, Any], *, key: str | None
) -> None:
    wanted = empty_columns(lead, columns)
    added = {name: value for name, value in attributes.items() if lead.attributes.get(name) in (None, "")}
    if added:
        wanted["attributes"] = {**lead.attributes, **added}
    if not wanted:
        return
    changes = {name: [getattr(lead, name), value] for name, value in wanted.items()}
    for name, value in wanted.items():
        setattr(lead, name, value)
    if "phone" in wanted:
        lead.phone_key = key
    lead.save(update_fields=[*wanted, *(["phone_key"] if "phone" in wanted else []), "updated_at"])
    publish(LeadUpdated(broker_id=actor.broker_id, actor=actor, lead_id=lead.pk, changes=changes))
