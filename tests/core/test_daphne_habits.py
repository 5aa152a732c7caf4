"""What we teach daphne."""

import io
from datetime import datetime

import daphne.server  # noqa: F401 - the habits are taught where it is loaded
import pytest
from daphne.access import AccessLogGenerator
from daphne.ws_protocol import WebSocketProtocol

from config.daphne_habits import teach_daphne


@pytest.fixture(autouse=True)
def taught(monkeypatch):
    monkeypatch.setattr(AccessLogGenerator, "write_entry", AccessLogGenerator.write_entry)
    monkeypatch.setattr(WebSocketProtocol, "serverClose", WebSocketProtocol.serverClose)
    teach_daphne()


def test_the_access_log_has_no_ingest_key():
    log = io.StringIO()
    details = {"client": "127.0.0.1:5", "method": "POST", "status": 200, "size": 10, "time_taken": 0.1}

    AccessLogGenerator(log)("http", "complete", {**details, "path": "/api/v1/ingest/cc_abcdefghijklmnopqrstuvwx"})

    assert "cc_abc" not in log.getvalue()
    assert '"POST /api/v1/ingest/***" 200 10' in log.getvalue()
    assert str(datetime.now().year) in log.getvalue()
