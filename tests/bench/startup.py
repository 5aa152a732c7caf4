"""(e) `./dev up` in a fresh clone with an empty home: without an environment, with one, and the second time."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from config.embedded.places import ROOT
from tests.bench.figures import Aim, Row
from tests.stack import free_port

PATIENCE_SECONDS = 600.0
_KEPT = (
    "PATH",
    "LANG",
    "LC_ALL",
    "PIP_INDEX_URL",
    "PIP_CONFIG_FILE",
    "PIP_CERT",
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
)


def run() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="sofia-bench-") as place:
        # The embedded PostgreSQL runs as another user where we are root; it must reach its files.
        Path(place).chmod(0o755)
        clone = Path(place) / "clone"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        (Path(place) / "home").mkdir()
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        environment |= {"HOME": str(Path(place) / "home")}
        bare_install, fresh = _up(clone, environment)
        loading = _loading(clone, environment)
        shutil.rmtree(clone / ".data")
        _none, prepared = _up(clone, environment)
        _none, again = _up(clone, environment)
    return [
        Row(
            name="dev up, fresh clone, nothing installed", value=fresh, unit="s", limit=bare_install, beside="pip alone"
        ),
        Row(
            name="dev up, packages there, no data (demo is seeded)",
            value=prepared,
            unit="s",
            limit=loading,
            beside="loading the application once",
            aim=Aim.VALUE_AT_MOST,
            target=60,
        ),
        Row(
            name="dev up, second time",
            value=again,
            unit="s",
            limit=loading,
            beside="loading the application once",
            aim=Aim.VALUE_AT_MOST,
            target=15,
        ),
    ]


def _up(clone: Path, environment: dict[str, str]) -> tuple[float | None, float]:
    """Seconds that pip took, if it ran, and until `ready`; it is stopped as Ctrl-C would."""
    log = clone.parent / "up.log"
    started = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["bash", str(clone / "dev"), "up"],
            cwd=clone,
            env={**environment, "PORT": str(free_port())},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        while "ready in" not in (said := log.read_text(errors="replace")):
            assert process.poll() is None, f"./dev up ended:\n{said[-3000:]}"
            assert time.monotonic() - started < PATIENCE_SECONDS, f"./dev up is not ready:\n{said[-3000:]}"
            time.sleep(0.05)
        taken = time.monotonic() - started
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)
    assert "not healthy" not in said, said[-3000:]
    installed = re.search(r"installed in (\d+) s", said)
    return (float(installed[1]) if installed else None), taken


def _loading(clone: Path, environment: dict[str, str]) -> float:
    """One process that imports the whole application and ends."""
    python = clone / ".venv" / "bin" / "python"
    started = time.monotonic()
    subprocess.run(
        [str(python) if python.exists() else sys.executable, "-c", "import config.asgi"],
        cwd=clone,
        env=environment,
        check=True,
    )
    return time.monotonic() - started
