"""Runs the measurements that were named, prints one table, and keeps it in docs/performance.md where asked to."""

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

from config.embedded.places import ROOT
from tests.bench import breaking, leads, live, registration, startup, webhook
from tests.bench.figures import Row, machine, table
from tests.bench.house import House, house

DOCUMENT = ROOT / "docs" / "performance.md"

HOUSED: dict[str, Callable[[House], list[Row]]] = {
    "webhook": webhook.run,
    "frames": live.run_frames,
    "fanout": live.run_fanout,
    "registration": registration.run,
    "registration-1000": registration.run_long,
    "faults": breaking.run,
    "leads": leads.run,
}
ALONE: dict[str, Callable[[], list[Row]]] = {"startup": startup.run}
USUAL = ("webhook", "frames", "fanout", "registration")
ALL = ("webhook", "frames", "fanout", "faults", "registration-1000", "leads", "startup")
USAGE = f"""./dev bench [names] [--write]

  names    {", ".join([*HOUSED, *ALONE])}
  all      every one of them; without names: {", ".join(USUAL)}
  --write  keep the table in docs/performance.md

leads takes a million of them and half an hour; LEADS=20000 in the environment takes fewer.
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
    measured = _measure(wanted)
    rows = [row for found in measured.values() for row in found]
    print(f"\n{machine()}\n\n{table(rows)}")
    if "--write" in options:
        _write(measured)
    return 1 if any(row.is_met is False for row in rows) else 0


def _measure(names: tuple[str, ...]) -> dict[str, list[Row]]:
    rows: dict[str, list[Row]] = {}
    housed = [name for name in names if name in HOUSED]
    if housed:
        with house() as running:
            for name in housed:
                rows[name] = _timed(name, lambda name=name: HOUSED[name](running))  # type: ignore[misc]
    for name in names:
        if name in ALONE:
            rows[name] = _timed(name, ALONE[name])
    return rows


def _timed(name: str, work: Callable[[], list[Row]]) -> list[Row]:
    started = time.monotonic()
    print(f"{name} ...", file=sys.stderr, flush=True)
    rows = work()
    print(f"{table(rows)}\n{name}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return rows


def _write(measured: dict[str, list[Row]]) -> None:
    """Each part has its place in the document; the parts that were not measured keep what they have."""
    text = DOCUMENT.read_text()
    text = _placed(text, "machine", machine())
    for name, rows in measured.items():
        text = _placed(text, name.removesuffix("-1000"), f"{datetime.now(UTC):%Y-%m-%d}\n\n{table(rows)}")
    DOCUMENT.write_text(text)


def _placed(text: str, name: str, content: str) -> str:
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, found, rest = text.partition(begin)
    _old, closed, after = rest.partition(end)
    assert found and closed, f"{DOCUMENT.name} has no place for {name}"
    return f"{before}{begin}\n\n{content}\n\n{end}{after}"
