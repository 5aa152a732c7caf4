"""(d) Registering a broker while 1, 200 and 1,000 are there: it must not grow with them."""

import os
import subprocess
import sys
import time
from statistics import median

from config.embedded.places import ROOT
from tests.bench.figures import Aim, Row
from tests.bench.house import House

STEPS = (1, 200)
LONG_STEPS = (1, 200, 1000)
SAMPLES = 12
PROCESSES = 2
# The whole second of the design, and what still counts as flat on a machine that others use too.
MOST_MILLISECONDS = 1000
FLAT = 1.5

_MAKE = """
from apps.brokers.actions import provision_broker
from apps.core.access import system_actor
for number in range({count}):
    provision_broker(actor=system_actor(None), name=f"Lleno {label} {{number}}")
result = True
"""


def run(house: House) -> list[Row]:
    return _run(house, STEPS)


def run_long(house: House) -> list[Row]:
    return _run(house, LONG_STEPS)


def _run(house: House, steps: tuple[int, ...]) -> list[Row]:
    rows: list[Row] = []
    first: float | None = None
    for present in steps:
        fill(house, present)
        taken = _register(house)
        first = taken if first is None else first
        is_first = present == steps[0]
        rows.append(
            Row(
                name=f"registration with {present:,} brokers present, median of {SAMPLES}",
                value=taken,
                unit="ms",
                limit=None if is_first else first,
                beside="with 1",
                aim=Aim.VALUE_AT_MOST if is_first else Aim.RATIO_AT_MOST,
                target=MOST_MILLISECONDS if is_first else FLAT,
            )
        )
    return rows


def _register(house: House) -> float:
    taken: list[float] = []
    for _sample in range(SAMPLES + 2):
        number = time.time_ns()
        body = {
            "email": f"dueno.{number}@bench.test",
            "password": "Seguro-123!",
            "broker_name": f"Inmobiliaria {number}",
        }
        started = time.monotonic()
        house.post("/auth/register", body)
        taken.append((time.monotonic() - started) * 1000)
    return median(taken[2:])


def fill(house: House, wanted: int) -> None:
    """Make brokers straight through provisioning, in several processes, until there are so many."""
    there = house.stack.rows("SELECT count(*) AS n FROM public.brokers_broker")[0]["n"]
    missing = max(0, wanted - there)
    if not missing:
        return
    environment = {**os.environ, **house.stack.environment}
    shares = [missing // PROCESSES + (1 if number < missing % PROCESSES else 0) for number in range(PROCESSES)]
    makers = [
        subprocess.Popen(
            [sys.executable, "manage.py", "shell", "--no-imports", "-c", _MAKE.format(count=share, label=label)],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
        )
        for label, share in enumerate(shares)
    ]
    try:
        assert [maker.wait(timeout=900) for maker in makers] == [0] * PROCESSES, "brokers could not be made"
    finally:
        for maker in makers:
            if maker.poll() is None:
                maker.kill()
