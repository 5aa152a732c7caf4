"""The three jobs of an import: to do it, to try it, to take it back."""

from collections.abc import Callable, Iterator, Mapping

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.core.errors import NotFound
from apps.core.events import publish
from apps.core.tenancy import entered_broker_id
from apps.files.streams import stream_path
from apps.leads.events import LeadsChanged
from apps.leads.importing.actions import sample_rows
from apps.leads.importing.changing import OnDuplicate
from apps.leads.importing.detection import CSV
from apps.leads.importing.preview import normaliser_of
from apps.leads.importing.queries import reading_of
from apps.leads.importing.saving import Saving, foresee, progress_of, save_rows, tidy
from apps.leads.importing.staging import drop_table, number_of_rows, stage_rows
from apps.leads.importing.tables import Row, data_rows
from apps.leads.importing.undoing import undo
from apps.leads.jobs import JobRun, job_handler
from apps.leads.models import Job
from apps.leads.types import JobKind

# Reading takes about so much of the time that an import takes.
_READING_SHARE = 4


@job_handler(JobKind.IMPORT)
def run_import_job(run: JobRun) -> Mapping[str, object]:
    """What the job's `action` says; each survives being begun again."""
    action = run.job.params.get("action", "import")
    if action == "undo":
        return undo(run, _import_of(run.job))
    if action == "check":
        return _check(run, _import_of(run.job))
    return _import(run)


def _import(run: JobRun) -> Mapping[str, object]:
    job = run.job
    try:
        counts = _stage(run) if _must_be_staged(job) else dict(job.result["staged"])
        last = counts["last_row"]

        def advance(row: int) -> None:
            run.advance(last // _READING_SHARE + row * (_READING_SHARE - 1) // _READING_SHARE, last)

        progress = save_rows(_saving(run, job, staged_as=job), advance)
        tidy(progress.imported)
    finally:
        # Where the process dies the table stays, and the next run goes on with it.
        drop_table(job.pk)
        _announce(run)
    return {**counts, **progress.as_json()}


def _check(run: JobRun, job: Job) -> Mapping[str, object]:
    try:
        counts = stage_rows(run.job, normaliser_of(job, job.params["columns"]), _rows_of(job), _reading(run, job))
        foreseen = foresee(_saving(run, job, staged_as=run.job))
    finally:
        drop_table(run.job.pk)
    return {**counts, **foreseen.as_json()}


def _must_be_staged(job: Job) -> bool:
    """Unless an earlier run did it, and PostgreSQL, which may empty the table in a crash, still has it."""
    staged = job.result.get("staged")
    if staged is None:
        return True
    waiting = number_of_rows(job.pk)
    return waiting is None or waiting != staged["waiting"]


def _stage(run: JobRun) -> dict[str, int]:
    job = run.job
    counts = stage_rows(job, normaliser_of(job, job.params["columns"]), _rows_of(job), _reading(run, job))
    job.result = {**job.result, **counts, "staged": counts}
    Job.objects.filter(pk=job.pk).update(result=job.result)
    return counts


def _rows_of(job: Job) -> Iterator[Row]:
    return data_rows(stream_path(job.file.path), reading_of(job))


def _reading(run: JobRun, job: Job) -> Callable[[int], None]:
    """Tells how far the reading is: an import's first part, all of a try."""
    share = _READING_SHARE if run.job.pk == job.pk else 1
    guessed = _guess_rows(job)

    def advance(row: int) -> None:
        run.advance(row // share, max(guessed, row))

    return advance


def _guess_rows(job: Job) -> int:
    """About how many rows the file has, from the length of its first ones."""
    rows = sample_rows(job)
    if not rows or job.file.format != CSV:
        return len(rows)
    characters = sum(len(cell) + 1 for row in rows for cell in row)
    width = 2 if job.file.encoding.startswith("utf-16") else 1
    return max(len(rows), job.file.size * len(rows) // max(1, characters * width))


def _import_of(job: Job) -> Job:
    """The import that the job tries or takes back."""
    found = Job.objects.select_related("file").filter(pk=job.params["import_id"]).first()
    if found is None:
        raise NotFound(_("There is no import with this number."), field="job_id")
    return found


def _announce(run: JobRun) -> None:
    """Those who look at lists look again: once for all leads of the import."""
    progress = progress_of(run.job.result)
    changed = [name for name, count in (("created", progress.imported), ("updated", progress.updated)) if count]
    if changed:
        with transaction.atomic():
            publish(
                LeadsChanged(
                    broker_id=entered_broker_id(),
                    actor=run.actor,
                    changed=tuple(changed),
                    count=progress.imported + progress.updated,
                    job_id=run.job.pk,
                )
            )


def _saving(run: JobRun, job: Job, *, staged_as: Job) -> Saving:
    params = job.params
    targets = {target for target in params["columns"].values() if target}
    return Saving(
        job=staged_as,
        actor=run.actor,
        targets=targets | {"tags"} if params.get("tags") else targets,
        policy=OnDuplicate(params.get("on_duplicate", OnDuplicate.SKIP)),
        source=params.get("source") or "import",
        file_name=job.file.name,
        agent_id=run.actor.user_id if not run.actor.sees_everything else params.get("agent_id"),
    )
