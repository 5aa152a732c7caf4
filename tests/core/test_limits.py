import pytest
import redis

from apps.core import limits
from apps.core.errors import RateLimited


@pytest.fixture
def tight(settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "test": (2, 3600)}


def test_the_call_over_the_limit_is_refused_with_the_wait(tight):
    limits.spend("test", "ana@x.cl")
    limits.spend("test", "ana@x.cl")

    with pytest.raises(RateLimited) as refused:
        limits.spend("test", "ANA@x.cl")

    assert 1 <= refused.value.retry_after <= 3600


def test_another_subject_has_its_own_count(tight):
    for _call in range(2):
        limits.spend("test", "one")

    limits.spend("test", "two")


def test_without_redis_the_door_stays_open(tight, monkeypatch):
    def away():
        raise redis.ConnectionError

    monkeypatch.setattr(limits, "redis_client", away)

    for _call in range(5):
        limits.spend("test", "x")
