"""Leads as files: what is in them, what a spreadsheet must not compute, who may take them out."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from apps.audit.models import AuditEntry
from apps.core.access import Actor
from apps.core.errors import Forbidden, InvalidInput, NotFound
from apps.core.tenancy import in_broker
from apps.leads.cells import safe_cell
from apps.leads.exporting.actions import Export, export_csv, file_of, get_export, start_spreadsheet
from apps.leads.exporting.spreadsheets import write_spreadsheet
from apps.leads.importing.actions import Choices, choose, receive_file, start_import
from apps.leads.models import CustomField, Job, Lead
from apps.leads.queries import LeadFilter
from apps.leads.types import JobState
from tests.factories import make_lead


@pytest.fixture
def actor(supervisor_user) -> Actor:
    return supervisor_user.actor(broker_id=supervisor_user.broker_id)


@pytest.fixture(autouse=True)
def media(broker, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def rows_of(pieces) -> list[list[str]]:
    raw = b"".join(pieces)
    assert raw.startswith(b"\xef\xbb\xbf")
    assert raw.count(b"\r\n") >= 1
    return list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline="")))


def everything(actor: Actor, *columns: str, **wanted) -> list[list[str]]:
    return rows_of(
        export_csv(actor=actor, export=Export(wanted=LeadFilter(**wanted), columns=columns, zone="America/Santiago"))
    )


def test_the_file_has_the_chosen_columns_of_the_matching_leads_newest_first(actor):
    make_lead(first_name="Ana", last_name="Soto", phone="+56912345678", stage="agendado", tags=["vip", "feria"])
    make_lead(first_name="Luis", last_name="", phone="+56912345679", stage="agendado")
    make_lead(first_name="Otra", last_name="", stage="entrada")

    rows = everything(actor, "name", "phone", "tags", "stage", stage="agendado")

    assert [row[:3] for row in rows[1:]] == [["Luis", "+56912345679", ""], ["Ana Soto", "+56912345678", "vip, feria"]]
    assert len(rows[0]) == 4


def test_custom_fields_are_columns_too(actor):
    CustomField.objects.create(name="comuna", label="Comuna")
    make_lead(attributes={"comuna": "Ñuñoa", "otra": "x"})

    rows = everything(actor, "attributes.comuna")

    assert rows == [["Comuna"], ["Ñuñoa"]]


def test_moments_are_in_the_broker_s_time(actor):
    from datetime import UTC, datetime

    make_lead(created_at=datetime(2026, 7, 1, 2, 30, tzinfo=UTC))

    assert everything(actor, "created_at")[1] == ["2026-06-30 22:30"]


@pytest.mark.parametrize(
    ("written", "exported"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3+cmd", "'-2+3+cmd"),
        ("@SUM(1)", "'@SUM(1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("+56912345678", "+56912345678"),
        ("+56 9 1234-5678", "+56 9 1234-5678"),
        ("-12.5", "-12.5"),
        ("Ana", "Ana"),
        ("", ""),
    ],
)
def test_no_cell_is_a_formula_and_phones_stay_phones(written, exported):
    assert safe_cell(written) == exported


@given(st.text(max_size=20))
def test_what_begins_like_a_formula_is_digits_or_has_an_apostrophe(text):
    cell = safe_cell(text)
    assert not cell.startswith(("=", "@", "\t", "\r"))
    assert cell == text or cell == f"'{text}"


def test_agents_take_nothing_out(agent_user):
    actor = agent_user.actor(broker_id=agent_user.broker_id)
    with pytest.raises(Forbidden):
        export_csv(actor=actor, export=Export(wanted=LeadFilter()))
    with pytest.raises(Forbidden):
        start_spreadsheet(actor=actor, export=Export(wanted=LeadFilter()))


def test_an_unknown_column_is_refused_before_anything_is_told(actor):
    with pytest.raises(InvalidInput):
        export_csv(actor=actor, export=Export(wanted=LeadFilter(), columns=("password",)))

    assert not AuditEntry.objects.filter(name="leads.exported").exists()


def test_the_trail_keeps_who_took_what_out(actor):
    make_lead(stage="agendado")

    everything(actor, "phone", stage="agendado")

    entry = AuditEntry.objects.get(name="leads.exported")
    assert entry.after is not None
    assert entry.actor_user_id == actor.user_id
    assert entry.after["wanted"] == {"stage": "agendado", "max_score": 100}
    assert list(entry.after["columns"]) == ["phone"]


def test_pieces_are_read_in_the_broker_they_were_asked_for_in(actor, broker, other_broker):
    with in_broker(other_broker.pk):
        make_lead(first_name="Ajena")
    make_lead(first_name="Propia", last_name="")
    pieces = export_csv(actor=actor, export=Export(wanted=LeadFilter(), columns=("name",)))

    with in_broker(other_broker.pk):
        rows = rows_of(pieces)

    assert [row[0] for row in rows[1:]] == ["Propia"]


def test_a_spreadsheet_is_made_by_a_job(actor, run_work):
    CustomField.objects.create(name="metros", type="number")
    make_lead(
        first_name="Ana",
        last_name="",
        phone="+56912345678",
        notes="=1+1\nsegunda <línea> & \x07 fin",
        attributes={"metros": 85},
    )

    job = start_spreadsheet(
        actor=actor, export=Export(wanted=LeadFilter(), columns=("name", "phone", "notes", "attributes.metros"))
    )
    run_work()

    job.refresh_from_db()
    stored = file_of(job)
    assert job.state == JobState.DONE and job.result["rows"] == 1
    assert stored is not None and stored.name.endswith(".xlsx")
    from apps.files.storage import path_of

    sheet = load_workbook(io.BytesIO(path_of(stored).read_bytes())).worksheets[0]
    cells = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert cells[1] == ["Ana", "+56912345678", "=1+1\nsegunda <línea> &  fin", 85]
    assert sheet.cell(2, 3).data_type != "f"


def test_exports_of_others_do_not_exist(actor, agent_user, run_work):
    job = start_spreadsheet(actor=actor, export=Export(wanted=LeadFilter()))
    job_of_another_kind = receive_file(actor=actor, chunks=[b"phone\n+56912345678\n"], name="a.csv")

    with pytest.raises(Forbidden):
        get_export(agent_user.actor(broker_id=agent_user.broker_id), job.pk)
    with pytest.raises(NotFound):
        get_export(actor, job_of_another_kind.pk)


def test_more_rows_than_a_sheet_holds_go_on_to_the_next(tmp_path: Path, monkeypatch):
    from apps.leads.exporting import spreadsheets

    monkeypatch.setattr(spreadsheets, "MOST_ROWS", 4)

    count = write_spreadsheet(tmp_path / "x.xlsx", "Leads", ["n"], [True], ([str(n)] for n in range(7)))

    book = load_workbook(tmp_path / "x.xlsx")
    assert count == 7
    assert [[row[0].value for row in sheet.iter_rows()] for sheet in book.worksheets] == [
        ["n", 0, 1, 2],
        ["n", 3, 4, 5],
        ["n", 6],
    ]


def test_what_was_exported_can_be_imported_again(actor, run_work):
    CustomField.objects.create(name="comuna", label="Comuna")
    make_lead(
        first_name="José",
        last_name="Núñez Paz",
        phone="+56912345678",
        email="jose@mail.cl",
        stage="agendado",
        contact_status="qualified",
        country="CO",
        tags=["vip", "feria"],
        attributes={"comuna": "Ñuñoa"},
        is_opted_out=True,
        notes="línea uno\nlínea dos",
    )
    raw = b"".join(export_csv(actor=actor, export=Export(wanted=LeadFilter(), zone="America/Santiago")))
    before = Lead.objects.values(
        "first_name",
        "last_name",
        "phone",
        "email",
        "stage",
        "contact_status",
        "country",
        "tags",
        "attributes",
        "is_opted_out",
        "notes",
    ).get()
    Lead.objects.all().delete()

    job = receive_file(actor=actor, chunks=[raw], name="again.csv")
    choose(actor=actor, job_id=job.pk, choices=Choices(columns=job.params["columns"]))
    start_import(actor=actor, job_id=job.pk)
    run_work()

    assert Job.objects.get(pk=job.pk).result["imported"] == 1
    assert Lead.objects.values(*before).get() == before
