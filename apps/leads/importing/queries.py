"""Reading imports: one, the history, their errors as a file."""

import csv
import io
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.access import Actor
from apps.core.errors import NotFound
from apps.leads.cells import safe_cell
from apps.leads.importing.detection import Reading
from apps.leads.importing.problems import sentence
from apps.leads.jobs import get_job
from apps.leads.models import Job, RowError
from apps.leads.types import JobKind


def get_import(actor: Actor, job_id: int) -> Job:
    """One import with its file: people see their own, supervisors and administrators all.

    Raises Forbidden, NotFound.
    """
    actor.require("clients.create")
    get_job(actor, job_id)
    found = Job.objects.select_related("file", "created_by").filter(pk=job_id, file__isnull=False).first()
    if found is None:
        raise NotFound(gettext_lazy("There is no import with this number."), field="job_id")
    return found


def imports_of(actor: Actor) -> QuerySet[Job]:
    """The history in the actor's sight, newest first; one query with their files and people."""
    actor.require("clients.import")
    rows = Job.objects.filter(kind=JobKind.IMPORT, file__isnull=False).select_related("file", "created_by")
    return (rows if actor.sees_everything else rows.filter(created_by_id=actor.user_id)).order_by("-id")


def attempt_of(job: Job, name: str) -> Job | None:
    """The import's last try (`check`) or its taking back (`undo`)."""
    number = job.params.get(f"{name}_id")
    return Job.objects.filter(pk=number).first() if number else None


def reading_of(job: Job) -> Reading:
    """How the file of an import is read."""
    file = job.file
    return Reading(
        format=file.format,
        encoding=file.encoding,
        delimiter=file.delimiter,
        sheet=file.sheet,
        header_row=int(job.params.get("header_row", 1)),
    )


def first_errors(job: Job, *, limit: int = 50) -> list[RowError]:
    """What was wrong, in the order of the file."""
    return list(RowError.objects.filter(job=job).order_by("row", "id")[:limit])


def errors_as_csv(job: Job) -> Iterator[bytes]:
    """Every noted error as CSV, with its sentence in the active language; read in pieces."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([_("Row"), _("Column"), _("Value"), _("Problem")])
    yield b"\xef\xbb\xbf"
    last: tuple[int, int] = (0, 0)
    while rows := _errors_after(job, last):
        writer.writerows(
            [error.row, safe_cell(error.column), safe_cell(error.value), sentence(error.code)] for error in rows
        )
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()
        last = (rows[-1].row, rows[-1].pk)
    yield buffer.getvalue().encode()


def summary_of(result: dict[str, Any]) -> dict[str, int]:
    """The counts of an import as the documents name them."""
    return {
        "imported": int(result.get("imported", 0)),
        "updated": int(result.get("updated", 0)),
        "duplicates": int(result.get("known", 0)) + int(result.get("repeated", 0)),
        "invalid": int(result.get("invalid", 0)),
    }


def _errors_after(job: Job, last: tuple[int, int]) -> list[RowError]:
    """By keyset: a server-side cursor would need a transaction that lives as long as the download."""
    rows = RowError.objects.filter(job=job, row__gte=last[0]).order_by("row", "id")
    same_row = rows.filter(row=last[0], pk__gt=last[1])
    return [*same_row[:2000], *rows.filter(row__gt=last[0])[:2000]] if last[0] else list(rows[:2000])
