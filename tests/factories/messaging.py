"""Channel accounts and raw events."""

from apps.messaging.models import AccountStatus, ChannelAccount, RawEvent
from apps.messaging.types import Channel
from tests.factories.sequence import entered_broker, next_number

_CREDENTIALS = {
    Channel.WHATSAPP_META: {"access_token": "EAAtest", "app_secret": "app-secret", "verify_token": "verify-me"},
    Channel.TELEGRAM: {"bot_token": "123456:test-token-of-a-bot-that-is-none", "webhook_secret": "telegram-secret-1"},
}


def make_account(channel: str = Channel.WHATSAPP_META, *, broker_id: int | None = None, **fields) -> ChannelAccount:
    """A connected account of the broker given, else of the one entered."""
    number = next_number()
    values = {
        "name": f"{Channel(channel).label} {number}",
        "external_id": f"{100000000000000 + number}",
        "credentials": dict(_CREDENTIALS.get(Channel(channel), {})),
        "status": AccountStatus.CONNECTED,
        **fields,
    }
    return ChannelAccount.objects.create(broker_id=broker_id or entered_broker(), channel=channel, **values)


def make_raw_event(account: ChannelAccount | None = None, *, body: bytes = b"{}", **fields) -> RawEvent:
    """A waiting event of the account."""
    account = account or make_account()
    return RawEvent.objects.create(broker_id=account.broker_id, account=account, body=body, **fields)
