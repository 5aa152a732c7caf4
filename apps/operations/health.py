"""Whether the parts live, asked all at once with little patience: the answer comes within a second even when
PostgreSQL or Redis is gone."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooSlow
from dataclasses import dataclass, field
from typing import Any

import psycopg
import redis
from django.conf import settings
from django.core.cache import cache
from django.db import DEFAULT_DB_ALIAS, connections

from apps.core.breaker import all_breakers
from apps.core.heartbeat import STALE_SECONDS, age_seconds
from apps.core.redis import redis_client

PATIENCE_SECONDS = 0.8
# A worker that lost its heartbeat but is catching up counts as slow, not as dead, until this.
_LATE_WORK_SECONDS = 60

# Threads, because a dead server may let a call hang; what hangs is left behind and finishes by its own time-out.
_threads = ThreadPoolExecutor(max_workers=8, thread_name_prefix="health")


@dataclass(frozen=True)
class Part:
    """What one part answered; `details` go into the JSON beside its status."""

    status: str
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def is_up(self) -> bool:
        return self.status in {"up", "unknown"}

    def as_json(self) -> dict[str, Any]:
        return {"status": self.status, **self.details}


def report() -> dict[str, Any]:
    """The state of everything, as /health answers it. `status`: ok, or degraded where a part is down."""
    asked: dict[str, Future[Part]] = {
        "database": _threads.submit(_timed, _database),
        "redis": _threads.submit(_timed, _redis),
        "work": _threads.submit(_timed, _work),
        "processes": _threads.submit(_timed, _processes),
        "breakers": _threads.submit(_timed, _breakers),
        "cache": _threads.submit(_timed, _cache),
    }
    until = time.monotonic() + PATIENCE_SECONDS
    parts = {name: _answer(future, until) for name, future in asked.items()}
    processes = parts["processes"].details
    warnings = _warnings(parts)
    is_ok = all(part.is_up for part in parts.values()) and not warnings["down"]
    return {
        "status": "ok" if is_ok else "degraded",
        "version": settings.SPECTACULAR_SETTINGS["VERSION"],
        "database": parts["database"].as_json(),
        "redis": parts["redis"].as_json(),
        "circuit_breakers": parts["breakers"].details.get("breakers", {}),
        "cache": parts["cache"].as_json(),
        "worker": processes.get("worker", {"status": "unknown"}),
        "beat": processes.get("beat", {"status": "unknown"}),
        "work": parts["work"].as_json(),
        "warnings": warnings["said"],
    }


def _timed(ask: Callable[[], Part]) -> Part:
    started = time.monotonic()
    try:
        part = ask()
    except (psycopg.Error, redis.RedisError, OSError) as error:
        return Part("down", {"error": type(error).__name__})
    return Part(part.status, {**part.details, "latency_ms": round((time.monotonic() - started) * 1000, 1)})


def _answer(future: Future[Part], until: float) -> Part:
    try:
        return future.result(timeout=max(0.0, until - time.monotonic()))
    except TooSlow:
        future.cancel()
        return Part("down", {"error": "no answer in time"})


def _database() -> Part:
    with open_database() as database:
        database.execute("SELECT 1")
    return Part("up")


def _work() -> Part:
    with open_database() as database:
        row = database.execute(
            """
            SELECT (SELECT count(*) FROM public.core_scheduledwork WHERE due_at <= now()),
                   (SELECT extract(epoch FROM now() - min(due_at)) FROM public.core_scheduledwork
                     WHERE due_at <= now() AND (lease_until IS NULL OR lease_until < now())),
                   (SELECT count(*) FROM public.core_deadletter),
                   (SELECT count(*) FROM public.messaging_rawevent WHERE state = 'waiting'),
                   (SELECT extract(epoch FROM now() - min(received_at)) FROM public.messaging_rawevent
                     WHERE state = 'waiting')
            """
        ).fetchone()
    assert row is not None  # an aggregate always answers one row
    pending, lag, dead, waiting, oldest = row
    lag_seconds = round(max(float(lag or 0), float(oldest or 0)), 1)
    return Part(
        "up" if lag_seconds < _LATE_WORK_SECONDS else "late",
        {
            "pending": pending,
            "lag_seconds": lag_seconds,
            "dead_letters": dead,
            "raw_events_waiting": waiting,
        },
    )


def open_database() -> "psycopg.Connection[Any]":
    """Its own short-lived connection: the pool may be what is broken."""
    values = connections[DEFAULT_DB_ALIAS].get_connection_params()
    wanted = {key: values[key] for key in ("host", "port", "user", "password", "dbname", "sslmode") if values.get(key)}
    return psycopg.connect(**wanted, autocommit=True, connect_timeout=2, options="-c statement_timeout=700")


def _redis() -> Part:
    redis_client().ping()
    return Part("up")


def _processes() -> Part:
    redis_client().ping()  # without Redis the heartbeats are unknown, not missing
    ages = {name: age_seconds(name) for name in ("worker", "beat")}
    return Part("up", {name: _process(age) for name, age in ages.items()})


def _process(age: float | None) -> dict[str, Any]:
    if age is None:
        return {"status": "down", "seen_seconds_ago": None}
    return {"status": "up" if age < STALE_SECONDS else "down", "seen_seconds_ago": round(age, 1)}


def _breakers() -> Part:
    return Part("up", {"breakers": {state.name: state.state for state in all_breakers()}})


def _cache() -> Part:
    cache.set("health", "1", 5)
    facts = redis_client().info("stats")
    hits, misses = int(facts["keyspace_hits"]), int(facts["keyspace_misses"])
    return Part(
        "up" if cache.get("health") == "1" else "down",
        {"hit_ratio": round(hits / (hits + misses), 3) if hits + misses else None},
    )


def _warnings(parts: dict[str, Part]) -> dict[str, list[str]]:
    said, down = [], []
    if settings.ALLOW_UNSIGNED_WEBHOOKS:
        said.append("unsigned webhooks are accepted: never in production")
    if parts["work"].details.get("dead_letters"):
        said.append("there is failed work that waits for a person")
    for name in ("worker", "beat"):
        if parts["processes"].details.get(name, {}).get("status") == "down":
            down.append(name)
            said.append(f"the {name} gives no sign of life")
    return {"said": said, "down": down}
