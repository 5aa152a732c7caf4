"""Checks that `.ci/run` makes besides the tests: `python -m config.devtools.checks assets|lock|clones <directory>`."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from config.devtools import install, lock
from config.embedded.places import ROOT

STATIC = ROOT / "static"


def main(arguments: list[str]) -> int:
    name, *rest = arguments
    problems = CHECKS[name](rest)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


def assets(_arguments: list[str]) -> list[str]:
    """Files that came from elsewhere and are not what the manifest's checksums say, or that it does not name."""
    return asset_problems(STATIC)


def asset_problems(static: Path) -> list[str]:
    named: dict[str, str] = {}
    for line in (static / "vendor" / "MANIFEST").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            path, *_middle, digest = line.split()
            named[path] = digest
    found = {path.relative_to(static).as_posix(): path for path in (static / "vendor").rglob("*") if path.is_file()}
    strangers = [path for path in found if path not in named and Path(path).name not in ("MANIFEST", "LICENSE")]
    problems = [f"{path} is not in static/vendor/MANIFEST" for path in sorted(strangers)]
    for path, digest in named.items():
        if not (static / path).is_file():
            problems.append(f"{path} is missing")
        elif hashlib.sha256((static / path).read_bytes()).hexdigest() != digest:
            problems.append(f"{path} is not the file that static/vendor/MANIFEST names")
    return problems


def requirements(_arguments: list[str]) -> list[str]:
    return lock.problems_of(lock.REQUIREMENTS.read_text(), install.LOCK.read_text())


def clones(arguments: list[str]) -> list[str]:
    """Install a second clone of this commit as a stranger would, and compare what both have."""
    second = Path(arguments[0]) / "a second clone"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(second)], check=True)
    # Only what a fresh login has: nothing of this clone may help the other.
    environment = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHON")}
    subprocess.run(["./dev", "help"], cwd=second, env=environment, stdout=subprocess.DEVNULL, check=True)
    here, there = frozen(ROOT), frozen(second)
    problems = [f"only here: {line}" for line in sorted(here - there)]
    problems += [f"only in the second clone: {line}" for line in sorted(there - here)]
    if not problems:
        print(f"{len(here)} packages, the same in both")
    return problems


def frozen(clone: Path) -> set[str]:
    command = [str(clone / ".venv" / "bin" / "python"), "-m", "pip", "freeze", "--all", "--disable-pip-version-check"]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


CHECKS: dict[str, Callable[[list[str]], list[str]]] = {"assets": assets, "lock": requirements, "clones": clones}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
