"""Signs of life of the processes that no request reaches, kept in Redis for /health."""

import time

import redis

from apps.core.redis import redis_client

STALE_SECONDS = 35


def record(process: str) -> None:
    """Say that the process is alive now."""
    try:
        redis_client().set(f"heartbeat:{process}", time.time(), ex=3600)
    except redis.RedisError:
        return


def age_seconds(process: str) -> float | None:
    """Seconds since the last sign of life, None if there is none to be had."""
    try:
        at = redis_client().get(f"heartbeat:{process}")
    except redis.RedisError:
        return None
    return None if at is None else max(0.0, time.time() - float(str(at)))
