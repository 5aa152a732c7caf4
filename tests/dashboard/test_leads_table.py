"""The table of leads."""

import json

import pytest
from django.utils.http import urlencode

from apps.core.tenancy import in_broker
from apps.leads.models import CustomField, Lead, SavedView
from tests.factories import make_lead, make_user


def names_in(page) -> list[str]:
    return [lead.first_name for lead in page.context["page"].items]


def test_the_newest_lead_stands_first(broker, browser, admin_user):
    make_lead(first_name="Primera")
    make_lead(first_name="Segunda")

    page = browser(admin_user).get("/app/leads")

    assert page.status_code == 200
    assert names_in(page) == ["Segunda", "Primera"]
