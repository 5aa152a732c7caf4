"""What goes out is sent once, in order, and its status never goes back."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from apps.conversations import actions, outbound
from apps.conversations.models import Message
from apps.conversations.outbound import NewMessage, OutsideMessagingWindow
from apps.conversations.statuses import apply_status
from apps.conversations.types import MessageStatus
from apps.core.access import system_actor
from apps.core.errors import Conflict, InvalidInput
from apps.core.tenancy import in_broker
from apps.core.work import Retry
from apps.messaging.models import AccountStatus, ParkedStatus
from apps.messaging.types import ContentType, DeliveryStatus, StatusUpdate
from tests.factories import make_account, make_conversation
from tests.fakes.graph_api import FakeGraph, graph_error


@pytest.fixture
def graph(settings):
    with FakeGraph(statuses=()) as server:
        settings.OUTBOUND_ALLOW = [server.root_url.removeprefix("http://")]
        yield server


@pytest.fixture
def conversation(broker, graph):
    with in_broker(broker.pk):
        account = make_account(
            external_id="106540352242922",
            credentials={"access_token": graph.token, "app_secret": graph.app_secret},
            settings={"base_url": graph.base_url},
        )
        yield make_conversation(account=account, status="bot")


@pytest.fixture
def actor(broker):
    return system_actor(broker.pk)


def _add(conversation, actor, text="Hola", **fields) -> Message:
    return outbound.add_outbound(conversation, NewMessage(text=text, **fields), actor=actor)


def _status(message, status, *, tracker="", provider_id=None) -> StatusUpdate:
    return StatusUpdate(
        provider_message_id=provider_id or message.provider_message_id or "wamid.x",
        status=DeliveryStatus(status),
        at=datetime.now(UTC),
        tracker=tracker,
    )


def test_a_pending_message_is_sent_and_gets_its_provider_id(conversation, actor, graph):
    message = _add(conversation, actor)

    outbound.deliver(message.pk)

    message.refresh_from_db()
    assert message.status == MessageStatus.SENT
    assert message.provider_message_id == graph.accepted[0].wamid
    assert graph.accepted[0].tracker == str(message.uid)


def test_delivering_twice_sends_once(conversation, actor, graph):
    message = _add(conversation, actor)

    outbound.deliver(message.pk)
    outbound.deliver(message.pk)

    assert len(graph.accepted) == 1


def test_a_worker_that_died_while_sending_leaves_an_uncertain_message_that_is_not_resent(conversation, actor, graph):
    message = _add(conversation, actor)
    Message.objects.filter(pk=message.pk).update(status=MessageStatus.SENDING)

    outbound.deliver(message.pk)

    message.refresh_from_db()
    assert message.status == MessageStatus.UNCERTAIN
    assert message.error_text
    assert graph.sends == []


def test_a_status_with_our_tracker_settles_an_uncertain_message(conversation, actor):
    message = _add(conversation, actor)
    Message.objects.filter(pk=message.pk).update(status=MessageStatus.UNCERTAIN)

    apply_status(
        conversation.account.ref(), _status(message, "delivered", tracker=str(message.uid), provider_id="wamid.9")
    )

    message.refresh_from_db()
    assert (message.status, message.provider_message_id) == (MessageStatus.DELIVERED, "wamid.9")


def test_a_refused_message_fails_with_a_reason_for_people(conversation, actor, graph):
    graph.faults.next(graph_error(131026))
    message = _add(conversation, actor)

    outbound.deliver(message.pk)

    message.refresh_from_db()
    assert message.status == MessageStatus.FAILED
    assert message.error_code == "131026"
    assert message.error_text


def test_a_rate_limit_is_waited_out(conversation, actor, graph):
    graph.faults.next(graph_error(130429))
    message = _add(conversation, actor)

    with pytest.raises(Retry):
        outbound.deliver(message.pk)
    outbound.deliver(message.pk)

    message.refresh_from_db()
    assert message.status == MessageStatus.SENT
    assert len(graph.accepted) == 1


def test_an_expired_token_stops_the_channel_and_shows_it(conversation, actor, graph):
    graph.faults.next(graph_error(190, 401))
    message = _add(conversation, actor)

    outbound.deliver(message.pk)

    conversation.account.refresh_from_db()
    assert conversation.account.status == AccountStatus.ERROR
    assert conversation.account.status_detail


def test_the_second_message_waits_for_the_first(conversation, actor, graph):
    first, second = _add(conversation, actor, "uno"), _add(conversation, actor, "dos")

    with pytest.raises(Retry):
        outbound.deliver(second.pk)
    outbound.deliver(first.pk)
    outbound.deliver(second.pk)

    assert graph.texts_to(conversation.address) == ["uno", "dos"]


@pytest.mark.parametrize(
    ("arriving", "kept"),
    [
        (["sent", "delivered", "read"], "read"),
        (["read", "delivered", "sent"], "read"),
        (["delivered", "sent"], "delivered"),
        (["delivered", "failed"], "delivered"),
        (["failed", "delivered"], "failed"),
        (["played", "delivered"], "read"),
    ],
)
def test_a_status_never_goes_back(conversation, actor, arriving, kept):
    message = _add(conversation, actor)
    outbound.deliver(message.pk)
    message.refresh_from_db()

    for status in arriving:
        apply_status(conversation.account.ref(), _status(message, status))

    message.refresh_from_db()
    assert message.status == kept


def test_a_status_that_is_quicker_than_our_own_call_is_parked_and_matched(conversation, actor, graph):
    message = _add(conversation, actor)
    account = conversation.account.ref()
    outbound._start_sending(message.pk)
    apply_status(account, _status(message, "delivered", provider_id="wamid.quick"))
    assert ParkedStatus.objects.count() == 1

    from apps.messaging.types import SendOutcome, SendResult

    outbound._apply_result(message.pk, SendResult(outcome=SendOutcome.ACCEPTED, provider_message_id="wamid.quick"))

    message.refresh_from_db()
    assert message.status == MessageStatus.DELIVERED
    assert ParkedStatus.objects.count() == 0


def test_outside_the_24_hours_only_templates_go_out(conversation, actor):
    conversation.last_inbound_at = timezone.now() - timedelta(hours=25)
    conversation.save()

    with pytest.raises(OutsideMessagingWindow):
        _add(conversation, actor)

    assert _add(conversation, actor, type=ContentType.TEMPLATE, payload={"name": "hola", "language": "es"}).pk


def test_the_window_is_checked_again_when_the_worker_sends(conversation, actor, graph):
    message = _add(conversation, actor)
    type(conversation).objects.update(last_inbound_at=timezone.now() - timedelta(hours=25))

    outbound.deliver(message.pk)

    message.refresh_from_db()
    assert (message.status, message.error_code) == (MessageStatus.FAILED, "OUTSIDE_MESSAGING_WINDOW")
    assert graph.sends == []


@pytest.mark.parametrize("text", ["", "   ", "x" * 4097, "a\x00b"])
def test_what_cannot_be_sent_is_refused_before_it_is_stored(conversation, actor, text):
    with pytest.raises(InvalidInput):
        _add(conversation, actor, text)

    assert Message.objects.count() == 0


def test_the_same_client_id_makes_one_message(conversation, actor):
    one = outbound.add_outbound(conversation, NewMessage(text="a"), actor=actor, client_id="c1")
    other = outbound.add_outbound(conversation, NewMessage(text="a"), actor=actor, client_id="c1")

    assert one.pk == other.pk


def test_a_failed_message_can_be_sent_again_by_a_person(conversation, agent_user, graph, broker):
    actor = agent_user.actor()
    actions.take_over(actor=system_actor(broker.pk), conversation_id=conversation.pk)
    type(conversation).objects.update(assigned_agent=agent_user)
    message = actions.send_message(actor=actor, conversation_id=conversation.pk, content=NewMessage(text="Hola"))
    graph.faults.next(graph_error(131026))
    outbound.deliver(message.pk)

    actions.retry_message(actor=actor, message_id=message.pk)
    outbound.deliver(message.pk)

    message.refresh_from_db()
    assert message.status == MessageStatus.SENT


def test_a_sent_message_cannot_be_sent_again(conversation, actor):
    message = _add(conversation, actor)
    outbound.deliver(message.pk)

    with pytest.raises(Conflict):
        actions.retry_message(actor=actor, message_id=message.pk)
