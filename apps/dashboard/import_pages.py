"""What the pages of an import show, and what a person chose on them."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import QueryDict
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.accounts.types import UserStatus
from apps.core.tenancy import entered_broker_id
from apps.files.streams import stream_path
from apps.leads.importing.actions import Choices, is_spreadsheet, sample_rows
from apps.leads.importing.changing import OnDuplicate
from apps.leads.importing.detection import DELIMITERS, ENCODINGS
from apps.leads.importing.mapping import ATTRIBUTE, targets
from apps.leads.importing.preview import preview_rows
from apps.leads.importing.problems import sentence
from apps.leads.importing.queries import attempt_of, first_errors, summary_of
from apps.leads.importing.tables import sheets_of
from apps.leads.models import Job, RowError
from apps.leads.types import JobState

MOST_SHOWN_ERRORS = 20
_EXAMPLES = 3


@dataclass(frozen=True, kw_only=True)
class FileColumn:
    """One column of the file: where it goes now, where else it can go, and what is in it."""

    position: int
    header: str
    target: str
    examples: Sequence[str]
    new_field: str


def draft_context(job: Job) -> dict[str, object]:
    """The page on which the columns are chosen."""
    rows = sample_rows(job)
    columns = job.params.get("columns", {})
    file_columns = [
        _column(place, header, columns.get(header, ""), rows) for place, header in enumerate(job.file.headers)
    ]
    return {
        "job": job,
        "columns": file_columns,
        "targets": targets(),
        "rows": preview_rows(job, columns),
        "check": attempt_of(job, "check"),
        "policies": _policies(),
        "policy": job.params.get("on_duplicate", OnDuplicate.SKIP),
        "tags": ", ".join(job.params.get("tags", [])),
        "agents": list(
            User.objects.filter(broker_id=entered_broker_id(), status=UserStatus.ACTIVE).order_by("first_name")
        ),
        "agent_id": job.params.get("agent_id"),
        "is_spreadsheet": is_spreadsheet(job),
        "encodings": ENCODINGS,
        "delimiters": [(sign, _delimiter_name(sign)) for sign in DELIMITERS],
        "sheets": sheets_of(stream_path(job.file.path)) if is_spreadsheet(job) else [],
        "unmapped": sum(1 for column in file_columns if not column.target),
    }


def import_context(job: Job) -> dict[str, object]:
    """The page of an import that was started."""
    undo = attempt_of(job, "undo")
    result = job.result
    return {
        "job": job,
        "counts": summary_of(result),
        "values": result.get("values", 0),
        "errors": [_told(error) for error in first_errors(job, limit=MOST_SHOWN_ERRORS)],
        "undo": undo,
        "kept": [_told(error) for error in first_errors(undo, limit=MOST_SHOWN_ERRORS)] if undo else [],
        "is_running": job.state in {JobState.QUEUED, JobState.RUNNING},
        "is_undoing": undo is not None and undo.state in {JobState.QUEUED, JobState.RUNNING},
        "can_undo": job.state in {JobState.DONE, JobState.CANCELLED, JobState.FAILED}
        and bool(result.get("imported") or result.get("updated")),
    }


def said_columns(job: Job, said: QueryDict) -> dict[str, str]:
    """Where each column goes, as chosen on the page."""
    return {header: said.get(f"column-{place}", "")[:140] for place, header in enumerate(job.file.headers)}


def said_choices(job: Job, said: QueryDict) -> Choices:
    """All that was chosen on the page."""
    policy, agent = said.get("on_duplicate", ""), said.get("agent", "")
    members = User.objects.filter(broker_id=entered_broker_id(), status=UserStatus.ACTIVE)
    return Choices(
        columns=said_columns(job, said),
        on_duplicate=OnDuplicate(policy) if policy in set(OnDuplicate) else OnDuplicate.SKIP,
        tags=said.get("tags", "").split(","),
        agent_id=members.filter(pk=agent).values_list("pk", flat=True).first() if agent.isdecimal() else None,
    )


def _column(place: int, header: str, target: str, rows: Sequence[Sequence[str]]) -> FileColumn:
    values = [row[place].strip() for row in rows if place < len(row) and row[place].strip()]
    return FileColumn(
        position=place,
        header=header,
        target=target,
        examples=[value[:40] for value in dict.fromkeys(values)][:_EXAMPLES],
        new_field=f"{ATTRIBUTE}{header[:110].strip()}",
    )


def _told(error: RowError) -> dict[str, object]:
    return {"row": error.row, "column": error.column, "value": error.value, "why": sentence(error.code)}


def _policies() -> list[tuple[str, str, str]]:
    return [
        (OnDuplicate.SKIP.value, _("Leave them as they are"), _("Only new leads are made.")),
        (OnDuplicate.FILL.value, _("Fill what is empty"), _("What you already know stays.")),
        (OnDuplicate.UPDATE.value, _("Update them"), _("What the file says replaces what is there; tags are added.")),
    ]


def _delimiter_name(sign: str) -> str:
    return {",": _("Comma ,"), ";": _("Semicolon ;"), "\t": _("Tab"), "|": _("Bar |")}[sign]
