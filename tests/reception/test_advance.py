"""Who attends a conversation, and that what Sofía decides is written once and whole."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from apps.assistant import engine
from apps.brokers.models import BrokerConfig
from apps.conversations.models import Conversation, Message
from apps.conversations.types import ConversationStatus, Handler
from apps.core.access import system_actor
from apps.core.errors import InvalidInput, NotFound
from apps.core.tenancy import in_broker
from apps.core.work import Retry
from apps.leads.models import Lead
from apps.reception import actions
from apps.reception.chat import chat_once
from tests.factories import make_conversation, make_lead, make_message


@pytest.fixture
def conversation(broker):
    return make_conversation()


def _write(conversation, text, **fields):
    return make_message(conversation, text=text, handled_at=None, **fields)


def _said(conversation) -> list[str]:
    rows = Message.objects.filter(conversation=conversation, direction="out").order_by("id")
    return list(rows.values_list("text", flat=True))


def test_sofia_greets_and_the_message_is_handled(conversation):
    message = _write(conversation, "Hola, busco departamento")

    actions.advance(conversation.pk)

    message.refresh_from_db()
    conversation.refresh_from_db()
    assert message.handled_at is not None
    assert conversation.status == ConversationStatus.BOT
    assert conversation.handler == Handler.ASSISTANT
    assert len(_said(conversation)) == 1
    assert "Sofía" in _said(conversation)[0]


def test_what_the_customer_tells_is_on_the_lead_with_score_and_stage(conversation):
    _write(conversation, "Hola, soy Ana Rojas, busco comprar un departamento de 2 dormitorios en Ñuñoa, hasta 4000 UF")

    actions.advance(conversation.pk)

    lead = Lead.objects.get(pk=conversation.lead_id)
    assert lead.name == "Ana Rojas"
    assert lead.attributes["budget_amount"] == 4000
    assert lead.attributes["budget_currency"] == "UF"
    assert lead.attributes["bedrooms"] == 2
    assert lead.stage == "calificacion_financiera"
    assert lead.status == "warm"
    assert sum(part["points"] for part in lead.score_parts) == float(lead.score)


def test_a_burst_is_answered_once(conversation):
    for text in ("Hola", "busco depto", "en Providencia"):
        _write(conversation, text)

    actions.advance(conversation.pk)

    assert len(_said(conversation)) == 1


def test_advancing_twice_says_nothing_more(conversation):
    _write(conversation, "Hola")

    actions.advance(conversation.pk)
    actions.advance(conversation.pk)

    assert len(_said(conversation)) == 1


def test_a_message_within_the_second_of_our_reply_is_answered_too(conversation):
    _write(conversation, "Hola")
    actions.advance(conversation.pk)
    second = Message.objects.get(direction="out").sent_at.replace(microsecond=0)

    _write(conversation, "Soy Ana Rojas", sent_at=second)
    actions.advance(conversation.pk)

    assert Lead.objects.get(pk=conversation.lead_id).name == "Ana Rojas"
    assert "Ana" in _said(conversation)[1]


def test_a_wish_for_a_person_goes_to_the_queue_with_a_summary(conversation):
    _write(conversation, "Quiero hablar con una persona, por favor")

    actions.advance(conversation.pk)

    conversation.refresh_from_db()
    assert conversation.status == ConversationStatus.QUEUED
    assert conversation.queue is not None
    assert conversation.handover_summary
    assert conversation.queued_at is not None


def test_an_opt_out_is_confirmed_kept_and_closes(conversation):
    _write(conversation, "STOP")

    actions.advance(conversation.pk)

    conversation.refresh_from_db()
    assert conversation.status == ConversationStatus.CLOSED
    assert Lead.objects.get(pk=conversation.lead_id).is_opted_out
    assert len(_said(conversation)) == 1


def test_where_an_agent_attends_sofia_is_silent(conversation, agent_user):
    Conversation.objects.update(status="active", handler="agent", assigned_agent=agent_user)
    message = _write(conversation, "¿Sigue disponible?")

    actions.advance(conversation.pk)

    message.refresh_from_db()
    assert message.handled_at is not None
    assert _said(conversation) == []


def test_with_sofia_off_a_new_conversation_waits_for_people(conversation, broker):
    BrokerConfig.objects.filter(broker=broker).update(is_assistant_on=False)
    _write(conversation, "Hola")

    actions.advance(conversation.pk)

    conversation.refresh_from_db()
    assert conversation.status == ConversationStatus.QUEUED


def test_a_blocked_lead_gets_no_answer(conversation):
    Lead.objects.update(is_blocked=True)
    _write(conversation, "Hola")

    actions.advance(conversation.pk)

    assert _said(conversation) == []


def test_while_another_holds_the_lease_the_work_comes_back_later(conversation):
    Conversation.objects.update(lease_until=timezone.now() + timedelta(seconds=30), lease_token=uuid.uuid4())
    _write(conversation, "Hola")

    with pytest.raises(Retry):
        actions.advance(conversation.pk)


def test_the_lease_of_a_dead_worker_ends(conversation):
    Conversation.objects.update(lease_until=timezone.now() - timedelta(seconds=1), lease_token=uuid.uuid4())
    _write(conversation, "Hola")

    actions.advance(conversation.pk)

    assert len(_said(conversation)) == 1


def test_a_person_who_takes_over_while_sofia_thinks_wins(conversation, agent_user, monkeypatch):
    real = engine.answer

    def slow(brief, **options):
        Conversation.objects.update(status="assigned", handler="agent", assigned_agent=agent_user)
        return real(brief, **options)

    monkeypatch.setattr(actions, "answer", slow)
    message = _write(conversation, "Hola")

    actions.advance(conversation.pk)

    message.refresh_from_db()
    assert _said(conversation) == []
    assert message.handled_at is not None


def test_a_lost_lease_writes_nothing_and_leaves_the_message_to_the_other(conversation, monkeypatch):
    real = engine.answer

    def slow(brief, **options):
        Conversation.objects.update(lease_token=uuid.uuid4())
        return real(brief, **options)

    monkeypatch.setattr(actions, "answer", slow)
    message = _write(conversation, "Hola")

    actions.advance(conversation.pk)

    message.refresh_from_db()
    assert _said(conversation) == []
    assert message.handled_at is None


def test_a_crash_while_writing_leaves_the_message_unhandled(conversation, monkeypatch):
    def explode(*_args, **_kwargs):
        raise RuntimeError("power cut")

    monkeypatch.setattr(actions, "enqueue", explode)
    message = _write(conversation, "Quiero hablar con una persona")

    with pytest.raises(RuntimeError):
        actions.advance(conversation.pk)

    message.refresh_from_db()
    conversation.refresh_from_db()
    assert message.handled_at is None
    assert _said(conversation) == []
    assert conversation.lease_until is None


def test_an_answer_that_is_a_day_late_goes_to_people(conversation):
    Conversation.objects.update(last_inbound_at=timezone.now() - timedelta(days=2))
    _write(conversation, "Hola", sent_at=timezone.now() - timedelta(days=2))

    actions.advance(conversation.pk)

    conversation.refresh_from_db()
    assert conversation.status == ConversationStatus.QUEUED
    assert _said(conversation) == []


def test_a_message_through_the_api_makes_a_lead_and_is_answered_in_place(broker):
    said: list[str] = []

    answer = chat_once(actor=system_actor(broker.pk), message="Hola", on_token=said.append)

    lead = Lead.objects.get(pk=answer.lead_id)
    assert answer.text
    assert "".join(said) == answer.text
    assert (answer.score, answer.status) == (15.0, "cold")
    assert lead.phone is None


def test_a_second_message_through_the_api_stays_with_its_lead(broker):
    actor = system_actor(broker.pk)
    first = chat_once(actor=actor, message="Hola")

    second = chat_once(actor=actor, message="Soy Pedro Soto", lead_id=first.lead_id)

    assert second.lead_id == first.lead_id
    assert Conversation.objects.count() == 1
    assert Lead.objects.get().name == "Pedro Soto"


def test_the_lead_that_an_agent_makes_by_chatting_is_theirs(broker, agent_user):
    actor = agent_user.actor()

    first = chat_once(actor=actor, message="Hola")

    assert Lead.objects.get().assigned_agent == agent_user
    assert chat_once(actor=actor, message="Soy Pedro", lead_id=first.lead_id).lead_id == first.lead_id


@pytest.mark.parametrize("text", ["", "   ", "x" * 4001, "\x00"])
def test_an_empty_or_too_long_message_is_refused(broker, text):
    with pytest.raises(InvalidInput):
        chat_once(actor=system_actor(broker.pk), message=text)

    assert Lead.objects.count() == 0


def test_another_brokers_lead_cannot_be_talked_for(broker, other_broker):
    with in_broker(other_broker.pk):
        theirs = make_lead()

    with pytest.raises(NotFound):
        chat_once(actor=system_actor(broker.pk), message="Hola", lead_id=theirs.pk + 1000)
