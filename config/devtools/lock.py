"""requirements.lock: written from requirements.txt, and held against it without a network."""

import os
import re
import subprocess
import sys
from pathlib import Path

from config.devtools import install
from config.embedded.places import ROOT

REQUIREMENTS = ROOT / "requirements.txt"


def write(arguments: list[str]) -> int:
    """Resolve and write the lock; `--upgrade` and the like go to pip-compile. What is pinned in it stays."""
    command = [
        *(str(Path(sys.executable).parent / "pip-compile"), "--quiet", "--generate-hashes", "--allow-unsafe"),
        *("--strip-extras", "--no-header", "--annotation-style=line"),
        # The lock names packages, not places to get them from: those are the machine's business.
        *("--no-emit-index-url", "--no-emit-trusted-host", "--no-emit-find-links"),
        *("--output-file", install.LOCK.name, *arguments, REQUIREMENTS.name),
    ]
    status = subprocess.run(command, cwd=ROOT, env=environment_without_local_indexes()).returncode
    return status or check()


def environment_without_local_indexes() -> dict[str, str]:
    """Hashes must come from the public index alone: a machine's own index may hold other builds."""
    local = ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_INDEX_URL")
    kept = {name: value for name, value in os.environ.items() if name not in local}
    return {**kept, "PIP_CONFIG_FILE": os.devnull}


def check() -> int:
    """Print what is wrong with the lock; 0 when nothing is."""
    problems = list(problems_of(REQUIREMENTS.read_text(), install.LOCK.read_text()))
    for problem in problems:
        print(problem)
    return 1 if problems else 0


def problems_of(requirements: str, lock: str) -> list[str]:
    """What keeps the lock from being the resolved form of the requirements, as far as can be told offline."""
    wanted = _pins(requirements)
    locked = _pins(lock)
    named = {
        install.canonical(name) for name in re.findall(r"^(\S+?)==[^#]*?# via (?:[^\n]*, )?-r ", lock, re.S | re.M)
    }
    found = [
        f"{name}=={version} is not what the lock has" for name, version in wanted.items() if locked.get(name) != version
    ]
    found += [
        f"{name} is in the lock for requirements.txt, which does not name it" for name in sorted(named - set(wanted))
    ]
    found += [f"{block.split()[0]} has no hash" for block in _blocks(lock) if "--hash=sha256:" not in block]
    found += [f"the lock names a place: {line}" for line in lock.splitlines() if re.search(r"://|^-", line)]
    unpinned = [line for line in requirements.splitlines() if re.match(r"[A-Za-z]", line) and "==" not in line]
    return found + [f"{line} is not pinned" for line in unpinned]


def _pins(text: str) -> dict[str, str]:
    found = re.findall(r"^([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", text, re.MULTILINE)
    return {install.canonical(name): version for name, version in found}


def _blocks(lock: str) -> list[str]:
    return re.findall(r"^[A-Za-z0-9].*(?:\n[ ].*)*", lock, re.MULTILINE)
