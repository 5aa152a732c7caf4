"""The web chat's socket: no cookie, nothing lost, nothing doubled, and nobody else's words."""

import asyncio
import json
import uuid
from typing import Any

import pytest

from apps.accounts.models import User
from apps.brokers.models import Broker
from apps.conversations.actions import add_note, mark_read, send_message
from apps.conversations.inbound import receive_waiting_events
from apps.conversations.models import Conversation, Message
from apps.conversations.outbound import NewMessage, deliver
from apps.core.tenancy import call_in_broker, call_in_public
from apps.messaging.actions import remove_account
from apps.messaging.models import ChannelAccount, RawEvent
from apps.messaging.types import Channel
from tests.factories.messaging import make_account
from tests.realtime.sockets import Tab, team_path, tell_story


@pytest.fixture
def account(broker: Broker) -> ChannelAccount:
    return make_account(Channel.WEBCHAT, external_id="widget-key", settings={"color": "#102030"})


def chat_path(account: ChannelAccount) -> str:
    return f"/ws/webchat/{account.public_key}/"


def message(text: str = "Hola", client_id: str | None = None) -> dict[str, str]:
    return {"type": "message", "text": text, "client_id": client_id or str(uuid.uuid4())}


async def received() -> None:
    """The worker reads the ledger."""
    await call_in_public(receive_waiting_events, limit=100)


async def answer(user: User, text: str) -> Message:
    """An agent answers in the only conversation, and the worker sends it."""

    def write() -> Message:
        conversation = Conversation.objects.get()
        sent = send_message(actor=user.actor(), conversation_id=conversation.pk, content=NewMessage(text=text))
        deliver(sent.pk)
        return sent

    return await call_in_broker(int(user.broker_id or 0), write)


async def greet(tab: Tab, token: str | None = None, since: int = 0) -> dict[str, Any]:
    await tab.say({"type": "hello", "token": token, "since": since, "locale": "es", "page": {"url": "https://a.cl"}})
    return await tab.hear("welcome")


def test_a_message_is_stored_before_it_is_acknowledged(account: ChannelAccount) -> None:
    async def story() -> None:
        async with Tab(chat_path(account), headers={"Origin": "https://anyones-site.cl"}) as tab:
            welcome = await greet(tab)
            await tab.say(message("Busco un depto", "c-1"))
            ack = await tab.hear("ack")
            assert await call_in_public(RawEvent.objects.count) == 1
            await received()
            stored = await call_in_broker(account.broker_id, Message.objects.get)
        assert welcome["config"]["color"] == "#102030"
        assert ack["client_id"] == "c-1"
        assert ack["message"]["id"] == "c-1"
        assert stored.text == "Busco un depto"

    tell_story(story)


def test_the_same_message_again_is_acknowledged_and_stored_once(account: ChannelAccount) -> None:
    async def story() -> None:
        async with Tab(chat_path(account)) as tab:
            await greet(tab)
            for _time in range(3):
                await tab.say(message("Hola", "c-1"))
                await tab.hear("ack")
            await received()
            assert await call_in_broker(account.broker_id, Message.objects.count) == 1

    tell_story(story)


def test_the_agents_answer_arrives_counts_as_delivered_and_then_read(account: ChannelAccount, admin_user: User) -> None:
    async def story() -> None:
        async with Tab(chat_path(account)) as tab:
            await greet(tab)
            await tab.say(message())
            await tab.hear("ack")
            await received()
            sent = await answer(admin_user, "¡Hola! ¿En qué comuna?")
            shown = (await _hear_outbound(tab))["message"]
            assert (shown["id"], shown["text"]) == (str(sent.uid), "¡Hola! ¿En qué comuna?")
            assert shown["sender_name"] == admin_user.first_name
            await _until_status(account.broker_id, sent.pk, "delivered")
            await tab.say({"type": "read", "seq": shown["seq"]})
            await _until_status(account.broker_id, sent.pk, "read")

    tell_story(story)


def test_a_visitor_who_comes_back_sees_the_thread_and_a_stranger_does_not(
    account: ChannelAccount, admin_user: User
) -> None:
    async def story() -> None:
        async with Tab(chat_path(account)) as tab:
            token = (await greet(tab))["token"]
            await tab.say(message("Hola", "c-1"))
            await tab.hear("ack")
            await received()
        sent = await answer(admin_user, "Aquí estamos")
        async with Tab(chat_path(account)) as again, Tab(chat_path(account)) as stranger:
            thread = (await greet(again, token))["messages"]
            assert [line["id"] for line in thread] == ["c-1", str(sent.uid)]
            assert (await greet(stranger))["messages"] == []

    tell_story(story)


def test_notes_and_unsent_messages_stay_with_the_team(account: ChannelAccount, admin_user: User) -> None:
    def write() -> None:
        conversation = Conversation.objects.get()
        add_note(actor=admin_user.actor(), conversation_id=conversation.pk, text="cliente difícil")
        send_message(actor=admin_user.actor(), conversation_id=conversation.pk, content=NewMessage(text="pendiente"))

    async def story() -> None:
        async with Tab(chat_path(account)) as tab:
            token = (await greet(tab))["token"]
            await tab.say(message("Hola", "c-1"))
            await tab.hear("ack")
            await received()
            await tab.hear("message")  # their own, as their other tabs hear it
            await call_in_broker(account.broker_id, write)
            assert await tab.hears_nothing()
        async with Tab(chat_path(account)) as again:
            assert [line["id"] for line in (await greet(again, token))["messages"]] == ["c-1"]

    tell_story(story)


def test_what_redis_loses_is_found_at_the_next_ping(
    account: ChannelAccount, admin_user: User, redis_loses_everything: None
) -> None:
    async def story() -> None:
        async with Tab(chat_path(account)) as tab:
            await greet(tab)
            await tab.say(message())
            await tab.hear("ack")
            await received()
            await answer(admin_user, "¿Sigues ahí?")
            await tab.say({"type": "ping"})
            assert (await _hear_outbound(tab))["message"]["text"] == "¿Sigues ahí?"

    tell_story(story)


def test_reading_and_typing_are_shown_on_both_sides(account: ChannelAccount, admin_user: User) -> None:
    path = team_path(admin_user)

    def read() -> None:
        mark_read(actor=admin_user.actor(), conversation_id=Conversation.objects.get().pk)

    async def story() -> None:
        async with Tab(chat_path(account)) as visitor, Tab(path) as agent:
            await greet(visitor)
            await agent.hear("hello")
            await visitor.say(message("Hola", "c-1"))
            await visitor.hear("ack")
            await received()
            thread_id = (await agent.hear("new_message"))["data"]["conversation_id"]
            await visitor.say({"type": "typing"})
            assert (await agent.hear("typing"))["data"]["user"] is None
            await agent.say({"type": "typing", "conversation_id": thread_id})
            assert (await visitor.hear("typing"))["who"] == admin_user.first_name
            await call_in_broker(account.broker_id, read)
            status = await visitor.hear("status")
            assert (status["id"], status["status"]) == ("c-1", "read")

    tell_story(story)


def test_a_chosen_button_is_a_message(account: ChannelAccount) -> None:
    async def story() -> None:
        async with Tab(chat_path(account)) as tab:
            await greet(tab)
            await tab.say({"type": "reply", "message_id": "m", "reply_id": "si", "title": "Sí", "client_id": "c-2"})
            assert (await tab.hear("ack"))["message"]["text"] == "Sí"
            await received()
            stored = await call_in_broker(account.broker_id, Message.objects.get)
            assert (stored.type, stored.text) == ("interactive_reply", "Sí")

    tell_story(story)


@pytest.mark.parametrize(
    ("origin", "is_welcome"),
    [("https://casas.cl", True), ("https://CASAS.cl", True), ("https://otro.cl", False), ("", False)],
)
def test_an_account_may_name_its_sites(account: ChannelAccount, origin: str, is_welcome: bool) -> None:
    ChannelAccount.objects.filter(pk=account.pk).update(settings={"allowed_origins": ["https://casas.cl"]})

    async def story() -> None:
        async with Tab(chat_path(account), headers={"Origin": origin}) as tab:
            if is_welcome:
                await greet(tab)
            else:
                assert await tab.closes() == 4403

    tell_story(story)


def test_an_unknown_chat_is_gone(broker: Broker) -> None:
    async def story() -> None:
        async with Tab("/ws/webchat/no-such-key-here/") as tab:
            assert await tab.closes() == 4404

    tell_story(story)


def test_a_removed_chat_takes_nothing_more(account: ChannelAccount, admin_user: User) -> None:
    async def story() -> None:
        async with Tab(chat_path(account)) as tab:
            await greet(tab)
            await call_in_broker(account.broker_id, remove_account, actor=admin_user.actor(), account_id=account.pk)
            await asyncio.sleep(1.1)
            await tab.say(message())
            assert await tab.closes() == 4404

    tell_story(story)
    assert RawEvent.objects.count() == 0


def test_a_forged_or_foreign_token_is_refused(account: ChannelAccount) -> None:
    other = make_account(Channel.WEBCHAT, external_id="another-key")

    async def story() -> None:
        async with Tab(chat_path(other)) as tab:
            foreign = (await greet(tab))["token"]
        for token in ("forged", foreign, 7, {"a": 1}, "x" * 5000):
            async with Tab(chat_path(account)) as tab:
                await tab.say({"type": "hello", "token": token, "since": 0})
                assert (await tab.hear())["code"] == "token_invalid"
                await tab.say(message())
                assert (await tab.hear())["code"] == "hello_first"

    tell_story(story)


def test_who_writes_too_much_is_asked_to_wait(account: ChannelAccount, settings: Any) -> None:
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "webchat.visitor": (2, 60)}

    async def story() -> None:
        async with Tab(chat_path(account)) as tab:
            await greet(tab)
            for number in range(2):
                await tab.say(message(client_id=f"c-{number}"))
                await tab.hear("ack")
            await tab.say(message(client_id="c-9"))
            refused = await tab.hear("error")
            assert (refused["code"], refused["client_id"]) == ("rate_limited", "c-9")

    tell_story(story)
    assert RawEvent.objects.count() == 2


NONSENSE: list[Any] = [
    "{",
    "[]",
    {"type": "message"},
    {"type": "message", "client_id": 1, "text": "x"},
    {"type": "message", "client_id": "", "text": "x"},
    {"type": "message", "client_id": "c", "text": " "},
    {"type": "message", "client_id": "c", "text": ["x"]},
    {"type": "message", "client_id": "c", "text": "x" * 4001},
    {"type": "message", "client_id": "c" * 65, "text": "x"},
    {"type": "reply", "client_id": "c", "reply_id": 5},
    {"type": "welcome"},
    {"type": "read", "seq": "x"},
    {"type": "read", "seq": 2**62},
    {"type": "hello", "token": "other"},
    {"type": "hello", "token": None, "since": 2**62},
    json.dumps({"type": "message", "client_id": "c", "text": "x" * 20_000}),
]


def test_nonsense_is_answered_and_stores_nothing(account: ChannelAccount) -> None:
    async def story() -> None:
        async with Tab(chat_path(account)) as tab:
            await greet(tab)
            for frame in NONSENSE:
                await tab.say(frame)
            await tab.say({"type": "ping"})
            while (frame := await tab.hear())["type"] != "pong":
                assert frame["type"] == "error"

    tell_story(story)
    assert RawEvent.objects.count() == 0


async def _hear_outbound(tab: Tab) -> dict[str, Any]:
    while True:
        frame = await tab.hear("message")
        if frame["message"]["direction"] == "out":
            return frame


async def _until_status(broker_id: int, message_id: int, status: str) -> None:
    for _try in range(50):
        found = await call_in_broker(broker_id, lambda: Message.objects.get(pk=message_id).status)
        if found == status:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"the message is {found}, not {status}")
