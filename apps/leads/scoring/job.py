"""All scores of a broker, in the background."""

from collections.abc import Mapping

from apps.leads.jobs import JobRun, job_handler
from apps.leads.models import Lead
from apps.leads.scoring.rescoring import rescore_many
from apps.leads.types import JobKind


@job_handler(JobKind.RESCORE)
def rescore_all(run: JobRun) -> Mapping[str, object]:
    """Begun again after a crash it finds what is done to be right already."""
    report = rescore_many(actor=run.actor, leads=Lead.objects.all(), job_id=run.job.pk, on_progress=run.advance)
    return {"checked": report.checked, "changed": report.changed}
