"""Ingest: what another system sends is kept first, and made a lead of then.

The record is committed before anything is made of it, together with the work that would make it later. So a crash, or a
fault of ours, loses nothing: the record stays, is tried again, and a person can replay it.
"""

import ipaddress
import logging
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.brokers.ingest_keys import KeyHolder, key_holder
from apps.core import work
from apps.core.access import Actor
from apps.core.errors import DomainError, InvalidInput, NotFound
from apps.core.events import publish
from apps.core.tenancy import entered_broker_id
from apps.leads import providers
from apps.leads.events import IngestReplayed
from apps.leads.fields import ensure_fields
from apps.leads.ingesting.bodies import Body, read_body
from apps.leads.ingesting.columns import names_in
from apps.leads.ingesting.mapping import Plan, fields_of, plan_of
from apps.leads.ingesting.people import find_or_make
from apps.leads.models import IngestRecord, Lead
from apps.leads.providers import Recognised
from apps.leads.types import FieldOrigin, IngestState

log = logging.getLogger(__name__)
KIND: Final = "leads.ingest"
RETRY_AFTER: Final = timedelta(seconds=60)
_LONGEST_IDEMPOTENCY_KEY: Final = 200
_RIGHTS: Final = frozenset({"clients.create", "clients.read", "clients.update"})


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """One call of the ingest address."""

    raw: bytes
    content_type: str = ""
    address: str = ""
    idempotency_key: str = ""


@dataclass(frozen=True, kw_only=True)
class IngestAnswer:
    """What the sender is told. `lead_uid` is None where the record waits to be tried again, or said nothing."""

    record: IngestRecord
    lead_uid: Any = None
    problems: list[dict[str, str]] = field(default_factory=list)

    @property
    def creates_fields(self) -> bool:
        """Whether unknown names became fields at that time: then none was left unknown."""
        return self.record.unknown_fields is None


def receive(*, holder: KeyHolder, delivery: Delivery) -> IngestAnswer:
    """Keep what was sent, in a transaction of its own, and make a lead of it in a second one.

    Called inside the holder's broker. The same idempotency key gives the same answer and changes nothing. What cannot
    be processed now is tried again later; the answer has no lead then. Raises InvalidInput, after keeping the record,
    for a body that holds no names, and for an unusable idempotency key.
    """
    key = _usable_key(delivery.idempotency_key)
    body = read_body(delivery.raw, delivery.content_type)
    if body.refusal is not None:
        _keep_refused(holder, delivery, body)
        raise body.refusal
    answers = [_receive_one(holder, delivery, part, key) for part in providers.split(body.payload)]
    return answers[0]


def process(record_id: int, *, holder: KeyHolder, recognised: Recognised | None = None) -> IngestRecord:
    """Make a lead of a record, or find what was made of it: a second call changes nothing.

    `recognised` is what was just sent, in the sender's order, which the stored payload no longer has. Raises NotFound,
    and whatever went wrong, after which the record is as it was.
    """
    try:
        return _process(record_id, holder, recognised)
    except IntegrityError as error:
        # Somebody stored the same number by hand in this very moment: now it is found.
        if "lead_phone_key" not in str(error):
            raise
        return _process(record_id, holder, recognised)


def replay(*, actor: Actor, record_id: int) -> IngestRecord:
    """Make of a record what would be made of it now: after its fields were reviewed, or after a failure.

    The lead is the same where the person is known; only what is empty is filled. Raises Forbidden, NotFound,
    InvalidInput for a record that holds no names.
    """
    record = get_record(actor, record_id)
    actor.require("ingest.manage")
    if record.payload.keys() <= {"raw"}:
        raise InvalidInput(_("Nothing can be made of this record: it holds no names with values."))

    with transaction.atomic():
        IngestRecord.objects.filter(pk=record.pk).update(state=IngestState.RECEIVED)
        publish(IngestReplayed(broker_id=actor.broker_id, actor=actor, record_id=record.pk))
    return try_to_process(record.pk, holder=key_holder(entered_broker_id()))


def try_to_process(record_id: int, *, holder: KeyHolder, recognised: Recognised | None = None) -> IngestRecord:
    """As `process`; where it fails, the record says so and stays."""
    try:
        return process(record_id, holder=holder, recognised=recognised)
    except Exception as error:
        log.exception("an ingest record could not be processed", extra={"record_id": record_id})
        return _fail(record_id, holder, error)


@work.work_handler(KIND)
def process_later(payload: dict[str, Any]) -> None:
    """A record that a dead process left, or that failed."""
    if not IngestRecord.objects.filter(pk=payload["record_id"]).exists():
        return
    record = try_to_process(payload["record_id"], holder=key_holder(entered_broker_id()))
    if record.state == IngestState.FAILED:
        raise work.Retry(record.error)


def get_record(actor: Actor, record_id: int) -> IngestRecord:
    """One record with its lead.

    Raises Forbidden, NotFound.
    """
    actor.require("ingest.read")
    record = IngestRecord.objects.select_related("lead").filter(pk=record_id).first()
    if record is None:
        raise NotFound(_("There is no such record."), field="record_id")
    return record


def ingest_actor(broker_id: int, address: str = "") -> Actor:
    """The sender: it writes leads and sees nothing but what it sent."""
    return Actor(
        kind="integration", broker_id=broker_id, name="Ingest", permissions=_RIGHTS, address=address, request_id=""
    )


def _receive_one(holder: KeyHolder, delivery: Delivery, payload: dict[str, Any], key: str) -> IngestAnswer:
    recognised = providers.recognise(payload)
    record = _keep(holder, delivery, payload, recognised, key or _digested(recognised.external_id))
    if record.state == IngestState.RECEIVED:
        record = try_to_process(record.pk, holder=holder, recognised=recognised)
    return answer_of(record)


def answer_of(record: IngestRecord) -> IngestAnswer:
    """The answer to a record, now or at a repeated call."""
    problems = [{"field": row["name"], "problem": row["problem"]} for row in record.mapping if row["problem"]]
    lead = record.lead
    return IngestAnswer(record=record, lead_uid=lead.uid if lead else None, problems=problems)


def _keep(
    holder: KeyHolder, delivery: Delivery, payload: dict[str, Any], recognised: Recognised, key: str
) -> IngestRecord:
    """The record, committed with the work that would process it; the one that has the key already, if there is one."""
    record = IngestRecord(
        source=recognised.shape,
        payload=payload,
        content_type=delivery.content_type[:120].replace("\x00", ""),
        source_ip=_ip(delivery.address),
        idempotency_key=key or None,
        created_at=timezone.now(),
    )
    try:
        with transaction.atomic():
            record.save(force_insert=True)
            _schedule(holder, record.pk)
    except IntegrityError as error:
        if not key or "ingest_idempotency_key" not in str(error):
            raise
        return IngestRecord.objects.select_related("lead").get(idempotency_key=key)
    return record


def _keep_refused(holder: KeyHolder, delivery: Delivery, body: Body) -> None:
    """A person sees what came; nobody tries it again, and the key stays free for the corrected call."""
    refusal = str(body.refusal.message) if body.refusal else ""
    IngestRecord.objects.create(
        payload=body.payload,
        content_type=delivery.content_type[:120].replace("\x00", ""),
        source_ip=_ip(delivery.address),
        state=IngestState.FAILED,
        error=refusal[:500],
        unknown_fields=None if holder.creates_fields else [],
        created_at=timezone.now(),
    )


@transaction.atomic
def _process(record_id: int, holder: KeyHolder, recognised: Recognised | None) -> IngestRecord:
    record = IngestRecord.objects.select_for_update().filter(pk=record_id).first()
    if record is None:
        raise NotFound(_("There is no such record."), field="record_id")
    if record.state == IngestState.PROCESSED:
        return record
    actor = ingest_actor(holder.broker_id, record.source_ip or "")
    recognised = recognised or providers.recognise(record.payload)
    names = dict(recognised.names)
    plan = plan_of(names, fields_of(list(names)), creates_fields=holder.creates_fields, country=holder.country)

    lead = _lead_of(actor, plan, recognised)
    created = ensure_fields(actor, plan.new, FieldOrigin.INGEST) if plan.new else []
    _finish(record, plan, lead, [row.name for row in created], creates_fields=holder.creates_fields)
    work.cancel(KIND, _work_key(holder, record.pk))
    return record


def _lead_of(actor: Actor, plan: Plan, recognised: Recognised) -> Lead | None:
    if plan.is_empty:
        return None
    return find_or_make(
        actor=actor,
        columns=names_in(plan.columns),
        attributes=plan.attributes,
        same_person=recognised.same_person,
        source=recognised.origin or "ingest",
    )


def _finish(record: IngestRecord, plan: Plan, lead: Lead | None, created: list[str], *, creates_fields: bool) -> None:
    # In the sender's order, as the document shows them.
    order = {name: number for number, name in enumerate(plan.new)}
    record.lead = lead
    record.state = IngestState.PROCESSED
    record.mapping = [one.as_json() for one in plan.placed]
    record.unknown_fields = None if creates_fields else plan.unknown
    record.fields_created = sorted(created, key=lambda name: order[name])
    record.error = ""
    record.attempts += 1
    record.processed_at = timezone.now()
    record.save(
        update_fields=[
            "lead",
            "state",
            "mapping",
            "unknown_fields",
            "fields_created",
            "error",
            "attempts",
            "processed_at",
        ]
    )


def _fail(record_id: int, holder: KeyHolder, error: Exception) -> IngestRecord:
    """What a person reads is a sentence of ours, or the kind of the fault: its words may hold SQL."""
    said = error.message if isinstance(error, DomainError) else type(error).__name__
    with transaction.atomic():
        record = IngestRecord.objects.select_for_update().get(pk=record_id)
        record.state = IngestState.FAILED
        record.error = said[:500]
        record.attempts += 1
        record.unknown_fields = None if holder.creates_fields else []
        record.save(update_fields=["state", "error", "attempts", "unknown_fields"])
    return record


def _schedule(holder: KeyHolder, record_id: int) -> None:
    work.schedule(
        KIND,
        {"record_id": record_id},
        broker_id=holder.broker_id,
        due_at=timezone.now() + RETRY_AFTER,
        key=_work_key(holder, record_id),
    )


def _work_key(holder: KeyHolder, record_id: int) -> str:
    return f"{holder.broker_id}:{record_id}"


def _usable_key(key: str) -> str:
    """The sender's idempotency key, told apart from ids that adapters find.

    Raises InvalidInput for one that is too long or unprintable.
    """
    trimmed = key.strip()
    if not trimmed:
        return ""
    if len(trimmed) > _LONGEST_IDEMPOTENCY_KEY or not trimmed.isprintable():
        raise InvalidInput(
            _("An idempotency key has at most %(most)d printable characters.") % {"most": _LONGEST_IDEMPOTENCY_KEY},
            field="Idempotency-Key",
        )
    return f"key:{trimmed}"


def _digested(external_id: str) -> str:
    return external_id.replace("\x00", "")[:_LONGEST_IDEMPOTENCY_KEY]


def _ip(address: str) -> str | None:
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return None
