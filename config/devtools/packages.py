"""Programs that do not come from PyPI: installed on Debian where we are root, asked for everywhere else."""

import functools
import os
import shutil
import subprocess
import sys


def install(*names: str) -> str:
    """Install Debian packages; returns what stood in the way, nothing when they are there."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return "this is not root on Debian or Ubuntu"
    print(f"dev: installing {', '.join(names)}", file=sys.stderr, flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    _refresh()
    command = ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *names]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    return "" if done.returncode == 0 else f"apt-get says: {(done.stderr or done.stdout).strip()[-500:]}"


@functools.cache
def _refresh() -> None:
    # What fails here shows in the installation that follows.
    subprocess.run(["apt-get", "update", "--quiet"], capture_output=True, check=False)
