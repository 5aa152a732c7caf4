"""Who merges two people holds everything by which either could be found meanwhile."""

from collections.abc import Iterable, Sequence

from django.db import connection, transaction

from apps.core.errors import NotFound
from apps.core.locks import lock_names
from apps.core.phones import spellings
from apps.core.tenancy import entered_broker_id
from apps.leads.models import Lead, LeadIdentity


def lock_people(lead_ids: Sequence[int], *, more: Iterable[str] = ()) -> dict[int, Lead]:
    """Lock the ids, phones and e-mails of the leads and then their rows, in order; returns them by number.

    A message that is being stored finishes first; one that comes later finds the lead that stays. An id that was added
    while we waited is locked too, until there is none.
    Raises NotFound where one of them is gone.
    """
    wanted = _names(lead_ids) | set(more)
    while not _lock_if_all(wanted, lead_ids):
        wanted |= _names(lead_ids)
    # Not FOR UPDATE: who only points to one of them may still end; ours takes the row when it deletes it.
    rows = Lead.objects.select_for_update(no_key=True).filter(pk__in=lead_ids).order_by("pk")
    leads = {lead.pk: lead for lead in rows}
    if len(leads) < len(set(lead_ids)):
        raise NotFound(field="lead_id")
    return leads


def _lock_if_all(wanted: set[str], lead_ids: Sequence[int]) -> bool:
    """Hold all of them, or none where there are more by now: taking those too would be out of order, and deadlock."""
    point = transaction.savepoint()
    lock_names(wanted)
    if _names(lead_ids) <= wanted:
        transaction.savepoint_commit(point)
        return True
    transaction.savepoint_rollback(point)
    return False


def names_of(*, phone_key: str | None, email: str) -> set[str]:
    """The locks of a phone and an e-mail."""
    broker_id = entered_broker_id()
    names = {f"phone:{broker_id}:{phone_key}"} if phone_key else set()
    if phone_key:  # whoever writes from it for the first time
        names |= {f"identity:{broker_id}:wa_id::{form.removeprefix('+')}" for form in spellings(phone_key)}
    return names | ({f"email:{broker_id}:{email.lower()}"} if email else set())


def require_nothing_dangles() -> None:
    """Check now that every row points to a lead that exists, rather than when the transaction ends."""
    connection.check_constraints()


def _names(lead_ids: Sequence[int]) -> set[str]:
    broker_id = entered_broker_id()
    ids = LeadIdentity.objects.filter(lead_id__in=lead_ids).values_list("kind", "scope", "external_id")
    names = {f"identity:{broker_id}:{kind}:{scope}:{value}" for kind, scope, value in ids}
    for phone_key, email in Lead.objects.filter(pk__in=lead_ids).values_list("phone_key", "email"):
        names |= names_of(phone_key=phone_key, email=email)
    return names
