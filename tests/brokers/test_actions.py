"""Brokers are made, changed, closed and taken back by the platform alone."""

import time

import pytest
from django.db import connection, transaction

from apps.accounts.backends import can_sign_in
from apps.brokers import actions, queries
from apps.brokers.errors import DomainTaken
from apps.brokers.models import Broker, BrokerConfig, Domain, PromptVersion
from apps.brokers.resolution import broker_of_host
from apps.core.access import system_actor
from apps.core.errors import Forbidden, InvalidInput, NotFound
from apps.core.ids import broker_of
from apps.core.tenancy import in_broker
from apps.messaging.models import AccountStatus, ChannelAccount
from apps.queues.models import Queue

PLATFORM = system_actor(None)


def test_a_new_broker_has_all_it_needs_to_work_at_once(db):
    broker = actions.provision_broker(actor=PLATFORM, name="  Nueva Casa ", country="mx")

    assert (broker.name, broker.country, broker.timezone, broker.currency) == (
        "Nueva Casa",
        "MX",
        "America/Mexico_City",
        "MXN",
    )
    assert broker.schema_name == f"broker_{broker.pk}"
    assert broker_of(broker.uid) == broker.pk
    assert BrokerConfig.objects.get(broker=broker).agent_name == "Sofía"
    assert PromptVersion.objects.get(broker=broker).version == 1
    account = ChannelAccount.objects.get(broker=broker)
    assert (account.channel, account.status, account.external_id) == (
        "webchat",
        AccountStatus.CONNECTED,
        account.public_key,
    )
    with in_broker(broker.pk):
        assert Queue.objects.get().is_default


def test_a_broker_whose_making_is_rolled_back_leaves_nothing(db):
    with pytest.raises(RuntimeError), transaction.atomic():
        broker = actions.provision_broker(actor=PLATFORM, name="Fugaz")
        raise RuntimeError

    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regnamespace(%s)", [broker.schema_name])
        assert cursor.fetchone()[0] is None
    assert not Broker.objects.filter(name="Fugaz").exists()


def test_a_broker_is_made_in_well_under_a_second(db):
    actions.provision_broker(actor=PLATFORM, name="Calienta")
    started = time.perf_counter()

    actions.provision_broker(actor=PLATFORM, name="Veloz")

    assert time.perf_counter() - started < 1.0


def test_no_foreign_key_of_a_broker_reaches_into_public_tables(broker):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_constraint con JOIN pg_class t ON t.oid = con.confrelid "
            "WHERE con.connamespace = to_regnamespace(%s) AND t.relnamespace = 'public'::regnamespace",
            [broker.schema_name],
        )
        assert cursor.fetchone()[0] == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "   "),
        ("name", "x" * 201),
        ("name", "nul\x00"),
        ("country", "XX"),
        ("timezone", "Mars/Olympus"),
        ("language", "fr"),
        ("currency", "pesos"),
    ],
)
def test_unusable_values_are_refused_by_name(db, field, value):
    with pytest.raises(InvalidInput) as refusal:
        actions.provision_broker(actor=PLATFORM, **{"name": "Casa", field: value})

    assert refusal.value.field == field


def test_an_admin_may_not_touch_brokers(broker, admin_user):
    actor = admin_user.actor()

    for attempt in (
        lambda: actions.provision_broker(actor=actor, name="Mía"),
        lambda: actions.update_broker(actor=actor, broker_id=broker.pk, changes={"name": "Otra"}),
        lambda: actions.suspend_broker(actor=actor, broker_id=broker.pk),
        lambda: actions.delete_broker(actor=actor, broker_id=broker.pk),
        lambda: actions.restore_broker(actor=actor, broker_id=broker.pk),
        lambda: actions.add_domain(actor=actor, broker_id=broker.pk, domain="a.example.com"),
        lambda: queries.get_broker(actor, broker.pk),
        lambda: queries.visible_brokers(actor),
    ):
        with pytest.raises(Forbidden):
            attempt()


def test_a_suspended_broker_lets_nobody_in_until_it_is_restored(broker, admin_user, superadmin_user):
    actor = superadmin_user.actor()

    actions.suspend_broker(actor=actor, broker_id=broker.pk)
    assert not queries.is_open(broker.pk)
    admin_user.refresh_from_db()
    assert not can_sign_in(admin_user)

    actions.restore_broker(actor=actor, broker_id=broker.pk)
    assert queries.is_open(broker.pk)
    admin_user.refresh_from_db()
    assert can_sign_in(admin_user)


def test_a_deleted_broker_is_out_of_sight_and_can_be_taken_back(broker, superadmin_user):
    actor = superadmin_user.actor()

    actions.delete_broker(actor=actor, broker_id=broker.pk)
    with pytest.raises(NotFound):
        queries.get_broker(actor, broker.pk)
    with pytest.raises(NotFound):
        actions.delete_broker(actor=actor, broker_id=broker.pk)
    assert queries.get_deleted_broker(actor, broker.pk) == broker

    actions.restore_broker(actor=actor, broker_id=broker.pk)
    assert queries.get_broker(actor, broker.pk).is_open


def test_changes_are_partial_and_a_wrong_one_changes_nothing(broker):
    actions.update_broker(actor=PLATFORM, broker_id=broker.pk, changes={"name": "Andes 2", "is_open_to_agents": True})
    with pytest.raises(InvalidInput):
        actions.update_broker(actor=PLATFORM, broker_id=broker.pk, changes={"name": "Andes 3", "country": "??"})
    with pytest.raises(InvalidInput):
        actions.update_broker(actor=PLATFORM, broker_id=broker.pk, changes={"schema_name": "public"})

    broker.refresh_from_db()
    assert (broker.name, broker.is_open_to_agents, broker.country) == ("Andes 2", True, "CL")


def test_a_domain_leads_to_one_broker(broker, other_broker):
    first = actions.add_domain(actor=PLATFORM, broker_id=broker.pk, domain=" CRM.Andes.example. ")
    second = actions.add_domain(actor=PLATFORM, broker_id=broker.pk, domain="andes.example")

    assert (first.is_primary, second.is_primary) == (True, False)
    assert broker_of_host("crm.andes.example:8000") == broker.pk
    with pytest.raises(DomainTaken):
        actions.add_domain(actor=PLATFORM, broker_id=other_broker.pk, domain="crm.andes.example")
    actions.remove_domain(actor=PLATFORM, broker_id=broker.pk, domain="crm.andes.example")
    assert broker_of_host("crm.andes.example") is None
    with pytest.raises(NotFound):
        actions.remove_domain(actor=PLATFORM, broker_id=other_broker.pk, domain="andes.example")
    assert Domain.objects.count() == 1


@pytest.mark.parametrize("domain", ["", "http://a.cl", "a_b.example", "a..b", "-a.example", "a.example:80", "ñ.cl"])
def test_what_is_no_host_name_is_no_domain(broker, domain):
    with pytest.raises(InvalidInput):
        actions.add_domain(actor=PLATFORM, broker_id=broker.pk, domain=domain)
