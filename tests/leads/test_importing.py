"""Importing files of leads, from the bytes to the leads and back."""

import csv
import io
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from openpyxl import Workbook

from apps.accounts.types import Role
from apps.core.access import Actor
from apps.core.errors import Conflict, Forbidden, InvalidInput, NotFound, PayloadTooLarge
from apps.files.streams import stream_path
from apps.leads import jobs
from apps.leads.actions import update_lead
from apps.leads.importing.actions import (
    Choices,
    check_import,
    choose,
    discard_draft,
    receive_file,
    reread_file,
    start_import,
    undo_import,
)
from apps.leads.importing.changing import OnDuplicate
from apps.leads.importing.forgetting import forget_files
from apps.leads.importing.mapping import save_mapping
from apps.leads.importing.queries import errors_as_csv, imports_of
from apps.leads.models import Activity, CustomField, Job, JobChange, Lead, LeadTally, RowError
from apps.leads.types import FieldType, JobKind, JobState, Stage
from tests.factories import make_conversation, make_lead, make_user


@pytest.fixture
def actor(supervisor_user) -> Actor:
    return supervisor_user.actor(broker_id=supervisor_user.broker_id)


@pytest.fixture(autouse=True)
def country(broker, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    broker.country = "CL"
    broker.save()


def receive(actor: Actor, content: str | bytes, name: str = "leads.csv", **options: str) -> Job:
    raw = content.encode() if isinstance(content, str) else content
    return receive_file(actor=actor, chunks=[raw], name=name, **options)


def do(
    actor: Actor, run_work, content: str | bytes, *, columns: Mapping[str, str] | None = None, **choices: Any
) -> Job:
    """Import as the page does: receive, choose, start, and let the worker do it."""
    job = receive(actor, content)
    choose(actor=actor, job_id=job.pk, choices=Choices(columns=columns or job.params["columns"], **choices))
    start_import(actor=actor, job_id=job.pk)
    run_work()
    return Job.objects.get(pk=job.pk)


def counts(job: Job) -> tuple[int, ...]:
    result = job.result
    return tuple(result.get(name, 0) for name in ("imported", "updated", "known", "repeated", "invalid"))


def test_a_plain_file_becomes_leads(actor, run_work):
    job = do(actor, run_work, 'phone,name,email,tags\n+56912345678,Ana Soto Paz,Ana@Mail.com,"vip, nueva"\n')

    lead = Lead.objects.get()
    assert job.state == JobState.DONE
    assert counts(job) == (1, 0, 0, 0, 0)
    assert (lead.phone, lead.first_name, lead.last_name, lead.email) == (
        "+56912345678",
        "Ana",
        "Soto Paz",
        "ana@mail.com",
    )
    assert (lead.tags, lead.source, lead.stage, lead.status) == (["vip", "nueva"], "import", "entrada", "cold")
    assert lead.made_by_job_id == job.pk
    assert Activity.objects.get(lead=lead).kind == "created"
    assert sum(LeadTally.objects.filter(stage="entrada").values_list("number", flat=True)) == 1


def test_a_messy_file_of_excel_is_read_as_its_writer_meant_it(actor, run_work):
    text = (
        "Listado de clientes 2024;;;\r\n"
        "Nombre Completo;Teléfono Móvil;Correo Electrónico;Ciudad\r\n"
        ";;;\r\n"
        " José   Núñez ;(+56) 9 1234-5678;JOSE@MAIL.CL;Ñuñoa\r\n"
        "María Peña;56 9 8765 4321;;Viña del Mar\r\n"
        "Repetido;+56912345678;otro@mail.cl;\r\n"
        "Sin contacto;;;\r\n"
        "Mal fono;12;;\r\n"
        "Mal correo;9 5555 4444;esto no es;\r\n"
        "\r\n"
    )

    job = do(actor, run_work, text.encode("cp1252"))

    assert counts(job) == (3, 0, 0, 1, 2)
    jose = Lead.objects.get(phone="+56912345678")
    assert (jose.first_name, jose.last_name, jose.city, jose.email) == ("José", "Núñez", "Ñuñoa", "jose@mail.cl")
    found = list(RowError.objects.filter(job=job).order_by("row").values_list("row", "column", "value", "code"))
    assert found == [
        (7, "", "", "no_contact"),
        (8, "Teléfono Móvil", "12", "invalid_phone"),
        (9, "Correo Electrónico", "esto no es", "invalid_email"),
    ]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "latin-1", "cp850", "mac_roman"]
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_encoding_and_delimiter_are_found(actor, encoding, delimiter):
    rows = [
        ["Nombre", "Teléfono", "Ciudad"],
        ["José Muñoz", "+56912345678", "Ñuñoa"],
        ["Íñigo Gómez", "+56912345679", "Viña"],
    ]
    text = "\n".join(delimiter.join(row) for row in rows)

    job = receive(actor, text.encode(encoding))

    assert job.file.delimiter == delimiter
    assert job.file.headers == rows[0]
    assert job.params["columns"] == {"Nombre": "name", "Teléfono": "phone", "Ciudad": "city"}


def test_a_file_without_headers_is_known_by_its_values(actor, run_work):
    job = do(actor, run_work, "Ana,+56912345678,ana@mail.cl\nLuis,+56912345679,luis@mail.cl\n")

    assert job.params["header_row"] == 0
    assert counts(job) == (2, 0, 0, 0, 0)


def test_a_spreadsheet_s_numbers_are_phones(actor, run_work):
    book = Workbook()
    sheet = book.create_sheet("Clientes", 0)
    sheet.append(["Nombre", "Celular", "Presupuesto"])
    sheet.append(["Ana", 56912345678, 4500.0])
    sheet.append([None, None, None])
    sheet.append(["Luis", 912345679.0, None])
    raw = io.BytesIO()
    book.save(raw)

    job = do(
        actor,
        run_work,
        raw.getvalue(),
        columns={"Nombre": "name", "Celular": "phone", "Presupuesto": "attributes.Presupuesto"},
    )

    assert counts(job) == (2, 0, 0, 0, 0)
    assert Lead.objects.get(phone="+56912345678").attributes == {"Presupuesto": 4500}
    assert Lead.objects.filter(phone="+56912345679").exists()


def test_a_column_can_become_a_custom_field(actor, run_work):
    do(
        actor,
        run_work,
        "phone,Metros\n+56912345678,85\n+56912345679,muchos\n",
        columns={"phone": "phone", "Metros": "attributes.metros"},
    )

    field = CustomField.objects.get()
    assert (field.name, field.origin, field.review) == ("metros", "import", "accepted")


def test_a_value_that_does_not_fit_its_field_is_left_out_and_told(actor, run_work):
    CustomField.objects.create(name="metros", type=FieldType.NUMBER)

    job = do(actor, run_work, "phone,metros\n+56912345678,85\n+56912345679,muchos\n")

    assert counts(job)[0] == 2
    assert Lead.objects.get(phone="+56912345678").attributes == {"metros": 85}
    assert Lead.objects.get(phone="+56912345679").attributes == {}
    assert RowError.objects.get(job=job).code == "invalid_field"


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (OnDuplicate.SKIP, ("Vieja", "", ["uno"], {"a": "1"}, "Rancagua", (0, 0, 1))),
        (OnDuplicate.FILL, ("Vieja", "ana@mail.cl", ["uno"], {"a": "1", "b": "3"}, "Rancagua", (0, 1, 0))),
        (OnDuplicate.UPDATE, ("Ana", "ana@mail.cl", ["uno", "dos"], {"a": "2", "b": "3"}, "Talca", (0, 1, 0))),
    ],
)
def test_what_happens_to_a_lead_that_is_there_is_chosen(actor, run_work, policy, expected):
    lead = make_lead(phone="+5491112345678", first_name="Vieja", city="Rancagua", tags=["uno"], attributes={"a": "1"})
    CustomField.objects.create(name="a")
    CustomField.objects.create(name="b")

    job = do(
        actor,
        run_work,
        "phone,name,email,ciudad,tags,a,b\n+54 11 1234-5678,Ana,ana@mail.cl,Talca,dos,2,3\n",
        on_duplicate=policy,
    )

    lead.refresh_from_db()
    assert (lead.first_name, lead.email, lead.tags, lead.attributes, lead.city, counts(job)[:3]) == expected
    assert Lead.objects.count() == 1


def test_who_has_no_phone_is_known_by_the_e_mail(actor, run_work):
    lead = make_lead(email="Ana@mail.cl")

    job = do(
        actor,
        run_work,
        "email,ciudad\nANA@mail.cl,Talca\nluis@mail.cl,Arica\nluis@mail.cl,Lota\n",
        on_duplicate=OnDuplicate.UPDATE,
    )

    lead.refresh_from_db()
    assert lead.city == "Talca"
    assert counts(job) == (1, 1, 0, 1, 0)


def test_the_first_row_of_a_person_wins(actor, run_work):
    make_lead(phone="+56911111111")

    job = do(
        actor,
        run_work,
        "phone,name\n+56912345678,Primera\n9 1234 5678,Segunda\n+56911111111,Uno\n56911111111,Dos\n",
        on_duplicate=OnDuplicate.UPDATE,
    )

    assert counts(job) == (1, 1, 0, 2, 0)
    assert set(Lead.objects.values_list("first_name", flat=True)) == {"Primera", "Uno"}


def test_stages_statuses_and_agents_are_known_by_their_names(actor, run_work, agent_user):
    job = do(
        actor,
        run_work,
        "phone,Etapa,Agente,lead_status,País\n"
        f"+56912345678,Calificación financiera,{agent_user.email},converted,Colombia\n"
        "+56912345679,nunca,nadie@mail.cl,raro,Marte\n+56912345670,ganado,,,\n",
    )

    lead = Lead.objects.get(phone="+56912345678")
    assert (lead.stage, lead.assigned_agent_id, lead.contact_status, lead.country) == (
        Stage.CALIFICACION_FINANCIERA,
        agent_user.pk,
        "customer",
        "CO",
    )
    assert Lead.objects.get(phone="+56912345670").status == "converted"
    assert set(RowError.objects.filter(job=job).values_list("code", flat=True)) == {
        "unknown_stage",
        "unknown_agent",
        "unknown_contact_status",
        "unknown_country",
    }


def test_tags_and_an_agent_can_be_given_to_all(actor, run_work, agent_user):
    do(actor, run_work, "phone,tags\n+56912345678,uno\n+56912345679,\n", tags=["feria"], agent_id=agent_user.pk)

    assert [sorted(lead.tags) for lead in Lead.objects.order_by("id")] == [["feria", "uno"], ["feria"]]
    assert set(Lead.objects.values_list("assigned_agent_id", flat=True)) == {agent_user.pk}


def test_a_try_counts_and_writes_nothing(actor, run_work):
    make_lead(phone="+56911111111")
    job = receive(actor, "phone,metros\n+56912345678,1\n+56911111111,2\nno,3\n+56912345678,4\n")
    choose(actor=actor, job_id=job.pk, choices=Choices(columns={"phone": "phone", "metros": "attributes.metros"}))

    check = check_import(actor=actor, job_id=job.pk)
    run_work()

    check.refresh_from_db()
    assert check.state == JobState.DONE
    assert counts(check) == (1, 0, 1, 1, 1)
    assert RowError.objects.get(job=check).row == 4
    assert Lead.objects.count() == 1
    assert not CustomField.objects.exists()
    assert Job.objects.get(pk=job.pk).state == JobState.DRAFT


def test_a_try_foresees_what_an_update_would_change(actor, run_work):
    make_lead(phone="+56911111111", city="Talca")
    make_lead(phone="+56911111112", city="Lota")
    job = receive(actor, "phone,ciudad\n+56911111111,Arica\n+56911111112,Lota\n")
    choose(actor=actor, job_id=job.pk, choices=Choices(columns=job.params["columns"], on_duplicate=OnDuplicate.UPDATE))

    check = check_import(actor=actor, job_id=job.pk)
    run_work()

    check.refresh_from_db()
    assert counts(check) == (0, 1, 1, 0, 0)


def test_an_import_is_taken_back_but_for_what_somebody_worked_with(actor, run_work):
    changed = make_lead(phone="+56911111111", city="Talca", email="vieja@mail.cl")
    touched = make_lead(phone="+56911111112", city="Talca")
    job = do(
        actor,
        run_work,
        "phone,name,ciudad,email\n+56912345678,Ana,Arica,\n+56912345679,Luis,Arica,\n+56912345670,Eva,Arica,\n"
        "+56911111111,,Arica,nueva@mail.cl\n+56911111112,,Arica,\n",
        on_duplicate=OnDuplicate.UPDATE,
    )
    update_lead(actor=actor, lead_id=Lead.objects.get(phone="+56912345679").pk, city="Lota")
    make_conversation(lead=Lead.objects.get(phone="+56912345670"))
    update_lead(actor=actor, lead_id=touched.pk, city="Lota")

    undo = undo_import(actor=actor, job_id=job.pk)
    run_work()

    undo.refresh_from_db()
    job.refresh_from_db()
    changed.refresh_from_db()
    touched.refresh_from_db()
    assert (undo.result["deleted"], undo.result["restored"], undo.result["kept"]) == (1, 1, 3)
    assert job.state == JobState.UNDONE
    assert (changed.city, changed.email) == ("Talca", "vieja@mail.cl")
    assert touched.city == "Lota"
    assert set(Lead.objects.values_list("first_name", flat=True)) >= {"Luis", "Eva"}
    assert set(RowError.objects.filter(job=undo).values_list("code", flat=True)) == {
        "kept_work",
        "kept_linked",
        "kept_changed",
    }
    assert sum(LeadTally.objects.filter(stage="entrada").values_list("number", flat=True)) == Lead.objects.count()


def test_an_import_is_taken_back_once(actor, run_work):
    job = do(actor, run_work, "phone\n+56912345678\n")
    undo_import(actor=actor, job_id=job.pk)
    with pytest.raises(Conflict):
        undo_import(actor=actor, job_id=job.pk)
    run_work()

    with pytest.raises(Conflict):
        undo_import(actor=actor, job_id=job.pk)
    assert not Lead.objects.exists()


def test_a_run_after_a_crash_doubles_nothing(actor, run_work, monkeypatch):
    """The process dies after the second batch: whatever it left, the next run ends with each lead once."""
    from apps.leads.importing import running, saving

    monkeypatch.setattr(saving, "BATCH_ROWS", 3)
    job = receive(actor, "phone\n" + "".join(f"+5691234567{n}\n" for n in range(10)))
    choose(actor=actor, job_id=job.pk, choices=Choices(columns=job.params["columns"]))
    job = start_import(actor=actor, job_id=job.pk)
    run = jobs.JobRun(job, actor)
    batches = []

    def die(*_arguments):
        batches.append(1)
        if len(batches) > 2:
            raise SystemExit

    monkeypatch.setattr(run, "advance", die)
    monkeypatch.setattr(running, "drop_table", lambda _job_id: None)
    with pytest.raises(SystemExit):
        running.run_import_job(run)
    assert 0 < Lead.objects.count() < 10
    monkeypatch.undo()

    run_work()

    job.refresh_from_db()
    assert Lead.objects.count() == 10
    assert counts(job) == (10, 0, 0, 0, 0)
    assert Activity.objects.count() == 10


def test_an_import_stops_when_somebody_asks(actor, run_work, monkeypatch):
    from apps.leads.importing import saving

    monkeypatch.setattr(saving, "BATCH_ROWS", 3)
    monkeypatch.setattr(jobs, "_TOLD_EVERY_SECONDS", 0)
    job = receive(actor, "phone\n" + "".join(f"+5691234567{n}\n" for n in range(10)))
    choose(actor=actor, job_id=job.pk, choices=Choices(columns=job.params["columns"]))
    start_import(actor=actor, job_id=job.pk)
    real = saving._save_batch

    def save_then_cancel(*arguments):
        real(*arguments)
        jobs.request_cancel(actor=actor, job_id=job.pk)

    monkeypatch.setattr(saving, "_save_batch", save_then_cancel)
    run_work()

    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert Lead.objects.count() == 3
    assert job.result["imported"] == 3


def test_a_saved_mapping_is_known_by_its_headers(actor):
    save_mapping(actor=actor, name="Portal", columns={"Fono": "phone", "Quien": "name", "X": "attributes.x"})

    job = receive(actor, "X,QUIÉN,fono\n1,Ana,+56912345678\n")

    assert job.params["saved_as"] == "Portal"
    assert job.params["columns"] == {"X": "attributes.x", "QUIÉN": "name", "fono": "phone"}


def test_a_file_can_be_read_another_way(actor):
    job = receive(actor, "Teléfono;Año\n+56912345678;1\n".encode("cp850"), encoding="cp1252")
    assert job.file.headers != ["Teléfono", "Año"]

    job = reread_file(actor=actor, job_id=job.pk, encoding="cp850")

    assert job.file.headers == ["Teléfono", "Año"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"   \n",
        b"%PDF-1.7 ...",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old excel",
        b"PK\x03\x04 not an archive",
        b"<html><table></table></html>",
        b"\x00\x01\x02\x03" * 50,
        b"\x89PNG\r\n\x1a\n",
    ],
)
def test_what_is_no_table_is_refused_and_not_kept(actor, content, settings):
    with pytest.raises(InvalidInput):
        receive(actor, content)

    assert not Job.objects.exists()
    assert not [path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()]


def test_a_file_above_the_limit_is_refused_and_not_kept(actor, settings):
    settings.IMPORT_MAX_BYTES = 10
    with pytest.raises(PayloadTooLarge):
        receive(actor, "phone\n+56912345678\n")

    assert not [path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()]


def test_a_quotation_mark_that_is_never_closed_saves_nothing(actor, run_work):
    good = "".join(f"+569123456{number},Ana\n" for number in range(10, 99))
    text = f'phone,name\n{good}+56911111111,"Luis\n' + "x" * 200_000
    job = receive(actor, text)
    choose(actor=actor, job_id=job.pk, choices=Choices(columns={"phone": "phone", "name": "name"}))
    start_import(actor=actor, job_id=job.pk)
    run_work()

    job.refresh_from_db()
    assert job.state == JobState.FAILED
    assert "91" in job.error
    assert not Lead.objects.exists()


def test_cells_with_every_kind_of_sign_are_kept_as_they_are(actor, run_work):
    nasty = "a\\b \"c\" 'd' {e} \\N \\. ñ 🏠"
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(["phone", "empresa", "tags", "notas", "detalle"])
    writer.writerow(["+56912345678", nasty, 'a"b|c\\d', f"uno\n{nasty}\tdos", f"x\n{nasty}"])

    do(
        actor,
        run_work,
        buffer.getvalue(),
        columns={
            "phone": "phone",
            "empresa": "company",
            "tags": "tags",
            "notas": "notes",
            "detalle": "attributes.detalle",
        },
    )

    lead = Lead.objects.get()
    assert lead.company == nasty
    assert lead.tags == ['a"b', "c\\d"]
    assert lead.notes == f"uno\n{nasty} dos"
    assert lead.attributes == {"detalle": f"x\n{nasty}"}


@pytest.mark.parametrize(
    "columns", [{}, {"a": "phone", "b": "email", "c": "email"}, {"a": "nothing"}, {"a": "attributes."}, {"b": "name"}]
)
def test_a_mapping_that_cannot_be_is_refused(actor, columns):
    job = receive(actor, "a,b,c\n1,2,3\n")
    with pytest.raises(InvalidInput):
        choose(actor=actor, job_id=job.pk, choices=Choices(columns=columns))


def test_a_started_import_is_not_chosen_again(actor):
    job = receive(actor, "phone\n+56912345678\n")
    start_import(actor=actor, job_id=job.pk)

    with pytest.raises(Conflict):
        choose(actor=actor, job_id=job.pk, choices=Choices(columns={"phone": "phone"}))
    with pytest.raises(Conflict):
        discard_draft(actor=actor, job_id=job.pk)


def test_agents_import_nothing_through_the_page_and_see_no_import_of_others(actor, agent_user):
    job = receive(actor, "phone\n+56912345678\n")
    agent = agent_user.actor(broker_id=agent_user.broker_id)

    with pytest.raises(Forbidden):
        receive(agent, "phone\n+56912345678\n")
    with pytest.raises(Forbidden):
        imports_of(agent)
    with pytest.raises(NotFound):
        start_import(actor=agent, job_id=job.pk)


def test_errors_are_a_file_that_a_spreadsheet_does_not_compute(actor, run_work):
    job = do(actor, run_work, "phone,email\n=HYPERLINK(1),\n+56912345678,@cmd\n")

    lines = list(csv.reader(io.StringIO(b"".join(errors_as_csv(job)).decode("utf-8-sig"))))

    assert len(lines) == 3
    assert lines[1][:3] == ["2", "phone", "'=HYPERLINK(1)"]
    assert lines[2][:3] == ["3", "email", "'@cmd"]


def test_the_history_needs_one_query(actor, run_work, django_assert_num_queries):
    for number in range(3):
        do(actor, run_work, f"phone\n+5691234567{number}\n")

    with django_assert_num_queries(1):
        assert [(job.file.name, getattr(job.created_by, "pk", None)) for job in imports_of(actor)] == [
            ("leads.csv", actor.user_id)
        ] * 3


def test_another_broker_s_leads_are_another_broker_s(actor, run_work, other_broker):
    from apps.core.tenancy import in_broker

    with in_broker(other_broker.pk):
        make_lead(phone="+56912345678")

    job = do(actor, run_work, "phone\n+56912345678\n")

    assert counts(job) == (1, 0, 0, 0, 0)
    with in_broker(other_broker.pk):
        assert Lead.objects.count() == 1
        assert not Job.objects.filter(kind=JobKind.IMPORT).exists()


def test_jobs_that_were_undone_keep_no_changes(actor, run_work):
    make_lead(phone="+56912345678")
    job = do(actor, run_work, "phone,ciudad\n+56912345678,Arica\n", on_duplicate=OnDuplicate.UPDATE)
    assert JobChange.objects.filter(job=job).exists()

    undo_import(actor=actor, job_id=job.pk)
    run_work()

    assert not JobChange.objects.exists()
    assert make_user(Role.AGENT, broker_id=actor.broker_id) is not None


def test_old_files_go_and_what_came_of_them_stays(actor, run_work):
    done = do(actor, run_work, "phone\n+56912345678\n")
    draft = receive(actor, "phone\n+56912345679\n")
    paths = [stream_path(job.file.path) for job in (done, draft)]

    assert forget_files(timezone.now() - timedelta(days=1)) == 0
    assert forget_files(timezone.now() + timedelta(seconds=1)) == 2

    assert [path.exists() for path in paths] == [False, False]
    assert list(Job.objects.filter(kind=JobKind.IMPORT).values_list("pk", flat=True)) == [done.pk]
    assert forget_files(timezone.now() + timedelta(seconds=1)) == 0
