"""/ws/{broker_id}/{user_id}: who gets in, who hears what, and that nothing is missed."""

import asyncio
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils import timezone

from apps.accounts.actions.sessions import log_out, open_session
from apps.accounts.models import LoginSession, User
from apps.brokers.actions import delete_broker, suspend_broker
from apps.brokers.models import Broker
from apps.conversations.actions import add_note, assign_conversation
from apps.conversations.inbound import receive_message
from apps.conversations.models import Conversation, Message
from apps.core.access import system_actor
from apps.core.tenancy import call_in_broker, call_in_public
from apps.messaging.models import ChannelAccount
from apps.messaging.types import ContentType, ExternalId, InboundMessage, Sender
from apps.realtime import consumers
from apps.realtime.log import newest_seq
from apps.realtime.models import LoggedEvent
from tests.factories.conversations import make_conversation
from tests.factories.messaging import make_account
from tests.realtime.sockets import Tab, home_of, team_path, tell_story, token_of


@pytest.fixture
def account(broker: Broker) -> ChannelAccount:
    return make_account()


@pytest.fixture
def thread(broker: Broker) -> Conversation:
    return make_conversation()


def write(account: ChannelAccount, text: str = "Hola") -> Message | None:
    """A customer writes."""
    inbound = InboundMessage(
        provider_message_id=f"wamid.{uuid.uuid4().hex}",
        sender=Sender(address="56911112222", ids=(ExternalId(kind="wa_id", value="56911112222"),), name="Ana"),
        sent_at=datetime.now(UTC),
        type=ContentType.TEXT,
        text=text,
    )
    return receive_message(account.ref(), inbound)


def note(thread: Conversation, user: User, text: str = "una nota") -> Message:
    return add_note(actor=user.actor(), conversation_id=thread.pk, text=text)


REFUSED = ["missing", "garbage", "of another user", "of another broker", "revoked", "of an unknown broker"]


@pytest.mark.parametrize("case", REFUSED)
def test_who_may_not_listen_is_accepted_and_closed_with_1008(
    admin_user: User, agent_user: User, other_broker: Broker, case: str
) -> None:
    token = token_of(admin_user)
    path = {
        "missing": team_path(admin_user, token=""),
        "garbage": team_path(admin_user, token="x.y.z"),
        "of another user": team_path(agent_user, token=token),
        "of another broker": team_path(admin_user, broker_id=other_broker.pk, token=token),
        "revoked": team_path(admin_user, token=token),
        "of an unknown broker": team_path(admin_user, broker_id=99999, token=token),
    }[case]
    if case == "revoked":
        LoginSession.objects.update(revoked_at=timezone.now())

    async def story() -> None:
        async with Tab(path) as tab:
            assert tab.is_accepted
            assert await tab.closes() == 1008

    tell_story(story)


@pytest.mark.parametrize("way", ["query", "header", "subprotocol"])
def test_the_token_may_come_in_three_ways(admin_user: User, way: str) -> None:
    token, plain = token_of(admin_user), f"/ws/{admin_user.broker_id}/{admin_user.pk}/"
    tab = {
        "query": lambda: Tab(f"{plain}?token={token}"),
        "header": lambda: Tab(plain, headers={"Authorization": f"Bearer {token}"}),
        "subprotocol": lambda: Tab(plain, subprotocols=["bearer", token]),
    }[way]

    async def story() -> None:
        async with tab() as opened:
            assert (await opened.hear("hello"))["data"]["user_id"] == admin_user.pk
            assert opened.protocol == ("bearer" if way == "subprotocol" else None)

    tell_story(story)


@pytest.mark.parametrize(("origin", "is_let_in"), [("http://crm.test", True), ("http://evil.test", False), ("", False)])
def test_a_browser_session_counts_on_our_own_pages_alone(
    admin_user: User, browser_session: Any, origin: str, is_let_in: bool
) -> None:
    cookie = browser_session(admin_user).cookies["sessionid"].value
    headers = {"Host": "crm.test", "Cookie": f"sessionid={cookie}", "Origin": origin}

    async def story() -> None:
        async with Tab(f"/ws/{admin_user.broker_id}/{admin_user.pk}", headers=headers) as tab:
            if is_let_in:
                await tab.hear("hello")
            else:
                assert await tab.closes() == 1008

    tell_story(story)


def test_a_customers_message_is_heard_in_the_documents_words(admin_user: User, account: ChannelAccount) -> None:
    path = team_path(admin_user)

    async def story() -> None:
        async with Tab(path) as tab:
            start = (await tab.hear("hello"))["seq"]
            stored = await call_in_broker(home_of(admin_user), write, account)
            assert stored is not None
            lead = await tab.hear("lead_created")
            frame = await tab.hear("new_message")
        assert set(frame) == {"type", "data", "timestamp", "seq"}
        assert frame["seq"] > start
        assert frame["data"]["message"]["id"] == stored.pk
        assert frame["data"]["message"]["message_text"] == "Hola"
        assert frame["data"]["message"]["direction"] == "in"
        assert frame["data"]["lead_id"] == lead["data"]["lead"]["id"]

    tell_story(story)


def test_an_agent_hears_their_own_conversations_only(admin_user: User, agent_user: User, thread: Conversation) -> None:
    path = team_path(agent_user)

    async def story() -> None:
        async with Tab(path) as tab:
            await tab.hear("hello")
            await call_in_broker(home_of(admin_user), note, thread, admin_user, "no es suya")
            assert await tab.hears_nothing()
            await call_in_broker(
                home_of(admin_user),
                assign_conversation,
                actor=admin_user.actor(),
                conversation_id=thread.pk,
                agent_id=agent_user.pk,
            )
            moved = await tab.hear("conversation_updated")
            assert moved["data"]["conversation"]["assigned_agent"]["id"] == agent_user.pk
            await call_in_broker(home_of(admin_user), note, thread, admin_user, "ahora sí")
            assert (await tab.hear("new_message"))["data"]["message"]["message_text"] == "ahora sí"

    tell_story(story)


def test_another_broker_hears_nothing(admin_user: User, other_admin_user: User, account: ChannelAccount) -> None:
    path = team_path(other_admin_user)

    async def story() -> None:
        async with Tab(path) as tab:
            await tab.hear("hello")
            await call_in_broker(home_of(admin_user), write, account)
            assert await tab.hears_nothing()

    tell_story(story)


def test_who_comes_back_gets_what_was_missed_once_and_in_order(admin_user: User, thread: Conversation) -> None:
    path, since = team_path(admin_user), newest_seq()
    for number in range(5):
        note(thread, admin_user, f"nota {number}")

    async def story() -> None:
        async with Tab(path) as tab:
            await tab.hear("hello")
            await tab.say({"type": "resume", "since": since})
            missed = [await tab.hear("new_message") for _number in range(5)]
            done = await tab.hear()
        assert done["type"] == "resumed"
        assert [frame["data"]["message"]["message_text"] for frame in missed] == [
            f"nota {number}" for number in range(5)
        ]
        assert [frame["seq"] for frame in missed] == sorted(frame["seq"] for frame in missed)

    tell_story(story)


def test_a_late_commit_just_before_the_last_number_is_replayed_too(admin_user: User, thread: Conversation) -> None:
    path = team_path(admin_user)
    note(thread, admin_user, "tarde")
    since = newest_seq()

    async def story() -> None:
        async with Tab(path) as tab:
            await tab.hear("hello")
            await tab.say({"type": "resume", "since": since})
            assert (await tab.hear("new_message"))["seq"] <= since

    tell_story(story)


@pytest.mark.parametrize("since", [10**12, 1])
def test_a_number_that_the_log_does_not_know_asks_for_a_new_start(
    admin_user: User, thread: Conversation, since: int
) -> None:
    path = team_path(admin_user)
    note(thread, admin_user)
    note(thread, admin_user)
    LoggedEvent.objects.filter(pk__lt=newest_seq()).delete()
    LoggedEvent.objects.filter(pk=newest_seq()).update(id=1000)

    async def story() -> None:
        async with Tab(path) as tab:
            await tab.hear("hello")
            await tab.say({"type": "resume", "since": since})
            assert (await tab.hear())["type"] == "resync"

    tell_story(story)


def test_what_redis_loses_arrives_all_the_same(
    admin_user: User, thread: Conversation, redis_loses_everything: None
) -> None:
    path = team_path(admin_user)

    async def story() -> None:
        async with Tab(path) as tab:
            await tab.hear("hello")
            await call_in_broker(home_of(admin_user), note, thread, admin_user, "por el otro camino")
            assert (await tab.hear("new_message"))["data"]["message"]["message_text"] == "por el otro camino"
            assert await tab.hears_nothing(seconds=0.6)

    tell_story(story)


def test_nothing_is_told_twice(admin_user: User, thread: Conversation) -> None:
    path = team_path(admin_user)

    async def story() -> None:
        async with Tab(path) as tab:
            await tab.hear("hello")
            await call_in_broker(home_of(admin_user), note, thread, admin_user)
            await tab.hear("new_message")
            assert await tab.hears_nothing(seconds=0.6)

    tell_story(story)


def test_a_revoked_session_is_closed_at_once(admin_user: User) -> None:

    opened = open_session(admin_user)
    path = team_path(admin_user, token=opened.pair.access_token)
    login = LoginSession.objects.get(user=admin_user)

    async def story() -> None:
        async with Tab(path) as tab:
            await tab.hear("hello")
            await call_in_broker(home_of(admin_user), log_out, login)
            assert await tab.closes() == 1008

    tell_story(story)


@pytest.mark.parametrize("close", [suspend_broker, delete_broker])
def test_a_closed_broker_is_shown_out_at_once(admin_user: User, broker: Broker, close: Callable[..., object]) -> None:
    path = team_path(admin_user)

    async def story() -> None:
        async with Tab(path) as tab:
            await tab.hear("hello")
            await call_in_public(close, actor=system_actor(None), broker_id=broker.pk)
            assert await tab.closes() == 1008

    tell_story(story)


def test_typing_is_shown_to_others_and_kept_nowhere(
    admin_user: User, supervisor_user: User, agent_user: User, thread: Conversation
) -> None:
    paths = [team_path(user) for user in (admin_user, supervisor_user, agent_user)]
    kept = LoggedEvent.objects.count()

    async def story() -> None:
        async with Tab(paths[0]) as admin, Tab(paths[1]) as supervisor, Tab(paths[2]) as agent:
            for tab in (admin, supervisor, agent):
                await tab.hear("hello")
            await admin.say({"type": "typing", "conversation_id": thread.pk})
            seen = await supervisor.hear("typing")
            await agent.say({"type": "typing", "conversation_id": thread.pk})
            refused = await agent.hear()
            assert await admin.hears_nothing()
        assert seen["data"]["user"]["id"] == admin_user.pk
        assert (refused["type"], refused["data"]["code"]) == ("error", "not_found")

    tell_story(story)
    assert LoggedEvent.objects.count() == kept


def test_pings_are_answered_and_nonsense_breaks_nothing(admin_user: User) -> None:
    path = team_path(admin_user)
    nonsense: list[Any] = [
        " ",
        "{",
        "[]",
        "null",
        '{"type": 1}',
        {"type": "resume", "since": "x"},
        {"type": "resume", "since": -1},
        {"type": "resume", "since": 10**30},
        {"type": "watch", "conversation_id": True},
        {"type": "watch", "conversation_id": "\x00"},
        {"type": "watch", "conversation_id": 10**25},
        {"type": "typing", "conversation_id": {"$ne": 1}},
        {"type": "typing"},
        {"type": "no such type"},
        "a" * 20_000,
    ]

    async def story() -> None:
        async with Tab(path) as tab:
            await tab.hear("hello")
            for frame in nonsense:
                await tab.say(frame)
                assert (await tab.hear())["type"] in {"error", "resumed", "resync"}
            await tab.say({"type": "ping"})
            assert (await tab.hear())["type"] == "pong"

    tell_story(story)


def test_who_floods_is_shown_out(admin_user: User) -> None:
    path = team_path(admin_user)

    async def story() -> None:
        async with Tab(path) as tab:
            await tab.hear("hello")
            for _number in range(int(consumers.FRAMES_AT_ONCE) + 20):
                await tab.say({"type": "pong"})
            assert await tab.closes() == 1008

    tell_story(story)


def test_hundreds_of_events_reach_a_socket_that_reads(admin_user: User, thread: Conversation) -> None:
    path = team_path(admin_user)

    def many() -> None:
        for number in range(300):
            note(thread, admin_user, str(number))

    async def story() -> None:
        async with Tab(path) as tab:
            await tab.hear("hello")
            writing = asyncio.create_task(call_in_broker(home_of(admin_user), many))
            heard = {(await tab.hear("new_message", timeout=20))["data"]["message"]["message_text"] for _ in range(300)}
            await writing
        assert heard == {str(number) for number in range(300)}

    tell_story(story)


def test_an_unknown_path_is_refused() -> None:
    async def story() -> None:
        async with Tab("/ws/nothing/here/at/all") as tab:
            assert not tab.is_accepted

    tell_story(story)
