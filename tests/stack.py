"""The whole product as real processes on a cluster of its own: server, worker, scheduler. For live tests and benches.

Nothing in here reaches into the product's Python: callers speak HTTP and WebSocket, and look at PostgreSQL.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self
from urllib.request import urlopen

import psycopg
from psycopg.rows import dict_row

from config.embedded import Services
from config.embedded.places import ROOT

START_SECONDS = 60.0
PASSWORD = "Seguro-123!"


class Process:
    """One of the product's processes, restarted on demand; its output goes to a file."""

    def __init__(self, name: str, command: Sequence[str], environment: dict[str, str], log: Path) -> None:
        self.name = name
        self._command = command
        self._environment = environment
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, more: Mapping[str, str] | None = None) -> None:
        """`more` are environment variables for this time only."""
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command,
                cwd=ROOT,
                env={**self._environment, **(more or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        assert self._process is not None, f"{self.name} was not started"
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """SIGKILL to it and all its children: nothing can be tidied up."""
        self._end(signal.SIGKILL, seconds=10)

    def stop(self) -> None:
        self._end(signal.SIGTERM, seconds=10)

    def _end(self, number: signal.Signals, *, seconds: float) -> None:
        if self._process is None:
            return
        self._signal(number)
        try:
            self._process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            self._process.wait()
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            return


class Stack:
    """Start it with `running_stack`."""

    def __init__(self, services: Services, home: Path, settings: dict[str, str]) -> None:
        self.services = services
        self.home = home
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **os.environ,
            "SOFIA_ENV": "embedded",
            "SECRET_KEY": "stack-secret-key-" + "x" * 40,
            "DATA_DIR": str(home),
            "PORT": str(self.port),
            "PUBLIC_URL": self.url,
            "LOG_LEVEL": "WARNING",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PYTHONPATH": str(ROOT),
            **settings,
            **services.environment(),
        }
        python = sys.executable
        celery = [python, "-W", "ignore", "-m", "celery", "--quiet", "-A", "config"]
        self.web = self._process(
            "web",
            [python, "-m", "daphne", "-b", "127.0.0.1", "-p", str(self.port), "config.asgi:application"],
            {"DB_POOL_MAX": "20"},
        )
        self.worker = self._process(
            "worker", [*celery, "worker", "--concurrency", "2", "--without-gossip", "--without-mingle"]
        )
        long_worker = [*celery, "worker", "--queues", "long", "--pool", "solo", "--hostname", "long@%h"]
        self.long_worker = self._process("long", [*long_worker, "--without-gossip", "--without-mingle"])
        self.beat = self._process("beat", [*celery, "beat", "--pidfile", ""])

    def _process(self, name: str, command: Sequence[str], more: dict[str, str] | None = None) -> Process:
        return Process(name, command, {**self.environment, **(more or {})}, self.home / f"{name}.log")

    def start(self) -> Self:
        self.manage("compile_translations")
        self.manage("migrate_all")
        for process in (self.web, self.worker, self.long_worker, self.beat):
            process.start()
        self.wait_until_healthy()
        return self

    def stop(self) -> None:
        for process in (self.beat, self.long_worker, self.worker, self.web):
            process.stop()

    def restart(self, **settings: str) -> None:
        """Server and worker anew, with these environment variables besides; until the next restart."""
        for process in (self.worker, self.web):
            process.stop()
        for process in (self.worker, self.web):
            process.start(settings)
        self.wait_until_healthy()

    def wait_until_healthy(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                with urlopen(f"{self.url}/health", timeout=5):  # our own server on loopback
                    return
            except OSError:
                if time.monotonic() > deadline or not self.web.is_alive:
                    raise AssertionError(f"the server does not answer:\n{self.tail('web')}") from None
                time.sleep(0.1)

    def manage(self, *arguments: str, stdin: str = "") -> str:
        """Run a management command to its end and return what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{arguments}: {done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        return done.stdout

    def python(self, code: str) -> Any:
        """Run a snippet inside Django and return the JSON of its variable `result`."""
        wrapped = f"{code}\nimport json as _json\nprint('\\n@@' + _json.dumps(result))\n"
        return json.loads(self.manage("shell", "--no-imports", "-c", wrapped).rsplit("@@", 1)[1])

    def database(self) -> "psycopg.Connection[dict[str, Any]]":
        """A connection of the test's own, to look at what is stored."""
        return psycopg.connect(self.services.database_url, autocommit=True, row_factory=dict_row)

    def rows(self, sql: str, *parameters: object) -> list[dict[str, Any]]:
        with self.database() as connection:
            return connection.execute(sql, parameters).fetchall()

    def tail(self, name: str, *, characters: int = 4000) -> str:
        path = self.home / f"{name}.log"
        return path.read_text(errors="replace")[-characters:] if path.exists() else ""

    def make_broker(
        self, name: str, *, graph_url: str = "", app_secret: str = "", count: int = 1
    ) -> list[dict[str, Any]]:
        """Brokers with an admin, a supervisor, an agent and a WhatsApp account; returns their ids and logins."""
        result: list[dict[str, Any]] = self.python(
            f"""
from apps.accounts.models import User
from apps.accounts.types import Role
from apps.brokers.actions import provision_broker
from apps.core.access import system_actor
from apps.core.tenancy import in_broker
from apps.messaging.models import ChannelAccount
from apps.queues.models import AgentState, Queue, QueueMember
result = []
for number in range({count}):
    suffix = str(number) if {count} > 1 else ""
    broker = provision_broker(actor=system_actor(None), name={name!r} + suffix)
    users = {{}}
    for role in (Role.ADMIN, Role.SUPERVISOR, Role.AGENT):
        user = User.objects.create_user(f"{{role}}.{{broker.pk}}@stack.test", {PASSWORD!r}, role=role,
            broker_id=broker.pk, first_name=role.capitalize())
        users[role] = {{"id": user.pk, "email": user.email}}
    with in_broker(broker.pk):
        account = ChannelAccount.objects.create(broker_id=broker.pk, channel="whatsapp_meta", name="WhatsApp",
            external_id=str(900000000000 + broker.pk), status="connected",
            credentials={{"access_token": "test-token", "app_secret": {app_secret!r}, "verify_token": "verify-me"}},
            settings={{"base_url": {graph_url!r}}})
        queue = Queue.objects.order_by("-is_default", "id").first()
        for role in (Role.SUPERVISOR, Role.AGENT):
            QueueMember.objects.create(queue=queue, user_id=users[role]["id"], is_supervisor=role == Role.SUPERVISOR)
        AgentState.objects.create(user_id=users[Role.AGENT]["id"], presence="available")
        webchat = ChannelAccount.objects.get(broker_id=broker.pk, channel="webchat")
    result.append({{"id": broker.pk, "users": users, "phone_number_id": account.external_id,
        "account_id": account.pk, "webchat_key": webchat.public_key, "queue_id": queue.pk}})
"""
        )
        return result


@contextmanager
def running_stack(services: Services, home: Path, **settings: str) -> Iterator[Stack]:
    """The product's processes on these services, stopped at the end; `settings` are environment variables."""
    home.mkdir(parents=True, exist_ok=True)
    stack = Stack(services, home, settings)
    try:
        yield stack.start()
    finally:
        stack.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
