"""How a server of root's becomes `nobody` and still passes closed directories."""

import os
import signal
import subprocess
import sys

import pytest

from config.embedded.processes import LAUNCHER, spawn

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root changes the user")


@pytest.fixture
def closed_file(tmp_path):
    tmp_path.chmod(0o700)
    file = tmp_path / "file"
    file.write_text("read")
    file.chmod(0o600)
    return file


def test_nobody_reads_below_a_closed_directory_and_access_says_so(closed_file, tmp_path):
    # `test -r` asks access(2), as PostgreSQL's programs do; `cat` just opens.
    script = f"id -un && test -r '{closed_file}' && cat '{closed_file}'"
    with (tmp_path / "log").open("w+b") as log:
        process = spawn(["/bin/sh", "-c", script], log=log, death_signal=signal.SIGKILL, user="nobody")
        process.wait(timeout=10)
        log.seek(0)

        assert log.read().decode().split() == ["nobody", "read"]


def test_a_program_out_of_reach_is_explained(tmp_path):
    program = tmp_path / "program"
    program.write_text("")
    command = [sys.executable, str(LAUNCHER), "9", str(os.getpid()), "-", str(program)]

    refused = subprocess.run(command, capture_output=True, text=True)

    assert refused.returncode != 0
    assert "DATABASE_URL" in refused.stderr


def test_an_orphan_does_not_start():
    command = [sys.executable, str(LAUNCHER), "9", "1", "-", "/bin/echo", "started"]

    refused = subprocess.run(command, capture_output=True, text=True)

    assert "started" not in refused.stdout
    assert "parent ended" in refused.stderr
