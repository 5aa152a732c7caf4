"""Sections 7.8 and 7.9: clients from a CSV file, and clients as a CSV file."""

from typing import Any

from django.db.models import Case, CharField, F, Func, Q, Value, When
from django.db.models.functions import Cast
from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.crm_whatsapp.clients import CrmLeadStatus
from apps.api.kit.lead_filters import LeadConditions, joined
from apps.api.kit.schema import documented
from apps.api.kit.serializers import AnyCaseChoice, Int, Serializer, Text
from apps.api.kit.uploads import ImportParser, file_in, upload_schema
from apps.api.kit.views import ApiViewSet
from apps.core.countries import country_names
from apps.core.downloads import download
from apps.leads.exporting.actions import export_csv_with
from apps.leads.exporting.columns import ExportColumn, attribute_columns, moment_text
from apps.leads.importing.actions import Choices
from apps.leads.importing.problems import sentence
from apps.leads.importing.queries import first_errors, get_import, summary_of
from apps.leads.importing.whole import import_file
from apps.leads.models import Job
from apps.leads.queries import LeadFilter
from apps.leads.standing import standing_conditions
from apps.leads.types import JobState

MOST_ERRORS = 5_000
_ISO = 'YYYY-MM-DD"T"HH24:MI:SS"Z"'


class CrmImportError(Serializer):
    row = Int()
    error = Text()


class CrmImportAnswer(Serializer):
    imported = Int()
    skipped = Int()
    errors = CrmImportError(many=True)  # type: ignore[assignment]  # the document's name for it


class CrmImportJob(CrmImportAnswer):
    """The counts grow while it runs; `done` of `total` rows."""

    job_id = Int()
    status = Text()
    status_url = Text()
    done = Int()
    total = Int()


class CrmExportQuery(Serializer):
    format = AnyCaseChoice(choices=["csv"], default="csv")
    lead_status = CrmLeadStatus(required=False)
    segment = Text(max_length=60, required=False, allow_blank=True)
    search = Text(max_length=200, required=False, allow_blank=True)
    filter = LeadConditions()


class ClientFilesViewSet(ApiViewSet):
    """For those who may bring clients in or take them out."""

    takes_broker_id = True
    parser_classes = (ImportParser,)  # type: ignore[assignment]  # a form with a file, no JSON

    @documented(body=upload_schema("CSV; its columns are called as the fields of a client."), answer=CrmImportAnswer)
    def import_clients(self, request: Request) -> Response:
        """A bad row does not stop the import: it is listed with its number, the headers being row 1. A client who is
        there already, or came earlier in the file, is skipped. More than 5,000 rows or 2 MB are answered with 202 and
        `job_id`, `status` and `status_url`.
        """
        self.actor.require("clients.import")
        file = file_in(request)
        job = import_file(
            actor=self.actor, chunks=file.chunks(), name=str(file.name), choices=Choices(columns={}, needs_phone=True)
        )
        if job.state == JobState.DONE:
            return Response(CrmImportAnswer(_result_of(job)).data)
        return Response(CrmImportJob(_job_of(job)).data, status=202)

    @documented(answer=CrmImportJob)
    def import_status(self, request: Request, job_id: int) -> Response:
        """How far a large import is; `status` is queued, running, done, failed, cancelled or undone."""
        self.actor.require("clients.import")
        return Response(CrmImportJob(_job_of(get_import(self.actor, job_id))).data)

    @documented(query=CrmExportQuery, answer=OpenApiTypes.STR, media_type="text/csv")
    def export_clients(self, request: Request) -> HttpResponseBase:
        """Newest first, in UTF-8 with its mark; the columns are the fields of a client, then the custom fields. Cells
        that a spreadsheet would compute begin with an apostrophe.
        """
        pieces = export_csv_with(actor=self.actor, wanted=_wanted(self.query(CrmExportQuery)), columns=_columns())
        name = f"clients-{timezone.now():%Y-%m-%d}.csv"
        return download(request._request, pieces, name=name, content_type="text/csv; charset=utf-8")


def _wanted(query: dict[str, Any]) -> LeadFilter:
    standing, segment = query.get("lead_status"), query.get("segment")
    conditions = joined(
        standing_conditions(standing) if standing else {},
        {"field": "segment", "op": "is", "value": segment} if segment else {},
        query.get("filter") or {},
    )
    return LeadFilter(search=query.get("search", ""), conditions=conditions)


def _columns() -> list[ExportColumn]:
    """The fields of 7.2 and 7.3 by their names."""
    texts = {
        "first_name": "first_name",
        "last_name": "last_name",
        "email": "email",
        "company": "company",
        "city": "city",
    }
    standing = Case(
        When(status="lost", then=Value("lost")),
        When(Q(status="converted") | Q(contact_status="customer"), then=Value("converted")),
        default=F("contact_status"),
        output_field=CharField(),
    )
    opt_in = Case(When(is_opted_out=True, then=Value("false")), default=Value("true"), output_field=CharField())
    tags = Func(F("tags"), Value(","), function="array_to_string", output_field=CharField())
    whole = Func(F("score"), template="round(%(expressions)s)::text", output_field=CharField())
    return [
        _column("id", Cast("pk", CharField())),
        _column("phone_number", F("phone")),
        *(_column(name, F(source)) for name, source in texts.items()),
        ExportColumn(key="country", label="country", value=F("country"), words=country_names("es")),
        _column("address", F("address")),
        _column("lead_status", standing),
        _column("lead_score", whole),
        _column("ltv", Cast("lifetime_value", CharField())),
        _column("segment", F("segment")),
        _column("tags", tags),
        _column("notes", F("notes")),
        _column("is_blocked", Cast("is_blocked", CharField())),
        _column("opt_in", opt_in),
        _column("created_at", moment_text("created_at", "UTC", _ISO)),
        _column(
            "last_contact_at",
            Func(
                moment_text("last_contacted_at", "UTC", _ISO),
                moment_text("last_inbound_at", "UTC", _ISO),
                function="GREATEST",
                output_field=CharField(),
            ),
        ),
        *attribute_columns(),
    ]


def _column(name: str, value: Any) -> ExportColumn:
    return ExportColumn(key=name, label=name, value=value)


def _result_of(job: Job) -> dict[str, object]:
    counts = summary_of(job.result)
    errors = [{"row": each.row, "error": sentence(each.code)} for each in first_errors(job, limit=MOST_ERRORS)]
    return {"imported": counts["imported"], "skipped": counts["duplicates"], "errors": errors}


def _job_of(job: Job) -> dict[str, object]:
    return {
        **_result_of(job),
        "job_id": job.pk,
        "status": job.state,
        "status_url": f"/v1/clients/import/{job.pk}",
        "done": job.done,
        "total": job.total,
    }
