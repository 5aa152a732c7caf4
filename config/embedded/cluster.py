"""The client's side: share a cluster, learn its addresses, break and mend it in tests."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from config.embedded.files import Lock, is_held
from config.embedded.places import ROOT, home_of, postgres_of, redis_of
from config.embedded.postgres import Postgres
from config.embedded.redis_server import Redis
from config.embedded.server import Server

START_SECONDS = 180.0
STOP_SECONDS = 30.0


class EmbeddedError(Exception):
    """The embedded services could not be had; the message is for the person at the terminal."""


class Services:
    """A share in a cluster. `DATABASE_URL` and `REDIS_URL` in the environment replace the embedded servers."""

    def __init__(self, home: Path, *, is_fast: bool) -> None:
        self.home = home
        self._is_fast = is_fast
        self._postgres = postgres_of(home, is_fast=is_fast)
        self._redis = redis_of(home, is_fast=is_fast)
        self._users = Lock(home / "users.lock")
        self._database_url = os.environ.get("DATABASE_URL", "")
        self._redis_url = os.environ.get("REDIS_URL", "")

    @property
    def database_url(self) -> str:
        return self._database_url or self._postgres.url

    @property
    def redis_url(self) -> str:
        return self._redis_url or self._redis.url

    @property
    def postgres(self) -> Postgres:
        """The embedded server itself: further databases, its signals."""
        if self._database_url:
            raise EmbeddedError("DATABASE_URL is set, so there is no embedded PostgreSQL to command.")
        return self._postgres

    @property
    def redis(self) -> Redis:
        if self._redis_url:
            raise EmbeddedError("REDIS_URL is set, so there is no embedded Redis to command.")
        return self._redis

    def environment(self) -> dict[str, str]:
        """What a child process needs to reach the same services."""
        return {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}

    def stop(self) -> None:
        """Give the share back; the last one to do so waits until the servers have ended."""
        self._users.release()
        if not self._embedded():
            return
        deadline = time.monotonic() + STOP_SECONDS
        while is_held(self.home / "keeper.lock") and time.monotonic() < deadline:
            if self._has_other_users():
                return
            time.sleep(0.05)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    # ---- faults, for the tests that prove nothing is lost
    def restart_postgres(self) -> None:
        """Shut it down as an operator would (open connections are cut) and wait until it serves again."""
        self.kill_postgres(signal.SIGINT)
        self.start_postgres()

    def kill_postgres(self, number: signal.Signals = signal.SIGKILL) -> None:
        """It is gone when this returns, and stays so until `start_postgres`."""
        self._end(self.postgres, number)

    def start_postgres(self) -> None:
        self._start(self.postgres)

    def kill_redis(self, number: signal.Signals = signal.SIGKILL) -> None:
        """It is gone when this returns, and stays so until `start_redis`."""
        self._end(self.redis, number)

    def start_redis(self) -> None:
        self._start(self.redis)

    def empty_redis(self) -> None:
        """What is in it is lost, the file too, as after a disk that broke; it must be stopped."""
        for path in self.redis.directory.iterdir():
            path.unlink()

    # ---- inside
    def join(self) -> None:
        """Take the share and see to it that everything answers."""
        if not self._embedded():
            return
        self._users.share()
        starting = Lock(self.home / "start.lock")
        starting.take()
        keeper = None
        try:
            for server in self._embedded():
                server.wanted.touch()
            if not is_held(self.home / "keeper.lock"):
                keeper = self._start_keeper()
            for server in self._embedded():
                self._await(server, keeper)
        except BaseException:
            self._users.release()
            raise
        finally:
            starting.release()

    def _embedded(self) -> list[Server]:
        replaced = {self._postgres.name: self._database_url, self._redis.name: self._redis_url}
        return [server for server in (self._postgres, self._redis) if not replaced[server.name]]

    def _start_keeper(self) -> subprocess.Popen[bytes]:
        with (self.home / "keeper.log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "config.embedded.keeper", str(self.home), "fast" if self._is_fast else "safe"],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Not the terminal's Ctrl-C: it goes when its last user does.
                start_new_session=True,
            )

    def _await(self, server: Server, keeper: subprocess.Popen[bytes] | None = None) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not (server.has_address() and server.answers() and self._is_complete(server)):
            is_gone = keeper.poll() is not None if keeper else not is_held(self.home / "keeper.lock")
            if is_gone or time.monotonic() > deadline:
                said = (self.home / "keeper.log").read_text(errors="replace").strip()
                raise EmbeddedError(said or f"The embedded {server.name} did not start; see {server.log_path}.")
            time.sleep(0.05)

    def _is_complete(self, server: Server) -> bool:
        return not isinstance(server, Postgres) or server.has_database()

    def _end(self, server: Server, number: signal.Signals) -> None:
        server.wanted.unlink(missing_ok=True)
        server.send(number)
        deadline = time.monotonic() + STOP_SECONDS
        while server.pid() is not None:
            if time.monotonic() > deadline:
                raise EmbeddedError(f"The embedded {server.name} did not end after {number.name}.")
            time.sleep(0.02)

    def _start(self, server: Server) -> None:
        server.wanted.touch()
        self._await(server)

    def _has_other_users(self) -> bool:
        """Nobody else: the keeper has the lock for itself, or would get it now."""
        probe = Lock(self.home / "users.lock")
        is_free = probe.try_take()
        probe.release()
        if is_free:
            return False
        is_shared = probe.try_share()
        probe.release()
        return is_shared


def ensure(name: str = "dev", *, fast: bool = False) -> Services:
    """Share the cluster `name` (its files are in `.data/<name>`), started if need be; raises EmbeddedError."""
    home = home_of(name)
    home.mkdir(parents=True, exist_ok=True)
    services = Services(home, is_fast=fast)
    services.join()
    return services
