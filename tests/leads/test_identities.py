"""From ids to a person: ids that prove two leads to be one merge them, and nothing that arrives meanwhile is lost."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from apps.conversations.inbound import receive_waiting_events
from apps.conversations.models import Conversation, Message
from apps.core.access import system_actor
from apps.core.tenancy import in_broker
from apps.leads.actions import update_lead
from apps.leads.identities import ChannelId, Contact, identify_lead, lock_contact, move_identity
from apps.leads.ingesting.people import find_or_make
from apps.leads.merging import merge_leads, undo_merge
from apps.leads.models import Activity, DuplicatePair, Lead, LeadIdentity, LeadMerge
from apps.leads.types import IdentityKind
from apps.messaging.models import RawEvent, RawEventState
from apps.messaging.types import Channel
from tests.factories import make_account, make_conversation, make_identity, make_lead, make_raw_event
from tests.fakes.graph_api import meta_text

WA, BSUID = IdentityKind.WA_ID, IdentityKind.BSUID
PHONE_NUMBER_ID = "106540352242922"


def comes(broker, *ids: ChannelId, **contact) -> Lead:
    """The lead of somebody who writes with these ids."""
    given = Contact(ids=ids, **contact)
    lock_contact(broker.pk, given)
    lead, _identity = identify_lead(actor=system_actor(broker.pk), contact=given, source="whatsapp_meta")
    return lead


def wa(value: str) -> ChannelId:
    return ChannelId(kind=WA, value=value)


def bsuid(value: str) -> ChannelId:
    return ChannelId(kind=BSUID, value=value)


def test_two_ids_in_one_payload_make_one_of_two_leads(broker):
    first = make_lead(phone=None, email="ana@correo.cl")
    make_identity(first, kind=BSUID, external_id="CL.1")
    second = make_lead(phone="+56912345678")
    make_identity(second, external_id="56912345678")

    lead = comes(broker, wa("56912345678"), bsuid("CL.1"))

    assert lead.pk == first.pk
    assert (lead.phone, lead.email) == ("+56912345678", "ana@correo.cl")
    assert set(LeadIdentity.objects.values_list("lead_id", flat=True)) == {first.pk}
    assert LeadMerge.objects.get().actor_user_id is None
    assert Activity.objects.filter(lead=lead, kind="merged", actor_kind="system").exists()


def test_a_number_that_whatsapp_tells_merges_the_lead_that_has_it(broker):
    known = make_lead(phone=None)
    make_identity(known, kind=BSUID, external_id="CL.1")
    imported = make_lead(phone="+56912345678", email="ana@correo.cl")

    lead = comes(broker, bsuid("CL.1"), wa("56912345678"))

    assert lead.pk == known.pk
    assert (lead.phone, lead.email) == ("+56912345678", "ana@correo.cl")
    assert not Lead.objects.filter(pk=imported.pk).exists()


def test_a_number_that_a_visitor_typed_merges_nobody(broker):
    visitor = make_lead(phone=None)
    make_identity(visitor, kind=IdentityKind.WEBCHAT, scope="w", external_id="v1")
    owner = make_lead(phone="+56912345678")

    lead = comes(broker, ChannelId(kind=IdentityKind.WEBCHAT, value="v1", scope="w"), phone="56912345678")

    assert (lead.pk, lead.phone) == (visitor.pk, None)
    pair = DuplicatePair.objects.get()
    assert {pair.first_id, pair.second_id} == {visitor.pk, owner.pk}


def test_a_changed_id_that_another_lead_has_merges_them(broker):
    first = make_lead(phone=None)
    make_identity(first, kind=BSUID, external_id="CL.old")
    second = make_lead(phone=None, email="ana@correo.cl")
    make_identity(second, kind=BSUID, external_id="CL.new")

    assert move_identity(actor=system_actor(broker.pk), old=bsuid("CL.old"), new=bsuid("CL.new"))

    lead = Lead.objects.get()
    assert (lead.pk, lead.email) == (first.pk, "ana@correo.cl")
    assert set(LeadIdentity.objects.values_list("lead_id", flat=True)) == {first.pk}


def test_what_a_person_has_parted_is_not_merged_again(broker, admin_user):
    first, second = make_lead(phone=None), make_lead(phone="+56912345678")
    make_identity(first, kind=BSUID, external_id="CL.1")
    make_identity(second, external_id="56912345678")
    comes(broker, wa("56912345678"), bsuid("CL.1"))

    undo_merge(actor=admin_user.actor(broker_id=broker.pk), merge_id=LeadMerge.objects.get().pk)
    lead = comes(broker, wa("56912345678"), bsuid("CL.1"))

    assert lead.pk == second.pk
    assert Lead.objects.count() == 2


def test_who_writes_from_the_number_that_lost_is_the_merged_person(broker):
    kept, absorbed = make_lead(phone="+56911111111"), make_lead(phone="+525512345678")
    merge_leads(actor=system_actor(broker.pk), kept_id=kept.pk, absorbed_id=absorbed.pk)

    assert comes(broker, wa("5215512345678")).pk == kept.pk
    assert comes(broker, wa("525512345678")).pk == kept.pk
    assert Lead.objects.count() == 1


def test_a_known_person_costs_one_query_for_each_id(broker):
    lead = make_lead(phone="+56912345678", first_name="Ana")
    make_identity(lead, external_id="56912345678", display_name="Ana")
    make_identity(lead, kind=BSUID, external_id="CL.1", display_name="Ana")
    contact = Contact(ids=(wa("56912345678"), bsuid("CL.1")), name="Ana")

    with CaptureQueriesContext(connection) as queries:
        identify_lead(actor=system_actor(broker.pk), contact=contact, source="whatsapp_meta")

    assert len([query for query in queries if query["sql"].startswith("SELECT")]) == 2


def test_a_webhook_that_joins_two_people_goes_into_one_conversation(broker):
    account = make_account(Channel.WHATSAPP_META, external_id=PHONE_NUMBER_ID)
    first = make_lead(phone=None)
    one = make_identity(first, kind=BSUID, external_id="CL.1")
    second = make_lead(phone="+56912345678")
    two = make_identity(second, external_id="56912345678")
    make_conversation(first, account, identity=one), make_conversation(second, account, identity=two)

    body = meta_text("56912345678", "Soy yo", "w.1", 1_790_000_000, PHONE_NUMBER_ID, user_id="CL.1")
    make_raw_event(account, body=body)
    receive_waiting_events()

    assert RawEvent.objects.get().state == RawEventState.PROCESSED
    message = Message.objects.get(text="Soy yo")
    assert message.conversation.lead_id == first.pk
    assert [row.pk for row in Conversation.objects.exclude(status="closed")] == [message.conversation_id]


def test_nothing_that_arrives_during_a_merge_is_lost(committed_db, broker):
    with in_broker(broker.pk):
        account = make_account(Channel.WHATSAPP_META, external_id=PHONE_NUMBER_ID)
        kept, absorbed = make_lead(phone="+56911111111"), make_lead(phone="+56922222222")
        for number in range(12):
            sender = ("56911111111", "56922222222")[number % 2]
            body = meta_text(sender, f"m{number}", f"w.{number}", 1_790_000_000 + number, PHONE_NUMBER_ID)
            make_raw_event(account, body=body)

    def receive() -> None:
        while receive_waiting_events(limit=1):
            pass

    def merge() -> None:
        with in_broker(broker.pk):
            merge_leads(actor=system_actor(broker.pk), kept_id=kept.pk, absorbed_id=absorbed.pk)

    def edit() -> None:
        with in_broker(broker.pk):
            update_lead(actor=system_actor(broker.pk), lead_id=kept.pk, attributes={"rooms": 3})

    def ingest() -> None:
        with in_broker(broker.pk), transaction.atomic():
            columns = {"phone": "+56922222222", "city": "Temuco"}
            find_or_make(actor=system_actor(broker.pk), columns=columns, attributes={}, same_person={}, source="ingest")

    together(receive, merge, receive, edit, ingest, receive)

    with in_broker(broker.pk):
        lead = Lead.objects.get()
        assert set(RawEvent.objects.values_list("state", "error")) == {(RawEventState.PROCESSED, "")}
        assert sorted(Message.objects.exclude(type="note").values_list("text", flat=True)) == sorted(
            f"m{number}" for number in range(12)
        )
        assert set(Conversation.objects.values_list("lead_id", flat=True)) == {lead.pk}
        assert Conversation.objects.exclude(status="closed").count() == 1
        assert (lead.inbound_count, lead.attributes["rooms"], lead.city) == (12, 3, "Temuco")


def test_two_merges_of_the_same_two_at_once_make_one_lead(committed_db, broker):
    with in_broker(broker.pk):
        first, second = make_lead(), make_lead()
    refused: list[str] = []

    def merge(kept: int, absorbed: int) -> None:
        with in_broker(broker.pk):
            try:
                merge_leads(actor=system_actor(broker.pk), kept_id=kept, absorbed_id=absorbed)
            except Exception as error:  # noqa: BLE001 - the test says which it must be
                refused.append(type(error).__name__)

    together(lambda: merge(first.pk, second.pk), lambda: merge(second.pk, first.pk))

    with in_broker(broker.pk):
        assert Lead.objects.count() == 1
    assert refused == ["NotFound"]


def together(*jobs: Callable[[], None]) -> None:
    """Run all at once; what one of them raises fails the test."""
    failed: list[BaseException] = []

    def run(job: Callable[[], None]) -> None:
        try:
            job()
        except BaseException as error:  # noqa: BLE001 - raised again below, in the test's own thread
            failed.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if failed:
        raise failed[0]


@pytest.mark.parametrize("number", range(3))
def test_ids_that_join_two_people_while_both_write(committed_db, broker, number):
    with in_broker(broker.pk):
        account = make_account(Channel.WHATSAPP_META, external_id=PHONE_NUMBER_ID)
        first = make_lead(phone=None)
        make_identity(first, kind=BSUID, external_id="CL.1")
        make_lead(phone="+56922222222")
        for index in range(9):
            user_id = "CL.1" if index % 3 == number else ""
            body = meta_text(
                "56922222222", f"m{index}", f"w.{index}", 1_790_000_000 + index, PHONE_NUMBER_ID, user_id=user_id
            )
            make_raw_event(account, body=body)

    def receive() -> None:
        while receive_waiting_events(limit=1):
            pass

    together(receive, receive, receive)

    with in_broker(broker.pk):
        lead = Lead.objects.get()
        assert Message.objects.exclude(type="note").count() == 9
        assert lead.inbound_count == 9
        assert Conversation.objects.exclude(status="closed").count() == 1
