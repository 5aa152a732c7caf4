"""A lead that came or changed is compared with the others by itself, a moment after what it came by.

Everything here goes by an index: a million leads cost what a thousand do.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from apps.core.access import system_actor
from apps.core.events import publish, subscribe
from apps.core.phones import match_key, spellings
from apps.core.tenancy import entered_broker_id
from apps.core.work import LONG, schedule, work_handler
from apps.leads.duplicates.pairs import LIKENESS
from apps.leads.duplicates.search import (
    KEEP,
    MOST_ALIKE,
    MOST_NAMESAKES,
    PLAIN_NAME,
    Reading,
    Values,
    further_contacts,
)
from apps.leads.events import DuplicatesFound, LeadCreated, LeadEvent, LeadIdentityAdded, LeadUpdated
from apps.leads.models import DuplicatePair, Lead, LeadIdentity
from apps.leads.types import DuplicateReason, DuplicateState, IdentityKind

KIND = "leads.find_duplicates"
_TELLING = frozenset({"phone", "email", "first_name", "last_name"})
_A_CONTACT = re.compile(r"@|(?:\d\D{0,2}){7}")

_BY_KEYS = "SELECT id FROM leads_lead WHERE phone_key = ANY(%(keys)s::text[]) AND id <> %(lead)s"
_BY_WA_IDS = """
    SELECT lead_id FROM leads_leadidentity
     WHERE kind = 'wa_id' AND scope = '' AND external_id = ANY(%(wa_ids)s::text[]) AND lead_id <> %(lead)s
"""
_BY_CONTAINED = """
    SELECT lead.id
      FROM unnest(%(contained)s::jsonb[]) AS given JOIN leads_lead AS lead ON lead.attributes @> given
     WHERE lead.id <> %(lead)s
"""
_BY_EMAILS = """
    SELECT id
      FROM (SELECT id, count(*) OVER () AS alike FROM leads_lead
             WHERE lower(email) = ANY(%(emails)s::text[]) AND email <> '' LIMIT %(most_alike)s + 2) AS found
     WHERE id <> %(lead)s AND alike <= %(most_alike)s
"""
_WORDS = "public.lead_search_words(first_name, last_name, email, company, phone)"
# The end of a phone is a rare word of the search index; the name is compared among the few that have it.
_BY_NAME_AND_TAIL = f"""
    SELECT id FROM leads_lead
     WHERE {_WORDS} @@ %(tail)s::tsquery AND {PLAIN_NAME} = %(name)s AND id <> %(lead)s LIMIT %(most_alike)s
"""
_BY_NAME = f"""
    SELECT id
      FROM (SELECT id, count(*) OVER () AS alike
              FROM (SELECT id FROM leads_lead
                     WHERE {_WORDS} @@ %(words)s::tsquery AND {PLAIN_NAME} = %(name)s
                     LIMIT %(most_namesakes)s + 1) AS named) AS found
     WHERE id <> %(lead)s AND alike <= %(most_namesakes)s
"""

_FOUND = """
    SELECT %(lead)s::bigint AS one, other, reason, likeness
      FROM unnest(%(others)s::bigint[], %(reasons)s::text[], %(likenesses)s::smallint[])
           AS found (other, reason, likeness)
"""


@subscribe(LeadCreated, LeadUpdated, LeadIdentityAdded)
def compare_later(event: LeadEvent) -> None:
    """One row of work, where what changed can tell who somebody is."""
    if isinstance(event, LeadUpdated) and not _tells_who(event.changes):
        return
    broker_id = entered_broker_id()
    schedule(KIND, {"lead_id": event.lead_id}, broker_id=broker_id, key=f"{broker_id}:{event.lead_id}")


@work_handler(KIND, max_attempts=3, queue=LONG)
@transaction.atomic
def compare(payload: dict[str, Any]) -> None:
    """Find who else the lead may be. What nobody decided and what is no longer alike goes.

    Among the long work: a flood of new leads must not keep the customers' messages waiting.
    """
    lead = Lead.objects.filter(pk=payload["lead_id"]).first()
    if lead is None:
        return
    alike = _alike(lead)
    _forget_unlike(lead, alike)
    new = _keep(lead, alike)
    if new:
        broker_id = entered_broker_id()
        publish(DuplicatesFound(broker_id=broker_id, actor=system_actor(broker_id), lead_id=lead.pk, count=new))


def _alike(lead: Lead) -> dict[int, str]:
    """The other leads, each with the surest reason; as many statements for a million leads as for ten."""
    values = _values(lead, further_contacts())
    steps: list[tuple[str, str]] = []
    if " " in str(values["name"]):
        steps.append((DuplicateReason.NAME, _BY_NAME))
        if values["tail"]:
            steps.append((DuplicateReason.NAME_AND_PHONE_TAIL, _BY_NAME_AND_TAIL))
    if values["emails"]:
        steps.append((DuplicateReason.EMAIL, _BY_EMAILS))
    if values["keys"]:
        steps.append((DuplicateReason.PHONE, _BY_KEYS))
    if lead.phone:
        steps += [(DuplicateReason.PHONE, _BY_WA_IDS), (DuplicateReason.PHONE, _BY_CONTAINED)]
    alike: dict[int, str] = {}
    with connection.cursor() as cursor:
        for reason, found in steps:
            cursor.execute(found, values)
            alike |= dict.fromkeys((other for (other,) in cursor.fetchall()), reason)
    return alike


def _forget_unlike(lead: Lead, alike: Mapping[int, str]) -> None:
    """A corrected name or e-mail takes back what it suggested."""
    rows = DuplicatePair.objects.filter(state=DuplicateState.OPEN).exclude(reason=DuplicateReason.PHONE)
    of_lead = Q(first_id=lead.pk) & ~Q(second_id__in=alike) | Q(second_id=lead.pk) & ~Q(first_id__in=alike)
    rows.filter(of_lead).delete()


def _keep(lead: Lead, alike: Mapping[int, str]) -> int:
    """How many are new, or surer than before."""
    if not alike:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            KEEP.format(found=_FOUND),
            {
                "lead": lead.pk,
                "others": list(alike),
                "reasons": [str(reason) for reason in alike.values()],
                "likenesses": [LIKENESS[reason] for reason in alike.values()],
            },
        )
        return cursor.rowcount


def _values(lead: Lead, reading: Reading) -> Values:
    own = [str(lead.attributes[name]) for name in reading.phones if lead.attributes.get(name)]
    wa_ids = LeadIdentity.objects.filter(lead=lead, kind=IdentityKind.WA_ID).values_list("external_id", flat=True)
    keys = {match_key(number) for number in [*own, *wa_ids]} - {lead.phone_key, ""}
    emails = {str(lead.attributes[name]).lower() for name in reading.emails if lead.attributes.get(name)}
    forms = spellings(lead.phone) if lead.phone else ()
    name = _plain_name(lead)
    return {
        "lead": lead.pk,
        "keys": sorted(key for key in keys if len(key) >= 7),
        "wa_ids": [form.removeprefix("+") for form in forms],
        "contained": [json.dumps({field: form}) for field in reading.phones for form in forms],
        "emails": sorted(emails | ({lead.email.lower()} if lead.email else set())),
        "name": name,
        "words": " & ".join(name.split()),
        "most_alike": MOST_ALIKE,
        "most_namesakes": MOST_NAMESAKES,
        "tail": f"r{lead.phone_key[:-8:-1]}:*" if lead.phone_key and len(lead.phone_key) > 7 else "",
    }


def _plain_name(lead: Lead) -> str:
    """As the database spells it; empty where only one name is known."""
    if not lead.last_name:
        return ""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {PLAIN_NAME} FROM leads_lead WHERE id = %s", [lead.pk])
        row = cursor.fetchone()
    return str(row[0]) if row else ""


def _tells_who(changes: dict[str, list[Any]]) -> bool:
    if _TELLING & changes.keys():
        return True
    before, after = changes.get("attributes", [{}, {}])
    changed = {name: value for name, value in after.items() if value != before.get(name)}
    return any(_A_CONTACT.search(str(value)) for value in changed.values())
