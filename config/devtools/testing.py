"""`./dev test`: the ordinary tests on two processes, then those that start real processes, one after the other."""

import json
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from config.devtools import chromium, node
from config.devtools.manage import call
from config.embedded import ensure
from config.embedded.places import DATA

NOTHING_COLLECTED = 5
INTERRUPTED = 2
ORDER = ("failed", "error", "passed", "skipped", "xfailed", "xpassed", "deselected")
CLOSING = DATA / "test" / "closing.txt"


def test(arguments: list[str]) -> int:
    """Everything, or what pytest's arguments select."""
    if any(argument.startswith(("-m", "--collect", "--co", "--help", "-h", "--fixtures")) for argument in arguments):
        return _alone(arguments)
    prepare_tools()
    return _in_parts({"ordinary": ["-n", "2", "-m", "not live", *arguments], "live": ["-m", "live", *arguments]})


def e2e(arguments: list[str]) -> int:
    prepare_tools()
    return _in_parts({"live": ["-m", "live", *arguments]})


def prepare_tools() -> None:
    """The browser and the JavaScript clients; a machine that cannot have them hears what to do."""
    for tool in (chromium, node):
        problem = tool.prepare()
        if problem:
            print(f"dev: {problem}", file=sys.stderr, flush=True)


def _alone(arguments: list[str]) -> int:
    with ensure("test", fast=True):
        return call([sys.executable, "-m", "pytest", *arguments], dict(os.environ))


def _in_parts(parts: dict[str, list[str]]) -> int:
    """Run the parts; the last line is the closing summary of all, in pytest's own words."""
    started = time.monotonic()
    total: Counter[str] = Counter()
    statuses: list[int] = []
    lines: list[str] = []
    # Held over both parts, so that the second does not start the servers again.
    with ensure("test", fast=True), tempfile.TemporaryDirectory() as scratch:
        for title, arguments in parts.items():
            print(f"dev: {title} tests", flush=True)
            counted = Path(scratch) / title
            command = [sys.executable, "-m", "pytest", "-p", "config.devtools.closing", *arguments]
            statuses.append(call(command, {**os.environ, "SOFIA_TEST_COUNTS": str(counted)}))
            counts = Counter(json.loads(counted.read_text())) if counted.exists() else Counter()
            lines.append(f"dev: {title} tests: {_in_words(counts)}")
            total += counts
            if statuses[-1] == INTERRUPTED or statuses[-1] > 128:
                break
    total.pop("deselected", None)
    status = _overall(statuses)
    print("\n".join(lines))
    closing = f" {_in_words(total)} in {time.monotonic() - started:.2f}s "
    CLOSING.write_text(closing.strip() + "\n")
    print(closing.center(80, "="), flush=True)
    return status


def _overall(statuses: list[int]) -> int:
    """A part without tests is no failure unless every part is without."""
    bad = [status for status in statuses if status not in (0, NOTHING_COLLECTED)]
    if bad:
        return bad[0]
    return 0 if 0 in statuses else NOTHING_COLLECTED


def _in_words(counts: Counter[str]) -> str:
    names = {"error": "errors"}
    said = [f"{counts[kind]} {names.get(kind, kind)}" for kind in ORDER if counts[kind]]
    return ", ".join(said) or "no tests ran"
