"""The table of one import: its rows, read and checked, before they are leads.

Unlogged, because a lost one is read from the file again; in the broker's schema, because its rows are the broker's.
"""

import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

from django.db import connection, transaction

from apps.core.ids import uid_for
from apps.core.tenancy import current_schema, entered_broker_id
from apps.leads.importing.normalising import LeadRow, Normaliser
from apps.leads.importing.tables import Row
from apps.leads.models import Job, RowError

CHUNK_ROWS: Final = 10_000
# Somebody who maps the wrong column gets a million errors: the first tell enough.
MOST_ROW_ERRORS: Final = 100_000
_TYPES: Final = {
    "row": "integer",
    "uid": "uuid",
    "phone": "text",
    "phone_key": "text",
    "first_name": "text",
    "last_name": "text",
    "email": "text",
    "country": "text",
    "company": "text",
    "city": "text",
    "address": "text",
    "segment": "text",
    "source": "text",
    "notes": "text",
    "tags": "text[]",
    "attributes": "jsonb",
    "stage": "text",
    "contact_status": "text",
    "assigned_agent": "integer",
    "lifetime_value": "numeric",
    "is_opted_out": "boolean",
}
_TEXTS: Final = ("company", "city", "address", "segment", "source", "notes")
_OTHERS: Final = ("stage", "contact_status", "assigned_agent", "lifetime_value", "is_opted_out")
# No cell holds it: the normaliser takes control characters out.
_NULL: Final = "\x01"
_ESCAPED: Final = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})
_RANDOM_BITS: Final = 0xFFF << 64 | 0xFFFFFFFF
_TIME_BITS: Final = ((1 << 48) - 1) << 80


def table_of(job_id: int) -> str:
    """The quoted name of the job's table."""
    return f'"{current_schema()}"."lead_import_{job_id}"'


def stage_rows(job: Job, normaliser: Normaliser, rows: Iterable[Row], advance: Callable[[int], None]) -> dict[str, int]:
    """Copy every usable row into the job's table, note what is wrong with the others, and count.

    `rows` has something in them, `invalid` are left out, `values` are left out of rows that stay, `repeated` came
    earlier in the file. `advance` is told how many were read, between transactions. Beginning anew doubles nothing.
    """
    counts = {"rows": 0, "invalid": 0, "values": 0, "empty": 0, "last_row": 0}
    _make_table(job)
    errors = 0
    writer = _Lines()
    source = iter(rows)
    while chunk := list(islice(source, CHUNK_ROWS)):
        noted: list[RowError] = []
        with transaction.atomic():
            _copy(job.pk, writer.of(_read(job, normaliser, chunk, counts, noted)))
            RowError.objects.bulk_create(noted[: max(0, MOST_ROW_ERRORS - errors)], batch_size=1000)
        errors += len(noted)
        counts["last_row"] = chunk[-1][0]
        advance(chunk[-1][0])
    counts["repeated"] = _drop_repeated(job.pk)
    counts["waiting"] = counts["rows"] - counts["invalid"] - counts["repeated"]
    return counts


def drop_table(job_id: int) -> None:
    """Nothing of the import is left but what it made."""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {table_of(job_id)}")


def number_of_rows(job_id: int) -> int | None:
    """How many rows wait in the table; None where there is none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [table_of(job_id)])
        if cursor.fetchone()[0] is None:
            return None
        cursor.execute(f"SELECT count(*) FROM {table_of(job_id)}")
        return int(cursor.fetchone()[0])


def _make_table(job: Job) -> None:
    columns = ", ".join(f"{name} {kind}" for name, kind in _TYPES.items())
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {table_of(job.pk)}")
        cursor.execute(f"CREATE UNLOGGED TABLE {table_of(job.pk)} ({columns}) WITH (autovacuum_enabled = false)")
        RowError.objects.filter(job=job).delete()


def _read(
    job: Job, normaliser: Normaliser, chunk: Sequence[Row], counts: dict[str, int], noted: list[RowError]
) -> Iterator[tuple[int, LeadRow]]:
    for number, cells in chunk:
        row = normaliser.read(cells)
        if row is None:
            counts["empty"] += 1
            continue
        counts["rows"] += 1
        if row.found:
            noted.extend(
                RowError(job=job, row=number, column=one.column[:200], value=one.value, code=one.code)
                for one in row.found
            )
            if row.is_left_out:
                counts["invalid"] += 1
                continue
            counts["values"] += len(row.found)
        yield number, row


def _copy(job_id: int, text: str) -> None:
    if not text:
        return
    with connection.cursor() as cursor:
        names = ", ".join(_TYPES)
        sql = f"COPY {table_of(job_id)} ({names}) FROM STDIN WITH (FORMAT text, NULL '{_NULL}')"
        with cursor.copy(sql) as copy:
            copy.write(text)


class _Lines:
    """Rows as COPY's text: written by hand, because a million rows go through here."""

    def __init__(self) -> None:
        self._uid = uid_for(entered_broker_id()).int & ~(_RANDOM_BITS | _TIME_BITS)
        self._arrays: dict[tuple[str, ...], str] = {}

    def of(self, rows: Iterable[tuple[int, LeadRow]]) -> str:
        return "".join([self._line(number, row) for number, row in rows])

    def _line(self, number: int, row: LeadRow) -> str:
        texts, others = row.texts, row.others
        cells = [
            str(number),
            self._new_uid(),
            row.phone or _NULL,
            row.phone_key or _NULL,
            row.first_name,
            row.last_name,
            row.email,
            row.country,
            *([texts.get(name, "") for name in _TEXTS] if texts else ("", "", "", "", "", "")),
            self._array(row.tags) if row.tags else "{}",
            row.attributes or "{}",
            *([_plain(others.get(name)) for name in _OTHERS] if others else (_NULL, _NULL, _NULL, _NULL, _NULL)),
        ]
        line = "\t".join(cells)
        if "\\" in line or "\n" in line or "\r" in line or line.count("\t") != len(cells) - 1:
            line = "\t".join([cell.translate(_ESCAPED) for cell in cells])
        return line + "\n"

    def _new_uid(self) -> str:
        """As apps.core.ids.uid_for makes it."""
        bits = secrets.randbits(44)
        value = self._uid | (time.time_ns() // 1_000_000) << 80 | (bits >> 32) << 64 | bits & 0xFFFFFFFF
        return f"{value:032x}"

    def _array(self, tags: list[str]) -> str:
        key = tuple(tags)
        found = self._arrays.get(key)
        if found is None:
            if len(self._arrays) >= 20_000:
                self._arrays.clear()
            quoted = (tag.replace("\\", "\\\\").replace('"', '\\"') for tag in tags)
            found = self._arrays[key] = "{" + ",".join(f'"{tag}"' for tag in quoted) + "}"
        return found


def _plain(value: Any) -> str:
    if value is None:
        return _NULL
    return ("t" if value else "f") if isinstance(value, bool) else str(value)


def _drop_repeated(job_id: int) -> int:
    """Later rows of a person who came earlier in the file; the first one stays."""
    table = table_of(job_id)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"CREATE INDEX ON {table} (row)")
        cursor.execute(f"ANALYZE {table}")
        cursor.execute(
            f"""
            DELETE FROM {table} AS later
             USING (SELECT phone_key, min(row) AS row FROM {table} WHERE phone_key IS NOT NULL
                     GROUP BY phone_key HAVING count(*) > 1) AS first
             WHERE later.phone_key = first.phone_key AND later.row > first.row
            """
        )
        dropped = cursor.rowcount
        cursor.execute(
            f"""
            DELETE FROM {table} AS later
             USING (SELECT email, min(row) AS row FROM {table} WHERE email <> ''
                     GROUP BY email HAVING count(*) > 1) AS first
             WHERE later.email = first.email AND later.phone_key IS NULL AND later.row > first.row
            """
        )
        return dropped + cursor.rowcount
