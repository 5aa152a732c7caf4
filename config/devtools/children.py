"""The supervisor's child processes: prefixed logs, restart with patience, an end that leaves nothing."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from typing import IO

import psutil

from config.embedded import processes

COLOURS = {"web": "36", "worker": "33", "beat": "35", "setup": "32", "dev": "1"}
LONGEST_PAUSE = 30.0
# Who lived this long did not fail to start.
SETTLED_SECONDS = 60.0
MARK = "SOFIA_SUPERVISED_BY"

_output = threading.Lock()


class Child:
    def __init__(self, name: str, command: Sequence[str], environment: dict[str, str], fds: Sequence[int] = ()) -> None:
        self.name = name
        self._command = command
        self._environment = environment
        self._fds = fds
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._pause = 0.5
        self._restart_at = 0.0

    def start(self) -> None:
        """Start it; from the main thread only, for its life is tied to the thread that calls."""
        self._process = processes.spawn(
            self._command,
            log=subprocess.PIPE,
            death_signal=signal.SIGTERM,
            environment=self._environment,
            pass_fds=self._fds,
        )
        self._started = time.monotonic()
        threading.Thread(target=_relay, args=(self.name, self._process.stdout), daemon=True).start()

    def watch(self) -> None:
        """Start it again when it has ended, later each time it ends early."""
        if self._process is None:
            if time.monotonic() >= self._restart_at:
                self.start()
            return
        status = self._process.poll()
        if status is None:
            return
        self._kill_group()
        if time.monotonic() - self._started > SETTLED_SECONDS:
            self._pause = 0.5
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
        self._restart_at = time.monotonic() + self._pause
        self._process = None
        say("dev", f"{self.name} ended ({_reason(status)}); starting it again in {self._pause:.0f} s")

    def ask_to_stop(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.terminate()

    def end(self, deadline: float) -> None:
        """Wait for it until the deadline, then end it and all that it started."""
        if not self._process:
            return
        try:
            self._process.wait(timeout=max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            say("dev", f"{self.name} does not stop by itself; killing it")
        self._kill_group()
        self._process.wait()

    def _kill_group(self) -> None:
        """A worker that was killed leaves its pool behind; the group is ours alone."""
        if self._process:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                return


def run_to_end(name: str, command: Sequence[str], environment: dict[str, str]) -> tuple[int, str]:
    """Run a step: its stderr becomes log lines; its status and stdout are returned."""
    child = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    relay = threading.Thread(target=_relay, args=(name, child.stderr), daemon=True)
    relay.start()
    try:
        said = child.stdout.read().decode() if child.stdout else ""
        status = child.wait()
    except BaseException:
        child.terminate()
        child.wait()
        raise
    relay.join()
    return status, said


def end_orphans(mark: str) -> None:
    """End what a supervisor of this clone that was killed outright has left."""
    left = [process for process in psutil.process_iter() if _mark_of(process) == mark]
    for process in left:
        _signal(process, signal.SIGTERM)
    for process in psutil.wait_procs(left, timeout=5)[1]:
        _signal(process, signal.SIGKILL)


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:  # it ended by itself meanwhile
        return


def say(name: str, text: str) -> None:
    with _output:
        print(f"{_prefix(name)} {text}", flush=True)


def _relay(name: str, stream: IO[bytes] | None) -> None:
    for line in stream or ():
        say(name, line.decode(errors="replace").rstrip("\n"))


def _prefix(name: str) -> str:
    label = f"{name:<6} |"
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return label
    return f"\033[{COLOURS.get(name.rstrip('0123456789'), '0')}m{label}\033[0m"


def _reason(status: int) -> str:
    return signal.Signals(-status).name if status < 0 else f"status {status}"


def _mark_of(process: psutil.Process) -> str | None:
    try:
        return process.environ().get(MARK)
    except (psutil.Error, OSError):  # another user's, or it ended
        return None
