"""`manage.py import_leads`."""

import io

import pytest
from django.core.management import CommandError, call_command

from apps.core.tenancy import in_public
from apps.leads.models import Job, Lead
from apps.leads.types import JobState
from tests.factories import make_lead

MESSY = "Nombre;Fono;Metros;Interno\nJosé Núñez;9 1234 5678;85;x\nMal;12;;\nJosé otra vez;56912345678;;\n"


@pytest.fixture(autouse=True)
def media(broker, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    broker.country = "CL"
    broker.save()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "leads.csv"
    path.write_bytes(MESSY.encode("cp1252"))
    return path


def run(*arguments: object) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    with in_public():
        call_command("import_leads", *map(str, arguments), stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_a_file_is_imported_and_what_happened_is_said(broker, file):
    out, err = run(
        "--broker", broker.pk, file, "--map", "Fono=phone", "--map", "Metros=attributes.metros", "--tag", "feria"
    )

    lead = Lead.objects.get()
    assert (lead.name, lead.phone, lead.attributes, lead.tags) == (
        "José Núñez",
        "+56912345678",
        {"metros": 85},
        ["feria"],
    )
    assert "Interno -> (left out)" in out
    assert "1  new leads" in out
    assert "1  repeated in the file" in out
    assert "row 3, Fono" in err


def test_a_dry_run_saves_nothing(broker, file):
    out, _err = run("--broker", broker.pk, file, "--map", "Fono=phone", "--dry-run")

    assert "nothing was saved" in out
    assert "1  new leads" in out
    assert not Lead.objects.exists()
    assert not Job.objects.filter(kind="import").exists()


def test_duplicates_are_treated_as_chosen(broker, file):
    lead = make_lead(phone="+56912345678", first_name="Antes")

    run("--broker", broker.pk, file, "--map", "Fono=phone", "--on-duplicate", "update")

    lead.refresh_from_db()
    assert lead.first_name == "José"


def test_delimiter_and_encoding_can_be_said(broker, tmp_path):
    path = tmp_path / "leads.txt"
    path.write_bytes("Teléfono\tNombre\n+56912345678\tÍñigo\n".encode("cp850"))

    run("--broker", broker.pk, path, "--delimiter", "tab", "--encoding", "cp850")

    assert Lead.objects.get().first_name == "Íñigo"


@pytest.mark.parametrize(
    "more",
    [
        ["--map", "Nada=phone"],
        ["--map", "Fono=nothing"],
        ["--map", "Fono="],
        ["--encoding", "utf-16", "--map", "Fono=phone"],
    ],
)
def test_what_cannot_be_is_refused_and_leaves_no_draft(broker, file, more):
    with pytest.raises(CommandError):
        run("--broker", broker.pk, file, *more)

    assert not Job.objects.exists()


def test_a_missing_file_or_broker_is_refused(broker, file):
    with pytest.raises(CommandError, match="There is no file"):
        run("--broker", broker.pk, "nowhere.csv")
    with pytest.raises(CommandError, match="There is no broker"):
        run("--broker", 999_999, file)


def test_stopping_it_by_hand_ends_the_job(broker, file, monkeypatch):
    from apps.leads.importing import running

    def stop(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "save_rows", stop)
    with pytest.raises(SystemExit) as ended:
        run("--broker", broker.pk, file, "--map", "Fono=phone")

    assert ended.value.code == 130
    assert Job.objects.get().state == JobState.CANCELLED
