"""What a file is, found from its bytes: format, encoding, delimiter, and the row that holds the headers."""

import codecs
import csv
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.utils.translation import gettext_lazy as _

from apps.core.errors import InvalidInput
from apps.files.sniffing import UNKNOWN, type_of

CSV, XLSX = "csv", "xlsx"
ENCODINGS: Final = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1", "cp850", "mac_roman")
DELIMITERS: Final = (",", ";", "\t", "|")
# What a small spreadsheet may unpack to: a bomb is refused before it is opened.
MOST_UNPACKED_BYTES: Final = 2 * 1024**3
_HEAD_BYTES: Final = 64 * 1024
_CHUNK_BYTES: Final = 1024 * 1024
_MOST_UNPACKED_FOR_EACH_BYTE: Final = 200
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)
# What people here write; a wrong encoding shows other signs in their place.
_USUAL_SIGNS: Final = frozenset("áéíóúüñçãõâêôàÁÉÍÓÚÜÑÇÃÕÂÊÔÀ¿¡ºª°€–—‘’“”´")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a file is read. `header_row` counts as a person does; 0 says that there are no headers."""

    format: str
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    header_row: int = 1


def find_format(path: Path) -> str:
    """CSV or XLSX, by content.

    Raises InvalidInput for anything else, saying what to do instead.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head.strip():
        raise InvalidInput(_("The file is empty."), field="file")
    if head.startswith(b"PK\x03\x04"):
        return _format_of_archive(path)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise InvalidInput(_("This is an old Excel file. Save it as .xlsx or as CSV and try again."), field="file")
    if head.lstrip()[:1] == b"<" and b"<" in head and re.search(rb"<(html|table|\?xml|!doctype)", head, re.IGNORECASE):
        raise InvalidInput(
            _("This is a web page, not a table. Save it as .xlsx or as CSV and try again."), field="file"
        )
    if not _is_utf16(head) and type_of(head, "text/csv") == UNKNOWN:
        raise InvalidInput(_("This is not a CSV or XLSX file."), field="file")
    if type_of(head, "text/csv") not in {"text/csv", UNKNOWN}:
        raise InvalidInput(_("This is not a CSV or XLSX file."), field="file")
    return CSV


def find_encoding(path: Path) -> str:
    """The encoding of a text file: by its mark, by being valid UTF-8, else the one in which its signs are usual."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if _is_utf16(head):
        return "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
    strange = _bytes_that_are_no_utf8(path)
    return _usual_encoding(strange) if strange else "utf-8"


def find_delimiter(sample: str) -> str:
    """What parts the columns: what Excel says in its first line, else what splits most lines into equally many."""
    said = _SEPARATOR_LINE.fullmatch(sample.split("\n", 1)[0] + "\n")
    if said:
        return said[1]
    best, best_rating = ",", 0.0
    for delimiter in DELIMITERS:
        rating = _rating(sample, delimiter)
        if rating > best_rating:
            best, best_rating = delimiter, rating
    return best


def is_separator_line(cells: Sequence[str]) -> bool:
    """Excel's first line `sep=;`, however it was split."""
    return bool(cells) and cells[0].lower().startswith("sep=") and not "".join(cells[1:]).strip()


def find_header_row(rows: Sequence[tuple[int, Sequence[str]]]) -> int:
    """The row of the headers among the first ones; 0 where the first full row holds values already.

    Titles above the table have fewer cells than it.
    """
    filled = [(number, [cell for cell in cells if cell.strip()]) for number, cells in rows]
    filled = [(number, cells) for number, cells in filled if cells and not is_separator_line(cells)]
    if not filled:
        return 1
    widest = max(len(cells) for _number, cells in filled)
    number, cells = next((number, cells) for number, cells in filled if len(cells) * 2 > widest or widest == 1)
    return 0 if any(_is_value(cell) for cell in cells) else number


def _is_value(cell: str) -> bool:
    """A header is no number, no phone and no e-mail address."""
    text = cell.strip()
    digits = sum(letter.isdigit() for letter in text)
    return (
        digits >= 7 and digits * 2 >= len(text) or ("@" in text and "." in text.rsplit("@", 1)[1] and " " not in text)
    )


def _format_of_archive(path: Path) -> str:
    refused = InvalidInput(_("This is not a CSV or XLSX file."), field="file")
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise refused from error
    if "xl/workbook.xml" not in names:
        raise refused
    allowed = min(MOST_UNPACKED_BYTES, max(50 * 1024**2, path.stat().st_size * _MOST_UNPACKED_FOR_EACH_BYTE))
    if unpacked > allowed:
        raise InvalidInput(_("This spreadsheet is too large. Save it as CSV and try again."), field="file")
    return XLSX


def _is_utf16(head: bytes) -> bool:
    """Every other byte of Latin letters is zero."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return True
    sample = head[:4096]
    odd, even = sample[1::2].count(0), sample[::2].count(0)
    if max(odd, even) <= 0.4 * len(sample) / 2 or min(odd, even) >= 0.05 * len(sample):
        return False
    text = sample.decode("utf-16-le" if odd > even else "utf-16-be", errors="replace")
    return sum(letter.isprintable() or letter.isspace() for letter in text) > 0.95 * len(text)


def _bytes_that_are_no_utf8(path: Path) -> bytes:
    """The first part of the file that UTF-8 cannot be; empty where all of it can, but for a broken row or two."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            try:
                decoder.decode(chunk, final=len(chunk) < _CHUNK_BYTES)
            except UnicodeDecodeError:
                if not _is_almost_utf8(chunk):
                    return chunk
                decoder.reset()
    return b""


def _is_almost_utf8(chunk: bytes) -> bool:
    text = chunk.decode("utf-8", errors="replace")
    strange = text.count("\ufffd")
    signs = sum(1 for letter in text if ord(letter) > 127)
    return signs >= 20 and strange * 50 <= signs


def _usual_encoding(chunk: bytes) -> str:
    signs = bytes(byte for byte in chunk if byte > 127)[:5000]
    candidates = [name for name in ("cp1252", "latin-1", "cp850", "mac_roman") if _decodes(signs, name)]

    def likeness(name: str) -> int:
        return sum(1 if letter in _USUAL_SIGNS else -1 for letter in signs.decode(name))

    # The first of equals: cp1252 is what Windows writes.
    return max(candidates, key=likeness)


def _decodes(signs: bytes, encoding: str) -> bool:
    try:
        signs.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _rating(sample: str, delimiter: str) -> float:
    """How evenly the delimiter parts the lines: the most usual number of columns, where most lines have it."""
    try:
        rows = [row for row in csv.reader(sample.splitlines(keepends=True)[:200], delimiter=delimiter) if any(row)]
    except csv.Error:
        return 0.0
    widths = [len(row) for row in rows]
    if not widths:
        return 0.0
    usual = max(set(widths), key=lambda width: (widths.count(width), width))
    return 0.0 if usual == 1 else widths.count(usual) / len(widths) * min(usual, 8) ** 0.25
