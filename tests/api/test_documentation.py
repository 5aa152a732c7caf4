"""/api/schema, /docs and /redoc, without anything from the outside."""

import re

import pytest
import yaml
from django.contrib.staticfiles import finders
from django.core.management import CommandError, call_command

from apps.api.kit.routing import operations_served_elsewhere
from tests.api.schemas import load_urls


def test_the_schema_is_served_to_anyone(api):
    answer = api().get("/api/schema")

    assert answer.status_code == 200
    content = yaml.safe_load(answer.content)
    assert content["info"]["title"] == "Sofía CRM"
    assert "/auth/login" in content["paths"]
    assert "/api/auth/login" not in content["paths"]  # an alias


@pytest.mark.parametrize("query", ["", "?format=json", "?lang=%00", "?format=%00", "?version=../../x"])
@pytest.mark.parametrize("path", ["/api/schema", "/docs", "/redoc"])
@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html", "x", ""])
def test_no_question_is_a_fault(api, path, query, accept):
    assert api().get(path + query, HTTP_ACCEPT=accept).status_code == 200


@pytest.mark.parametrize("path", ["/docs", "/docs/", "/redoc", "/redoc/"])
def test_the_pages_bring_their_own_assets(api, path):
    answer = api().get(path)

    assert answer.status_code == 200
    page = answer.content.decode()
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert loaded
    for address in loaded:
        assert not re.match(r"(https?:)?//", address), address
        if address.startswith("/static/"):
            assert finders.find(address.removeprefix("/static/")), address
    assert "fonts.googleapis" not in page
    assert "default-src 'self'" in answer["Content-Security-Policy"]


def test_what_is_said_to_be_served_elsewhere_is(api):
    load_urls()

    for each in operations_served_elsewhere():
        assert api().generic(each.method, each.path).status_code == 200, each.path


def test_the_status_command_counts_and_lists(capsys):
    call_command("contract_status")
    short = capsys.readouterr().out
    call_command("contract_status", "--missing", "--document", "centro_control")
    long = capsys.readouterr().out

    assert re.search(r"inmo +operations +\d+/96 +events \d/7", short)
    assert re.search(r"crm_whatsapp +operations +\d+/87 ", short)
    assert re.search(r"whatsapp_odoo +operations +\d+/55 ", short)
    assert "centro_control" in long
    assert "inmo" not in long


def test_the_status_command_refuses_an_unknown_document():
    with pytest.raises(CommandError, match="no document nothing"):
        call_command("contract_status", "--document", "nothing")


def test_the_schema_is_valid_and_made_without_a_warning(tmp_path):
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yaml"))
