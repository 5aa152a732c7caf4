"""Outlives a supervisor that is killed outright: `python -m config.devtools.reaper <mark>`.

The kernel asks the children to stop at that moment, but with PostgreSQL and Redis going too, a scheduler may wait for
them for ever. This process reads a pipe whose other end only the supervisor holds, and makes sure when it closes.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from config.devtools.children import end_orphans
from config.embedded.places import ROOT

PATIENCE = 15.0


@contextmanager
def reaper(mark: str) -> Iterator[None]:
    """Inside, whatever carries the mark ends with this process, however this process ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "config.devtools.reaper", mark],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        # The terminal's Ctrl-C is not for it.
        start_new_session=True,
    )
    try:
        yield
    finally:
        process.communicate(timeout=PATIENCE)


if __name__ == "__main__":
    sys.stdin.read()
    end_orphans(sys.argv[1])
