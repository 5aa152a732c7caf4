"""The JavaScript clients that the tests speak with (tests/js): the documented Socket.IO client, a Telegram server."""

import hashlib
import shutil
import subprocess
import sys

from config.devtools import packages
from config.embedded.places import ROOT

FOLDER = ROOT / "tests" / "js"
STAMP = FOLDER / "node_modules" / ".installed"


def prepare() -> str:
    """Install them as their lock says; returns what a person must do, nothing when they are there."""
    wanted = hashlib.sha256((FOLDER / "package-lock.json").read_bytes()).hexdigest()
    if STAMP.exists() and STAMP.read_text() == wanted:
        return ""
    problem = _node()
    if problem:
        return f"Some tests need Node.js and npm ({problem}). Install them and run this again."
    print("dev: installing the JavaScript clients of the tests", file=sys.stderr, flush=True)
    command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True)
    if done.returncode != 0:
        return f"npm could not install tests/js: {(done.stderr or done.stdout).strip()[-800:]}"
    STAMP.write_text(wanted)
    return ""


def _node() -> str:
    if shutil.which("node") and shutil.which("npm"):
        return ""
    problem = packages.install("nodejs", "npm")
    return "" if shutil.which("node") and shutil.which("npm") else problem
