"""The browser of the tests: the system's Chromium, driven by Playwright's protocol; nothing is downloaded by pip."""

import os
import shutil
from pathlib import Path

from config.devtools import packages

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class NoBrowser(Exception):
    """There is no Chromium; the message says how to get one."""


def require() -> Path:
    """Where it is; raises NoBrowser."""
    found = find()
    if found is None:
        raise NoBrowser(_advice("none was found"))
    return found


def find() -> Path | None:
    named = os.environ.get("CHROMIUM")
    if named:
        return Path(named) if os.access(named, os.X_OK) else None
    return next((Path(place) for place in map(shutil.which, NAMES) if place), None)


def prepare() -> str:
    """Install it where it is missing; returns what a person must do, nothing when it is there."""
    if find():
        return ""
    problem = packages.install("chromium")
    return "" if find() else _advice(problem)


def _advice(problem: str) -> str:
    return (
        f"The browser tests need Chromium ({problem}). Install your system's `chromium` package, "
        "or say where one is: CHROMIUM=/path/to/chromium ./dev test"
    )
