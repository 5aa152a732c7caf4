"""The platform's key, and accounts to use it on."""

import pytest

from apps.brokers.ingest_keys import present_keys
from apps.brokers.models import BrokerConfig
from apps.leads.ingest import _looked_after

KEY = "the-key-of-the-platform-in-tests"
ADMIN = "/api/v1/admin"


@pytest.fixture
def platform(api, settings):
    """A client that holds ADMIN_API_KEY."""
    settings.ADMIN_API_KEY = KEY
    client = api()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {KEY}")
    return client


@pytest.fixture
def ingest_path(broker):
    """The first broker's ingest address; nobody remembers what an earlier test scheduled."""
    _looked_after.clear()
    return f"/api/v1/ingest/{present_keys([broker.pk])[broker.pk].key}"


@pytest.fixture
def without_new_fields(broker):
    BrokerConfig.objects.filter(broker=broker).update(creates_fields=False)
