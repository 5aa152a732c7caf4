"""The load generator, a process of its own: `python -m tests.bench.load` reads a job as JSON from its first line of
input, says `ready`, and prints what it measured as JSON.

Latencies count from the moment at which a request was due, so that a server that stalls cannot hide it.
"""

import asyncio
import json
import re
import resource
import sys
import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Any

from tests.bench.wire import HttpWire, SocketWire
from tests.fakes.graph_api import meta_text, sign

Job = dict[str, Any]
WARM_UP_SECONDS = 1.0
STRAGGLER_SECONDS = 15.0
OPENING_AT_ONCE = 20
_MARK = re.compile(rb"bench-(\d+)")


class Deliveries:
    """Signed webhooks, each with a message of its own, from the customers in turn to the numbers in turn."""

    def __init__(self, job: Job) -> None:
        self._host: str = f"127.0.0.1:{job['port']}"
        self._path: str = job["path"]
        self._secret: str = job["secret"]
        self._numbers: list[str] = job["numbers"]
        self._customers: int = job.get("customers", 200)
        self._first: int = job.get("first_customer", 0)
        self._prefix = f"{time.time_ns()}"

    def request(self, number: int) -> bytes:
        body = meta_text(
            f"5691{self._first + number % self._customers:07d}",
            f"Hola, bench-{number}",
            wamid=f"wamid.bench.{self._prefix}.{number}",
            timestamp=int(time.time()),
            phone_number_id=self._numbers[number % len(self._numbers)],
        )
        head = (
            f"POST {self._path} HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: application/json\r\n"
            f"X-Hub-Signature-256: {sign(body, self._secret)}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


class IngestCalls:
    """Calls of an ingest address, each with a person of its own; one of a hundred brings a name that is new."""

    def __init__(self, job: Job) -> None:
        self._host: str = f"127.0.0.1:{job['port']}"
        self._path: str = job["path"]
        self._first = time.time_ns() // 1_000_000 % 80_000_000

    def request(self, number: int) -> bytes:
        fields = {
            "nombre": f"Iñaki Núñez {number}",
            "telefono": f"+569{10_000_000 + (self._first + number) % 89_000_000}",
            "correo": f"inaki.{self._first}.{number}@ingesta.test",
            "proyecto": "Edificio Ñuble",
            "presupuesto_uf": 3200 + number % 100,
            "acepta_llamadas": True,
            "fecha_visita": "2026-12-01",
        }
        if number % 100 == 0:
            fields[f"pregunta {number // 100 % 50}"] = "sí"
        body = json.dumps(fields).encode()
        head = (
            f"POST {self._path} HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


def requests_of(job: Job) -> Deliveries | IngestCalls:
    """What the job sends."""
    return IngestCalls(job) if job.get("sends") == "ingest" else Deliveries(job)


async def flood(job: Job) -> Job:
    """As many as the server takes: each connection sends its next as soon as it was answered."""
    made = requests_of(job)
    wires = await _connect(job["port"], job["connections"])
    started = time.monotonic() + WARM_UP_SECONDS
    end = started + job["seconds"]
    statuses: Counter[int] = Counter()
    latencies: list[float] = []
    numbers = iter(range(10**9))
    finished = asyncio.get_running_loop().create_future()
    busy = len(wires)

    def go(wire: HttpWire) -> None:
        sent = time.monotonic()

        def answered(status: int) -> None:
            nonlocal busy
            now = time.monotonic()
            if started <= now < end:
                statuses[status] += 1
                latencies.append(now - sent)
            if now < end and wire.is_open:
                go(wire)
                return
            busy -= 1
            if not busy and not finished.done():
                finished.set_result(None)

        wire.send(made.request(next(numbers)), answered)

    for wire in wires:
        go(wire)
    await finished
    for wire in wires:
        wire.close()
    return {
        "statuses": statuses,
        "latencies": latencies,
        "per_second": (statuses[200] + statuses[201]) / job["seconds"],
    }


async def steady(job: Job, *, on_due: Callable[[int, float], None] | None = None) -> Job:
    """So many a second, evenly, whatever the server makes of it."""
    made = Deliveries(job)
    idle = deque(await _connect(job["port"], job["connections"]))
    everyone = list(idle)
    waiting: deque[tuple[bytes, float]] = deque()
    statuses: Counter[int] = Counter()
    latencies: list[float] = []
    total = int(job["rate"] * job["seconds"])
    loop = asyncio.get_running_loop()
    finished = loop.create_future()
    started = time.monotonic() + 0.1

    def dispatch() -> None:
        while waiting and idle:
            wire = idle.popleft()
            request, due = waiting.popleft()
            wire.send(request, lambda status, wire=wire, due=due: answered(wire, due, status))  # type: ignore[misc]

    def answered(wire: HttpWire, due: float, status: int) -> None:
        statuses[status] += 1
        latencies.append(time.monotonic() - due)
        if wire.is_open:
            idle.append(wire)
        if len(latencies) == total:
            finished.set_result(None)
        dispatch()

    for number in range(total):
        due = started + number / job["rate"]
        pause = due - time.monotonic()
        if pause > 0:
            await asyncio.sleep(pause)
        if on_due is not None:
            on_due(number, due)
        waiting.append((made.request(number), due))
        dispatch()
    async with asyncio.timeout(60):
        await finished
    for wire in everyone:
        wire.close()
    return {"statuses": statuses, "latencies": latencies, "per_second": total / (time.monotonic() - started)}


async def frames(job: Job) -> Job:
    """Steady deliveries, and how long after each one its frame is on the open sockets (the slowest of them counts)."""
    due: dict[int, float] = {}
    seen: dict[int, list[float]] = {}

    def on_frame(now: float, text: bytes) -> None:
        found = _MARK.search(text)
        if found is not None and job["frame"].encode() in text:
            number = int(found[1])
            if number in due and len(seen.setdefault(number, [])) < job["sockets"]:
                seen[number].append(now - due[number])

    sockets = await _open_sockets(job, lambda _index: on_frame)
    answered = await steady(job, on_due=due.__setitem__)
    deadline = time.monotonic() + STRAGGLER_SECONDS

    def is_complete() -> bool:
        return len(seen) == len(due) and all(len(times) == job["sockets"] for times in seen.values())

    while not is_complete() and time.monotonic() < deadline:  # noqa: ASYNC110 - a look now and then costs least
        await asyncio.sleep(0.05)
    closed = sum(socket.is_closed for socket in sockets)
    for socket in sockets:
        socket.close()
    heard = [delay for times in seen.values() for delay in times]
    return {
        "statuses": answered["statuses"],
        "latencies": heard,
        "missing": len(due) * job["sockets"] - len(heard),
        "closed": closed,
    }


async def listen(job: Job) -> Job:
    """Open the sockets, and note when each hears each marked frame until the next line of input."""
    heard: dict[int, list[float]] = {}

    def on_frame(now: float, text: bytes) -> None:
        found = _MARK.search(text)
        if found is not None and job["frame"].encode() in text:
            heard.setdefault(int(found[1]), []).append(now)

    sockets = await _open_sockets(job, lambda _index: on_frame)
    print("ready", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    closed = sum(socket.is_closed for socket in sockets)
    for socket in sockets:
        socket.close()
    return {"heard": heard, "closed": closed}


async def _connect(port: int, count: int) -> list[HttpWire]:
    loop = asyncio.get_running_loop()
    made = [await loop.create_connection(HttpWire, "127.0.0.1", port) for _number in range(count)]
    return [wire for _transport, wire in made]


async def _open_sockets(job: Job, listener: Callable[[int], Callable[[float, bytes], None]]) -> list[SocketWire]:
    """All of the job's sockets, a few at a time; each is open once it has heard its first frame, if one is promised."""
    loop = asyncio.get_running_loop()
    host = f"127.0.0.1:{job['port']}"
    gate = asyncio.Semaphore(OPENING_AT_ONCE)

    async def one(index: int) -> SocketWire:
        greeted = asyncio.Event()
        on_frame = listener(index)

        def hear(now: float, text: bytes) -> None:
            greeted.set()
            on_frame(now, text)

        async with gate, asyncio.timeout(60):
            _transport, wire = await loop.create_connection(
                lambda: SocketWire(host, job["socket_path"], hear), "127.0.0.1", job["port"]
            )
            await wire.opened
            if job.get("is_greeted"):
                await greeted.wait()
            return wire

    return list(await asyncio.gather(*(one(index) for index in range(job["sockets"]))))


JOBS = {"flood": flood, "steady": steady, "frames": frames, "listen": listen}


def raise_file_limit() -> None:
    """A thousand sockets are more than many shells allow."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    raise_file_limit()
    wanted: Job = json.loads(sys.stdin.readline())
    print(json.dumps(asyncio.run(JOBS[wanted["job"]](wanted))), flush=True)
