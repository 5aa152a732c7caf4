"""The demo: alive, consistent with what the product itself would have written, and unable to reach anyone."""

import random
from collections.abc import Iterator

import phonenumbers
import pytest
from django.contrib.auth import authenticate
from django.db import transaction
from django.db.models import Count, F, Q
from django.utils import timezone

from apps.accounts.models import User
from apps.assistant.models import LLMUsage
from apps.brokers.models import Broker
from apps.conversations.models import Conversation, Message
from apps.conversations.types import OPEN_STATUSES, ConversationStatus, MessageStatus
from apps.core.models import DeadLetter, ScheduledWork
from apps.core.tenancy import enter_broker, in_broker, leave_broker
from apps.leads.models import Activity, Lead, LeadIdentity, StageChange
from apps.leads.scoring import facts_of, score_of, scoring_rules
from apps.leads.types import Stage
from apps.messaging.models import ChannelAccount
from apps.messaging.types import Channel
from apps.operations import demo as demo_room
from apps.operations.demo.market import COMUNAS
from apps.operations.demo.people import make_people
from apps.queues.models import AgentState, Queue


@pytest.fixture(scope="module")
def demo(django_db_setup, django_db_blocker) -> Iterator[Broker]:
    """The seeded demo with its first broker entered; made once, taken back at the end."""
    with django_db_blocker.unblock(), transaction.atomic():
        leave_broker()
        demo_room.seed()
        broker = Broker.objects.get(name="Inmobiliaria Los Andes")
        enter_broker(broker.pk)
        yield broker
        leave_broker()
        transaction.set_rollback(True)


def test_it_has_leads_in_every_stage_and_conversations_in_every_state(demo):
    assert Lead.objects.count() == 300
    assert set(Lead.objects.values_list("stage", flat=True)) == set(Stage.values)
    assert Conversation.objects.count() >= 110
    assert set(Conversation.objects.values_list("status", flat=True)) == set(ConversationStatus.values)
    assert set(Conversation.objects.values_list("channel", flat=True)) == {
        Channel.WHATSAPP_META, Channel.TELEGRAM, Channel.WEBCHAT,
    }  # fmt: skip
    statuses = set(Message.objects.values_list("status", flat=True))
    assert {"read", "delivered", "sent", "failed", "uncertain", "note", "received"} <= statuses
    assert Message.objects.filter(status=MessageStatus.UNCERTAIN).count() == 1
    assert set(Queue.objects.values_list("name", flat=True)) == {"Ventas", "Arriendos"}
    assert LLMUsage.objects.filter(broker=demo).exists()


def test_nothing_of_it_is_work_and_nothing_can_be_sent(demo):
    assert not ScheduledWork.objects.exists()
    assert not DeadLetter.objects.exists()
    assert not Message.objects.filter(direction="in", handled_at__isnull=True).exists()
    assert not Message.objects.filter(status__in=[MessageStatus.PENDING, MessageStatus.SENDING]).exists()
    outside = ChannelAccount.objects.filter(broker=demo).exclude(channel=Channel.WEBCHAT)
    assert outside.count() == 2
    assert not any(account.is_active or account.credentials for account in outside)


def test_no_lead_has_a_real_persons_number_or_mailbox(demo):
    for phone, email in Lead.objects.values_list("phone", "email"):
        assert phone is None or not phonenumbers.is_valid_number(phonenumbers.parse(phone))
        assert not email or email.endswith(".example")


def test_scores_are_those_of_the_products_own_scoring(demo):
    for lead in Lead.objects.all():
        scored = score_of(facts_of(lead), scoring_rules(), timezone.now())
        assert (float(lead.score), lead.score_parts) == (scored.score, scored.parts)
    assert {"cold", "warm", "hot"} <= set(Lead.objects.values_list("status", flat=True))


def test_its_times_lead_up_to_now_and_agree_with_each_other(demo):
    now = timezone.now()

    assert not Message.objects.filter(sent_at__gt=now).exists()
    assert not StageChange.objects.filter(Q(created_at__gt=now) | Q(created_at__lt=F("lead__created_at"))).exists()
    assert not Lead.objects.filter(updated_at__gt=now).exists()
    assert not Activity.objects.filter(created_at__gt=now).exists()
    rows = Conversation.objects.all()
    assert not rows.filter(created_at__lt=F("lead__created_at")).exists()
    assert not rows.filter(assigned_at__lt=F("queued_at")).exists()
    assert not rows.filter(first_response_at__lt=F("assigned_at")).exists()
    assert not rows.filter(closed_at__lt=F("last_message_at")).exists()
    oldest = Lead.objects.earliest("created_at")
    assert 60 < (now - oldest.created_at).days <= 90


def test_the_last_move_of_every_lead_is_the_stage_it_is_in(demo):
    for lead in Lead.objects.prefetch_related("stage_changes"):
        moves = sorted(lead.stage_changes.all(), key=lambda move: move.created_at)
        assert lead.stage == (moves[-1].to_stage if moves else Stage.ENTRADA)
        assert all(before.to_stage == after.from_stage for before, after in zip(moves, moves[1:], strict=False))


def test_what_is_counted_is_what_is_there(demo):
    unread = Count("messages", filter=Q(messages__direction="in", messages__read_at__isnull=True))
    assert all(row.unread_count == row.unread for row in Conversation.objects.annotate(unread=unread))
    load = dict(
        Conversation.objects.filter(status__in=OPEN_STATUSES, assigned_agent__isnull=False)
        .values_list("assigned_agent_id")
        .annotate(Count("id"))
    )
    limits = {state.user_id: state.max_concurrent for state in AgentState.objects.all()}
    assert all(count <= limits[user] for user, count in load.items())
    for row in Conversation.objects.all():
        newest = row.messages.exclude(status="note").latest("sent_at")
        assert (row.last_message_at, row.last_message_direction) == (newest.sent_at, newest.direction)


def test_an_agents_conversation_is_with_their_own_lead(demo):
    rows = Conversation.objects.filter(assigned_agent__isnull=False)

    assert rows.exists()
    assert not rows.exclude(lead__assigned_agent=F("assigned_agent")).exists()


def test_every_conversation_is_held_with_an_identity_of_its_lead(demo):
    assert not Conversation.objects.exclude(identity__lead=F("lead")).exists()
    assert LeadIdentity.objects.count() == Conversation.objects.count()


def test_the_second_broker_has_its_own_people_and_rows(demo):
    other = Broker.objects.get(name="Propiedades Biobío")

    with in_broker(other.pk):
        phones = set(Lead.objects.values_list("phone", flat=True)) - {None}
        assert 0 < Lead.objects.count() < 20
        assert Conversation.objects.exists()
    assert not Lead.objects.filter(phone__in=phones).exists()


def test_the_logins_that_are_shown_work(demo):
    shown = demo_room.demo_logins()

    assert [email for _role, email, _password in shown] == [
        "superadmin@demo.cl", "admin@demo.cl", "supervisor@demo.cl", "agente@demo.cl", "admin@biobio.demo.cl",
    ]  # fmt: skip
    for _role, email, password in shown:
        assert authenticate(email=email, username=email, password=password) == User.objects.get(email=email)


def test_a_changed_password_is_not_shown(demo):
    with transaction.atomic():
        User.objects.filter(email="admin@demo.cl").update(password_changed_at=timezone.now())
        passwords = {email: password for _role, email, password in demo_room.demo_logins()}
        transaction.set_rollback(True)

    assert demo_room.DEMO_PASSWORD not in passwords["admin@demo.cl"]
    assert passwords["agente@demo.cl"] == demo_room.DEMO_PASSWORD


def test_the_same_people_come_every_time():
    now = timezone.now()

    first, second = (make_people(random.Random(7), count=40, comunas=COMUNAS, now=now) for _each in range(2))

    assert first == second
