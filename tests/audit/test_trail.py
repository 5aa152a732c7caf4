"""Every change leaves a line, with who, what, before and after; a change that did not happen leaves none."""

import dataclasses
import typing
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.db import transaction

from apps.audit.entries import tell
from apps.audit.listeners import write_entry
from apps.audit.models import AuditEntry
from apps.audit.queries import visible_entries
from apps.brokers import actions
from apps.core.access import Actor, system_actor
from apps.core.errors import Forbidden
from apps.core.events import Event, publish
from apps.core.tenancy import in_broker, in_public
from apps.leads.events import LeadAssigned, LeadScored, LeadStageChanged, LeadUpdated
from apps.queues.events import PresenceChanged, QueueChanged
from tests.factories import make_lead


def every_event() -> list[type[Event]]:
    for config in apps.get_app_configs():
        if config.name.startswith("apps."):
            try:
                import_module(f"{config.name}.events")
            except ModuleNotFoundError as missing:
                if missing.name != f"{config.name}.events":
                    raise
    found: list[type[Event]] = []
    waiting = [Event]
    while waiting:
        for kind in waiting.pop().__subclasses__():
            waiting.append(kind)
            if kind.name and kind.__module__.startswith("apps."):
                found.append(kind)
    return sorted(set(found), key=lambda kind: kind.__qualname__)


def an_instance(kind: type[Event], broker_id: int, actor: Actor) -> Event:
    hints = typing.get_type_hints(kind)
    values: dict[str, Any] = {}
    for field in dataclasses.fields(kind):
        hint = str(hints[field.name])
        if field.name in {"broker_id", "actor", "at"}:
            continue
        if field.name == "changes":
            values[field.name] = {"city": ["Lima", "Quito"]}
        elif "dict" in hint:
            values[field.name] = {}
        elif "list" in hint or "tuple" in hint:
            values[field.name] = []
        elif "bool" in hint:
            values[field.name] = True
        elif "int" in hint or "float" in hint:
            values[field.name] = 7
        elif "datetime" in hint:
            values[field.name] = None
        else:
            values[field.name] = "x"
    return kind(broker_id=broker_id, actor=actor, **values)


def entries_of(kind: type[Event], broker_id: int) -> int:
    with in_public():
        platform = AuditEntry.objects.filter(name=kind.name).count()
    with in_broker(broker_id):
        return platform + AuditEntry.objects.filter(name=kind.name).count()


@pytest.mark.parametrize("kind", every_event(), ids=lambda kind: kind.__name__)
def test_every_event_is_told_with_its_object(kind, broker, admin_user):
    event = an_instance(kind, broker.pk, admin_user.actor())
    before = entries_of(kind, broker.pk)

    write_entry(event)

    told = tell(event)
    assert told.object_type
    # Many leads at once have no number of their own.
    assert told.object_id or told.object_type == "leads"
    assert entries_of(kind, broker.pk) == before + kind.is_kept


def test_an_entry_says_who_what_before_and_after(broker, admin_user):
    lead = make_lead()
    actor = dataclasses.replace(admin_user.actor(), address="203.0.113.9", request_id="req-12345678")

    publish(LeadUpdated(broker_id=broker.pk, actor=actor, lead_id=lead.pk, changes={"city": ["", "Ñuñoa"]}))

    entry = AuditEntry.objects.get()
    assert (entry.name, entry.object_type, entry.object_id) == ("lead.updated", "lead", str(lead.pk))
    assert (entry.before, entry.after) == ({"city": ""}, {"city": "Ñuñoa"})
    assert (entry.actor_kind, entry.actor_user_id, entry.actor_role) == ("user", admin_user.pk, "admin")
    assert (entry.address, entry.request_id) == ("203.0.113.9", "req-12345678")


@pytest.mark.parametrize(
    ("event", "before", "after"),
    [
        (LeadScored(broker_id=1, actor=system_actor(1), lead_id=1, before=20.0, after=45.5, status="warm"),
         {"score": 20.0}, {"score": 45.5, "status": "warm"}),
        (LeadStageChanged(broker_id=1, actor=system_actor(1), lead_id=1, from_stage="entrada", to_stage="ganado"),
         {"stage": "entrada"}, {"stage": "ganado", "reason": ""}),
        (LeadAssigned(broker_id=1, actor=system_actor(1), lead_id=1, agent_id=3, previous_agent_id=None),
         {"agent_id": None}, {"agent_id": 3}),
        (PresenceChanged(broker_id=1, actor=system_actor(1), user_id=1, presence="busy", previous="available"),
         {"presence": "available"}, {"presence": "busy", "reason": ""}),
    ],
)  # fmt: skip
def test_pairs_of_old_and_new_values_are_recognised(event, before, after):
    told = tell(event)

    assert (told.before, told.after) == (before, after)


def test_a_change_that_is_rolled_back_leaves_no_line(broker):
    with pytest.raises(RuntimeError), transaction.atomic():
        publish(QueueChanged(broker_id=broker.pk, actor=system_actor(broker.pk), queue_id=1, changes={"a": [1, 2]}))
        raise RuntimeError

    assert AuditEntry.objects.count() == 0


def test_secrets_are_never_in_the_trail(broker):
    changes: dict[str, list[Any]] = {
        "password": ["old-one", "new-one"],
        "credentials": [{"access_token": "EAA-1"}, {"access_token": "EAA-2"}],
        "settings": [{}, {"api_key": "k-1", "deep": [{"app_secret": "s-1"}], "name": "visible"}],
    }

    publish(QueueChanged(broker_id=broker.pk, actor=system_actor(broker.pk), queue_id=1, changes=changes))

    stored = str(AuditEntry.objects.values_list("before", "after").get())
    for secret in ("old-one", "new-one", "EAA", "k-1", "s-1"):
        assert secret not in stored
    assert "visible" in stored


def test_what_happens_to_brokers_is_in_the_platforms_trail(broker, superadmin_user):
    actions.suspend_broker(actor=superadmin_user.actor(), broker_id=broker.pk)

    assert AuditEntry.objects.count() == 0
    with in_public():
        entry = AuditEntry.objects.get(name="broker.suspended")
    assert (entry.object_id, entry.actor_user_id) == (str(broker.pk), superadmin_user.pk)


def test_one_broker_does_not_see_the_trail_of_another(broker, other_broker):
    publish(
        QueueChanged(
            broker_id=other_broker.pk, actor=system_actor(other_broker.pk), queue_id=1, changes={"name": ["A", "B"]}
        )
    )

    assert AuditEntry.objects.count() == 0
    with in_broker(other_broker.pk):
        assert AuditEntry.objects.get().before == {"name": "A"}


def test_agents_may_not_read_the_trail_and_supervisors_may(broker, agent_user, supervisor_user):
    with pytest.raises(Forbidden):
        visible_entries(agent_user.actor())
    assert list(visible_entries(supervisor_user.actor())) == []
