"""The rows of an export, straight from PostgreSQL: one COPY out, read while it comes, never held."""

import csv
import io
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from typing import Final

from django.db import connection
from django.db.models import QuerySet

from apps.core.tenancy import in_broker
from apps.leads.cells import safe_cell
from apps.leads.exporting.columns import ExportColumn
from apps.leads.models import Lead

Cells = list[str]
_PIECE_ROWS: Final = 500
_BOM: Final = b"\xef\xbb\xbf"


def read_cells(leads: QuerySet[Lead], columns: Sequence[ExportColumn]) -> Generator[Cells, None, None]:
    """Each lead's cells as texts, in the broker entered when the first is asked for."""
    words = [column.words for column in columns]
    has_words = [place for place, each in enumerate(words) if each]
    for row in _copied(leads, columns):
        cells = ["" if cell is None else cell for cell in row]
        for place in has_words:
            cells[place] = words[place].get(cells[place], cells[place])
        yield cells


def csv_pieces(broker_id: int, leads: QuerySet[Lead], columns: Sequence[ExportColumn]) -> Iterator[bytes]:
    """A CSV file (RFC 4180, UTF-8 with its mark, so that Excel reads it) in pieces of some hundred rows.

    A cell that a spreadsheet would compute gets an apostrophe before it. Enters the broker in the thread that reads.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([safe_cell(column.label) for column in columns])
    yield _BOM + _taken(buffer)
    with in_broker(broker_id), closing(read_cells(leads, columns)) as rows:
        for number, cells in enumerate(rows, start=1):
            writer.writerow([safe_cell(cell) for cell in cells])
            if number % _PIECE_ROWS == 0:
                yield _taken(buffer)
    if buffer.tell():
        yield _taken(buffer)


def _copied(leads: QuerySet[Lead], columns: Sequence[ExportColumn]) -> Iterator[tuple[str | None, ...]]:
    names = [f"cell_{place}" for place in range(len(columns))]
    values = {name: column.value for name, column in zip(names, columns, strict=True)}
    query = leads.annotate(**values).values_list(*names).query
    sql, parameters = query.sql_with_params()
    with connection.cursor() as cursor, cursor.copy(f"COPY ({sql}) TO STDOUT", parameters) as copy:
        copy.set_types(["text"] * len(columns))
        yield from copy.rows()


def _taken(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()
