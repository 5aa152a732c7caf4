"""Sections 7.8 and 7.9: clients in from a CSV file, clients out as one."""

import csv
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.leads.importing import actions
from apps.leads.models import CustomField, Job, Lead
from tests.factories import make_lead

IMPORT = "/v1/clients/import"
EXPORT = "/v1/clients/export"
HEAD = "phone_number,first_name,last_name,email,company,city,country,lead_status,segment,tags\n"
CARLOS = '+573001234567,Carlos,Rodríguez,carlos@email.com,Acme Corp,Bogotá,Colombia,contacted,vip,"recurrente,vip"\n'


@pytest.fixture(autouse=True)
def media(broker, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    broker.country = "CO"
    broker.save()


def send(client, content: str | bytes, name: str = "clientes.csv"):
    raw = content.encode() if isinstance(content, str) else content
    return client.post(IMPORT, {"file": SimpleUploadedFile(name, raw)}, format="multipart")


def exported(client, **query) -> list[dict[str, str]]:
    answer = client.get(EXPORT, query)
    assert answer.status_code == 200, answer.content
    raw = b"".join(answer.streaming_content)
    return list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline="")))


def test_the_fields_of_a_client_are_columns(api, supervisor_user):
    answer = send(api(supervisor_user), HEAD + CARLOS)

    assert answer.status_code == 200
    assert answer.json() == {"imported": 1, "skipped": 0, "errors": []}
    lead = Lead.objects.get()
    assert (lead.phone, lead.first_name, lead.last_name) == ("+573001234567", "Carlos", "Rodríguez")
    assert (lead.company, lead.city, lead.country, lead.contact_status) == ("Acme Corp", "Bogotá", "CO", "contacted")
    assert (lead.segment, lead.tags) == ("vip", ["recurrente", "vip"])


def test_a_bad_row_is_listed_and_does_not_stop_the_others(api, supervisor_user):
    make_lead(phone="+573009999999")

    answer = send(api(supervisor_user), HEAD + "12,Mal\n+573009999999,Ya está\n" + CARLOS + CARLOS)

    body = answer.json()
    assert (body["imported"], body["skipped"]) == (1, 2)
    assert [each["row"] for each in body["errors"]] == [2]
    assert set(body["errors"][0]) == {"row", "error"}


def test_converted_and_lost_are_the_stages_won_and_lost(api, supervisor_user):
    send(api(supervisor_user), "phone_number,lead_status\n+573001234567,converted\n+573001234568,lost\n")

    assert list(Lead.objects.order_by("id").values_list("stage", "status")) == [
        ("ganado", "converted"),
        ("perdido", "lost"),
    ]


def test_a_large_file_is_a_job_to_follow(api, supervisor_user, run_work, monkeypatch):
    monkeypatch.setattr(actions, "SMALL_ROWS", 0)
    answer = send(api(supervisor_user), HEAD + CARLOS + "12\n")
    assert answer.status_code == 202
    run_work()

    status = api(supervisor_user).get(answer.json()["status_url"]).json()

    assert (status["status"], status["imported"], [each["row"] for each in status["errors"]]) == ("done", 1, [3])


def test_who_may_not_import_or_export_is_refused(api, agent_user, supervisor_user):
    assert send(api(agent_user), HEAD + CARLOS).status_code == 403
    assert api(agent_user).get(EXPORT).status_code == 403
    assert send(api(), HEAD + CARLOS).status_code == 401
    assert api().get(EXPORT).status_code == 401
    assert send(api(supervisor_user), HEAD + CARLOS).status_code == 200
    assert not Job.objects.filter(created_by=agent_user).exists()


def test_another_broker_sees_neither_the_job_nor_the_clients(api, supervisor_user, other_admin_user):
    send(api(supervisor_user), HEAD + CARLOS)
    job = Job.objects.get(kind="import")

    assert api(other_admin_user).get(f"{IMPORT}/{job.pk}").status_code == 404
    assert exported(api(other_admin_user)) == []


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"%PDF-", b"\x89PNG\r\n\x1a\n", "sin,nada\n1,2\n"])
def test_what_is_no_table_of_clients_is_refused(api, supervisor_user, content):
    answer = send(api(supervisor_user), content)

    assert answer.status_code in {400, 422}
    assert set(answer.json()["error"]) == {"code", "message", "details"}


def test_no_file_is_422(api, supervisor_user):
    assert api(supervisor_user).post(IMPORT, {}, format="multipart").status_code == 422


def test_the_export_has_the_fields_of_a_client_and_the_custom_fields(api, supervisor_user):
    CustomField.objects.create(name="industria")
    send(api(supervisor_user), HEAD + CARLOS)
    Lead.objects.update(attributes={"industria": "=Tecnología"})

    (row,) = exported(api(supervisor_user), format="csv")

    assert row["phone_number"] == "+573001234567"
    assert (row["country"], row["lead_status"], row["tags"], row["opt_in"]) == (
        "Colombia",
        "contacted",
        "recurrente,vip",
        "true",
    )
    assert row["industria"] == "'=Tecnología"
    assert row["created_at"].endswith("Z")


def test_the_export_is_narrowed_by_status_segment_and_search(api, supervisor_user):
    make_lead(first_name="Ana", contact_status="contacted", segment="vip")
    make_lead(first_name="Luis", contact_status="contacted", segment="regular")
    make_lead(first_name="Eva", contact_status="new", segment="vip")
    make_lead(first_name="Iris", contact_status="contacted", status="lost", stage="perdido", segment="vip")
    client = api(supervisor_user)

    assert [row["first_name"] for row in exported(client, lead_status="contacted", segment="vip")] == ["Ana"]
    assert [row["first_name"] for row in exported(client, lead_status="lost")] == ["Iris"]
    assert [row["first_name"] for row in exported(client, search="luis")] == ["Luis"]
    assert client.get(EXPORT, {"lead_status": "nunca"}).status_code == 422
    assert client.get(EXPORT, {"format": "pdf"}).status_code == 422


def test_what_was_exported_can_be_imported(api, supervisor_user):
    client = api(supervisor_user)
    send(client, HEAD + CARLOS)
    raw = b"".join(client.get(EXPORT).streaming_content)
    Lead.objects.all().delete()

    assert send(client, raw).json() == {"imported": 1, "skipped": 0, "errors": []}
    assert Lead.objects.get().tags == ["recurrente", "vip"]


def test_import_and_export_are_no_clients_by_number(api, supervisor_user):
    assert api(supervisor_user).get("/v1/clients/import").status_code == 405
    assert api(supervisor_user).get("/v1/clients/export/").status_code == 200
