"""The supervisor's children: they come back when they die, and nothing of them stays."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from config.devtools.children import MARK, Child, end_orphans, run_to_end

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
# Ignores the polite signal and has a child of its own.
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); time.sleep(600)",
]


@pytest.fixture
def mark(tmp_path):
    """Finds every process that a test started, whatever became of its parent."""
    yield str(tmp_path)
    for process in marked(str(tmp_path)):
        process.kill()


def marked(mark: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


def wait_for(condition, within=30.0):
    deadline = time.monotonic() + within
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert condition()


def test_a_child_that_dies_is_started_again(mark):
    child = Child("web", SLEEP, {**os.environ, MARK: mark})
    child.start()
    wait_for(lambda: marked(mark))
    first = marked(mark)[0]

    first.kill()

    def is_another():
        child.watch()
        return any(process.pid != first.pid for process in marked(mark))

    wait_for(is_another)
    child.ask_to_stop()
    child.end(time.monotonic() + 5)
    assert marked(mark) == []


def test_a_child_that_will_not_stop_is_ended_with_all_it_started(mark):
    child = Child("worker", STUBBORN, {**os.environ, MARK: mark})
    child.start()
    wait_for(lambda: len(marked(mark)) == 2)

    child.ask_to_stop()
    child.end(time.monotonic() + 0.5)

    wait_for(lambda: marked(mark) == [])


def test_what_a_killed_supervisor_left_is_ended_by_the_next(mark):
    subprocess.Popen(SLEEP, env={**os.environ, MARK: mark}, start_new_session=True)
    other = subprocess.Popen(SLEEP, env={**os.environ, MARK: mark + "-another-clone"})
    try:
        wait_for(lambda: marked(mark))

        end_orphans(mark)

        assert marked(mark) == []
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_step_gives_its_status_and_what_it_printed(capsys):
    step = [sys.executable, "-c", "import sys; print('logins'); print('progress', file=sys.stderr); sys.exit(3)"]

    status, said = run_to_end("setup", step, dict(os.environ))

    assert (status, said) == (3, "logins\n")
    assert "progress" in capsys.readouterr().out


def test_children_die_with_a_supervisor_that_is_killed(mark):
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import os, sys, time; from config.devtools.children import Child;"
            f"Child('web', {SLEEP!r}, dict(os.environ)).start(); print('up', flush=True); time.sleep(600)",
        ],
        env={**os.environ, MARK: mark},
        stdout=subprocess.PIPE,
    )
    wait_for(lambda: len(marked(mark)) == 2)

    parent.send_signal(signal.SIGKILL)
    parent.wait()

    wait_for(lambda: marked(mark) == [])
