"""POST /api/v1/leads/bulk-import and the job of a large one."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from apps.core.tenancy import in_broker
from apps.leads.importing import actions
from apps.leads.models import Job, Lead
from tests.factories import make_lead

IMPORT = "/api/v1/leads/bulk-import"
GOOD = 'phone,name,email,tags\n+56912345678,Ana Soto,ana@mail.cl,"vip, nueva"\n'


@pytest.fixture(autouse=True)
def media(broker, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    broker.country = "CL"
    broker.save()


def send(client, content: str | bytes, name: str = "leads.csv", path: str = IMPORT):
    raw = content.encode() if isinstance(content, str) else content
    return client.post(path, {"file": SimpleUploadedFile(name, raw, content_type="text/csv")}, format="multipart")


def test_a_small_file_is_counted_at_once(api, admin_user):
    make_lead(phone="+56911111111")
    rows = "+56911111111,Ya está,,\n912345678,Repetida,,\n,Sin fono,x@mail.cl,\n123,Mal fono,,\n"

    answer = send(api(admin_user), GOOD + rows)

    assert answer.status_code == 200
    assert answer.json() == {"imported": 1, "duplicates": 2, "invalid": 2}
    lead = Lead.objects.get(phone="+56912345678")
    assert (lead.name, lead.email, lead.tags, lead.assigned_agent_id) == (
        "Ana Soto",
        "ana@mail.cl",
        ["vip", "nueva"],
        None,
    )


def test_the_same_file_twice_is_duplicates(api, admin_user):
    send(api(admin_user), GOOD)

    assert send(api(admin_user), GOOD).json() == {"imported": 0, "duplicates": 1, "invalid": 0}


def test_an_agent_s_leads_are_theirs(api, agent_user):
    answer = send(api(agent_user), GOOD)

    assert answer.json()["imported"] == 1
    assert Lead.objects.get().assigned_agent_id == agent_user.pk


def test_an_agent_learns_nothing_of_leads_of_others_and_changes_none(api, agent_user):
    lead = make_lead(phone="+56912345678", first_name="Ajena")

    assert send(api(agent_user), GOOD).json() == {"imported": 0, "duplicates": 1, "invalid": 0}
    lead.refresh_from_db()
    assert (lead.first_name, lead.assigned_agent_id) == ("Ajena", None)


def test_a_large_file_is_answered_with_a_job_to_follow(api, admin_user, run_work, monkeypatch):
    monkeypatch.setattr(actions, "SMALL_ROWS", 1)
    answer = send(api(admin_user), GOOD + "+56912345679,Luis,,\n")

    assert answer.status_code == 202
    body = answer.json()
    assert (body["status"], body["imported"]) == ("queued", 0)
    run_work()

    status = api(admin_user).get(body["status_url"])
    assert status.status_code == 200
    assert {name: status.json()[name] for name in ("status", "imported", "duplicates", "invalid", "job_id")} == {
        "status": "done",
        "imported": 2,
        "duplicates": 0,
        "invalid": 0,
        "job_id": body["job_id"],
    }


def test_the_job_of_somebody_else_or_of_another_broker_does_not_exist(
    api, admin_user, agent_user, other_admin_user, other_broker
):
    send(api(admin_user), GOOD)
    job = Job.objects.get(kind="import")

    assert api(admin_user).get(f"/api/v1/leads/imports/{job.pk}").status_code == 200
    assert api(agent_user).get(f"/api/v1/leads/imports/{job.pk}").status_code == 404
    assert api(other_admin_user).get(f"/api/v1/leads/imports/{job.pk}").status_code == 404
    with in_broker(other_broker.pk):
        assert not Lead.objects.exists()


@pytest.mark.parametrize(
    ("name", "content", "status"),
    [
        ("leads.xlsx", GOOD, 400),
        ("leads.txt", GOOD, 400),
        ("leads.csv", b"PK\x03\x04rubbish", 422),
        ("leads.csv", b"", 422),
        ("leads.csv", b"%PDF-1.4 x", 422),
        ("leads.csv", b"\xff\xfe\x00", 400),
        ("leads.csv", "uno,dos\na,b\n", 400),
        ("leads.csv", "email\nana@mail.cl\n", 400),
        ("leads.csv", "phone\n\x00\x00\n", 422),
        ("leads.csv", "phone,phone,phone\n+56912345678,,\n", 200),
    ],
)
def test_what_cannot_be_read_is_refused_and_nothing_is_half_saved(api, admin_user, name, content, status):
    answer = send(api(admin_user), content, name)

    assert answer.status_code == status, answer.content
    if status != 200:
        assert "detail" in answer.json()
        assert not Lead.objects.exists()
        assert not Job.objects.filter(state="draft").exists()


def test_a_body_without_a_file_is_refused(api, admin_user):
    assert api(admin_user).post(IMPORT, {"other": "x"}, format="multipart").status_code == 422
    assert api(admin_user).post(IMPORT, {"file": "text"}, format="multipart").status_code == 422
    assert api(admin_user).post(IMPORT, {"file": "x"}).status_code == 415


def test_a_file_above_the_limit_is_413(api, admin_user, settings):
    settings.IMPORT_MAX_BYTES = 5

    answer = send(api(admin_user), GOOD)

    assert answer.status_code == 413
    assert not Job.objects.exists()


def test_strangers_are_401(api):
    assert send(api(), GOOD).status_code == 401
    assert api().get("/api/v1/leads/imports/1").status_code == 401
