"""After something about leads changed: their scores, and by the rules their stages.

A change asks for this in its own transaction, once for each lead however often it changes. A worker that comes for one
takes the others that wait along, so that a thousand leads from a portal cost a few statements and not a thousand times
the same. Jobs that changed many leads ask for all of theirs at once.
"""

from typing import Any, Final

from django.db import connection, transaction
from django.db.models import QuerySet

from apps.core.access import Actor, system_actor
from apps.core.events import subscribe
from apps.core.tenancy import entered_broker_id
from apps.core.work import LONG, cancel, renew_lease, schedule, work_handler
from apps.leads.events import JobEnded, LeadCreated, LeadEvent, LeadMergeUndone, LeadsMerged, LeadUpdated
from apps.leads.models import Job, JobChange, Lead
from apps.leads.pipeline import advance_by_themselves, advance_many
from apps.leads.queries import get_lead
from apps.leads.scoring import rescore_many, rescore_some
from apps.leads.types import JobKind, JobState

KIND: Final = "leads.settle"
KIND_OF_JOBS: Final = "leads.settle_job"
# So many leads that wait are settled together.
MOST_AT_ONCE: Final = 25
# No bulk action changes what a score is made of. Whom people have moved or given a temperature stays there, as where
# one lead is moved; rules are held against leads whose tags or contact status changed.
_RULES_MAY_ASK_FOR: Final = frozenset({"add_tags", "remove_tags", "set_contact_status"})
_JOBS: Final = frozenset({JobKind.IMPORT, JobKind.BULK})
_ENDS: Final = frozenset({JobState.DONE, JobState.CANCELLED, JobState.UNDONE})


@subscribe(LeadCreated, LeadUpdated, LeadsMerged, LeadMergeUndone)
def settle_what_changed(event: LeadEvent) -> None:
    """In the transaction of the change: it is never without a score of its own for long."""
    ask_to_settle(event.lead_id)


@subscribe(JobEnded)
def settle_what_a_job_changed(event: JobEnded) -> None:
    """Also where it was stopped half-way, or taken back."""
    if event.kind in _JOBS and event.state in _ENDS:
        broker_id = entered_broker_id()
        schedule(KIND_OF_JOBS, {"job_id": event.job_id}, broker_id=broker_id, key=f"{broker_id}:{event.job_id}")


def ask_to_settle(lead_id: int) -> None:
    """Have a worker compute the lead's score and hold the rules against it; asked many times, it does so once."""
    broker_id = entered_broker_id()
    schedule(KIND, {"lead_id": lead_id}, broker_id=broker_id, key=_key(lead_id))


@transaction.atomic
def settle_lead(*, actor: Actor, lead_id: int) -> Lead:
    """Do it now, for whoever waits for it; what this transaction had asked for is done with.

    Raises NotFound.
    """
    get_lead(actor, lead_id)
    _settle(actor, [lead_id])
    cancel(KIND, _key(lead_id))
    return get_lead(actor, lead_id)


@work_handler(KIND, max_attempts=5)
def settle_those_that_wait(payload: dict[str, Any]) -> None:
    """The lead that is asked for, and those of the broker that wait too; one of them that is gone is no matter."""
    lead_id = int(payload["lead_id"])
    with transaction.atomic():
        Lead.objects.filter(pk=lead_id).select_for_update(of=("self",)).values_list("pk").first()
        _settle(system_actor(entered_broker_id()), [lead_id, *_take_those_that_wait()])


@work_handler(KIND_OF_JOBS, queue=LONG, max_attempts=5)
def settle_leads_of_a_job(payload: dict[str, Any]) -> None:
    """All that an import or a bulk action made or changed."""
    job = Job.objects.filter(pk=payload["job_id"]).first()
    if job is None:
        return
    actor = system_actor(entered_broker_id())
    changed = Lead.objects.filter(pk__in=JobChange.objects.filter(job=job).values("lead_id"))
    if job.kind == JobKind.BULK:
        if job.params.get("action") in _RULES_MAY_ASK_FOR:
            advance_many(actor=actor, leads=changed, on_progress=renew_lease)
        return
    settle_many(actor, Lead.objects.filter(made_by_job=job))
    settle_many(actor, changed)


def settle_many(actor: Actor, leads: QuerySet[Lead]) -> None:
    """Any number of leads, in transactions of their own."""
    rescore_many(actor=actor, leads=leads, on_progress=lambda _checked: renew_lease())
    advance_many(actor=actor, leads=leads, on_progress=renew_lease)


def _settle(actor: Actor, lead_ids: list[int]) -> None:
    rescore_some(actor=actor, lead_ids=lead_ids)
    advance_by_themselves(actor=actor, leads=Lead.objects.filter(pk__in=lead_ids))


def _take_those_that_wait() -> list[int]:
    """The leads whose turn has not begun, locked and off the list: they are settled in this transaction.

    Leads before work, as everybody locks who changes a lead; and never waiting, because one is held already.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT id, (payload ->> 'lead_id')::bigint FROM public.core_scheduledwork
             WHERE kind = %s AND broker_id = %s AND lease_until IS NULL AND attempts = 0 LIMIT %s
            """,
            [KIND, entered_broker_id(), MOST_AT_ONCE],
        )
        work_of = {lead_id: work_id for work_id, lead_id in cursor.fetchall()}
        found = Lead.objects.filter(pk__in=work_of).order_by("pk").select_for_update(of=("self",), skip_locked=True)
        locked = list(found.values_list("pk", flat=True))
        cursor.execute(
            """
            DELETE FROM public.core_scheduledwork
             WHERE id IN (SELECT id FROM public.core_scheduledwork
                           WHERE id = ANY(%s) AND lease_until IS NULL FOR UPDATE SKIP LOCKED)
            """,
            [[work_of[lead_id] for lead_id in locked]],
        )
    return locked


def _key(lead_id: int) -> str:
    return f"{entered_broker_id()}:{lead_id}"
