"""Who attends a conversation works on its lead, whoever the lead is assigned to."""

import pytest

from apps.core.tenancy import in_broker
from apps.leads.models import Lead
from tests.factories import make_conversation, make_lead, make_user


@pytest.fixture
def conversation(broker, agent_user):
    lead = make_lead(assigned_agent=make_user())
    return make_conversation(lead=lead, status="active", handler="agent", assigned_agent=agent_user)


def test_the_agent_of_the_conversation_moves_a_colleagues_lead(conversation, agent_user, browser_session):
    response = browser_session(agent_user).post(
        f"/app/inbox/{conversation.pk}/stage", {"stage": "agendado"}, format="multipart"
    )

    assert response.status_code in {200, 204}
    assert Lead.objects.get(pk=conversation.lead_id).stage == "agendado"


def test_an_agent_without_the_conversation_does_not(conversation, broker, browser_session):
    stranger = make_user()

    response = browser_session(stranger).post(
        f"/app/inbox/{conversation.pk}/stage", {"stage": "agendado"}, format="multipart"
    )

    assert response.status_code == 404
    assert Lead.objects.get(pk=conversation.lead_id).stage == "entrada"


def test_another_brokers_admin_does_not(conversation, other_broker, other_admin_user, browser_session):
    with in_broker(other_broker.pk):
        response = browser_session(other_admin_user).post(
            f"/app/inbox/{conversation.pk}/stage", {"stage": "agendado"}, format="multipart"
        )

    assert response.status_code == 404


def test_who_loses_a_lead_in_the_inbox_says_why(conversation, agent_user, browser_session):
    client = browser_session(agent_user)

    def press(**given):
        path = f"/app/inbox/{conversation.pk}/stage"
        return client.post(path, {"stage": "perdido", **given}, format="multipart", HTTP_HX_REQUEST="true")

    asked = press()
    assert asked.headers["HX-Retarget"] == "#dialog-body"
    assert f'hx-post="/app/inbox/{conversation.pk}/stage"' in asked.content.decode()
    assert press(asked="1").status_code == 422
    assert Lead.objects.get(pk=conversation.lead_id).stage == "entrada"

    assert press(asked="1", lost_reason="No responde").status_code == 204

    lead = Lead.objects.get(pk=conversation.lead_id)
    assert (lead.stage, lead.lost_reason) == ("perdido", "No responde")
