"""Runs the measurements that were named, prints one table, and keeps it in docs/performance.md where asked to."""

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

from config.embedded.places import ROOT
from tests.bench import breaking, live, registration, startup, webhook
from tests.bench.figures import Row, machine, table
from tests.bench.house import House, house

DOCUMENT = ROOT / "docs" / "performance.md"
_BEGIN, _END = "<!-- table -->", "<!-- end of table -->"

HOUSED: dict[str, Callable[[House], list[Row]]] = {
    "webhook": webhook.run,
    "frames": live.run_frames,
    "fanout": live.run_fanout,
    "registration": registration.run,
    "registration-1000": registration.run_long,
    "faults": breaking.run,
}
ALONE: dict[str, Callable[[], list[Row]]] = {"startup": startup.run}
USUAL = ("webhook", "frames", "fanout", "registration")
ALL = ("webhook", "frames", "fanout", "faults", "registration-1000", "startup")
USAGE = f"""./dev bench [names] [--write]

  names    {", ".join([*HOUSED, *ALONE])}
  all      every one of them; without names: {", ".join(USUAL)}
  --write  keep the table in docs/performance.md
"""


def run_named(arguments: list[str]) -> int:
    """0: every target was met."""
    names = [name for name in arguments if not name.startswith("-")]
    unknown = [name for name in names if name not in {*HOUSED, *ALONE, "all"}]
    options = {name for name in arguments if name.startswith("-")}
    if unknown or options - {"--write"}:
        print(USAGE, file=sys.stderr)
        return 2
    wanted = ALL if "all" in names else tuple(names) or USUAL
    rows = _measure(wanted)
    print(f"\n{machine()}\n\n{table(rows)}")
    if "--write" in options:
        _write(rows)
    return 1 if any(row.is_met is False for row in rows) else 0


def _measure(names: tuple[str, ...]) -> list[Row]:
    rows: list[Row] = []
    housed = [name for name in names if name in HOUSED]
    if housed:
        with house() as running:
            for name in housed:
                rows += _timed(name, lambda name=name: HOUSED[name](running))  # type: ignore[misc]
    for name in names:
        if name in ALONE:
            rows += _timed(name, ALONE[name])
    return rows


def _timed(name: str, work: Callable[[], list[Row]]) -> list[Row]:
    started = time.monotonic()
    print(f"{name} ...", file=sys.stderr, flush=True)
    rows = work()
    print(f"{table(rows)}\n{name}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return rows


def _write(rows: list[Row]) -> None:
    text = DOCUMENT.read_text() if DOCUMENT.exists() else f"# Performance\n\n{_BEGIN}\n{_END}\n"
    before, _begin, rest = text.partition(_BEGIN)
    _old, _end, after = rest.partition(_END)
    measured = f"Measured on {datetime.now(UTC):%Y-%m-%d} on:\n\n{machine()}\n\n{table(rows)}"
    DOCUMENT.write_text(f"{before}{_BEGIN}\n\n{measured}\n\n{_END}{after}")
