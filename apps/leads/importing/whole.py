"""A file imported in one call, for programs: nobody looks at the mapping, it is guessed."""

from collections.abc import Iterable
from dataclasses import replace

from django.utils.translation import gettext_lazy as _

from apps.core.access import Actor
from apps.core.errors import BadRequest
from apps.leads.importing.actions import (
    Choices,
    choose,
    discard_draft,
    guess_choices,
    is_small,
    prepare_import,
    receive_any_file,
    start_import,
)
from apps.leads.importing.detection import CSV
from apps.leads.jobs import run_now
from apps.leads.models import Job


class NoPhoneColumn(BadRequest):
    """Without a phone there is nobody to make a lead of."""

    default_code = "NO_PHONE_COLUMN"
    default_message = _("The file has no column with phones. Call it phone.")


class NotText(BadRequest):
    """A program that sends CSV sent something else."""

    default_code = "NOT_CSV"
    default_message = _("This is not a CSV file.")


def import_file(*, actor: Actor, chunks: Iterable[bytes], name: str, choices: Choices) -> Job:
    """Import a CSV file: done when this returns where it is small (5,000 rows and 2 MB), else queued.

    `choices.columns` are guessed where they are empty. Raises Forbidden, PayloadTooLarge, InvalidInput for what is no
    table, NotText, NoPhoneColumn.
    """
    job = receive_any_file(actor=actor, chunks=chunks, name=name)
    if job.file.format != CSV:
        discard_draft(actor=actor, job_id=job.pk)
        raise NotText(field="file")
    columns = choices.columns or guess_choices(job)
    if "phone" not in columns.values():
        discard_draft(actor=actor, job_id=job.pk)
        raise NoPhoneColumn(field="file")
    choose(actor=actor, job_id=job.pk, choices=replace(choices, columns=columns))
    if not is_small(job):
        return start_import(actor=actor, job_id=job.pk)
    return run_now(actor=actor, job=prepare_import(actor=actor, job_id=job.pk))
