"""The page where an administrator says what points are given for."""

import re

import pytest

from apps.core.tenancy import in_broker
from apps.leads.models import CustomField, Job
from apps.leads.scoring import WEIGHTS, scoring_rules
from apps.leads.types import JobKind, JobState
from tests.factories import make_lead

PAGE = "/app/settings/scoring"
PREVIEW, APPLY = f"{PAGE}/preview", f"{PAGE}/apply"
USUAL = {
    **{f"weight.{name}": points for name, points in WEIGHTS.items()},
    "warm": 40,
    "hot": 70,
    "after_days": 14,
    "points_per_week": 5,
    "floor": 0,
}
KNOWN = {"location": "Ñuñoa", "budget_amount": 3000, "purpose": "buy"}


@pytest.fixture
def admin(admin_user, browser):
    return browser(admin_user)


def test_the_page_shows_every_part_with_its_points(broker, admin):
    make_lead(source="portal")
    CustomField.objects.create(name="credito", label="Crédito aprobado")

    html = admin.get(PAGE).content.decode()

    for name, points in WEIGHTS.items():
        field = re.search(rf'<input[^>]*name="weight.{name}"[^>]*>', html)
        assert field and f'value="{points}"' in field.group()
    assert 'name="source.name" value="portal"' in html
    assert "Crédito aprobado" in html


def test_the_page_costs_the_same_whatever_the_number_of_leads(broker, admin, django_assert_max_num_queries):
    admin.get(PAGE)
    for number in range(20):
        make_lead(source=f"source {number}", attributes=KNOWN)

    with django_assert_max_num_queries(24):
        admin.get(PAGE)


def test_what_would_change_is_shown_before_anything_does(broker, admin):
    lead = make_lead(first_name="Violeta", last_name="", score=55, status="warm", attributes=KNOWN)

    html = admin.press(PREVIEW, **{**USUAL, "weight.budget": "40"}).content.decode()

    assert "Violeta" in html
    assert "80" in html
    lead.refresh_from_db()
    assert (float(lead.score), scoring_rules().weights["budget"]) == (55, 15)


def test_saving_keeps_the_rules_and_computes_all_scores(broker, admin):
    make_lead(source="portal", attributes=KNOWN)
    given = {**USUAL, "weight.budget": "20,5", "source.name": ["portal", "feria"], "source.points": ["8", "0"]}

    answer = admin.press(APPLY, **given)

    assert answer.status_code == 200
    rules = scoring_rules()
    assert (rules.weights["budget"], rules.sources) == (20.5, {"portal": 8})
    job = Job.objects.get(kind=JobKind.RESCORE)
    assert (job.state, job.total) == (JobState.QUEUED, 1)
    assert f"jobs/{job.pk}" in answer.content.decode()


def test_the_computing_can_be_watched_and_stopped(broker, admin):
    admin.press(APPLY, **USUAL)
    job = Job.objects.get(kind=JobKind.RESCORE)

    assert "progress" in admin.part(f"{PAGE}/jobs/{job.pk}").content.decode()
    admin.press(f"{PAGE}/jobs/{job.pk}/cancel")

    job.refresh_from_db()
    assert job.state == JobState.CANCELLED


@pytest.mark.parametrize(
    "wrong",
    [
        {"weight.budget": "mucho"},
        {"weight.budget": "nan"},
        {"weight.budget": "1e400"},
        {"weight.budget": "-1"},
        {"weight.budget": "101"},
        {"warm": "80"},
        {"hot": ""},
        {"after_days": "0"},
        {"source.name": ["a", "b"], "source.points": ["1"]},
        {"field.name": ["x" * 200], "field.points": ["1"]},
    ],
)
@pytest.mark.parametrize("path", [PREVIEW, APPLY])
def test_nonsense_is_refused_with_a_word_and_nothing_is_kept(broker, admin, path, wrong):
    before = scoring_rules()

    answer = admin.press(path, **{**USUAL, **wrong})

    assert answer.status_code == 422
    assert "toast" in answer.headers["HX-Trigger"]
    assert scoring_rules() == before
    assert not Job.objects.exists()


@pytest.mark.parametrize("who", ["supervisor_user", "agent_user"])
def test_only_administrators_come_here(broker, request, browser, who):
    client = browser(request.getfixturevalue(who))

    assert client.get(PAGE).status_code == 403
    assert client.press(PREVIEW, **USUAL).status_code == 403
    assert client.press(APPLY, **USUAL).status_code == 403


def test_another_brokers_job_is_not_found(broker, admin, other_broker):
    with in_broker(other_broker.pk):
        Job.objects.create(kind=JobKind.RESCORE, pk=4711)

    assert admin.part(f"{PAGE}/jobs/4711").status_code == 404


def test_a_stranger_is_sent_to_sign_in(broker, browser):
    assert browser().get(PAGE).status_code == 302
