"""POST /api/v1/leads/bulk-import: small files are answered at once, large ones by a job to follow."""

from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.kit.schema import documented
from apps.api.kit.serializers import Int, Serializer, Text
from apps.api.kit.uploads import ImportParser, file_in, upload_schema
from apps.api.kit.views import ApiViewSet
from apps.core.errors import BadRequest
from apps.leads.importing.actions import Choices
from apps.leads.importing.queries import get_import, summary_of
from apps.leads.importing.whole import import_file
from apps.leads.models import Job
from apps.leads.types import JobState


class NotCsv(BadRequest):
    """The document takes files called .csv alone."""

    default_code = "NOT_CSV"
    default_message = _("Send a .csv file.")


class BulkImportAnswer(Serializer):
    imported = Int()
    duplicates = Int()
    invalid = Int()


class BulkImportJob(BulkImportAnswer):
    """The counts grow while it runs; `done` of `total` rows."""

    job_id = Int()
    status = Text()
    status_url = Text()
    done = Int()
    total = Int()
    error = Text()


class LeadImportViewSet(ApiViewSet):
    """An agent's imported leads are theirs."""

    takes_broker_id = True
    parser_classes = (ImportParser,)  # type: ignore[assignment]  # a form with a file, no JSON

    @documented(
        body=upload_schema("CSV with the columns phone, name, email and tags (comma-separated)."),
        answer=BulkImportAnswer,
    )
    def bulk_import(self, request: Request) -> Response:
        """A phone that the broker has, or that came earlier in the file, is a duplicate; a row without a usable phone
        is invalid. Delimiter, encoding and the columns' usual names are found. More than 5,000 rows or 2 MB are
        answered with 202 and `job_id`, `status` and `status_url`.
        """
        file = file_in(request)
        if not str(file.name).lower().endswith(".csv"):
            raise NotCsv(field="file")
        job = import_file(
            actor=self.actor, chunks=file.chunks(), name=str(file.name), choices=Choices(columns={}, needs_phone=True)
        )
        if job.state == JobState.DONE:
            return Response(BulkImportAnswer(summary_of(job.result)).data)
        return Response(_job_answer(job), status=202)

    @documented(answer=BulkImportJob)
    def status(self, request: Request, job_id: int) -> Response:
        """How far a large import is, and its counts: `status` is queued, running, done, failed, cancelled or undone."""
        return Response(_job_answer(get_import(self.actor, job_id)))


def _job_answer(job: Job) -> dict[str, object]:
    return dict(
        BulkImportJob(
            {
                **summary_of(job.result),
                "job_id": job.pk,
                "status": job.state,
                "status_url": f"/api/v1/leads/imports/{job.pk}",
                "done": job.done,
                "total": job.total,
                "error": job.error,
            }
        ).data
    )
