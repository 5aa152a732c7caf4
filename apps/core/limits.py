"""Rate limits: fixed windows counted in Redis, with the numbers in settings.RATE_LIMITS.

Without Redis a limit lets the call pass and logs it: availability of the door wins over the count.
"""

import hashlib
import logging
import time

import redis
from django.conf import settings

from apps.core.errors import RateLimited
from apps.core.redis import redis_client

log = logging.getLogger(__name__)


def spend(limit: str, subject: str, *, cost: int = 1) -> None:
    """Count a call of `subject` against the named limit.

    Raises RateLimited, with the seconds until the window ends, when the limit is used up.
    """
    most, seconds = settings.RATE_LIMITS[limit]
    now = int(time.time())
    window = now // seconds
    key = f"limit:{limit}:{_digest(subject)}:{window}"
    try:
        pipe = redis_client().pipeline(transaction=False)
        pipe.incrby(key, cost)
        pipe.expire(key, seconds + 5)
        used = int(pipe.execute()[0])
    except redis.RedisError:
        log.warning("rate limit not counted: redis is away", extra={"limit": limit})
        return
    if used > most:
        raise RateLimited(retry_after=(window + 1) * seconds - now)


def forget(limit: str, subject: str) -> None:
    """Clear a subject's count, after it proved itself (a successful login)."""
    seconds = settings.RATE_LIMITS[limit][1]
    try:
        redis_client().delete(f"limit:{limit}:{_digest(subject)}:{int(time.time()) // seconds}")
    except redis.RedisError:
        log.warning("rate limit not cleared: redis is away", extra={"limit": limit})


def _digest(subject: str) -> str:
    """Subjects are e-mails and addresses: their digest is enough of a key."""
    return hashlib.blake2b(subject.lower().encode(), digest_size=12).hexdigest()
