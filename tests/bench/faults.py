"""Nothing is lost and nothing is sent twice: customers write while worker, Redis and PostgreSQL are killed.

Every message is delivered one to three times, in shuffled order, as providers do; a delivery that is not answered with
200 is repeated until it is, as providers do too.
"""

import http.client
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

from tests.fakes.graph_api import FakeGraph, meta_text, sign
from tests.stack import Stack

PATIENCE_SECONDS = 240.0
FIRST_TIMESTAMP_AGO = 3600


@dataclass(frozen=True)
class Plan:
    """How much is written and what breaks meanwhile."""

    messages: int = 2000
    customers: int = 200
    worker_kills: int = 10
    redis_losses: int = 2
    postgres_restarts: int = 1
    pace_seconds: float = 40.0
    seed: int = 7


@dataclass
class Outcome:
    """What was found at the end; every list must be empty."""

    deliveries: int = 0
    stored: int = 0
    seconds: float = 0.0
    replies: int = 0
    uncertain: int = 0
    missing: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    disordered: list[str] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    sent_twice: list[str] = field(default_factory=list)
    unhandled: list[str] = field(default_factory=list)

    def problems(self) -> dict[str, list[str]]:
        names = ("missing", "doubled", "disordered", "unanswered", "sent_twice", "unhandled")
        return {name: getattr(self, name)[:5] for name in names if getattr(self, name)}


def run(stack: Stack, graph: FakeGraph, broker: dict[str, Any], plan: Plan) -> Outcome:
    """Write, break, wait until it is quiet, and look."""
    dice = random.Random(plan.seed)
    written = _write(plan)
    deliveries = [one for one in written for _copy in range(dice.randint(1, 3))]
    dice.shuffle(deliveries)
    outcome = Outcome(deliveries=len(deliveries))
    started = time.monotonic()
    breaking = threading.Thread(target=_break_things, args=(stack, plan))
    breaking.start()
    _deliver(stack, broker, deliveries, graph.app_secret, plan)
    breaking.join()
    _wait_until_quiet(stack, broker, outcome)
    outcome.seconds = time.monotonic() - started
    _look(stack, graph, broker, written, outcome)
    return outcome


@dataclass(frozen=True)
class Written:
    customer: str
    wamid: str
    text: str
    timestamp: int


_TOPICS = ("Hola", "Busco departamento", "en Ñuñoa", "2 dormitorios", "4000 UF", "soy Ana", "para comprar", "gracias")


def _write(plan: Plan) -> list[Written]:
    start = int(time.time()) - FIRST_TIMESTAMP_AGO
    topics = cycle(_TOPICS)
    return [
        Written(
            customer=f"5691{number % plan.customers:07d}",
            wamid=f"wamid.fault.{number}",
            text=f"{next(topics)} {number}",
            timestamp=start + number // plan.customers * 10,
        )
        for number in range(plan.messages)
    ]


def _deliver(stack: Stack, broker: dict[str, Any], deliveries: list[Written], secret: str, plan: Plan) -> None:
    pause = plan.pace_seconds / max(1, len(deliveries))
    with ThreadPoolExecutor(max_workers=8) as pool:
        for one in deliveries:
            pool.submit(_deliver_one, stack, broker, one, secret)
            time.sleep(pause)


def _deliver_one(stack: Stack, broker: dict[str, Any], one: Written, secret: str) -> None:
    body = meta_text(
        one.customer, one.text, wamid=one.wamid, timestamp=one.timestamp, phone_number_id=broker["phone_number_id"]
    )
    headers = {"Content-Type": "application/json", "X-Hub-Signature-256": sign(body, secret)}
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", stack.port, timeout=15)
        try:
            connection.request("POST", "/webhooks/whatsapp", body, headers)
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass  # the provider's side: no answer is a reason to deliver again
        finally:
            connection.close()
        time.sleep(0.5)
    raise AssertionError(f"{one.wamid} was never accepted")


def _break_things(stack: Stack, plan: Plan) -> None:
    """Kills spread over the time in which customers write, never two at the same moment."""
    faults = [_kill_worker] * plan.worker_kills + [_lose_redis] * plan.redis_losses
    faults += [_restart_postgres] * plan.postgres_restarts
    random.Random(plan.seed + 1).shuffle(faults)
    gap = plan.pace_seconds / (len(faults) + 1)
    for fault in faults:
        time.sleep(gap)
        fault(stack)


def _kill_worker(stack: Stack) -> None:
    stack.worker.kill()
    stack.worker.start()


def _lose_redis(stack: Stack) -> None:
    stack.services.kill_redis()
    stack.services.empty_redis()
    stack.services.start_redis()


def _restart_postgres(stack: Stack) -> None:
    stack.services.restart_postgres()


_OPEN_WORK = """
SELECT (SELECT count(*) FROM public.messaging_rawevent WHERE state = 'waiting') AS waiting,
       (SELECT count(*) FROM public.core_scheduledwork WHERE due_at < now() + interval '1 minute') AS work,
       (SELECT count(*) FROM {schema}.conversations_message WHERE direction = 'in' AND handled_at IS NULL) AS unhandled,
       (SELECT count(*) FROM {schema}.conversations_message WHERE status IN ('pending', 'sending')) AS unsent
"""


def _wait_until_quiet(stack: Stack, broker: dict[str, Any], outcome: Outcome) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    calm = 0
    while calm < 3:
        # The supervisor's part: what the scheduler or worker lost by a fault is started again.
        for process in (stack.worker, stack.beat, stack.web):
            if not process.is_alive:
                process.start()
        left = stack.rows(_OPEN_WORK.format(schema=f"broker_{broker['id']}"))[0]
        calm = calm + 1 if not any(left.values()) else 0
        if time.monotonic() > deadline:
            outcome.unhandled.append(f"still open after {PATIENCE_SECONDS:.0f} s: {left}")
            return
        time.sleep(1.0)


def _look(stack: Stack, graph: FakeGraph, broker: dict[str, Any], written: list[Written], outcome: Outcome) -> None:
    schema = f"broker_{broker['id']}"
    stored = stack.rows(
        f"""SELECT m.provider_message_id AS id, c.address, m.conversation_id FROM {schema}.conversations_message m
              JOIN {schema}.conversations_conversation c ON c.id = m.conversation_id
             WHERE m.direction = 'in' ORDER BY c.lead_id, m.sent_at, m."order", m.id"""
    )
    outcome.stored = len(stored)
    ids = [row["id"] for row in stored]
    outcome.missing = sorted({one.wamid for one in written} - set(ids))
    outcome.doubled = sorted({one for one in ids if ids.count(one) > 1}) if len(set(ids)) != len(ids) else []
    shown: dict[str, list[str]] = {}
    for row in stored:
        shown.setdefault(row["address"], []).append(row["id"])
    for customer in sorted({one.customer for one in written}):
        expected = [one.wamid for one in sorted(written, key=lambda one: one.timestamp) if one.customer == customer]
        if shown.get(customer) != expected:
            outcome.disordered.append(customer)
        if not graph.texts_to(customer):
            outcome.unanswered.append(customer)
    outcome.sent_twice = sorted(graph.duplicates())
    outcome.replies = len(graph.accepted)
    counts = stack.rows(
        f"SELECT status, count(*) AS n FROM {schema}.conversations_message WHERE direction = 'out' GROUP BY 1"
    )
    outcome.uncertain = sum(row["n"] for row in counts if row["status"] == "uncertain")
    failed = stack.rows("SELECT id, error FROM public.messaging_rawevent WHERE state = 'failed'")
    dead = stack.rows("SELECT kind, error FROM public.core_deadletter")
    outcome.unhandled += [f"raw event {row['id']}: {row['error'][:200]}" for row in failed]
    outcome.unhandled += [f"dead letter {row['kind']}: {row['error'][-200:]}" for row in dead]
