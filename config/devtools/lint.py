"""`./dev lint`: every check of the code that needs no server; all of them run, one red makes it red."""

import os
import subprocess
import sys
from pathlib import Path

from config.embedded.places import ROOT

CHECKS = {
    "ruff check": ("ruff", "check", "."),
    "ruff format": ("ruff", "format", "--check", "."),
    "mypy": ("mypy",),
    "layers": ("lint-imports",),
}


def run(arguments: list[str]) -> int:
    """All checks, or those named."""
    failed = [title for title in arguments or CHECKS if not passes(title)]
    if failed:
        print(f"dev: failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def passes(title: str) -> bool:
    program, *options = CHECKS[title]
    print(f"--- {title}", flush=True)
    command = [str(Path(sys.executable).parent / program), *options]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, "SOFIA_ENV": "test"}).returncode == 0
