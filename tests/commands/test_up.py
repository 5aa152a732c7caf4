"""`./dev up` itself: real services, database, web, worker and scheduler, beside whatever this clone runs."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from config.embedded.places import ROOT
from config.embedded.processes import free_port

pytestmark = pytest.mark.live

START_SECONDS = 120.0


class Up:
    """A running `up` with data of its own."""

    def __init__(self, data: Path) -> None:
        self.port = free_port()
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if name not in ("DATABASE_URL", "REDIS_URL", "SOFIA_ENV", "DJANGO_SETTINGS_MODULE", "DATA_DIR")
        }
        self.environment |= {"SOFIA_DATA_ROOT": str(data), "PORT": str(self.port)}
        self.data = data
        self.log = data / "up.log"
        self.process: subprocess.Popen[bytes] | None = None

    def run(self, *verb: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "config.devtools", *verb]
        return subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=START_SECONDS
        )

    def start(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "config.devtools", "up", "--no-demo"],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        eventually(lambda: " ready in " in self.said() or self.process_ended(), START_SECONDS)
        assert " ready in " in self.said(), self.said()[-4000:]

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def process_ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def family(self) -> list[psutil.Process]:
        """Every process that works for it: those that have its data directory in their environment."""
        found = []
        for process in psutil.process_iter():
            try:
                mine = process.environ().get("SOFIA_DATA_ROOT") == str(self.data)
                if mine and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def health(self) -> int:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=START_SECONDS) as answer:
            return int(answer.status)


def eventually(is_so: Callable[[], bool], within: float) -> bool:
    deadline = time.monotonic() + within
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.2)
    return is_so()


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    started = Up(tmp_path_factory.mktemp("clone") / "data with spaces")
    started.start()
    yield started
    for process in started.family():
        process.kill()


def test_it_serves_and_says_where(up):
    assert up.health() == 200
    assert f"http://127.0.0.1:{up.port}" in up.said()


def test_a_second_start_says_that_it_already_runs_and_where(up):
    second = up.run("up")

    assert second.returncode == 0
    assert f"http://127.0.0.1:{up.port}" in second.stdout
    assert up.health() == 200


def test_another_clone_on_the_same_port_hears_which_to_take(up, tmp_path):
    other = Up(tmp_path / "other")
    other.environment["PORT"] = str(up.port)

    refused = other.run("up")

    assert refused.returncode == 1
    assert f"Port {up.port} cannot be had" in refused.stdout
    assert "PORT=" in refused.stdout
    assert other.family() == []


def test_a_killed_web_process_is_replaced_and_nobody_is_refused(up):
    web = next(process for process in up.family() if "daphne" in process.cmdline())

    web.kill()

    assert up.health() == 200


def test_a_killed_supervisor_takes_everything_with_it_and_the_next_start_works(up):
    assert up.process is not None
    up.process.kill()
    up.process.wait()

    eventually(lambda: up.family() == [], within=START_SECONDS)
    assert [" ".join(process.cmdline()) for process in up.family()] == []
    up.start()
    assert up.health() == 200


def test_ctrl_c_stops_all_it_started(up):
    assert up.process is not None
    up.process.send_signal(signal.SIGINT)

    assert up.process.wait(timeout=START_SECONDS) == 0
    assert up.family() == []


def test_down_stops_it_too(up):
    up.start()

    stopped = up.run("down")

    assert (stopped.returncode, stopped.stdout.strip()) == (0, "dev: stopped")
    assert up.family() == []
    assert up.run("down").stdout.strip() == "dev: nothing runs here"
