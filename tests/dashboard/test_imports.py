"""The import wizard and the pages of exports: who may, what each step answers, what bad input does."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.leads.models import ImportMapping, Job, Lead
from apps.leads.types import JobState
from tests.factories import make_lead

FILE = "Nombre;Fono;Metros\nAna Soto;9 1234 5678;85\nMal;12;\n"


@pytest.fixture(autouse=True)
def media(broker, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    broker.country = "CL"
    broker.save()


@pytest.fixture
def supervisor(browser_session, supervisor_user):
    return browser_session(supervisor_user)


def upload(client, content: str | bytes = FILE, **headers: str):
    raw = content.encode() if isinstance(content, str) else content
    return client.post(
        "/app/import", {"file": SimpleUploadedFile("leads.csv", raw)}, format="multipart", headers=headers
    )


def draft(client) -> str:
    answer = upload(client)
    assert answer.status_code == 302
    return answer.headers["Location"]


def choices(**more: str) -> dict[str, str]:
    return {"column-0": "name", "column-1": "phone", "column-2": "attributes.metros", "on_duplicate": "skip", **more}


def send(client, path: str, data: dict[str, str]):
    return client.post(path, data, format="multipart")


def words(answer) -> str:
    return answer.content.decode()


def test_from_the_file_to_the_leads_and_back(supervisor, run_work):
    path = draft(supervisor)
    assert "9 1234 5678" in words(supervisor.get(path))

    assert send(supervisor, f"{path}/go", choices(do="check")).status_code == 302
    run_work()
    assert "figure" in words(supervisor.get(f"{path}/progress"))
    assert not Lead.objects.exists()

    send(supervisor, f"{path}/go", choices(do="import", tags="feria, sur", remember="yes", mapping_name="Portal"))
    run_work()
    lead = Lead.objects.get()
    assert (lead.name, lead.attributes, lead.tags) == ("Ana Soto", {"metros": 85}, ["feria", "sur"])
    assert ImportMapping.objects.get().name == "Portal"
    assert 'data-state="done"' in words(supervisor.get(path))
    assert supervisor.get(f"{path}/errors").content.decode("utf-8-sig").count("\n") == 2
    assert "leads.csv" in words(supervisor.get("/app/import"))

    send(supervisor, f"{path}/undo", {})
    run_work()
    assert not Lead.objects.exists()
    assert 'data-state="undone"' in words(supervisor.get(path))


def test_a_script_is_told_where_to_go(supervisor):
    answer = upload(supervisor, **{"HX-Request": "true"})

    assert answer.status_code == 204
    assert answer.headers["HX-Redirect"] == f"/app/import/{Job.objects.get().pk}"


@pytest.mark.parametrize("content", [b"", b"%PDF-1.4", b"PK\x03\x04", b"\x00" * 100, b"<html><table>"])
def test_what_is_no_table_is_said_and_makes_no_draft(supervisor, content):
    assert upload(supervisor, content).headers["Location"] == "/app/import"
    assert upload(supervisor, content, **{"HX-Request": "true"}).status_code == 422
    assert not Job.objects.exists()


def test_no_file_is_said(supervisor):
    assert send(supervisor, "/app/import", {}).headers["Location"] == "/app/import"


def test_the_preview_follows_the_columns_on_the_page(supervisor):
    path = draft(supervisor)

    answer = send(supervisor, f"{path}/preview", choices())

    assert answer.status_code == 200
    assert "+56912345678" in words(answer)
    assert "85" in words(answer)
    assert send(supervisor, f"{path}/preview", {"column-1": "nonsense"}).status_code == 200


@pytest.mark.parametrize(
    "said", [{}, {"column-0": "phone", "column-1": "nonsense"}, {"column-0": "email", "column-1": "email"}]
)
def test_columns_that_cannot_be_are_said_and_start_nothing(supervisor, said):
    path = draft(supervisor)

    answer = send(supervisor, f"{path}/go", {**said, "do": "import"})

    assert answer.headers["Location"] == path
    assert 'class="toast error"' in words(supervisor.get(path)) or "toast" in words(supervisor.get(path))
    assert Job.objects.get().state == JobState.DRAFT


def test_the_file_can_be_read_another_way_and_discarded(supervisor):
    path = draft(supervisor)
    send(supervisor, f"{path}/reread", {"delimiter": ","})
    assert Job.objects.get().file.headers == ["Nombre;Fono;Metros"]
    for wrong in ({"delimiter": "x"}, {"encoding": "klingon"}, {"encoding": "utf-16"}):
        assert send(supervisor, f"{path}/reread", wrong).status_code == 302

    assert send(supervisor, f"{path}/discard", {}).headers["Location"] == "/app/import"
    assert not Job.objects.exists()
    assert supervisor.get(path).status_code == 404


def test_agents_see_no_import_and_strangers_sign_in(browser_session, agent_user, supervisor, api):
    path = draft(supervisor)
    agent = browser_session(agent_user)

    assert agent.get("/app/import").status_code == 403
    assert upload(agent).status_code == 403
    assert Job.objects.count() == 1
    assert agent.get(path).status_code == 404
    assert agent.get("/app/export").status_code == 403
    assert api().get("/app/import").headers["Location"].startswith("/app/login")


def test_another_broker_finds_nothing(supervisor, browser_session, other_admin_user):
    path = draft(supervisor)
    other = browser_session(other_admin_user)

    for address in (path, f"{path}/progress", f"{path}/errors"):
        assert other.get(address).status_code == 404
    for step in ("go", "undo", "cancel", "reread"):
        send(other, f"{path}/{step}", choices(do="import"))
    assert Job.objects.get().state == JobState.DRAFT


def test_the_page_s_queries_do_not_grow_with_the_history(supervisor, django_assert_max_num_queries):
    for _number in range(5):
        draft(supervisor)

    with django_assert_max_num_queries(14):
        assert supervisor.get("/app/import").status_code == 200


def test_the_table_s_filter_is_what_is_exported(supervisor):
    make_lead(first_name="Ana", last_name="", stage="agendado")
    make_lead(first_name="Luis", last_name="", stage="entrada")

    page = supervisor.get("/app/export?stage=agendado")
    answer = supervisor.get("/app/export/csv", {"query": "stage=agendado", "column": ["name"]})

    assert page.status_code == 200
    rows = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert rows[1:] == ["Ana"]
    assert "attachment" in answer.headers["Content-Disposition"]


def test_a_spreadsheet_is_made_and_fetched_by_a_signed_address(supervisor, run_work):
    make_lead()

    started = send(supervisor, "/app/export/xlsx", {"query": "", "column": "name"})
    path = started.headers["Location"]
    assert supervisor.get(f"{path}/file").status_code == 404
    run_work()

    assert 'data-state="done"' in words(supervisor.get(path))
    signed = supervisor.get(f"{path}/file").headers["Location"]
    assert signed.startswith("/files/")
    assert b"".join(supervisor.get(signed).streaming_content)[:2] == b"PK"


@pytest.mark.parametrize("query", ["filter=nonsense", "filter=%7B%22all%22%3A1%7D", "sort=nothing"])
def test_a_filter_that_cannot_be_gives_no_500(supervisor, query):
    assert supervisor.get(f"/app/export?{query}").status_code in {200, 302, 422}
    assert supervisor.get("/app/export/csv", {"query": query}).status_code in {200, 302, 422}
    assert supervisor.get("/app/export/csv", {"query": "", "column": "password"}).status_code in {302, 422}
