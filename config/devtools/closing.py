"""A pytest plugin: writes how many tests ended how, for `./dev test` to add up its parts."""

import json
import os
from pathlib import Path

from _pytest.terminal import TerminalReporter

KINDS = ("failed", "error", "passed", "skipped", "xfailed", "xpassed", "deselected")


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    counts = {kind: len(terminalreporter.stats.get(kind, [])) for kind in KINDS}
    Path(os.environ["SOFIA_TEST_COUNTS"]).write_text(json.dumps(counts))
