"""What a measurement says: rows of one table."""

import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from importlib.metadata import version
from pathlib import Path


class Aim(Enum):
    """What the target speaks of: the value itself or its ratio to the limit."""

    VALUE_AT_MOST = "≤"
    RATIO_AT_LEAST = "ratio ≥"
    RATIO_AT_MOST = "ratio ≤"
    BOTH_AT_MOST = "≤ and ratio ≤"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One figure. `limit` was measured in the same run; what it is stands in `beside`."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    beside: str = ""
    aim: Aim | None = None
    target: float = 0.0
    # With BOTH_AT_MOST, where `target` is the value's.
    ratio_target: float = 0.0

    @property
    def ratio(self) -> float | None:
        return self.value / self.limit if self.limit else None

    @property
    def is_met(self) -> bool | None:
        """None where nothing was aimed at."""
        if self.aim is None:
            return None
        if self.aim is Aim.VALUE_AT_MOST:
            return self.value <= self.target
        if self.ratio is None:
            return False
        if self.aim is Aim.BOTH_AT_MOST:
            return self.value <= self.target and self.ratio <= self.ratio_target
        return self.ratio >= self.target if self.aim is Aim.RATIO_AT_LEAST else self.ratio <= self.target


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share (0 to 1) of all values does not exceed; infinite where there are none."""
    if not values:
        return float("inf")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered)) - 1))]


def table(rows: Sequence[Row]) -> str:
    """The rows as Markdown, readable in a terminal too."""
    heads = ["measured", "value", "unit", "limit in the same run", "ratio", "target", "met"]
    body = [_cells(row) for row in rows]
    widths = [max(len(line[column]) for line in [heads, *body]) for column in range(len(heads))]
    right = {1, 4}

    def line(cells: Sequence[str]) -> str:
        fitted = [
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return f"| {' | '.join(fitted)} |"

    rule = [("-" * (width - 1) + ":") if column in right else "-" * width for column, width in enumerate(widths)]
    return "\n".join([line(heads), line(rule), *map(line, body)])


def machine() -> str:
    """What it was measured on, in a few lines."""
    processors = _after_colon(Path("/proc/cpuinfo"), "model name") or platform.processor() or platform.machine()
    memory = _after_colon(Path("/proc/meminfo"), "MemTotal").removesuffix(" kB")
    gigabytes = f"{int(memory) / 1024**2:.0f} GB" if memory.isdigit() else "unknown"
    packages = ", ".join(
        f"{name} {version(name)}" for name in ("Django", "daphne", "channels", "celery", "psycopg", "twisted")
    )
    return "\n".join(
        (
            f"- {_cores()} cores, {processors}, {gigabytes} of memory, {platform.system()} {platform.release()}",
            f"- Python {sys.version.split()[0]}, {packages}",
            f"- {_postgres()}, fsync on; one web process, one worker of two processes, one scheduler;"
            " the load generator runs on the same cores",
        )
    )


def _cells(row: Row) -> list[str]:
    limit = (
        "–" if row.limit is None else f"{_number(row.limit)} {row.unit}" + (f" ({row.beside})" if row.beside else "")
    )
    ratio = "–" if row.ratio is None else f"{row.ratio:.2f}"
    target = _target(row)
    met = {True: "ok", False: "NO", None: ""}[row.is_met]
    return [row.name, _number(row.value), row.unit, limit, ratio, target, met]


def _target(row: Row) -> str:
    if row.aim is None:
        return "–"
    if row.aim is Aim.BOTH_AT_MOST:
        return f"≤ {_number(row.target)}, ratio ≤ {_number(row.ratio_target)}"
    return f"{row.aim.value} {_number(row.target)}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def _cores() -> int:
    import os

    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _after_colon(path: Path, name: str) -> str:
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")


def _postgres() -> str:
    from config.embedded.postgres import binaries

    said = subprocess.run([str(binaries() / "postgres"), "--version"], capture_output=True, text=True, check=False)
    return said.stdout.strip().replace("postgres (PostgreSQL)", "PostgreSQL")
