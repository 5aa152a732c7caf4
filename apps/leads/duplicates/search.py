"""Finding pairs among all leads: one statement for each thing that two leads can have in common."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import connection

from apps.core.access import Actor
from apps.core.events import subscribe
from apps.leads.duplicates.pairs import LIKENESS
from apps.leads.events import JobEnded
from apps.leads.jobs import JobRun, create_job, job_handler
from apps.leads.merging.values import OTHER_EMAIL, OTHER_PHONE
from apps.leads.models import CustomField, DuplicatePair, Job
from apps.leads.types import DuplicateReason, DuplicateState, FieldType, JobKind, JobState

Values = Mapping[str, str | int | list[str]]
# An address or a name that more leads share than this is no person's own: an office's e-mail, a common name.
MOST_ALIKE, MOST_NAMESAKES = 20, 3

PLAIN_NAME = r"""btrim(regexp_replace(lower(regexp_replace(
    normalize(first_name || ' ' || last_name, NFKD), '[\u0300-\u036f]+', '', 'g')), '[^[:alnum:]]+', ' ', 'g'))"""


def match_key_of(digits: str) -> str:
    """`apps.core.phones.match_key` as SQL, of an expression that gives digits."""
    return rf"""(CASE WHEN {digits} ~ '^521\d{{10}}$' THEN '52' || substr({digits}, 4)
                      WHEN {digits} ~ '^549\d{{10}}$' THEN '54' || substr({digits}, 4)
                      WHEN {digits} ~ '^55\d\d9\d{{8}}$' THEN substr({digits}, 1, 4) || substr({digits}, 6)
                      ELSE {digits} END)"""


_BY_IDENTITY = f"""
    SELECT identity.lead_id AS one, lead.id AS other
      FROM leads_leadidentity AS identity
      JOIN leads_lead AS lead ON lead.phone_key = {match_key_of("identity.external_id")}
     WHERE identity.kind = 'wa_id' AND identity.lead_id <> lead.id
"""
_BY_OTHER_PHONE = rf"""
    SELECT given.id AS one, lead.id AS other
      FROM (SELECT id, regexp_replace(attributes ->> name, '\D', '', 'g') AS digits
              FROM leads_lead, unnest(%(phones)s::text[]) AS name WHERE attributes ? name) AS given
      JOIN leads_lead AS lead ON lead.phone_key = {match_key_of("given.digits")}
     WHERE given.id <> lead.id AND length(given.digits) >= 7
"""
_BY_EMAIL = """
    SELECT one, other
      FROM (SELECT array_agg(id) AS ids FROM leads_lead WHERE email <> ''
             GROUP BY lower(email) HAVING count(*) BETWEEN 2 AND %(most_alike)s) AS alike,
           unnest(ids) AS one, unnest(ids) AS other
     WHERE one < other
"""
_BY_OTHER_EMAIL = """
    SELECT given.id AS one, lead.id AS other
      FROM (SELECT id, lower(attributes ->> name) AS email
              FROM leads_lead, unnest(%(emails)s::text[]) AS name WHERE attributes ? name) AS given
      JOIN leads_lead AS lead ON lower(lead.email) = given.email AND lead.email <> ''
     WHERE given.id <> lead.id
"""
_BY_NAME_AND_TAIL = f"""
    SELECT one, other
      FROM (SELECT array_agg(id) AS ids FROM leads_lead WHERE length(phone_key) > 7 AND last_name <> ''
             GROUP BY {PLAIN_NAME}, right(phone_key, 7) HAVING count(*) BETWEEN 2 AND %(most_alike)s) AS alike,
           unnest(ids) AS one, unnest(ids) AS other
     WHERE one < other
"""
_BY_NAME = f"""
    SELECT one, other
      FROM (SELECT array_agg(id) AS ids FROM leads_lead WHERE last_name <> ''
             GROUP BY {PLAIN_NAME} HAVING count(*) BETWEEN 2 AND %(most_namesakes)s) AS alike,
           unnest(ids) AS one, unnest(ids) AS other
     WHERE one < other
"""
# A surer reason replaces a weaker one; what somebody has decided stays.
KEEP = """
    INSERT INTO leads_duplicatepair (first_id, second_id, reason, likeness, state)
    SELECT DISTINCT LEAST(one, other), GREATEST(one, other), reason, likeness, 'open'
      FROM ({found}) AS found
    ON CONFLICT (first_id, second_id) DO UPDATE
       SET reason = EXCLUDED.reason, likeness = EXCLUDED.likeness
     WHERE leads_duplicatepair.state = 'open' AND leads_duplicatepair.likeness < EXCLUDED.likeness
"""

_GIVEN = "SELECT one, other, %(reason)s AS reason, %(likeness)s::smallint AS likeness FROM ({found}) AS found"


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The custom fields that hold further phones and e-mails of a person."""

    phones: list[str]
    emails: list[str]


def further_contacts() -> Reading:
    """One query."""
    found = CustomField.objects.filter(type__in=[FieldType.PHONE, FieldType.EMAIL]).values_list("name", "type")
    return Reading(
        phones=[OTHER_PHONE, *(name for name, kind in found if kind == FieldType.PHONE)],
        emails=[OTHER_EMAIL, *(name for name, kind in found if kind == FieldType.EMAIL)],
    )


def keep_pairs(found: str, reason: str, values: Values) -> int:
    """Store the pairs that the statement finds; returns how many are new or surer than before."""
    with connection.cursor() as cursor:
        cursor.execute(
            KEEP.format(found=_GIVEN.format(found=found)),
            {**values, "reason": reason, "likeness": LIKENESS[reason]},
        )
        return cursor.rowcount


@job_handler(JobKind.DUPLICATES)
def search_all(run: JobRun) -> dict[str, object]:
    """The weakest reason first, so that a surer one replaces it. Run twice, it finds the same."""
    reading = further_contacts()
    values: Values = {
        "phones": reading.phones,
        "emails": reading.emails,
        "most_alike": MOST_ALIKE,
        "most_namesakes": MOST_NAMESAKES,
    }
    steps = (
        (DuplicateReason.NAME, _BY_NAME),
        (DuplicateReason.NAME_AND_PHONE_TAIL, _BY_NAME_AND_TAIL),
        (DuplicateReason.EMAIL, _BY_EMAIL),
        (DuplicateReason.EMAIL, _BY_OTHER_EMAIL),
        (DuplicateReason.PHONE, _BY_OTHER_PHONE),
        (DuplicateReason.PHONE, _BY_IDENTITY),
    )
    for done, (reason, found) in enumerate(steps, start=1):
        keep_pairs(found, reason, values)
        run.advance(done, len(steps))
    return {"open": DuplicatePair.objects.filter(state=DuplicateState.OPEN).count()}


def start_search(*, actor: Actor) -> Job:
    """Search all leads in the background; where one search waits or runs already, that one.

    Raises Forbidden.
    """
    actor.require("clients.merge")
    running = last_search(actor)
    if running is not None and running.state in {JobState.QUEUED, JobState.RUNNING}:
        return running
    return create_job(actor=actor, kind=JobKind.DUPLICATES, params={})


def last_search(actor: Actor) -> Job | None:
    """The newest search.

    Raises Forbidden.
    """
    actor.require("clients.merge")
    return Job.objects.filter(kind=JobKind.DUPLICATES).order_by("-id").first()


@subscribe(JobEnded)
def search_what_was_imported(event: JobEnded) -> None:
    """An import tells of its leads all at once; so are its duplicates searched."""
    # Dry runs and undone imports save nothing.
    if event.kind == JobKind.IMPORT and event.state == JobState.DONE and event.result.get("saved_to"):
        waiting = Job.objects.filter(kind=JobKind.DUPLICATES, state=JobState.QUEUED)
        if not waiting.exists():
            create_job(actor=event.actor, kind=JobKind.DUPLICATES, params={})
