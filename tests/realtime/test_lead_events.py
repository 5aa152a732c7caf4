"""What browsers hear of leads and jobs, and who does not hear it."""

import pytest

from apps.accounts.models import User
from apps.brokers.models import Broker
from apps.core.events import publish
from apps.core.tenancy import call_in_broker
from apps.leads.actions import assign_lead, delete_lead, move_stage, set_score, update_lead
from apps.leads.events import LeadsChanged
from apps.leads.jobs import create_job, request_cancel
from apps.leads.models import Lead
from apps.leads.types import JobKind, JobState
from tests.factories import make_lead
from tests.realtime.sockets import Tab, home_of, team_path, tell_story


@pytest.fixture
def lead(broker: Broker) -> Lead:
    return make_lead()


CHANGES = [
    (
        "stage_changed",
        ["stage", "status"],
        lambda actor, lead: move_stage(actor=actor, lead_id=lead.pk, stage="ganado"),
    ),
    (
        "lead_updated",
        ["score", "status"],
        lambda actor, lead: set_score(actor=actor, lead_id=lead.pk, score=80, parts=[]),
    ),
    (
        "lead_updated",
        ["name", "tags"],
        lambda actor, lead: update_lead(actor=actor, lead_id=lead.pk, name="Eva", tags=["a"]),
    ),
]


@pytest.mark.parametrize(("kind", "changed", "change"), CHANGES, ids=[case[1][0] for case in CHANGES])
def test_a_changed_lead_says_what_changed(admin_user: User, lead: Lead, kind, changed, change) -> None:
    path = team_path(admin_user)

    async def story() -> None:
        async with Tab(path) as tab:
            await tab.hear("hello")
            await call_in_broker(home_of(admin_user), change, admin_user.actor(), lead)
            heard = (await tab.hear(kind))["data"]
        assert (heard["lead_id"], heard["changed"]) == (lead.pk, changed)
        assert heard["lead"]["id"] == lead.pk

    tell_story(story)


def test_a_moved_lead_is_told_in_the_documents_words(admin_user: User, lead: Lead) -> None:
    path = team_path(admin_user)

    async def story() -> None:
        async with Tab(path) as tab:
            await tab.hear("hello")
            await call_in_broker(
                home_of(admin_user), move_stage, actor=admin_user.actor(), lead_id=lead.pk, stage="agendado"
            )
            heard = (await tab.hear("stage_changed"))["data"]
        assert (heard["lead_id"], heard["previous_stage"], heard["pipeline_stage"]) == (lead.pk, "entrada", "agendado")

    tell_story(story)


def test_an_agent_hears_of_their_own_leads_only(admin_user: User, agent_user: User, lead: Lead) -> None:
    path, home, admin = team_path(agent_user), home_of(admin_user), admin_user.actor()

    async def story() -> None:
        async with Tab(path) as tab:
            await tab.hear("hello")
            await call_in_broker(home, move_stage, actor=admin, lead_id=lead.pk, stage="agendado")
            assert await tab.hears_nothing()
            await call_in_broker(home, assign_lead, actor=admin, lead_id=lead.pk, agent_id=agent_user.pk)
            assert (await tab.hear("lead_updated"))["data"]["changed"] == ["agent"]
            await call_in_broker(home, assign_lead, actor=admin, lead_id=lead.pk, agent_id=None)
            await tab.hear("lead_updated")
            await call_in_broker(home, move_stage, actor=admin, lead_id=lead.pk, stage="seguimiento")
            assert await tab.hears_nothing()

    tell_story(story)


def test_a_deleted_lead_leaves_its_agents_screen(admin_user: User, agent_user: User, broker: Broker) -> None:
    own = make_lead(assigned_agent=agent_user)
    path = team_path(agent_user)

    async def story() -> None:
        async with Tab(path) as tab:
            await tab.hear("hello")
            await call_in_broker(home_of(admin_user), delete_lead, actor=admin_user.actor(), lead_id=own.pk)
            assert (await tab.hear("lead_deleted"))["data"] == {"lead_id": own.pk}

    tell_story(story)


def test_many_changed_leads_are_one_frame_for_the_whole_team(
    admin_user: User, agent_user: User, other_admin_user: User
) -> None:
    paths = [team_path(user) for user in (agent_user, other_admin_user)]

    def change() -> None:
        publish(LeadsChanged(broker_id=home_of(admin_user), actor=admin_user.actor(), changed=("stage",), count=5000))

    async def story() -> None:
        async with Tab(paths[0]) as agent, Tab(paths[1]) as stranger:
            await agent.hear("hello")
            await stranger.hear("hello")
            await call_in_broker(home_of(admin_user), change)
            assert (await agent.hear("leads.changed"))["data"] == {"changed": ["stage"], "job_id": None}
            assert await stranger.hears_nothing()

    tell_story(story)


def test_a_job_is_watched_by_whoever_asked_for_it(
    admin_user: User, supervisor_user: User, agent_user: User, broker: Broker
) -> None:
    paths = [team_path(user) for user in (supervisor_user, admin_user, agent_user)]
    home, owner = home_of(admin_user), supervisor_user.actor()

    def cancelled() -> int:
        job = create_job(actor=owner, kind=JobKind.RESCORE, params={}, total=9, state=JobState.DRAFT)
        return request_cancel(actor=owner, job_id=job.pk).pk

    async def story() -> None:
        async with Tab(paths[0]) as tab, Tab(paths[1]) as admin, Tab(paths[2]) as agent:
            for each in (tab, admin, agent):
                await each.hear("hello")
            job_id = await call_in_broker(home, cancelled)
            for each in (tab, admin):
                heard = (await each.hear("job.changed"))["data"]
                assert heard == {"job_id": job_id, "kind": "rescore", "state": "cancelled", "done": 0, "total": 9}
                assert (await each.hear("job.ended"))["data"]["state"] == "cancelled"
            assert await agent.hears_nothing()

    tell_story(story)
