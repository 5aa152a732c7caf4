"""What the two embedded servers have in common: a directory, a remembered port, a password, a process."""

import secrets
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import IO, ClassVar

from config.embedded import processes
from config.embedded.files import read_secret, write_secret

LOG_LIMIT = 10 * 1024 * 1024


class ServerError(Exception):
    """A server could not be started; the message says what to do."""


class ServerDied(ServerError):
    """It ended while it was being started: killed, perhaps, so another attempt may succeed."""


class Server(ABC):
    name: ClassVar[str]
    stop_signals: ClassVar[tuple[signal.Signals, ...]]
    user: str | None = None

    def __init__(self, home: Path) -> None:
        self.home = home
        self.directory = home / self.name
        self.wanted = home / f"{self.name}.wanted"
        self.log_path = home / f"{self.name}.log"
        self._secret_path = home / f"{self.name}.json"
        self._process: subprocess.Popen[bytes] | None = None

    # ---- told by the client and the keeper alike
    @property
    @abstractmethod
    def url(self) -> str: ...

    @abstractmethod
    def answers(self) -> bool:
        """Whether it accepts our password now."""

    def has_address(self) -> bool:
        return bool(read_secret(self._secret_path))

    @property
    def port(self) -> int:
        return int(read_secret(self._secret_path)["port"])

    @property
    def password(self) -> str:
        return str(read_secret(self._secret_path)["password"])

    def send(self, number: signal.Signals) -> None:
        """Signal the server's own process."""
        pid = self.pid()
        if pid:
            # A process that ended in between is what the caller wanted.
            for process in processes.living_in(self.directory):
                if process.pid == pid:
                    process.send_signal(number)

    def pid(self) -> int | None:
        """The server's main process: of those that live in its directory the one whose parent does not."""
        family = {process.pid: process for process in processes.living_in(self.directory)}
        return next((pid for pid, process in family.items() if process.ppid() not in family), None)

    # ---- the keeper's part
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self, *, patience: float = 60.0) -> None:
        """Start it and wait until it answers; a crashed predecessor is ended and its port taken over."""
        processes.end_all(self.directory, *self.stop_signals)
        self.prepare()
        self._remember_address()
        with self._log() as log:
            self._process = processes.spawn(self.command(), log=log, death_signal=self.stop_signals[0], user=self.user)
        deadline = time.monotonic() + patience
        while not self.answers():
            if not self.is_running():
                raise ServerDied(f"{self.name} ended at once. Its log says:\n{self.last_words()}")
            if time.monotonic() > deadline:
                raise ServerError(f"{self.name} did not answer in {patience:.0f} s. Its log says:\n{self.last_words()}")
            time.sleep(0.03)
        self.after_start()

    def stop(self) -> None:
        processes.end_all(self.directory, *self.stop_signals)
        if self._process:
            self._process.wait()

    @abstractmethod
    def prepare(self) -> None:
        """Make the directory ready, the first time and after a crash."""

    @abstractmethod
    def command(self) -> Sequence[str]: ...

    def after_start(self) -> None:  # noqa: B027 - nothing to do is a fine answer
        """What needs a running server."""

    def last_words(self) -> str:
        if not self.log_path.exists():
            return "(nothing)"
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-15:])

    def _remember_address(self) -> None:
        record = read_secret(self._secret_path)
        record.setdefault("password", secrets.token_urlsafe(24))
        if "port" not in record or not processes.is_port_free(int(record["port"])):
            record["port"] = processes.free_port()
        write_secret(self._secret_path, record)

    def _log(self) -> IO[bytes]:
        is_long = self.log_path.exists() and self.log_path.stat().st_size > LOG_LIMIT
        return self.log_path.open("wb" if is_long else "ab")
