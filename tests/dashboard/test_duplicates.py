"""The review of duplicates: who may open it, what it shows, and what its buttons do."""

import json

import pytest

from apps.core.tenancy import in_broker
from apps.leads.merging import merge_leads
from apps.leads.models import DuplicatePair, Job, Lead, LeadMerge
from apps.leads.types import DuplicateReason
from tests.factories import make_conversation, make_lead, make_message


@pytest.fixture
def pair(broker):
    first = make_lead(first_name="Ana", last_name="Pérez", email="ana@correo.cl", city="Santiago", attributes={"a": 1})
    second = make_lead(first_name="Anita", last_name="Pérez", email="ana@correo.cl", city="", attributes={"a": 2})
    return DuplicatePair.objects.create(first=first, second=second, reason=DuplicateReason.EMAIL, likeness=90)


def events_of(answer) -> dict:
    return json.loads(answer.headers.get("HX-Trigger", "{}"))


def test_the_page_shows_both_side_by_side_and_why(pair, supervisor_user, browser):
    html = browser(supervisor_user).get("/app/duplicates").content.decode()

    assert "Anita Pérez" in html
    assert html.count("ana@correo.cl") >= 2
    assert f'id="pair-{pair.pk}"' in html


def test_an_agent_is_refused(pair, agent_user, browser):
    client = browser(agent_user)

    assert client.get("/app/duplicates").status_code == 403
    assert client.press(f"/app/duplicates/{pair.pk}/dismiss").status_code == 403
    assert client.press("/app/duplicates/search").status_code == 403
    assert client.press("/app/duplicates/merge/now", kept=pair.first_id, absorbed=pair.second_id).status_code == 404
    assert Lead.objects.filter(pk=pair.second_id).exists()


def test_another_brokers_pair_does_not_exist(pair, other_admin_user, other_broker, browser):
    client = browser(other_admin_user)
    merge = merge_leads_of(pair)

    assert client.press(f"/app/duplicates/{pair.pk}/dismiss").status_code == 404
    assert client.press(f"/app/duplicates/merges/{merge.pk}/undo").status_code == 404
    with in_broker(other_broker.pk):
        assert "Anita" not in client.get("/app/duplicates").content.decode()


def merge_leads_of(pair) -> LeadMerge:
    from apps.core.access import system_actor
    from apps.core.tenancy import entered_broker_id

    third, fourth = make_lead(), make_lead()
    return merge_leads(actor=system_actor(entered_broker_id()), kept_id=third.pk, absorbed_id=fourth.pk)


def test_the_dialog_offers_what_both_know_and_says_what_moves(pair, admin_user, browser):
    make_message(make_conversation(pair.second))

    answer = browser(admin_user).get(f"/app/duplicates/merge?kept={pair.first_id}&absorbed={pair.second_id}")

    html = answer.content.decode()
    assert 'name="choose.name"' in html
    assert 'name="choose.phone"' in html
    assert 'name="choose.attributes.a"' in html
    assert 'name="choose.city"' not in html
    assert "Santiago" in html


def test_merging_takes_the_choices_and_can_be_undone_from_the_toast(pair, admin_user, browser):
    client = browser(admin_user)

    answer = client.press(
        "/app/duplicates/merge/now",
        **{
            "kept": pair.first_id,
            "absorbed": pair.second_id,
            "choose.name": "absorbed",
            "choose.attributes.a": "absorbed",
        },
    )

    assert answer.status_code == 204
    lead = Lead.objects.get(pk=pair.first_id)
    assert (lead.first_name, lead.attributes["a"]) == ("Anita", 2)
    undo = events_of(answer)["toast"]["action"]["url"]
    assert events_of(answer)["duplicates-changed"]["undo"] == undo
    assert "Anita" in client.get("/app/duplicates").content.decode()

    assert client.press(undo).status_code == 204
    assert Lead.objects.get(pk=pair.first_id).first_name == "Ana"
    assert Lead.objects.filter(pk=pair.second_id).exists()
    assert client.press(undo).status_code == 409


def test_undo_says_what_it_left(pair, admin_user, browser):
    client = browser(admin_user)
    client.press("/app/duplicates/merge/now", kept=pair.second_id, absorbed=pair.first_id)
    Lead.objects.filter(pk=pair.second_id).update(city="Temuco")

    answer = client.press(f"/app/duplicates/merges/{LeadMerge.objects.get().pk}/undo")

    assert "Ciudad" in events_of(answer)["toast"]["message"] or "City" in events_of(answer)["toast"]["message"]
    assert Lead.objects.get(pk=pair.second_id).city == "Temuco"


def test_two_people_leave_the_list_and_can_be_taken_back(pair, admin_user, browser):
    client = browser(admin_user)

    answer = client.press(f"/app/duplicates/{pair.pk}/dismiss")
    assert f'id="pair-{pair.pk}"' not in client.get("/app/duplicates/review").content.decode()

    client.press(events_of(answer)["toast"]["action"]["url"])
    assert f'id="pair-{pair.pk}"' in client.get("/app/duplicates/review").content.decode()


def test_search_runs_in_the_background_once(admin_user, browser):
    client = browser(admin_user)

    client.press("/app/duplicates/search")
    client.press("/app/duplicates/search")

    assert Job.objects.count() == 1
    assert "search-progress" in client.get("/app/duplicates/review").content.decode()


@pytest.mark.parametrize(
    "query",
    ["", "?kept=x", "?kept=1&absorbed=1", "?kept=99999999999999999999&absorbed=2", "?kept=-1&absorbed=%00"],
)
def test_nonsense_is_refused_politely(broker, admin_user, browser, query):
    assert 400 <= browser(admin_user).part(f"/app/duplicates/merge{query}").status_code < 500


def test_nonsense_choices_change_nothing(pair, admin_user, browser):
    client = browser(admin_user)

    for name, side in (("choose.id", "absorbed"), ("choose.city", "both"), ("choose.", "kept")):
        answer = client.press(
            "/app/duplicates/merge/now", **{"kept": pair.first_id, "absorbed": pair.second_id, name: side}
        )
        assert answer.status_code == 422
    assert client.press("/app/duplicates/merge/now", kept=pair.first_id).status_code == 422
    assert Lead.objects.filter(pk=pair.second_id).exists()


def test_a_lead_is_merged_with_any_other_found_by_name(pair, admin_user, browser):
    client = browser(admin_user)

    assert "Ana Pérez" in client.get(f"/app/duplicates/merge?kept={pair.first_id}").content.decode()
    found = client.get(f"/app/duplicates/merge?kept={pair.first_id}&q=anita").content.decode()

    assert f"absorbed={pair.second_id}" in found


def test_more_pairs_cost_no_more_queries(broker, admin_user, browser, django_assert_max_num_queries):
    client = browser(admin_user)
    client.get("/app/duplicates/review")

    def count(pairs: int) -> int:
        for _number in range(pairs):
            DuplicatePair.objects.create(
                first=make_lead(assigned_agent=admin_user), second=make_lead(), reason=DuplicateReason.EMAIL
            )
        with django_assert_max_num_queries(30) as queries:
            client.get("/app/duplicates/review")
        return len(queries)

    assert count(1) == count(12)
