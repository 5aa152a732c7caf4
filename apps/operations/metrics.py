"""What Prometheus reads at /metrics.

Three sources. Counters of requests live in this process: a web process is scraped by itself, each under its own
address. Counters that workers raise (sends) live in Redis, where every process adds; emptying Redis resets them, which
Prometheus expects of counters. States (raw events, work, dead letters) are read from PostgreSQL when asked, together
with a time-out. Sockets are counted by whoever holds them, through `sockets`.
"""

import logging
from collections.abc import Iterator

import psycopg
import redis
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from apps.core.redis import redis_client
from apps.operations.health import open_database

log = logging.getLogger(__name__)
_SENDS = "metrics:sends"

registry = CollectorRegistry()
requests = Counter("sofia_http_requests", "Requests answered.", ["dialect", "method", "status"], registry=registry)
latency = Histogram(
    "sofia_http_request_seconds",
    "Time to answer a request.",
    ["dialect"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=registry,
)
# Realtime moves this gauge; kinds are agent (everybody who signs in) and visitor.
sockets = Gauge("sofia_sockets", "Open sockets of this process.", ["kind"], registry=registry)


def count_send(outcome: str) -> None:
    """One more message with this outcome: sent, delivered, read, failed, uncertain."""
    try:
        redis_client().hincrby(_SENDS, outcome, 1)
    except redis.RedisError:
        log.warning("a send was not counted: redis is away")


def exposition() -> bytes:
    """Everything in Prometheus' text format."""
    return generate_latest(registry)


class _Stored:
    """Reads the states when Prometheus asks; a source that is down is told as such and left out."""

    def collect(self) -> Iterator[Metric]:
        yield from self._of_postgres()
        yield from self._of_redis()

    def describe(self) -> Iterator[Metric]:
        """Says nothing beforehand, so that registering does not touch the database."""
        return iter(())

    def _of_postgres(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("sofia_database_up", "1 while PostgreSQL answers.")
        try:
            with open_database() as database:
                states = database.execute(_RAW_EVENTS).fetchall()
                row = database.execute(_WORK).fetchone()
        except psycopg.Error as error:
            log.warning("metrics without the database", extra={"error": type(error).__name__})
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        events = GaugeMetricFamily(
            "sofia_raw_events", "Raw events: waiting and failed now, processed in the last hour.", labels=["state"]
        )
        for state, count in states:
            events.add_metric([state], count)
        yield events
        assert row is not None  # an aggregate always answers one row
        pending, lag, dead = row
        yield _gauge("sofia_work_pending", "Scheduled work that is due.", pending)
        yield _gauge("sofia_work_lag_seconds", "How late the oldest due work is.", float(lag or 0))
        yield _gauge("sofia_dead_letters", "Failed work that waits for a person.", dead)

    def _of_redis(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("sofia_redis_up", "1 while Redis answers.")
        sends = CounterMetricFamily("sofia_sends", "Outbound messages by outcome.", labels=["outcome"])
        try:
            counted: dict[str, str] = redis_client().hgetall(_SENDS)  # type: ignore[assignment]
        except redis.RedisError:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        for outcome, count in sorted(counted.items()):
            sends.add_metric([outcome], float(count))
        yield sends


_RAW_EVENTS = """
SELECT state, count(*) FROM public.messaging_rawevent WHERE state IN ('waiting', 'failed') GROUP BY state
UNION ALL
SELECT 'processed', count(*) FROM public.messaging_rawevent
 WHERE state = 'processed' AND received_at > now() - interval '1 hour'
"""
_WORK = """
SELECT (SELECT count(*) FROM public.core_scheduledwork WHERE due_at <= now()),
       (SELECT extract(epoch FROM now() - min(due_at)) FROM public.core_scheduledwork
         WHERE due_at <= now() AND (lease_until IS NULL OR lease_until < now())),
       (SELECT count(*) FROM public.core_deadletter)
"""


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(name, words, value=value)


registry.register(_Stored())
