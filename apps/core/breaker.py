"""Circuit breakers: after several failures in a row a service is left alone for a while, by all processes.

The state is in Redis so that web and workers share it; without Redis each process keeps its own.
"""

import logging
import time
from dataclasses import dataclass

import redis

from apps.core.redis import redis_client

log = logging.getLogger(__name__)
_local: dict[str, tuple[int, float]] = {}
_PREFIX = "breaker:"


@dataclass(frozen=True)
class BreakerState:
    """`state`: closed (calls pass), open (refused until `retry_at`, Unix seconds) or half_open (one trial passes)."""

    name: str
    state: str
    failures: int
    retry_at: float


class Breaker:
    """A named breaker: ask `allow`, then tell `success` or `failure`."""

    def __init__(self, name: str, *, threshold: int = 5, rest_seconds: float = 30.0) -> None:
        self.name = name
        self.threshold = threshold
        self.rest_seconds = rest_seconds

    def allow(self) -> bool:
        """Whether a call may go out now; once per rest period one trial passes an open breaker."""
        failures, retry_at = self._read()
        if failures < self.threshold:
            return True
        if time.time() < retry_at:
            return False
        self._write(failures, time.time() + self.rest_seconds)
        return True

    def success(self) -> None:
        """Close the breaker."""
        failures, _retry_at = self._read()
        if failures:
            self._write(0, 0.0)

    def failure(self) -> None:
        """Count a failure; at the threshold the breaker opens."""
        failures, _retry_at = self._read()
        self._write(failures + 1, time.time() + self.rest_seconds)

    def state(self) -> BreakerState:
        """For /health."""
        failures, retry_at = self._read()
        name = "closed" if failures < self.threshold else ("open" if time.time() < retry_at else "half_open")
        return BreakerState(name=self.name, state=name, failures=failures, retry_at=retry_at)

    def _read(self) -> tuple[int, float]:
        try:
            failures, retry_at = redis_client().hmget(_PREFIX + self.name, "failures", "retry_at")
            return int(failures or 0), float(retry_at or 0)
        except redis.RedisError:
            return _local.get(self.name, (0, 0.0))

    def _write(self, failures: int, retry_at: float) -> None:
        _local[self.name] = (failures, retry_at)
        try:
            pipe = redis_client().pipeline(transaction=False)
            pipe.hset(_PREFIX + self.name, mapping={"failures": failures, "retry_at": retry_at})
            pipe.expire(_PREFIX + self.name, 3600)
            pipe.sadd(_PREFIX + "names", self.name)
            pipe.execute()
        except redis.RedisError:
            log.warning("breaker kept in this process only: redis is away", extra={"breaker": self.name})


def breaker(name: str) -> Breaker:
    """The breaker of that name with the usual limits: five failures in a row, thirty seconds of rest."""
    return Breaker(name)


def all_breakers() -> list[BreakerState]:
    """Every breaker that ever failed recently, for /health."""
    try:
        names = sorted(str(name) for name in redis_client().smembers(_PREFIX + "names"))
    except redis.RedisError:
        names = sorted(_local)
    return [Breaker(name).state() for name in names]
