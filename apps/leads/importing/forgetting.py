"""Imported files are kept for a while, to look into them, and go then; what came of them stays."""

from datetime import datetime

from apps.files.streams import remove_stream
from apps.leads.models import ImportFile, Job
from apps.leads.types import JobState

_UNDER_WAY = (JobState.QUEUED, JobState.RUNNING)


def forget_files(before: datetime) -> int:
    """Remove the files of imports older than that, and drafts whole; returns how many. What is under way stays."""
    old = ImportFile.objects.filter(job__created_at__lt=before).exclude(path="").exclude(job__state__in=_UNDER_WAY)
    files = list(old.values_list("pk", "path"))
    for job_id, path in files:
        remove_stream(path)
        if not Job.objects.filter(pk=job_id, state=JobState.DRAFT).delete()[0]:
            ImportFile.objects.filter(pk=job_id).update(path="")
    return len(files)
