"""Pages in a real Chromium: the running product, and a made-up site that carries the web chat."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.embedded import own_cluster
from tests.stack import Stack, running_stack


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here starts a browser."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.live)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with own_cluster("browser") as services, running_stack(services, tmp_path_factory.mktemp("browser")) as running:
        yield running


@pytest.fixture(scope="session")
def brokerage(stack: Stack) -> dict[str, Any]:
    """A broker with people, a queue and a web chat."""
    return stack.make_broker("Casa Andina")[0]
