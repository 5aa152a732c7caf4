"""The job that writes a spreadsheet."""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Final

import orjson
from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from apps.files.models import StoredFile
from apps.files.streams import write_stream
from apps.leads.exporting.actions import exported_leads, file_of, filter_of
from apps.leads.exporting.columns import chosen, export_columns
from apps.leads.exporting.rows import Cells, read_cells
from apps.leads.exporting.spreadsheets import write_spreadsheet
from apps.leads.jobs import JobRun, job_handler
from apps.leads.types import JobKind

XLSX_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_TOLD_EVERY_ROWS: Final = 1_000
_CHUNK_BYTES: Final = 1024 * 1024


@job_handler(JobKind.EXPORT)
def run_export_job(run: JobRun) -> Mapping[str, object]:
    """One file, however often it is begun."""
    stored = file_of(run.job)
    if stored is None:
        with translation.override(str(run.job.params["language"])):
            stored, rows = _write(run)
        return {"file_id": stored.pk, "rows": rows}
    return {}


def _write(run: JobRun) -> tuple[StoredFile, int]:
    params = run.job.params
    columns = chosen(export_columns(zone=params["zone"], language=params["language"]), params["columns"])
    leads = exported_leads(run.actor, filter_of(params["filter"]))
    Path(settings.MEDIA_ROOT).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.MEDIA_ROOT) as folder:
        path = Path(folder) / "leads.xlsx"
        with tempfile.TemporaryFile(dir=folder) as spool:
            run.job.total = _spooled(read_cells(leads, columns), spool)
            rows = write_spreadsheet(
                path,
                _("Leads"),
                [column.label for column in columns],
                [column.is_number for column in columns],
                _told(run, spool),
            )
        with path.open("rb") as file:
            chunks = iter(lambda: file.read(_CHUNK_BYTES), b"")
            written = write_stream(chunks, most_bytes=2**63, folder="exports")
    name = f"{_('leads')} {timezone.localdate():%Y-%m-%d}.xlsx"
    stored = StoredFile.objects.create(
        name=name,
        mime_type=XLSX_TYPE,
        size=written.size,
        sha256=written.sha256,
        path=written.path,
        created_by_id=run.actor.user_id,
    )
    return stored, rows


def _spooled(rows: Iterator[Cells], file: IO[bytes]) -> int:
    """All rows on disk, and how many: while a connection copies out it can do nothing else, not even tell how far."""
    count = 0
    for cells in rows:
        file.write(orjson.dumps(cells, option=orjson.OPT_APPEND_NEWLINE))
        count += 1
    file.seek(0)
    return count


def _told(run: JobRun, file: IO[bytes]) -> Iterator[Cells]:
    for number, line in enumerate(file, start=1):
        yield orjson.loads(line)
        if number % _TOLD_EVERY_ROWS == 0:
            run.advance(number)
