"""Channel accounts: who may add them, what is checked, what is told and what never is."""

from typing import Any

import pytest

from apps.accounts.models import User
from apps.brokers.models import Broker
from apps.core.errors import Forbidden, InvalidInput, NotFound
from apps.core.events import Event
from apps.messaging import actions
from apps.messaging.errors import AccountTaken, ProviderCallFailed
from apps.messaging.events import ChannelAccountCreated, ChannelAccountRemoved
from apps.messaging.models import AccountStatus, ChannelAccount
from apps.messaging.providers.telegram import BotInfo, Telegram
from apps.messaging.queries import account_for_webhook, get_account, webchat_account, webchat_config
from apps.messaging.types import Channel, ErrorAction, ProviderError
from tests.factories.messaging import make_account

BOT_TOKEN = "123456:AAF-token-of-a-bot-that-is-none"
META = {"access_token": "EAA", "verify_token": "verify-me", "app_secret": "shh"}


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    events: list[Event] = []
    monkeypatch.setattr(actions, "publish", events.append)
    return events


def test_an_admin_adds_a_number_and_its_secrets_stay_inside(admin_user: User, published: list[Event]) -> None:
    account = actions.create_account(
        actor=admin_user.actor(),
        channel=Channel.WHATSAPP_META,
        name="Ventas",
        external_id="102938475647382",
        credentials=META,
        options={"waba_id": "123456789"},
    )

    assert account.status == AccountStatus.PENDING
    assert "shh" not in repr(account.ref())
    assert [type(event) for event in published] == [ChannelAccountCreated]
    assert "verify-me" not in str(account.settings)
    found = account_for_webhook(Channel.WHATSAPP_META, "102938475647382")
    assert found is not None
    assert found.credentials["app_secret"] == "shh"


def test_an_agent_may_not_add_an_account(agent_user: User) -> None:
    with pytest.raises(Forbidden):
        actions.create_account(actor=agent_user.actor(), channel=Channel.WEBCHAT, name="Web")


def test_a_number_belongs_to_one_account_in_all_brokers(admin_user: User, other_broker: Broker) -> None:
    make_account(Channel.WHATSAPP_META, broker_id=other_broker.pk, external_id="102938475647382")

    with pytest.raises(AccountTaken):
        actions.create_account(
            actor=admin_user.actor(),
            channel=Channel.WHATSAPP_META,
            name="Ventas",
            external_id="102938475647382",
            credentials=META,
        )


@pytest.mark.parametrize(
    ("channel", "values", "field"),
    [
        (Channel.WHATSAPP_META, {"external_id": "abc", "credentials": META}, "external_id"),
        (Channel.WHATSAPP_META, {"external_id": "12345678", "credentials": {}}, "access_token"),
        (Channel.TELEGRAM, {"credentials": {"bot_token": "not a token"}}, "bot_token"),
        (Channel.TELEGRAM, {"credentials": {"bot_token": BOT_TOKEN, "pin": "1"}}, "pin"),
        (Channel.TELEGRAM, {"credentials": {"bot_token": BOT_TOKEN, "webhook_secret": "short"}}, "webhook_secret"),
        (Channel.WEBCHAT, {"options": {"color": "red"}}, "color"),
        (Channel.WEBCHAT, {"options": {"allowed_origins": ["javascript:alert(1)"]}}, "allowed_origins"),
        (Channel.WEBCHAT, {"options": {"allowed_origins": "https://a.cl"}}, "allowed_origins"),
        (Channel.WEBCHAT, {"name": "a\x00b"}, "name"),
        (Channel.WEBCHAT, {"name": " "}, "name"),
        (Channel.WHATSAPP_WPPCONNECT, {}, "channel"),
        (
            Channel.TELEGRAM,
            {"credentials": {"bot_token": BOT_TOKEN}, "options": {"base_url": "http://169.254.169.254"}},
            "base_url",
        ),
    ],
)
def test_values_that_make_no_sense_are_named(
    admin_user: User, channel: Channel, values: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        actions.create_account(actor=admin_user.actor(), channel=channel, **{"name": "Canal", **values})

    assert refused.value.field == field
    assert not ChannelAccount.objects.filter(name="Canal").exists()


def test_credentials_are_merged_and_an_empty_one_is_taken_out(admin_user: User) -> None:
    account = make_account(Channel.WHATSAPP_META)

    changed = actions.update_account(
        actor=admin_user.actor(), account_id=account.pk, credentials={"app_secret": "new", "access_token": ""}
    )

    assert changed.credentials == {"app_secret": "new", "verify_token": "verify-me"}


def test_a_foreign_account_does_not_exist(admin_user: User, other_broker: Broker) -> None:
    foreign = make_account(Channel.TELEGRAM, broker_id=other_broker.pk)

    with pytest.raises(NotFound):
        get_account(admin_user.actor(), foreign.pk)
    with pytest.raises(NotFound):
        actions.remove_account(actor=admin_user.actor(), account_id=foreign.pk)


def test_a_removed_account_can_be_taken_back(admin_user: User, published: list[Event]) -> None:
    account = make_account(Channel.WHATSAPP_META, external_id="102938475647382")

    actions.remove_account(actor=admin_user.actor(), account_id=account.pk)
    is_found_meanwhile = account_for_webhook(Channel.WHATSAPP_META, "102938475647382") is not None
    actions.restore_account(actor=admin_user.actor(), account_id=account.pk)

    assert not is_found_meanwhile
    assert account_for_webhook(Channel.WHATSAPP_META, "102938475647382") is not None
    assert isinstance(published[0], ChannelAccountRemoved)


def test_connecting_a_bot_gives_telegram_a_fresh_secret_that_finds_it(
    admin_user: User, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.PUBLIC_URL = "https://crm.example.com"
    told: dict[str, str] = {}
    monkeypatch.setattr(Telegram, "get_me", lambda *_: BotInfo(id="123456", username="casa_bot", name="Casa"))
    monkeypatch.setattr(
        Telegram, "set_webhook", lambda _self, _account, url, secret: told.update(url=url, secret=secret)
    )
    account = actions.create_account(
        actor=admin_user.actor(), channel=Channel.TELEGRAM, name="Bot", credentials={"bot_token": BOT_TOKEN}
    )

    connected = actions.connect_account(actor=admin_user.actor(), account_id=account.pk)

    assert told["url"] == "https://crm.example.com/webhooks/telegram"
    assert (connected.status, connected.display_number) == (AccountStatus.CONNECTED, "@casa_bot")
    connected.refresh_from_db()
    assert connected.credentials["webhook_secret"] == told["secret"]
    assert told["secret"] not in connected.public_key


def test_a_provider_that_refuses_leaves_the_reason_on_the_account(
    admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = ProviderError(code="401", message="El token no sirve.", action=ErrorAction.STOP_CHANNEL)

    def refuse(*_arguments: object) -> None:
        raise ProviderCallFailed(refusal)

    monkeypatch.setattr(Telegram, "get_me", refuse)
    account = make_account(Channel.TELEGRAM)

    with pytest.raises(ProviderCallFailed):
        actions.connect_account(actor=admin_user.actor(), account_id=account.pk)

    account.refresh_from_db()
    assert (account.status, account.status_detail) == (AccountStatus.ERROR, "El token no sirve.")


def test_the_widget_learns_its_look_and_nothing_secret(admin_user: User, broker: Broker, api: Any) -> None:
    account = actions.create_account(
        actor=admin_user.actor(), channel=Channel.WEBCHAT, name="Web", options={"color": "#102030"}
    )

    config = webchat_config(webchat_account(account.public_key))
    page = api().get(f"/chat/{account.public_key}")
    answer = api().get(f"/chat/{account.public_key}/config.json")

    assert config == {"name": broker.name, "color": "#102030"}
    assert answer.json() == config
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert page.status_code == 200
    assert account.public_key in page.content.decode()
    assert api().get("/chat/unknown-key-000000/config.json").status_code == 404


def test_the_documented_calls_about_the_bot(admin_user: User, agent_user: User, api: Any) -> None:
    setup = {"webhook_url": "https://crm.example.com/webhooks/telegram"}

    assert api(agent_user).post("/api/v1/telegram/webhook/setup", setup).status_code == 403
    assert api(admin_user).get("/api/v1/telegram/webhook/info").status_code == 503
    assert api(admin_user).post("/api/v1/telegram/webhook/setup", {"webhook_url": "no"}).status_code == 422
    assert api().get("/api/v1/telegram/webhook/info").status_code == 401
