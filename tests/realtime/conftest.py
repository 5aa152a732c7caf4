"""Sockets look from other threads: what these tests write is committed, and taken back afterwards."""

from collections.abc import Iterator

import pytest

from apps.realtime import feed, publisher


@pytest.fixture(autouse=True)
def committed(committed_db: None) -> None:
    """Every test here commits."""


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A feed looks at the log every fifth of a second, so that tests of the second way need not wait."""
    monkeypatch.setattr(feed, "LOOK_SECONDS", 0.2)


@pytest.fixture
def redis_loses_everything(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing that is published arrives."""
    monkeypatch.setattr(publisher._Publisher, "offer", lambda *_arguments: None)
    yield
