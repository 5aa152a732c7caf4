"""The Redis connection of this process. Redis is a bell and a cache here: every use survives its absence."""

from functools import lru_cache

import redis
from django.conf import settings


@lru_cache(maxsize=1)
def redis_client() -> "redis.Redis":
    """A pooled client with short timeouts: a missing Redis must not hold a request up."""
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=1, decode_responses=True)
