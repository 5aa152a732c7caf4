"""One running product for all journeys: real server, worker, scheduler, PostgreSQL, Redis, and a local Graph API."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.embedded import own_cluster
from tests.fakes.graph_api import FakeGraph
from tests.fakes.telegram_api import FakeBotApi
from tests.stack import Stack, running_stack


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here starts real processes."""
    here = Path(__file__).parent
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
def stack(graph: FakeGraph, bot_api: FakeBotApi, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    allowed = ",".join([graph.address, bot_api.address, "127.0.0.1:9797"])
    with (
        own_cluster("journeys") as services,
        running_stack(
            services,
            tmp_path_factory.mktemp("journeys"),
            OUTBOUND_ALLOW=allowed,
            TELEGRAM_API_BASE_URL=bot_api.root_url,
        ) as running,
    ):
        graph.webhook_url = f"{running.url}/webhooks/whatsapp"
        yield running


@pytest.fixture(scope="session")
def brokerage(stack: Stack, graph: FakeGraph) -> dict[str, Any]:
    """A broker with people, a WhatsApp account and a web chat."""
    return stack.make_broker("Inmobiliaria Viva", graph_url=graph.base_url, app_secret=graph.app_secret)[0]
