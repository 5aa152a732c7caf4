from dataclasses import dataclass
from typing import ClassVar

import pytest
from django.db import transaction

from apps.core import events
from apps.core.access import system_actor

pytestmark = pytest.mark.django_db


@dataclass(frozen=True, kw_only=True)
class ThingHappened(events.Event):
    name: ClassVar[str] = "thing.happened"


@pytest.fixture
def heard(monkeypatch):
    """What listeners heard, in both phases; registered for this test alone."""
    monkeypatch.setattr(events, "_listeners", {phase: [] for phase in events.Phase})
    calls: dict[str, list] = {"inside": [], "after": []}
    events.subscribe(ThingHappened)(calls["inside"].append)
    events.subscribe(ThingHappened, phase=events.Phase.AFTER_COMMIT)(calls["after"].append)
    return calls


def _happen():
    events.publish(ThingHappened(broker_id=None, actor=system_actor(None)))


def test_listeners_hear_inside_and_after_commit(heard, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        _happen()
        assert len(heard["inside"]) == 1
        assert heard["after"] == []

    assert len(heard["after"]) == 1


def test_a_change_that_is_rolled_back_is_not_announced(heard, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True), pytest.raises(RuntimeError), transaction.atomic():
        _happen()
        raise RuntimeError

    assert heard["after"] == []


def test_a_failing_listener_after_commit_does_not_hide_the_change(heard, django_capture_on_commit_callbacks):
    def explode(_event):
        raise RuntimeError("socket is gone")

    events._listeners[events.Phase.AFTER_COMMIT].insert(0, ((ThingHappened,), explode))

    with django_capture_on_commit_callbacks(execute=True):
        _happen()

    assert len(heard["after"]) == 1
