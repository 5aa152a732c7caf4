"""Rows of a file, one after the other, as texts; a file of any size takes the same memory."""

import csv
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from itertools import islice
from pathlib import Path
from typing import Final
from zipfile import BadZipFile

from django.utils.translation import gettext_lazy as _
from openpyxl import Workbook, load_workbook
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet._read_only import ReadOnlyWorksheet

from apps.core.errors import InvalidInput
from apps.leads.importing.detection import (
    CSV,
    Reading,
    find_delimiter,
    find_encoding,
    find_format,
    find_header_row,
    is_separator_line,
)

Row = tuple[int, Sequence[str]]
MOST_COLUMNS: Final = 300
_SAMPLE_CHARACTERS: Final = 64 * 1024
_SAMPLE_ROWS: Final = 30


class UnreadableFile(InvalidInput):
    """The file broke off or is not what it looked like."""

    default_code = "UNREADABLE_FILE"
    default_message = _("The file could not be read. Save it again as CSV or XLSX and try once more.")


def find_reading(path: Path, *, encoding: str = "", delimiter: str = "", sheet: str = "") -> Reading:
    """How the file is read; what is given is not guessed.

    Raises InvalidInput for what is no table.
    """
    kind = find_format(path)
    if kind == CSV:
        encoding = encoding or find_encoding(path)
        delimiter = delimiter or find_delimiter(_beginning(path, encoding))
        reading = Reading(format=kind, encoding=encoding, delimiter=delimiter, header_row=0)
    else:
        reading = Reading(format=kind, sheet=sheet or _first_sheet(path), header_row=0)
    header_row = find_header_row(list(islice(read_rows(path, reading), _SAMPLE_ROWS)))
    return Reading(**{**reading.__dict__, "header_row": header_row})


def headers_of(path: Path, reading: Reading) -> list[str]:
    """The names of the columns, trimmed; a column without one is named by its number, and a second of a name too.

    Raises InvalidInput where there is no row, or too many columns.
    """
    if reading.header_row:
        cells = next((cells for number, cells in read_rows(path, reading) if number == reading.header_row), None)
    else:
        cells = [""] * max((len(cells) for _number, cells in islice(read_rows(path, reading), _SAMPLE_ROWS)), default=0)
    if not cells:
        raise InvalidInput(_("The file is empty."), field="file")
    if len(cells) > MOST_COLUMNS:
        raise InvalidInput(_("The file has more than %(most)d columns.") % {"most": MOST_COLUMNS}, field="file")
    names: list[str] = []
    for position, cell in enumerate(cells, start=1):
        name = " ".join(cell.replace("\x00", "").split())[:180]
        if not name or name in names:
            name = f"{name or _('Column')} {position}"
        names.append(name)
    return names


def data_rows(path: Path, reading: Reading) -> Iterator[Row]:
    """The rows below the headers, numbered as a person counts them."""
    for number, cells in read_rows(path, reading):
        if number > reading.header_row and not (number == 1 and is_separator_line(cells)):
            yield number, cells


def read_rows(path: Path, reading: Reading) -> Iterator[Row]:
    """Every row of the file from its first.

    Raises UnreadableFile, naming the row, where it cannot go on.
    """
    return _csv_rows(path, reading) if reading.format == CSV else _xlsx_rows(path, reading)


def sheets_of(path: Path) -> list[str]:
    """The names of a spreadsheet's sheets that a person sees."""
    with _open_book(path) as book:
        return [sheet.title for sheet in book.worksheets if sheet.sheet_state == "visible"]


def _csv_rows(path: Path, reading: Reading) -> Iterator[Row]:
    with path.open(encoding=reading.encoding, errors="replace", newline="") as file:
        reader = csv.reader(file, delimiter=reading.delimiter, skipinitialspace=True)
        number = 0
        try:
            for number, cells in enumerate(reader, start=1):
                yield number, cells
        except UnicodeError as error:  # UTF-16 that says so and is not
            raise UnreadableFile(field="encoding") from error
        except csv.Error as error:
            raise UnreadableFile(
                _("Row %(row)d cannot be read: look for a quotation mark that is not closed.") % {"row": number + 1},
                field="file",
            ) from error


def _xlsx_rows(path: Path, reading: Reading) -> Iterator[Row]:
    with _open_book(path) as book:
        sheet = next((sheet for sheet in book.worksheets if sheet.title == reading.sheet), None)
        if sheet is None:
            raise InvalidInput(_("There is no sheet of this name."), field="sheet")
        if isinstance(sheet, ReadOnlyWorksheet):
            # Some programs write a wrong size of the table into it.
            sheet.reset_dimensions()
        for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
            yield number, [_text_of(cell) for cell in cells]


@contextmanager
def _open_book(path: Path) -> Iterator[Workbook]:
    try:
        # As a file: a path would have to end as openpyxl expects.
        with path.open("rb") as file, warnings.catch_warnings():
            # Styles and validations that it does not know are none of our business.
            warnings.simplefilter("ignore")
            book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
            try:
                yield book
            finally:
                book.close()
    except (InvalidFileException, BadZipFile, KeyError, ValueError, SyntaxError, OSError, EOFError) as error:
        raise UnreadableFile(field="file") from error


def _text_of(cell: object) -> str:
    """A cell as a person would type it: a phone that the spreadsheet keeps as a number has no point and no exponent."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(timespec="seconds")
    if isinstance(cell, date | time):
        return cell.isoformat()
    return str(cell)


def _beginning(path: Path, encoding: str) -> str:
    try:
        with path.open(encoding=encoding, errors="replace", newline="") as file:
            return file.read(_SAMPLE_CHARACTERS)
    except UnicodeError as error:  # UTF-16 that says so and is not
        raise UnreadableFile(field="encoding") from error


def _first_sheet(path: Path) -> str:
    names = sheets_of(path)
    if not names:
        raise UnreadableFile(field="file")
    return names[0]
