"""`./dev up`: services, database, web, worker and scheduler in one foreground process, and `./dev down`."""

import json
import os
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from types import FrameType

from config.devtools.children import MARK, Child, end_orphans, run_to_end, say
from config.devtools.manage import environment_of
from config.devtools.reaper import reaper
from config.embedded import Services, ensure
from config.embedded.files import Lock, is_held
from config.embedded.places import DATA, home_of

HEALTHY_SECONDS = 90.0
STOP_SECONDS = 12.0
LOCK = home_of("dev") / "lock"


class _Stop(Exception):
    """Ctrl-C, a terminate signal, or the terminal's end."""


class _SetUpError(Exception):
    """A step before serving failed; the message is for the person at the terminal."""


def up(arguments: list[str]) -> int:
    unknown = set(arguments) - {"--no-demo"}
    if unknown:
        print(f"dev: up does not know {' '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    lock = Lock(LOCK)
    if not lock.try_take():
        print(describe())
        return 0
    lock.write("{}")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _on_signal)
    try:
        serve(lock, arguments)
    except _Stop:
        return 0
    except _SetUpError as error:
        say("dev", str(error))
        return 1
    finally:
        lock.release()
    return 0


def down(_arguments: list[str]) -> int:
    if not is_held(LOCK):
        print("dev: nothing runs here")
        return 0
    pid = _note().get("pid")
    if not isinstance(pid, int):
        print("dev: it is starting; try again in a moment", file=sys.stderr)
        return 1
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS + 30
    while is_held(LOCK):
        if time.monotonic() > deadline:
            print(f"dev: process {pid} does not stop", file=sys.stderr)
            return 1
        time.sleep(0.1)
    print("dev: stopped")
    return 0


def describe() -> str:
    """One line: whether `up` runs in this clone, and where."""
    if not is_held(LOCK):
        return "dev: up is not running in this clone"
    note = _note()
    return f"dev: up already runs in this clone: {note.get('url', 'it is starting')} (process {note.get('pid', '?')})"


def serve(lock: Lock, arguments: list[str]) -> None:
    started = time.monotonic()
    mark = str(DATA)
    end_orphans(mark)
    port = int(os.environ.get("PORT", "8000"))
    listener = listen(port)
    address = f"http://127.0.0.1:{port}"
    lock.write(json.dumps({"pid": os.getpid(), "url": address}))
    children: list[Child] = []
    with listener, reaper(mark), _services() as services:
        say("dev", f"PostgreSQL and Redis: {time.monotonic() - started:.1f} s")
        environment = {**environment_of(services), "PORT": str(port), MARK: mark}
        try:
            logins = provision(environment, arguments)
            children = children_of(environment, listener)
            for child in children:
                child.start()
            await_health(address, children)
            say("dev", f"ready in {time.monotonic() - started:.1f} s")
            announce(address, logins)
            while True:
                for child in children:
                    child.watch()
                time.sleep(0.3)
        finally:
            stop(children)


def _services() -> Services:
    say("dev", "PostgreSQL and Redis ...")
    return ensure("dev")


def listen(port: int) -> socket.socket:
    """The web processes inherit this socket: while one restarts, callers wait instead of being refused."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        other = next(free for free in range(port + 1, port + 100) if _is_free(free))
        raise _SetUpError(f"Port {port} cannot be had ({error.strerror}). Try: PORT={other} ./dev up") from error
    listener.listen(2048)
    return listener


def provision(environment: dict[str, str], arguments: list[str]) -> str:
    command = [sys.executable, "-m", "config.devtools.provision", *arguments]
    settings = {**environment, "DJANGO_SETTINGS_MODULE": "config.settings"}
    status, logins = run_to_end("setup", command, settings)
    if status != 0:
        raise _SetUpError("The database could not be prepared; the lines above say why.")
    return logins


def children_of(environment: dict[str, str], listener: socket.socket) -> list[Child]:
    application = "config.asgi:application"
    web = [sys.executable, "-m", "daphne", "--fd", str(listener.fileno()), "--no-server-name", application]
    # As root, in a container say, Celery would fill the screen with a warning about it.
    celery = [sys.executable, "-W", "ignore:You're running the worker", "-m", "celery", "--quiet", "-A", "config"]
    concurrency = os.environ.get("WORKER_CONCURRENCY", "2")
    worker = [*celery, "worker", "--concurrency", concurrency, "--without-gossip", "--without-mingle"]
    # Imports and the like, one at a time, where nobody waits behind them. No pool: it would be a second process.
    long_worker = [*celery, "worker", "--queues", "long", "--pool", "solo", "--hostname", "long@%h"]
    long_worker += ["--without-gossip", "--without-mingle"]
    # Requests run in threads; the pool keeps them from opening a connection each.
    web_environment = {"DB_POOL_MAX": "20", **environment}
    count = int(os.environ.get("WEB_PROCESSES", "1"))
    names = ["web"] if count == 1 else [f"web{number}" for number in range(1, count + 1)]
    return [
        *(Child(name, web, web_environment, fds=[listener.fileno()]) for name in names),
        Child("worker", worker, environment),
        Child("long", long_worker, environment),
        Child("beat", [*celery, "beat", "--pidfile", ""], environment),
    ]


def await_health(address: str, children: list[Child]) -> None:
    """Wait until everything is well; past the time say so and go on, the logs show what is wrong."""
    deadline = time.monotonic() + HEALTHY_SECONDS
    trouble = ""
    while time.monotonic() < deadline:
        for child in children:
            child.watch()
        trouble = _health(address)
        if not trouble:
            return
        time.sleep(0.2)
    say("dev", f"not healthy after {HEALTHY_SECONDS:.0f} s: {trouble}")


def _health(address: str) -> str:
    """What is wrong, in a few words; nothing when all is well."""
    try:
        with urllib.request.urlopen(f"{address}/health", timeout=5):
            return ""
    except urllib.error.HTTPError as error:
        return f"/health answers {error.code}: {error.read(500).decode(errors='replace')}"
    except OSError as error:
        return str(error)


def announce(address: str, logins: str) -> None:
    print(f"\n  Sofía CRM   {address}\n  API         {address}/docs\n  Admin       {address}/admin/\n", flush=True)
    if logins.strip():
        print("\n".join(f"  {line}" for line in logins.rstrip().splitlines()), end="\n\n", flush=True)
    print("  Ctrl-C stops everything.\n", flush=True)


def stop(children: list[Child]) -> None:
    """End all children at once; a second Ctrl-C shortens the wait."""
    deadline = time.monotonic() + STOP_SECONDS
    if children:
        say("dev", "stopping")
    for child in children:
        child.ask_to_stop()
    for child in children:
        try:
            child.end(deadline)
        except _Stop:
            deadline = time.monotonic()
            child.end(deadline)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def _note() -> dict[str, object]:
    note: dict[str, object] = json.loads(Lock(LOCK).read() or "{}")
    return note


def _on_signal(_number: int, _frame: FrameType | None) -> None:
    raise _Stop
