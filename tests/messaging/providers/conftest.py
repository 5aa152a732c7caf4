"""Accounts and local providers for the adapters' tests."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation

from apps.messaging.providers.calls import Caller
from apps.messaging.providers.telegram import Telegram
from apps.messaging.providers.whatsapp_meta import WhatsAppMeta
from apps.messaging.types import AccountRef, Channel
from tests.fakes import graph_api, telegram_api
from tests.fakes.graph_api import FakeGraph
from tests.fakes.telegram_api import FakeBotApi

PAYLOADS = Path(__file__).resolve().parents[2] / "payloads"
RECEIVED_AT = datetime(2026, 11, 20, 19, 0, tzinfo=UTC)


def sample(provider: str, name: str) -> dict[str, Any]:
    return json.loads((PAYLOADS / provider / f"{name}.json").read_bytes())


def sample_bytes(provider: str, name: str) -> bytes:
    return (PAYLOADS / provider / f"{name}.json").read_bytes()


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def caller() -> Iterator[Caller]:
    caller = Caller()
    yield caller
    caller.close()


@pytest.fixture
def graph(settings: Any) -> Iterator[FakeGraph]:
    with FakeGraph() as server:
        settings.OUTBOUND_ALLOW = [*settings.OUTBOUND_ALLOW, server.address]
        yield server


@pytest.fixture
def whatsapp(caller: Caller) -> WhatsAppMeta:
    return WhatsAppMeta(caller)


@pytest.fixture
def number(graph: FakeGraph) -> AccountRef:
    """A WhatsApp number at the local Graph API."""
    return whatsapp_account(base_url=graph.base_url)


def whatsapp_account(**changes: Any) -> AccountRef:
    values: dict[str, Any] = {
        "id": 1,
        "broker_id": 1,
        "channel": Channel.WHATSAPP_META,
        "external_id": graph_api.DEFAULT_PHONE_NUMBER_ID,
        "credentials": {
            "access_token": graph_api.DEFAULT_TOKEN,
            "app_secret": graph_api.DEFAULT_SECRET,
            "verify_token": "verify-me",
        },
        "settings": {"waba_id": graph_api.DEFAULT_WABA_ID},
    }
    return AccountRef(**{**values, **changes})


@pytest.fixture
def bot_api(settings: Any) -> Iterator[FakeBotApi]:
    with FakeBotApi() as server:
        settings.OUTBOUND_ALLOW = [*settings.OUTBOUND_ALLOW, server.address]
        yield server


@pytest.fixture
def telegram(caller: Caller) -> Telegram:
    return Telegram(caller)


@pytest.fixture
def bot(bot_api: FakeBotApi) -> AccountRef:
    """A bot at the local Bot API."""
    return telegram_account(base_url=bot_api.base_url)


def telegram_account(**changes: Any) -> AccountRef:
    values: dict[str, Any] = {
        "id": 2,
        "broker_id": 1,
        "channel": Channel.TELEGRAM,
        "external_id": "700000001",
        "credentials": {"bot_token": telegram_api.DEFAULT_TOKEN, "webhook_secret": "S3cret_Token-0001"},
    }
    return AccountRef(**{**values, **changes})
