"""(b) From a webhook's arrival to the agent's frame, and (c) one event to a thousand open sockets."""

import json
from typing import Any

from tests.bench.figures import Aim, Row, percentile
from tests.bench.house import Broker, House, Load, measure

PER_SECOND = 50
SECONDS = 20
MESSAGE_FRAME = '"type":"new_message"'

SOCKETS = 1000
EVENTS = 20
PRESENCE_FRAME = '"type":"presence"'


def run_frames(house: House) -> list[Row]:
    """Fifty messages a second of two hundred customers whom Sofía answers meanwhile, to one supervisor's socket."""
    broker = house.new_broker()
    shape = {"rate": PER_SECOND, "seconds": SECONDS, "connections": 16, "sockets": 1}
    _warm_up(house, broker)
    bare = measure(house.bare_job("frames", **shape, socket_path="/", frame="bench-"))
    ours = measure(
        house.number_job(
            "frames", [broker], **shape, socket_path=house.socket_path(broker), frame=MESSAGE_FRAME, is_greeted=True
        )
    )
    house.wait_until_idle()
    return _rows(f"webhook to frame, {PER_SECOND} messages/s", ours["latencies"], bare["latencies"], ours["missing"])


def _warm_up(house: House, broker: Broker) -> None:
    """A few other customers first: a worker's very first messages load its modules and fill PostgreSQL's caches."""
    measure(
        house.number_job("steady", [broker], rate=10, seconds=4, connections=4, customers=20, first_customer=5_000_000)
    )
    house.wait_until_idle()


def run_fanout(house: House) -> list[Row]:
    """A supervisor changes an agent's presence: from just before that to the frame on each socket."""
    broker = house.new_broker()
    bare = measure(
        house.bare_job(
            "frames", rate=1, seconds=EVENTS, connections=1, sockets=SOCKETS, socket_path="/", frame="bench-"
        )
    )
    job = house.number_job(
        "listen",
        [broker],
        sockets=SOCKETS,
        socket_path=house.socket_path(broker),
        frame=PRESENCE_FRAME,
        is_greeted=True,
    )
    load = Load(job)
    try:
        load.wait_until_ready()
        published = _change_presence(house, broker)
        found = load.finish()
    finally:
        load.kill()
    latencies = [heard - published[int(number)] for number, times in found["heard"].items() for heard in times]
    missing = EVENTS * SOCKETS - len(latencies)
    return _rows(f"one event to {SOCKETS:,} sockets", latencies, bare["latencies"], missing)


def _change_presence(house: House, broker: Broker) -> list[float]:
    """Twenty changes, half a second apart; when each began, on the clock that all processes share."""
    users = broker["users"]
    started: list[float] = house.stack.python(
        f"""
import time
from apps.accounts.models import User
from apps.core.tenancy import in_broker
from apps.queues.actions import set_presence
result = []
supervisor = User.objects.get(pk={json.dumps(users["supervisor"]["id"])}).actor(broker_id={broker["id"]})
with in_broker({broker["id"]}):
    for number in range({EVENTS}):
        time.sleep(0.5)
        result.append(time.monotonic())
        set_presence(actor=supervisor, user_id={json.dumps(users["agent"]["id"])},
            presence="paused" if number % 2 == 0 else "available", reason=f"bench-{{number}}")
time.sleep(1)
"""
    )
    return started


def _rows(name: str, ours: list[float], bare: list[float], missing: int) -> list[Row]:
    found: dict[str, Any] = {}
    for share in (50, 99):
        found[f"p{share}"] = (percentile(ours, share / 100) * 1000, percentile(bare, share / 100) * 1000)
    rows = [
        Row(
            name=f"{name}, {label}",
            value=value,
            unit="ms",
            limit=limit,
            beside="bare ASGI",
            aim=Aim.VALUE_AT_MOST if label == "p99" else None,
            target=500,
        )
        for label, (value, limit) in found.items()
    ]
    return [*rows, Row(name=f"{name}, never came", value=missing, unit="frames", aim=Aim.VALUE_AT_MOST, target=0)]
