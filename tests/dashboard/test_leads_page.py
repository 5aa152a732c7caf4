"""The page of one lead."""

import pytest

from apps.core.access import system_actor
from apps.core.tenancy import in_broker
from apps.leads import actions
from apps.leads.models import CustomField, Lead, LossReason, PipelineStage
from tests.factories import make_conversation, make_lead, make_message, make_user


@pytest.fixture
def lead(broker, agent_user):
    return make_lead(first_name="Rosa", last_name="Núñez", assigned_agent=agent_user, attributes={"budget_amount": 1})


def test_the_page_shows_who_the_lead_is(lead, browser, admin_user):
    page = browser(admin_user).get(f"/app/leads/{lead.pk}")

    assert page.status_code == 200
    assert "Rosa Núñez" in page.content.decode()
    assert lead.phone in page.content.decode()
