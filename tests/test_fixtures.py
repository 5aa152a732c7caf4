"""The promises of tests/conftest.py."""

from apps.brokers.models import Broker
from apps.core.tenancy import current_broker_id, in_broker
from apps.leads.models import Lead
from tests.factories import make_conversation, make_lead, make_message


def test_the_broker_fixture_enters_the_broker(broker):
    make_message()

    assert current_broker_id() == broker.pk
    assert Lead.objects.count() == 1


def test_every_test_starts_without_the_rows_of_the_one_before(broker):
    assert Lead.objects.count() == 0


def test_rows_of_one_broker_are_not_seen_from_another(broker, other_broker):
    make_lead()

    with in_broker(other_broker.pk):
        assert Lead.objects.count() == 0
        make_conversation()
        assert Lead.objects.count() == 1
    assert Lead.objects.count() == 1


def test_a_committing_test_leaves_nothing_behind(committed_db, broker):
    make_lead()
    Broker.objects.filter(pk=broker.pk).update(name="Changed")


def test_after_a_committing_test_all_is_as_before(broker):
    assert Lead.objects.count() == 0
    assert broker.name != "Changed"
