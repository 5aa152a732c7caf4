"""What measurements share: a cluster of their own with safe settings, the product on it, the bare endpoint beside."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psycopg
import redis

from config.embedded import Services, ensure
from config.embedded.places import ROOT, home_of
from tests.bench import bare
from tests.bench.load import raise_file_limit
from tests.fakes.graph_api import FakeGraph
from tests.stack import PASSWORD, Process, Stack, free_port, running_stack

SECRET = "bench-app-secret"
GRAPH_TOKEN = "test-token"
LOAD_SECONDS = 300.0

Broker = dict[str, Any]
Job = dict[str, Any]


@dataclass
class House:
    """The running product, the bare endpoint, and the numbers of the brokers made so far."""

    stack: Stack
    graph: FakeGraph
    bare_port: int
    _brokers: list[Broker] = field(default_factory=list)

    def brokers(self, count: int) -> list[Broker]:
        """The first brokers, made where they are missing."""
        missing = count - len(self._brokers)
        if missing > 0:
            name = f"Bench {len(self._brokers)} "
            self._brokers += self.stack.make_broker(
                name, graph_url=self.graph.base_url, app_secret=SECRET, count=missing
            )
        return self._brokers[:count]

    def new_broker(self) -> Broker:
        """One that no other measurement has written to."""
        made = self.stack.make_broker("Bench solo", graph_url=self.graph.base_url, app_secret=SECRET)
        return made[0]

    def number_job(self, job: str, brokers: list[Broker], **more: object) -> Job:
        """A job for the load generator that delivers to these brokers' WhatsApp numbers."""
        numbers = [broker["phone_number_id"] for broker in brokers]
        return {
            "job": job,
            "port": self.stack.port,
            "path": "/webhooks/whatsapp",
            "secret": SECRET,
            "numbers": numbers,
            **more,
        }

    def bare_job(self, job: str, **more: object) -> Job:
        """The same against the bare endpoint."""
        return {"job": job, "port": self.bare_port, "path": "/", "secret": SECRET, "numbers": ["1"], **more}

    def socket_path(self, broker: Broker, role: str = "supervisor") -> str:
        """The path of the person's socket, with a token."""
        user = broker["users"][role]
        answer = self.post("/auth/login", {"email": user["email"], "password": PASSWORD})
        return f"/ws/{broker['id']}/{user['id']}?token={answer['access_token']}"

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """One JSON call to the product."""
        headers = {"Content-Type": "application/json"}
        request = Request(f"{self.stack.url}{path}", json.dumps(body).encode(), headers)
        try:
            with urlopen(request, timeout=30) as answer:  # our own server on loopback
                loaded: dict[str, Any] = json.loads(answer.read())
                return loaded
        except HTTPError as error:
            said = f"{path} answered {error.code}: {error.read(500).decode(errors='replace')}"
            raise AssertionError(f"{said}\n{self.stack.tail('web')}") from error

    @contextmanager
    def door_alone(self) -> Iterator[None]:
        """Without worker and scheduler: what the door itself takes, as the bare endpoint has no worker either."""
        self.stack.beat.stop()
        self.stack.worker.stop()
        try:
            yield
        finally:
            self.clear()
            self.stack.worker.start()
            self.stack.beat.start()
            time.sleep(5)  # until they have loaded, so that the next measurement is not of their start

    def clear(self) -> None:
        """Forget what earlier measurements left to do."""
        with redis.Redis.from_url(self.stack.services.redis_url) as client:
            client.flushdb()
        with self.stack.database() as connection:
            connection.execute("TRUNCATE public.messaging_rawevent, public.core_scheduledwork, public.bench_bare")
            connection.execute("CHECKPOINT")

    def wait_until_idle(self, seconds: float = 60.0) -> None:
        """Until the worker has caught up."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            left = self.stack.rows(
                """SELECT (SELECT count(*) FROM public.messaging_rawevent WHERE state = 'waiting')
                        + (SELECT count(*) FROM public.core_scheduledwork WHERE due_at < now() + interval '2 s') AS n"""
            )
            if not left[0]["n"]:
                return
            time.sleep(0.2)


@contextmanager
def house() -> Iterator[House]:
    """Everything started, and everything stopped and removed at the end."""
    raise_file_limit()
    with _own_services() as services, FakeGraph(token=GRAPH_TOKEN, app_secret=SECRET) as graph:
        limits = ("REGISTER_ADDRESS", "API_USER", "API_BROKER", "INGEST_ACCOUNT")
        environment = {"OUTBOUND_ALLOW": graph.address, **{f"LIMIT_{name}": "1000000" for name in limits}}
        with running_stack(services, services.home / "stack", **environment) as stack, _bare(stack) as port:
            found = House(stack, graph, port)
            graph.webhook_url = f"{stack.url}/webhooks/whatsapp"
            yield found


@contextmanager
def _own_services() -> Iterator[Services]:
    """A cluster that nobody else uses, with the settings that keep data: a test cluster's commits would flatter."""
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    name = f"bench-{os.getpid()}"
    try:
        with ensure(name) as services:
            yield services
    finally:
        shutil.rmtree(home_of(name), ignore_errors=True)


@contextmanager
def _bare(stack: Stack) -> Iterator[int]:
    with psycopg.connect(stack.services.database_url, autocommit=True) as connection:
        connection.execute(bare.CREATE)
    port = free_port()
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "BARE_SECRET": SECRET,
        "BARE_DATABASE_URL": stack.services.database_url,
    }
    command = [sys.executable, "-m", "daphne", "-b", "127.0.0.1", "-p", str(port), "tests.bench.bare:application"]
    process = Process("bare", command, environment, stack.home / "bare.log")
    process.start()
    try:
        _await_port(port, process)
        yield port
    finally:
        process.stop()


def _await_port(port: int, process: Process) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            urlopen(Request(f"http://127.0.0.1:{port}/", b"{}"), timeout=2).close()
        except OSError as error:
            if getattr(error, "code", 0) == 401:
                return
            if time.monotonic() > deadline or not process.is_alive:
                raise AssertionError("the bare endpoint did not start") from error
            time.sleep(0.1)


class Load:
    """A running load generator."""

    def __init__(self, job: Job) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.load"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._say(json.dumps(job))

    def wait_until_ready(self) -> None:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.strip() == "ready", f"the load generator says: {line}"

    def finish(self) -> dict[str, Any]:
        """Tell it to end where it waits for that; what it measured."""
        try:
            output, _errors = self._process.communicate("\n", timeout=LOAD_SECONDS)
        finally:
            if self._process.poll() is None:
                self._process.kill()
        assert self._process.returncode == 0, "the load generator failed"
        loaded: dict[str, Any] = json.loads(output.strip().splitlines()[-1])
        return loaded

    def kill(self) -> None:
        self._process.kill()

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()


def measure(job: Job) -> dict[str, Any]:
    """Run a job to its end."""
    return Load(job).finish()
