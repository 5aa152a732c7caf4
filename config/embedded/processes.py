"""Processes and ports of the embedded servers: start tied to us, find what a crash left, end it for good."""

import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import psutil

LAUNCHER = Path(__file__).with_name("launch.py")
# Below the range from which systems take ports for outgoing connections, so that a remembered port stays free.
PORTS = range(20000, 30000)


def spawn(
    command: Sequence[str],
    *,
    log: IO[bytes] | int,
    death_signal: signal.Signals,
    user: str | None = None,
    environment: dict[str, str] | None = None,
    pass_fds: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a server in a session of its own; it gets `death_signal` when the calling thread dies."""
    launcher = [sys.executable, "-I", "-S", str(LAUNCHER), str(int(death_signal)), str(os.getpid()), user or "-"]
    return subprocess.Popen(
        [*launcher, *command],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        env=environment,
        pass_fds=pass_fds,
    )


def living_in(directory: Path) -> list[psutil.Process]:
    """The processes whose working directory it is: how our servers are known, whatever a stale pid file says."""
    wanted = os.path.realpath(directory)
    return [process for process in psutil.process_iter() if _working_directory(process) == wanted]


def _working_directory(process: psutil.Process) -> str:
    try:
        return process.cwd()
    except psutil.Error:
        return ""


def end_all(directory: Path, *signals: signal.Signals, patience: float = 8.0) -> None:
    """Ask what lives there to stop with each signal in turn, and kill what is left."""
    for number in (*signals, signal.SIGKILL):
        alive = living_in(directory)
        for process in alive:
            try:
                process.send_signal(number)
            except psutil.NoSuchProcess:
                continue
        if alive:
            psutil.wait_procs(alive, timeout=patience)


def free_port() -> int:
    """A port nobody listens on now."""
    for port in random.SystemRandom().sample(PORTS, len(PORTS)):
        if is_port_free(port):
            return port
    raise OSError(f"no free port between {PORTS.start} and {PORTS.stop}")


def is_port_free(port: int) -> bool:
    with socket.socket() as probe:
        # As the servers do: connections that linger in TIME_WAIT do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
