"""How the first rows of a file would look as leads, before anything is imported."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from apps.core.tenancy import entered_broker_id
from apps.files.streams import stream_path
from apps.leads.fields import type_for
from apps.leads.importing.actions import samples_of_fields
from apps.leads.importing.mapping import ATTRIBUTE
from apps.leads.importing.normalising import LeadRow, Normaliser, Rules
from apps.leads.importing.problems import sentence
from apps.leads.importing.queries import reading_of
from apps.leads.importing.tables import data_rows
from apps.leads.importing.vocabulary import agents
from apps.leads.models import CustomField, Job

SHOWN_ROWS = 6
_LOOKED_AT = 200


@dataclass(frozen=True, kw_only=True)
class PreviewRow:
    """A row as the lead that it would become; `problems` are sentences, `is_left_out` says that no lead comes of it."""

    number: int
    name: str
    phone: str
    email: str
    tags: Sequence[str]
    others: Sequence[tuple[str, str]]
    problems: Sequence[str]
    is_left_out: bool


def preview_rows(job: Job, columns: Mapping[str, str]) -> list[PreviewRow]:
    """The first rows that have something in them, read with these columns."""
    normaliser = normaliser_of(job, columns)
    rows = islice(data_rows(stream_path(job.file.path), reading_of(job)), _LOOKED_AT)
    read = ((number, cells, normaliser.read(cells)) for number, cells in rows)
    found = ((number, cells, row) for number, cells, row in read if row is not None)
    return [_shown(job, columns, number, cells, row) for number, cells, row in islice(found, SHOWN_ROWS)]


def normaliser_of(job: Job, columns: Mapping[str, str]) -> Normaliser:
    """What reads the rows of the import's file; fields that it would make have the type that they would get."""
    params = job.params
    has_agents = "assigned_agent" in columns.values()
    return Normaliser(
        Rules(
            headers=job.file.headers,
            columns=columns,
            country=params["country"],
            fields=_definitions(job, columns),
            agents=agents(entered_broker_id()) if has_agents else {},
            tags=params.get("tags", []),
            needs_phone=bool(params.get("needs_phone")),
        )
    )


def _definitions(job: Job, columns: Mapping[str, str]) -> dict[str, CustomField]:
    wanted = {target.removeprefix(ATTRIBUTE) for target in columns.values() if target.startswith(ATTRIBUTE)}
    known = {field.name: field for field in CustomField.objects.filter(name__in=wanted)}
    missing = wanted - known.keys()
    samples = samples_of_fields(job, columns) if missing else {}
    return known | {name: CustomField(name=name, type=type_for(name, samples.get(name, []))) for name in missing}


def _shown(job: Job, columns: Mapping[str, str], number: int, cells: Sequence[str], row: LeadRow) -> PreviewRow:
    own = {"", "phone", "name", "first_name", "last_name", "email", "tags"}
    others = [
        (header, cells[place].strip())
        for place, header in enumerate(job.file.headers)
        if columns.get(header, "") not in own and place < len(cells) and cells[place].strip()
    ]
    return PreviewRow(
        number=number,
        name=f"{row.first_name} {row.last_name}".strip(),
        phone=row.phone or "",
        email=row.email,
        tags=row.tags,
        others=others[:4],
        problems=[f"{one.column}: {sentence(one.code)}" if one.column else sentence(one.code) for one in row.found],
        is_left_out=row.is_left_out,
    )
