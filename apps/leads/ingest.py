"""Ingest: what another system sends is kept first, and made a lead of then.

The record is committed before anything is made of it, together with the work that would make it later. So a crash, or a
fault of ours, loses nothing: the record stays, is tried again, and a person can replay it.
"""

import ipaddress
import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
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
# Records of one such span of time are looked after together, once nobody can have them in hands any more.
SPAN_SECONDS: Final = 20
LOOK_AFTER: Final = timedelta(seconds=40)
_LONGEST_IDEMPOTENCY_KEY: Final = 200
_MOST_REMEMBERED: Final = 20_000
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
    parts = providers.split(body.payload)
    # Several people in one call are several records, each with a key of its own.
    keys = [key, *(f"{key}#{number}" if key else "" for number in range(2, len(parts) + 1))]
    answers = [_receive_one(holder, delivery, part, own) for part, own in zip(parts, keys, strict=True)]
    return answers[0]


def process(record: IngestRecord, *, holder: KeyHolder, recognised: Recognised | None = None) -> IngestRecord:
    """Make a lead of a record, or find what was made of it: a second call changes nothing.

    `recognised` is what was just sent, in the sender's order, which the stored payload no longer has. Raises whatever
    went wrong, after which the record is as it was.
    """
    try:
        return _process(record, holder, recognised)
    except _ProcessedMeanwhile:
        return IngestRecord.objects.select_related("lead").get(pk=record.pk)
    except IntegrityError as error:
        # Somebody stored the same number by hand in this very moment: now it is found.
        if "lead_phone_key" not in str(error):
            raise
        return _process(record, holder, recognised)


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
        record.state = IngestState.RECEIVED
        record.save(update_fields=["state"])
        publish(IngestReplayed(broker_id=actor.broker_id, actor=actor, record_id=record.pk))
    return try_to_process(record, holder=key_holder(entered_broker_id()))


def try_to_process(record: IngestRecord, *, holder: KeyHolder, recognised: Recognised | None = None) -> IngestRecord:
    """As `process`; where it fails, the record says so and stays."""
    try:
        return process(record, holder=holder, recognised=recognised)
    except Exception as error:
        log.exception("an ingest record could not be processed", extra={"record_id": record.pk})
        return _fail(record, holder, error)


@work.work_handler(KIND, lease=timedelta(minutes=5))
def look_after_records(payload: dict[str, Any]) -> None:
    """Process what a dead process left of a span of time, and what failed; while something fails, this runs again."""
    start = datetime.fromtimestamp(payload["span"] * SPAN_SECONDS, tz=UTC)
    left = IngestRecord.objects.filter(
        state__in=[IngestState.RECEIVED, IngestState.FAILED],
        processed_at__isnull=True,
        created_at__gte=start,
        created_at__lt=start + timedelta(seconds=SPAN_SECONDS),
    )
    holder = key_holder(entered_broker_id())
    records = [try_to_process(record, holder=holder) for record in left.order_by("id")]
    failed = [record.error for record in records if record.state == IngestState.FAILED]
    if failed:
        raise work.Retry(failed[0])


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
        record = try_to_process(record, holder=holder, recognised=recognised)
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
            _have_it_looked_after(holder.broker_id, record)
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
        processed_at=timezone.now(),
    )


class _ProcessedMeanwhile(Exception):
    """Somebody else made something of the record while we did: ours is taken back."""


@transaction.atomic
def _process(record: IngestRecord, holder: KeyHolder, recognised: Recognised | None) -> IngestRecord:
    if record.state == IngestState.PROCESSED:
        return record
    actor = ingest_actor(holder.broker_id, record.source_ip or "")
    recognised = recognised or providers.recognise(record.payload)
    names = dict(recognised.names)
    plan = plan_of(names, fields_of(list(names)), creates_fields=holder.creates_fields, country=holder.country)

    lead = _lead_of(actor, plan, recognised)
    created = ensure_fields(actor, plan.new, FieldOrigin.INGEST) if plan.new else []
    _finish(record, plan, lead, [row.name for row in created], creates_fields=holder.creates_fields)
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
    """Raises _ProcessedMeanwhile."""
    # In the sender's order, as the document shows them.
    order = {name: number for number, name in enumerate(plan.new)}
    values = {
        "lead": lead,
        "state": IngestState.PROCESSED,
        "mapping": [one.as_json() for one in plan.placed],
        "unknown_fields": None if creates_fields else plan.unknown,
        "fields_created": sorted(created, key=lambda name: order[name]),
        "error": "",
        "attempts": record.attempts + 1,
        "processed_at": timezone.now(),
    }
    if not IngestRecord.objects.filter(pk=record.pk).exclude(state=IngestState.PROCESSED).update(**values):
        raise _ProcessedMeanwhile
    for name, value in values.items():
        setattr(record, name, value)


def _fail(record: IngestRecord, holder: KeyHolder, error: Exception) -> IngestRecord:
    """What a person reads is a sentence of ours, or the kind of the fault: its words may hold SQL."""
    said = error.message if isinstance(error, DomainError) else type(error).__name__
    with transaction.atomic():
        failed = IngestRecord.objects.select_for_update().get(pk=record.pk)
        if failed.state == IngestState.PROCESSED:
            return failed
        failed.state = IngestState.FAILED
        failed.error = said[:500]
        failed.attempts += 1
        failed.processed_at = None
        failed.unknown_fields = None if holder.creates_fields else []
        failed.save(update_fields=["state", "error", "attempts", "processed_at", "unknown_fields"])
        # A replay of an old record may come long after its span was looked after.
        _looked_after.pop(holder.broker_id, None)
        _have_it_looked_after(holder.broker_id, failed)
    return failed


_looked_after: dict[int, int] = {}


def _have_it_looked_after(broker_id: int, record: IngestRecord) -> None:
    """The records of one span of time are looked after when it is over: one row of work for all of them."""
    span = int(record.created_at.timestamp()) // SPAN_SECONDS
    if _looked_after.get(broker_id) == span:
        return
    due = datetime.fromtimestamp((span + 1) * SPAN_SECONDS, tz=UTC) + LOOK_AFTER
    work.schedule(KIND, {"span": span}, broker_id=broker_id, due_at=max(due, timezone.now()), key=f"{broker_id}:{span}")
    transaction.on_commit(lambda: _remember(broker_id, span))


def _remember(broker_id: int, span: int) -> None:
    if len(_looked_after) >= _MOST_REMEMBERED:
        _looked_after.clear()
    _looked_after[broker_id] = span


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
