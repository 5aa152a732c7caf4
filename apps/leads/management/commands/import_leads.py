"""`manage.py import_leads --broker 3 leads.csv`: what the import page does, at a terminal.

Exit codes: 0 done, also where rows were left out; 1 the file or the choice was refused; 130 stopped by hand.
"""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from apps.brokers.models import Broker
from apps.core.access import Actor, system_actor
from apps.core.errors import DomainError
from apps.core.tenancy import in_broker
from apps.leads.importing import actions
from apps.leads.importing.actions import Choices
from apps.leads.importing.changing import OnDuplicate
from apps.leads.importing.detection import DELIMITERS, ENCODINGS
from apps.leads.importing.problems import sentence
from apps.leads.importing.queries import first_errors
from apps.leads.jobs import JobCancelled, run_now
from apps.leads.models import Job
from apps.leads.types import JobState

SHOWN_ERRORS = 10
_CHUNK_BYTES = 1024 * 1024


class Command(BaseCommand):
    help = "Import leads from a CSV or XLSX file into a broker."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--broker", type=int, required=True, metavar="ID")
        parser.add_argument("--delimiter", default="", choices=["", *DELIMITERS, "tab"], help="found where not given")
        parser.add_argument("--encoding", default="", choices=["", *ENCODINGS], help="found where not given")
        parser.add_argument("--sheet", default="", help="of a spreadsheet; the first where not given")
        parser.add_argument("--on-duplicate", default="skip", choices=[policy.value for policy in OnDuplicate])
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            metavar="COLUMN=TARGET",
            help="such as Fono=phone, Metros=attributes.metros or Nota= to leave it out; the rest is guessed",
        )
        parser.add_argument("--tag", action="append", default=[], help="given to every lead")
        parser.add_argument("--source", default="import")
        parser.add_argument("--dry-run", action="store_true", help="count what would happen and save nothing")

    def handle(self, *_args: Any, **options: Any) -> None:
        path: Path = options["file"]
        if not path.is_file():
            raise CommandError(f"There is no file {path}.")
        if not Broker.objects.filter(pk=options["broker"], deleted_at__isnull=True).exists():
            raise CommandError(f"There is no broker {options['broker']}.")
        with in_broker(options["broker"]):
            try:
                self._import(path, options)
            except DomainError as error:
                raise CommandError(str(error.message)) from error

    def _import(self, path: Path, options: dict[str, Any]) -> None:
        actor = system_actor(options["broker"], name="import_leads")
        delimiter = "\t" if options["delimiter"] == "tab" else options["delimiter"]
        job = actions.receive_file(
            actor=actor,
            chunks=_chunks(path),
            name=path.name,
            encoding=options["encoding"],
            delimiter=delimiter,
            sheet=options["sheet"],
        )
        try:
            columns = {**job.params["columns"], **_said(job, options["map"])}
            choices = Choices(
                columns=columns,
                on_duplicate=OnDuplicate(options["on_duplicate"]),
                tags=options["tag"],
                source=options["source"],
            )
            actions.choose(actor=actor, job_id=job.pk, choices=choices)
        except (DomainError, CommandError):
            actions.discard_draft(actor=actor, job_id=job.pk)
            raise
        self._say_columns(job, columns)
        if options["dry_run"]:
            check = actions.draft_check(actor=actor, job_id=job.pk)
            self._report(self._run(actor, check), is_try=True)
            actions.discard_draft(actor=actor, job_id=job.pk)
        else:
            self._report(self._run(actor, actions.prepare_import(actor=actor, job_id=job.pk)), is_try=False)

    def _run(self, actor: Actor, job: Job) -> Job:
        try:
            with self._progress(job):
                return run_now(actor=actor, job=job)
        except (KeyboardInterrupt, JobCancelled):
            Job.objects.filter(pk=job.pk).update(state=JobState.CANCELLED, finished_at=timezone.now())
            self.stderr.write("Stopped. What was saved until then stays.")
            sys.exit(130)

    @contextmanager
    def _progress(self, job: Job) -> Iterator[None]:
        """A line that is written over; only where somebody looks at it."""
        ended = Event()

        def show() -> None:
            while not ended.wait(0.5):
                self.stdout.write(f"\r{job.done:,} of about {job.total:,} rows", ending="")
                self.stdout.flush()

        watcher = Thread(target=show, daemon=True)
        if self.stdout.isatty():
            watcher.start()
        try:
            yield
        finally:
            ended.set()
            if watcher.is_alive():
                watcher.join()
                self.stdout.write("\r" + " " * 60 + "\r", ending="")

    def _say_columns(self, job: Job, columns: dict[str, str]) -> None:
        file = job.file
        how = f"sheet {file.sheet}" if file.sheet else f"{file.encoding}, delimiter {file.delimiter!r}"
        self.stdout.write(f"{file.name}: {file.format}, {how}")
        for header in file.headers:
            self.stdout.write(f"  {header} -> {columns[header] or '(left out)'}")

    def _report(self, job: Job, *, is_try: bool) -> None:
        result = job.result
        self.stdout.write("This would happen; nothing was saved:" if is_try else f"Import {job.pk} is done:")
        words = {
            "imported": "new leads",
            "updated": "updated",
            "known": "already there",
            "repeated": "repeated in the file",
            "invalid": "rows left out",
            "values": "values left out",
        }
        for name, label in words.items():
            self.stdout.write(f"  {result.get(name, 0):>10,}  {label}")
        for error in first_errors(job, limit=SHOWN_ERRORS):
            self.stderr.write(f"  row {error.row}, {error.column or '-'}: {sentence(error.code)} {error.value!r}")


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


def _said(job: Job, pairs: list[str]) -> dict[str, str]:
    """What --map says.

    Raises CommandError for a column that the file has not.
    """
    said = {}
    for pair in pairs:
        column, sign, target = pair.rpartition("=")
        if not sign or column not in job.file.headers:
            raise CommandError(f"--map {pair}: the file has the columns {', '.join(job.file.headers)}.")
        said[column] = target
    return said
