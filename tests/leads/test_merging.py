"""Two leads that are one person: what stays, what moves, and how they are parted again."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.audit.models import AuditEntry
from apps.conversations.actions import close_conversation
from apps.conversations.models import Conversation, Message
from apps.conversations.types import ConversationStatus, Direction, Handler
from apps.core.access import system_actor
from apps.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from apps.core.tenancy import in_broker
from apps.leads.actions import assign_lead, delete_lead, update_lead
from apps.leads.events import LeadsMerged
from apps.leads.merging import left_by_undo, merge_leads, preview_merge, undo_merge
from apps.leads.merging.rows import pointers
from apps.leads.models import (
    Activity,
    DuplicatePair,
    IngestRecord,
    Lead,
    LeadIdentity,
    LeadMerge,
    LeadTally,
    StageChange,
)
from apps.leads.types import DuplicateReason, DuplicateState, IdentityKind, LeadStatus, Stage
from tests.factories import make_account, make_conversation, make_identity, make_lead, make_message


@pytest.fixture
def actor(admin_user, broker):
    return admin_user.actor(broker_id=broker.pk)


def merged(actor, kept, absorbed, **choices):
    merge = merge_leads(actor=actor, kept_id=kept.pk, absorbed_id=absorbed.pk, choices=choices)
    return merge, Lead.objects.get(pk=kept.pk)


def test_the_kept_leads_values_stay_and_what_it_lacks_is_filled(actor):
    kept = make_lead(first_name="Ana", last_name="Pérez", email="", city="Santiago", tags=["vip"])
    absorbed = make_lead(
        phone=None, first_name="Anita", last_name="", email="ana@correo.cl", city="Temuco", tags=["vip", "norte"]
    )

    _merge, lead = merged(actor, kept, absorbed)

    assert (lead.name, lead.email, lead.city, lead.tags) == ("Ana Pérez", "ana@correo.cl", "Santiago", ["vip", "norte"])
    assert not Lead.objects.filter(pk=absorbed.pk).exists()


def test_the_caller_chooses_field_by_field(actor):
    kept = make_lead(first_name="Ana", city="Santiago", attributes={"budget": 1, "rooms": 2})
    absorbed = make_lead(first_name="Anita", last_name="P.", city="Temuco", attributes={"budget": 5, "rooms": 3})

    _merge, lead = merged(
        actor, kept, absorbed, **{"name": "absorbed", "city": "kept", "attributes.budget": "absorbed"}
    )

    assert (lead.name, lead.city) == ("Anita P.", "Santiago")
    assert (lead.attributes["budget"], lead.attributes["rooms"]) == (5, 2)


def test_numbers_add_up_and_times_reach_as_far_as_they_can(actor):
    now = timezone.now()
    kept = make_lead(inbound_count=3, lifetime_value=100, created_at=now, last_inbound_at=now - timedelta(days=9))
    absorbed = make_lead(
        inbound_count=4,
        lifetime_value="50.50",
        total_purchases=1,
        created_at=now - timedelta(days=30),
        last_inbound_at=now - timedelta(days=2),
    )

    _merge, lead = merged(actor, kept, absorbed)

    assert (lead.inbound_count, float(lead.lifetime_value), lead.total_purchases) == (7, 150.5, 1)
    assert lead.created_at == absorbed.created_at
    assert lead.last_inbound_at == absorbed.last_inbound_at


@pytest.mark.parametrize(
    ("mine", "theirs", "stage", "status"),
    [
        (Stage.ENTRADA, Stage.AGENDADO, Stage.AGENDADO, LeadStatus.HOT),
        (Stage.AGENDADO, Stage.PERDIDO, Stage.AGENDADO, LeadStatus.HOT),
        (Stage.PERDIDO, Stage.ENTRADA, Stage.ENTRADA, LeadStatus.HOT),
        (Stage.SEGUIMIENTO, Stage.GANADO, Stage.GANADO, LeadStatus.CONVERTED),
    ],
)
def test_the_further_stage_stays_and_lost_is_never_further(actor, mine, theirs, stage, status):
    of_stage = {Stage.PERDIDO: LeadStatus.LOST, Stage.GANADO: LeadStatus.CONVERTED}
    kept = make_lead(stage=mine, status=of_stage.get(mine, LeadStatus.HOT))
    absorbed = make_lead(stage=theirs, status=of_stage.get(theirs, LeadStatus.HOT))

    _merge, lead = merged(actor, kept, absorbed)

    assert lead.stage == stage
    assert lead.status in {status, LeadStatus.COLD, LeadStatus.WARM}


def test_the_number_and_the_address_that_lost_are_not_forgotten(actor):
    kept = make_lead(phone="+56911112222", email="ana@correo.cl")
    absorbed = make_lead(phone="+56933334444", email="ana@trabajo.cl")

    _merge, lead = merged(actor, kept, absorbed)

    assert lead.phone == "+56911112222"
    assert lead.attributes == {"other_phone": "+56933334444", "other_email": "ana@trabajo.cl"}
    assert LeadIdentity.objects.get(kind=IdentityKind.WA_ID, external_id="56933334444").lead_id == lead.pk


def test_everything_that_hangs_from_the_absorbed_lead_moves(actor):
    kept, absorbed = make_lead(), make_lead()
    conversation = make_conversation(absorbed)
    make_message(conversation)
    Activity.objects.create(lead=absorbed, kind="created", actor_kind="system")
    StageChange.objects.create(lead=absorbed, to_stage=Stage.ENTRADA, actor_kind="system")
    IngestRecord.objects.create(lead=absorbed, payload={"nombre": "Ana"})

    merge, lead = merged(actor, kept, absorbed)

    for model in (Conversation, Activity, StageChange, IngestRecord, LeadIdentity):
        assert not model.objects.filter(lead_id=absorbed.pk).exists()
        assert model.objects.filter(lead_id=lead.pk).exists()
    assert merge.moved["conversations_conversation.lead_id"] == [conversation.pk]


def test_no_table_with_a_lead_in_it_is_forgotten():
    names = {one.name for one in pointers()}

    assert {
        "conversations_conversation.lead_id",
        "leads_activity.lead_id",
        "leads_leadidentity.lead_id",
        "leads_stagechange.lead_id",
        "leads_ingestrecord.lead_id",
        "leads_leadmerge.kept_id",
    } <= names


def test_the_timeline_and_the_trail_say_it(actor):
    kept, absorbed = make_lead(), make_lead(first_name="Rosa", last_name="Soto")

    merged(actor, kept, absorbed)

    line = Activity.objects.get(lead=kept, kind="merged")
    assert line.details["label"] == "Rosa Soto"
    entry = AuditEntry.objects.get(name=LeadsMerged.name)
    assert (entry.object_id, entry.actor_user_id) == (str(kept.pk), actor.user_id)


def test_the_counts_of_the_board_stay_right(actor):
    kept, absorbed = make_lead(stage=Stage.ENTRADA), make_lead(stage=Stage.AGENDADO)

    merge, _lead = merged(actor, kept, absorbed)
    assert sum(LeadTally.objects.values_list("number", flat=True)) == Lead.objects.count()

    undo_merge(actor=actor, merge_id=merge.pk)
    assert sum(LeadTally.objects.values_list("number", flat=True)) == Lead.objects.count()


def test_of_two_open_conversations_on_one_account_the_older_rests(actor):
    account = make_account()
    kept, absorbed = make_lead(), make_lead()
    old = make_conversation(kept, account, last_message_at=timezone.now() - timedelta(hours=3))
    new = make_conversation(absorbed, account)

    merged(actor, kept, absorbed)

    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.status, old.close_reason) == (ConversationStatus.CLOSED, "duplicate")
    assert (new.lead_id, new.is_open) == (kept.pk, True)
    assert old.messages.filter(type="note").count() == 1


def test_what_an_agent_attends_goes_on_before_what_nobody_does(actor, agent_user):
    account = make_account()
    kept, absorbed = make_lead(), make_lead()
    attended = make_conversation(
        kept,
        account,
        last_message_at=timezone.now() - timedelta(hours=3),
        status=ConversationStatus.ACTIVE,
        handler=Handler.AGENT,
        assigned_agent=agent_user,
    )
    newer = make_conversation(absorbed, account)

    merged(actor, kept, absorbed)

    attended.refresh_from_db()
    newer.refresh_from_db()
    assert attended.is_open
    assert not newer.is_open


def test_what_nobody_answered_goes_on_in_the_open_conversation(actor, run_work):
    account = make_account()
    kept, absorbed = make_lead(), make_lead()
    hours = timezone.now() - timedelta(hours=3)
    rests = make_conversation(kept, account, last_message_at=hours)
    answered = make_message(rests, sent_at=hours - timedelta(minutes=2))
    make_message(rests, direction=Direction.OUT, sent_at=hours - timedelta(minutes=1))
    waiting = make_message(rests, sent_at=hours, handled_at=None, text="¿Sigue disponible?")
    goes_on = make_conversation(absorbed, account)

    merge, _lead = merged(actor, kept, absorbed)

    waiting.refresh_from_db()
    answered.refresh_from_db()
    goes_on.refresh_from_db()
    assert (waiting.conversation_id, answered.conversation_id) == (goes_on.pk, rests.pk)
    assert goes_on.unread_count == 1

    undo_merge(actor=actor, merge_id=merge.pk)
    waiting.refresh_from_db()
    assert waiting.conversation_id == rests.pk


def test_undo_brings_back_both_people_with_what_was_theirs(actor):
    account = make_account()
    kept = make_lead(email="", stage=Stage.ENTRADA, tags=["uno"], inbound_count=2)
    absorbed = make_lead(email="ana@correo.cl", stage=Stage.AGENDADO, tags=["dos"], inbound_count=5)
    before = {lead.pk: Lead.objects.values().get(pk=lead.pk) for lead in (kept, absorbed)}
    rests = make_conversation(kept, account, last_message_at=timezone.now() - timedelta(hours=3))
    goes_on = make_conversation(absorbed, account)
    merge, _lead = merged(actor, kept, absorbed)

    undo_merge(actor=actor, merge_id=merge.pk)

    for number, columns in before.items():
        now = Lead.objects.values().get(pk=number)
        changing = {"updated_at", "score", "score_parts", "scored_at", "status"}
        assert {k: v for k, v in now.items() if k not in changing} == {
            k: v for k, v in columns.items() if k not in changing
        }
    rests.refresh_from_db()
    goes_on.refresh_from_db()
    assert (rests.lead_id, rests.status, rests.closed_at) == (kept.pk, ConversationStatus.NEW, None)
    assert (goes_on.lead_id, goes_on.is_open) == (absorbed.pk, True)
    assert left_by_undo(LeadMerge.objects.get(pk=merge.pk)) == []


def test_undo_leaves_what_somebody_changed_since_and_says_so(actor):
    kept = make_lead(email="", city="", attributes={})
    absorbed = make_lead(email="ana@correo.cl", city="Temuco", attributes={"budget": 5, "rooms": 2})
    merge, _lead = merged(actor, kept, absorbed)
    update_lead(actor=actor, lead_id=kept.pk, city="Osorno", attributes={"budget": 7})

    undo_merge(actor=actor, merge_id=merge.pk)

    lead = Lead.objects.get(pk=kept.pk)
    assert (lead.email, lead.city, lead.attributes["budget"], "rooms" in lead.attributes) == ("", "Osorno", 7, False)
    assert {"attributes.budget", "city"} <= set(left_by_undo(LeadMerge.objects.get(pk=merge.pk)))
    assert Lead.objects.get(pk=absorbed.pk).city == "Temuco"


def test_counters_that_grew_since_lose_only_what_the_merge_added(actor):
    kept, absorbed = make_lead(inbound_count=2), make_lead(inbound_count=5)
    merge, lead = merged(actor, kept, absorbed)
    Lead.objects.filter(pk=lead.pk).update(inbound_count=lead.inbound_count + 1)

    undo_merge(actor=actor, merge_id=merge.pk)

    assert Lead.objects.get(pk=kept.pk).inbound_count == 3
    assert Lead.objects.get(pk=absorbed.pk).inbound_count == 5


def test_a_conversation_that_began_after_the_merge_follows_its_id(actor):
    kept, absorbed = make_lead(), make_lead()
    identity = make_identity(absorbed)
    merge, lead = merged(actor, kept, absorbed)
    identity.refresh_from_db()
    later = make_conversation(lead, make_account(), identity=identity)

    undo_merge(actor=actor, merge_id=merge.pk)

    later.refresh_from_db()
    assert later.lead_id == absorbed.pk


def test_a_phone_that_somebody_else_has_by_now_stays_with_them(actor):
    kept = make_lead()
    absorbed = make_lead(phone="+56933334444")
    merge, _lead = merged(actor, kept, absorbed)
    make_lead(phone="+56933334444")

    back = undo_merge(actor=actor, merge_id=merge.pk)

    assert back.phone is None
    assert "phone" in left_by_undo(LeadMerge.objects.get(pk=merge.pk))


def test_undoing_twice_is_refused(actor):
    merge, _lead = merged(actor, make_lead(), make_lead())
    undo_merge(actor=actor, merge_id=merge.pk)

    with pytest.raises(Conflict) as error:
        undo_merge(actor=actor, merge_id=merge.pk)

    assert error.value.code == "MERGE_ALREADY_UNDONE"


def test_undo_is_refused_once_the_kept_lead_is_gone(actor):
    merge, lead = merged(actor, make_lead(), make_lead())
    delete_lead(actor=actor, lead_id=lead.pk)

    with pytest.raises(Conflict) as error:
        undo_merge(actor=actor, merge_id=merge.pk)

    assert error.value.code == "KEPT_LEAD_GONE"


def test_merges_of_merges_are_undone_in_their_order(actor):
    first, second, third = make_lead(), make_lead(), make_lead(tags=["c"])
    early, _lead = merged(actor, second, first)
    late, _lead = merged(actor, third, second)

    with pytest.raises(Conflict) as error:
        undo_merge(actor=actor, merge_id=early.pk)
    assert error.value.code == "MERGED_AGAIN"

    undo_merge(actor=actor, merge_id=late.pk)
    undo_merge(actor=actor, merge_id=early.pk)
    assert Lead.objects.filter(pk__in=[first.pk, second.pk, third.pk]).count() == 3


def test_pairs_with_third_leads_go_to_the_kept_one_and_come_back(actor):
    absorbed, kept, third, fourth = make_lead(), make_lead(), make_lead(), make_lead()
    DuplicatePair.objects.create(first=absorbed, second=kept, reason=DuplicateReason.EMAIL)
    DuplicatePair.objects.create(first=absorbed, second=third, reason=DuplicateReason.NAME)
    DuplicatePair.objects.create(
        first=absorbed, second=fourth, reason=DuplicateReason.EMAIL, state=DuplicateState.DISMISSED
    )

    merge, _lead = merged(actor, kept, absorbed)

    pairs = set(DuplicatePair.objects.values_list("first_id", "second_id", "state"))
    assert pairs == {(kept.pk, third.pk, "open"), (kept.pk, fourth.pk, "dismissed")}

    undo_merge(actor=actor, merge_id=merge.pk)
    restored = set(DuplicatePair.objects.values_list("first_id", "second_id"))
    assert {(absorbed.pk, kept.pk), (absorbed.pk, third.pk), (absorbed.pk, fourth.pk)} <= restored


def test_the_preview_says_what_would_happen(actor, agent_user):
    kept = make_lead(first_name="Ana", last_name="Pérez", city="Santiago", attributes={"budget": 1})
    known = {"budget": 2, "rooms": 3}
    absorbed = make_lead(first_name="Anita", last_name="", city="", email="a@b.cl", attributes=known)
    assign_lead(actor=actor, lead_id=absorbed.pk, agent_id=agent_user.pk)
    make_conversation(absorbed)

    preview = preview_merge(actor, kept.pk, absorbed.pk)

    values = {value.name: value for value in preview.values}
    assert (values["name"].winner, values["name"].is_open) == ("kept", True)
    assert (values["email"].winner, values["email"].is_open) == ("absorbed", False)
    assert values["assigned_agent"].absorbed == agent_user.name
    assert values["attributes.budget"].is_open
    assert values["attributes.rooms"].winner == "absorbed"
    assert sum(moved.count for moved in preview.moves) >= 3
    assert Lead.objects.filter(pk=absorbed.pk).exists()


def test_a_merge_with_itself_or_with_nonsense_changes_nothing(actor):
    lead, other = make_lead(), make_lead()

    with pytest.raises(InvalidInput):
        merge_leads(actor=actor, kept_id=lead.pk, absorbed_id=lead.pk)
    with pytest.raises(InvalidInput):
        merge_leads(actor=actor, kept_id=lead.pk, absorbed_id=other.pk, choices={"id": "absorbed"})
    with pytest.raises(InvalidInput):
        merge_leads(actor=actor, kept_id=lead.pk, absorbed_id=other.pk, choices={"city": "both"})
    with pytest.raises(NotFound):
        merge_leads(actor=actor, kept_id=lead.pk, absorbed_id=10**9)

    assert Lead.objects.filter(pk__in=[lead.pk, other.pk]).count() == 2


def test_an_agent_may_not_merge(agent_user, broker):
    actor = agent_user.actor(broker_id=broker.pk)
    mine, also = make_lead(assigned_agent=agent_user), make_lead(assigned_agent=agent_user)

    with pytest.raises(Forbidden):
        merge_leads(actor=actor, kept_id=mine.pk, absorbed_id=also.pk)
    with pytest.raises(NotFound):
        merge_leads(actor=actor, kept_id=mine.pk, absorbed_id=make_lead().pk)


def test_another_broker_can_neither_merge_nor_undo(actor, other_broker, other_admin_user):
    kept, absorbed = make_lead(), make_lead()
    merge, _lead = merged(actor, kept, absorbed)
    stranger = other_admin_user.actor(broker_id=other_broker.pk)

    with in_broker(other_broker.pk), pytest.raises(NotFound):
        undo_merge(actor=stranger, merge_id=merge.pk)


def test_a_closed_conversation_that_was_closed_by_hand_stays_closed(actor):
    account = make_account()
    kept, absorbed = make_lead(), make_lead()
    rests = make_conversation(kept, account, last_message_at=timezone.now() - timedelta(hours=3))
    goes_on = make_conversation(absorbed, account)
    merge, _lead = merged(actor, kept, absorbed)
    close_conversation(actor=actor, conversation_id=goes_on.pk)

    undo_merge(actor=actor, merge_id=merge.pk)

    goes_on.refresh_from_db()
    rests.refresh_from_db()
    assert not goes_on.is_open
    assert rests.is_open
    assert Message.objects.filter(conversation=rests, type="note").exists()


def test_the_system_may_merge_too(broker):
    kept, absorbed = make_lead(), make_lead()

    merge = merge_leads(actor=system_actor(broker.pk), kept_id=kept.pk, absorbed_id=absorbed.pk)

    assert merge.actor_user_id is None
