"""What people do with imports: bring a file, say which column goes where, try it, start it, take it back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.brokers.models import Broker
from apps.core.access import Actor
from apps.core.errors import Conflict, DomainError, InvalidInput
from apps.core.tenancy import entered_broker_id
from apps.files.actions import clean_name
from apps.files.streams import remove_stream, stream_path, write_stream
from apps.leads.actions import clean_tags
from apps.leads.fields import ensure_fields
from apps.leads.importing.changing import OnDuplicate
from apps.leads.importing.detection import DELIMITERS, ENCODINGS, XLSX, Reading
from apps.leads.importing.mapping import ATTRIBUTE, check_columns, guess_columns, guess_mapping
from apps.leads.importing.queries import get_import, reading_of
from apps.leads.importing.tables import data_rows, find_reading, headers_of
from apps.leads.jobs import create_job, start_job
from apps.leads.models import CustomField, ImportFile, Job
from apps.leads.types import FieldOrigin, FieldReview, JobKind, JobState

FOLDER: Final = "imports"
SAMPLE_ROWS: Final = 50
# Up to here an API answers at once.
SMALL_ROWS, SMALL_BYTES = 5_000, 2 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Choices:
    """How an import is done. `tags` go to every lead of it, `agent_id` gets those that name nobody else."""

    columns: Mapping[str, str]
    on_duplicate: OnDuplicate = OnDuplicate.SKIP
    tags: Sequence[str] = ()
    source: str = "import"
    agent_id: int | None = None
    needs_phone: bool = False


def receive_file(
    *, actor: Actor, chunks: Iterable[bytes], name: str, encoding: str = "", delimiter: str = "", sheet: str = ""
) -> Job:
    """Keep a file and find out how it is read; the draft has the likeliest mapping and nothing is imported yet.

    Raises Forbidden, PayloadTooLarge above IMPORT_MAX_BYTES, InvalidInput for what is no table.
    """
    actor.require("clients.import")
    return receive_any_file(actor=actor, chunks=chunks, name=name, encoding=encoding, delimiter=delimiter, sheet=sheet)


def receive_any_file(
    *, actor: Actor, chunks: Iterable[bytes], name: str, encoding: str = "", delimiter: str = "", sheet: str = ""
) -> Job:
    """The same for callers that may make leads, as inmo's document has it: agents import leads of their own.

    Raises Forbidden, PayloadTooLarge, InvalidInput.
    """
    actor.require("clients.create")
    stored = write_stream(chunks, most_bytes=settings.IMPORT_MAX_BYTES, folder=FOLDER)
    try:
        path = stream_path(stored.path)
        reading = find_reading(
            path,
            encoding=_known(encoding, ENCODINGS, "encoding"),
            delimiter=_known(delimiter, DELIMITERS, "delimiter"),
            sheet=sheet,
        )
        headers = headers_of(path, reading)
        with transaction.atomic():
            job = create_job(
                actor=actor,
                kind=JobKind.IMPORT,
                params={"action": "import", "country": _country()},
                state=JobState.DRAFT,
            )
            file = ImportFile(
                job=job, name=clean_name(name) or "leads", path=stored.path, sha256=stored.sha256, size=stored.size
            )
            _remember(job, file, reading, headers)
    except (DomainError, OSError):
        remove_stream(stored.path)
        raise
    return job


@transaction.atomic
def reread_file(*, actor: Actor, job_id: int, encoding: str = "", delimiter: str = "", sheet: str = "") -> Job:
    """Read a draft's file another way; the mapping is guessed anew.

    Raises NotFound, Conflict for one that was started, InvalidInput.
    """
    job = _draft(actor, job_id)
    path = stream_path(job.file.path)
    reading = find_reading(
        path,
        encoding=_known(encoding, ENCODINGS, "encoding"),
        delimiter=_known(delimiter, DELIMITERS, "delimiter"),
        sheet=sheet,
    )
    _remember(job, job.file, reading, headers_of(path, reading))
    return job


@transaction.atomic
def choose(*, actor: Actor, job_id: int, choices: Choices) -> Job:
    """Say how a draft is imported.

    Raises NotFound, Conflict for one that was started, InvalidInput for a mapping that cannot be.
    """
    job = _draft(actor, job_id)
    columns = check_columns(job.file.headers, choices.columns)
    job.params = {
        **job.params,
        "columns": columns,
        "on_duplicate": OnDuplicate(choices.on_duplicate).value,
        "tags": clean_tags(choices.tags),
        "source": choices.source[:60],
        "agent_id": choices.agent_id if actor.sees_everything else actor.user_id,
        "needs_phone": choices.needs_phone,
    }
    job.save(update_fields=["params"])
    return job


def guess_choices(job: Job) -> dict[str, str]:
    """The likeliest mapping of a file, saved mappings left aside: for callers that cannot look at it."""
    rows = sample_rows(job)
    return guess_columns(job.file.headers, rows, country=str(job.params["country"]))


def check_import(*, actor: Actor, job_id: int) -> Job:
    """Try a draft: a job that reads everything, counts what would happen, and writes no lead.

    Raises NotFound, Conflict for one that was started, InvalidInput where nothing is mapped yet.
    """
    return _make_check(actor, job_id, JobState.QUEUED)


def draft_check(*, actor: Actor, job_id: int) -> Job:
    """The same, for a caller who runs the job itself.

    Raises NotFound, Conflict, InvalidInput.
    """
    return _make_check(actor, job_id, JobState.DRAFT)


@transaction.atomic
def start_import(*, actor: Actor, job_id: int) -> Job:
    """Import a draft in the background.

    Raises NotFound, Conflict for one that has ended, InvalidInput where nothing is mapped yet.
    """
    prepare_import(actor=actor, job_id=job_id)
    return start_job(actor=actor, job_id=job_id)


@transaction.atomic
def prepare_import(*, actor: Actor, job_id: int) -> Job:
    """A mapped draft whose new custom fields exist; one that was started already stays as it is.

    Raises NotFound, InvalidInput where nothing is mapped yet.
    """
    job = get_import(actor, job_id)
    if job.state != JobState.DRAFT:
        return job
    job = _mapped_draft(actor, job_id)
    _define_fields(actor, job)
    return job


@transaction.atomic
def undo_import(*, actor: Actor, job_id: int) -> Job:
    """Take an import back: a job that deletes the leads it made and restores those it changed, as far as nobody has
    worked with them since.

    Raises NotFound, Forbidden, Conflict for one that still runs or was taken back already.
    """
    actor.require("clients.import")
    job = Job.objects.select_for_update().get(pk=get_import(actor, job_id).pk)
    if job.state not in {JobState.DONE, JobState.CANCELLED, JobState.FAILED}:
        raise Conflict(_("Only an import that has ended can be taken back, and only once."), code="JOB_NOT_UNDOABLE")
    undo_id = job.params.get("undo_id")
    if undo_id and Job.objects.filter(pk=undo_id, state__in=[JobState.QUEUED, JobState.RUNNING]).exists():
        raise Conflict(_("This import is being taken back already."), code="JOB_NOT_UNDOABLE")
    undo = create_job(actor=actor, kind=JobKind.IMPORT, params={"action": "undo", "import_id": job.pk})
    job.params = {**job.params, "undo_id": undo.pk}
    job.save(update_fields=["params"])
    return undo


@transaction.atomic
def discard_draft(*, actor: Actor, job_id: int) -> None:
    """A file that was never imported goes, with its draft.

    Raises NotFound, Conflict for one that was started.
    """
    job = _draft(actor, job_id)
    path = job.file.path
    Job.objects.filter(pk=job.params.get("check_id", 0)).delete()
    job.delete()
    transaction.on_commit(lambda: remove_stream(path))


def sample_rows(job: Job) -> list[Sequence[str]]:
    """The first rows below the headers that have something in them."""
    rows = data_rows(stream_path(job.file.path), reading_of(job))
    return [cells for _number, cells in islice((row for row in rows if any(row[1])), SAMPLE_ROWS)]


def is_small(job: Job) -> bool:
    """Whether the file can be imported while somebody waits for the answer."""
    if job.file.size > SMALL_BYTES:
        return False
    rows = data_rows(stream_path(job.file.path), reading_of(job))
    return sum(1 for _row in islice(rows, SMALL_ROWS + 1)) <= SMALL_ROWS


@transaction.atomic
def _make_check(actor: Actor, job_id: int, state: JobState) -> Job:
    job = _mapped_draft(actor, job_id)
    check = create_job(actor=actor, kind=JobKind.IMPORT, params={"action": "check", "import_id": job.pk}, state=state)
    job.params = {**job.params, "check_id": check.pk}
    job.save(update_fields=["params"])
    return check


def _remember(job: Job, file: ImportFile, reading: Reading, headers: list[str]) -> None:
    file.format, file.encoding, file.delimiter = reading.format, reading.encoding, reading.delimiter
    file.sheet, file.headers = reading.sheet[:120], headers
    file.save()
    job.file = file
    job.params = {**job.params, "header_row": reading.header_row}
    guess = guess_mapping(headers, sample_rows(job), country=str(job.params["country"]))
    job.params |= {"columns": guess.columns, "saved_as": guess.saved_as}
    job.save(update_fields=["params"])


def _draft(actor: Actor, job_id: int) -> Job:
    job = get_import(actor, job_id)
    job = Job.objects.select_for_update(of=("self",)).select_related("file").get(pk=job.pk)
    if job.state != JobState.DRAFT:
        raise Conflict(_("This import was started already."), code="JOB_STARTED")
    return job


def _mapped_draft(actor: Actor, job_id: int) -> Job:
    job = _draft(actor, job_id)
    check_columns(job.file.headers, job.params.get("columns", {}))
    return job


def _define_fields(actor: Actor, job: Job) -> None:
    """Custom fields that a person asked for by mapping a column to them need no review."""
    made = ensure_fields(actor, samples_of_fields(job, job.params["columns"]), FieldOrigin.IMPORT)
    CustomField.objects.filter(pk__in=[field.pk for field in made]).update(review=FieldReview.ACCEPTED, mapped_to="")


def samples_of_fields(job: Job, columns: Mapping[str, str]) -> dict[str, object]:
    """Values of the columns that go to custom fields, by the field's name."""
    rows = sample_rows(job)
    return {
        target.removeprefix(ATTRIBUTE): [row[place] for row in rows if place < len(row)]
        for place, header in enumerate(job.file.headers)
        if (target := columns.get(header, "")).startswith(ATTRIBUTE)
    }


def _known(value: str, allowed: Sequence[str], name: str) -> str:
    if value and value not in allowed:
        raise InvalidInput(_("Use one of: %(values)s") % {"values": ", ".join(allowed)}, field=name)
    return value


def _country() -> str:
    broker_id = entered_broker_id()
    return Broker.objects.filter(pk=broker_id).values_list("country", flat=True).first() or settings.DEFAULT_COUNTRY


def is_spreadsheet(job: Job) -> bool:
    """Whether the file has sheets to choose from instead of an encoding and a delimiter."""
    return job.file.format == XLSX
