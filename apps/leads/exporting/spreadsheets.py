"""An XLSX file written as it goes: every text inline, so that nothing is kept in memory until the end.

The smallest workbook that ECMA-376 allows. Texts are cells of the type `inlineStr`: no program computes them.
"""

import re
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Final
from xml.sax.saxutils import escape, quoteattr

# Excel's own limit.
MOST_ROWS: Final = 1_048_576
_MOST_CHARACTERS: Final = 32_767
_PIECE_ROWS: Final = 1_000
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_NO_NAME = re.compile(r"[][*?:/\\]")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]+)?")
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_SHEET_BEGIN: Final = (
    f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" '
    'activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetData>'
)
_SHEET_END: Final = "</sheetData></worksheet>"


def write_spreadsheet(
    path: Path, title: str, headers: Sequence[str], numbers: Sequence[bool], rows: Iterable[Sequence[str]]
) -> int:
    """Write the rows below the headers, on as many sheets as they need, and return how many there were.

    `numbers` says which columns hold numbers.
    """
    written, sheets = 0, 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive:
        source = iter(rows)
        is_more = True
        while is_more:
            sheets += 1
            with archive.open(f"xl/worksheets/sheet{sheets}.xml", "w", force_zip64=True) as file:
                count, is_more = _write_sheet(file, headers, numbers, source)
            written += count
        _write_frame(archive, title, sheets)
    return written


def _write_sheet(
    file: IO[bytes], headers: Sequence[str], numbers: Sequence[bool], source: Iterable[Sequence[str]]
) -> tuple[int, bool]:
    """The rows of one sheet, and whether it was filled before they ended."""
    lines = [_SHEET_BEGIN, _row(headers, [False] * len(headers))]
    count = 0
    for cells in source:
        lines.append(_row(cells, numbers))
        count += 1
        if len(lines) >= _PIECE_ROWS:
            file.write("".join(lines).encode())
            lines = []
        if count == MOST_ROWS - 1:
            break
    file.write("".join([*lines, _SHEET_END]).encode())
    return count, count == MOST_ROWS - 1


def _row(cells: Sequence[str], numbers: Sequence[bool]) -> str:
    return "<row>" + "".join(map(_cell, cells, numbers)) + "</row>"


def _cell(text: str, is_number: bool) -> str:
    if not text:
        return "<c/>"
    if is_number and _NUMBER.fullmatch(text):
        return f"<c><v>{text}</v></c>"
    if not text.isprintable():
        text = _FORBIDDEN.sub("", text)
    space = ' xml:space="preserve"' if text != text.strip() or "\n" in text else ""
    return f'<c t="inlineStr"><is><t{space}>{escape(text[:_MOST_CHARACTERS])}</t></is></c>'


def _write_frame(archive: zipfile.ZipFile, title: str, sheets: int) -> None:
    """What says that the sheets are a workbook."""
    numbers = range(1, sheets + 1)
    types = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
        for n in numbers
    )
    names = [title[:28] if number == 1 else f"{title[:25]} {number}" for number in numbers]
    listed = "".join(
        f'<sheet name={quoteattr(_NO_NAME.sub(" ", name))} sheetId="{n}" r:id="rId{n}"/>'
        for n, name in zip(numbers, names, strict=True)
    )
    related = "".join(
        f'<Relationship Id="rId{n}" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers
    )
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" '
        'ContentType="application/xml"/><Override PartName="/xl/workbook.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
        f"{types}</Types>",
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{related}</Relationships>',
    }
    for name, content in parts.items():
        archive.writestr(name, _HEAD + content)
