"""One running product for all journeys: real server, worker, scheduler, PostgreSQL, Redis, local vendors."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.embedded import own_cluster
from tests.fakes.graph_api import FakeGraph
from tests.fakes.openai_api import FakeOpenAI
from tests.fakes.telegram_api import FakeBotApi
from tests.fakes.telegram_test_api import SecretRelay
from tests.stack import Stack, running_stack


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here starts real processes; `test_llm` comes last, for it restarts them with a model."""
    here = Path(__file__).parent
    items.sort(key=lambda item: item.path == here / "test_llm.py")
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.live)


@pytest.fixture(scope="session")
def graph() -> Iterator[FakeGraph]:
    with FakeGraph(token="test-token", statuses=("sent", "delivered", "read"), status_delay=0.3) as server:
        yield server


@pytest.fixture(scope="session")
def bot_api() -> Iterator[FakeBotApi]:
    with FakeBotApi() as server:
        yield server


@pytest.fixture(scope="session")
def relay() -> Iterator[SecretRelay]:
    """Between our side and telegram-test-api, which `test_telegram` starts."""
    with SecretRelay() as server:
        yield server


@pytest.fixture(scope="session")
def model() -> Iterator[FakeOpenAI]:
    """An LLM, which only `test_llm` lets Sofía ask."""
    with FakeOpenAI() as server:
        yield server


@pytest.fixture(scope="session")
def stack(
    graph: FakeGraph, bot_api: FakeBotApi, relay: SecretRelay, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    allowed = ",".join([graph.address, bot_api.address, relay.address])
    with (
        own_cluster("journeys") as services,
        running_stack(
            services,
            tmp_path_factory.mktemp("journeys"),
            OUTBOUND_ALLOW=allowed,
            TELEGRAM_API_BASE_URL=bot_api.root_url,
            # Everybody here comes from one address and signs in often.
            LIMIT_LOGIN_ADDRESS="5000",
            LIMIT_LOGIN_ACCOUNT="500",
            LIMIT_REGISTER_ADDRESS="500",
        ) as running,
    ):
        graph.webhook_url = f"{running.url}/webhooks/whatsapp"
        yield running


@pytest.fixture(scope="session")
def brokerage(stack: Stack, graph: FakeGraph) -> dict[str, Any]:
    """A broker with people, a WhatsApp account and a web chat."""
    return stack.make_broker("Inmobiliaria Viva", graph_url=graph.base_url, app_secret=graph.app_secret)[0]
