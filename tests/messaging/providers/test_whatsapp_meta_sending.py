"""Sends over the wire to a local Graph API, and what every kind of answer means."""

import json
import logging
import time
from typing import Any

import httpx
import pytest

from apps.messaging.errors import ProviderCallFailed
from apps.messaging.providers.calls import Answer, Caller
from apps.messaging.providers.whatsapp_meta import WhatsAppMeta
from apps.messaging.providers.whatsapp_meta.errors import read_error
from apps.messaging.providers.whatsapp_meta.graph import error_of, wait_of
from apps.messaging.types import (
    AccountRef,
    ContentType,
    ErrorAction,
    Outgoing,
    OutgoingMedia,
    SendOutcome,
)
from tests.fakes.graph_api import FakeGraph, graph_error
from tests.fakes.local_server import (
    EMPTY_200,
    HTML_502,
    HTML_502_AFTER_ACCEPT,
    RESET_AFTER_ACCEPT,
    Fault,
    LocalServer,
    Reply,
    Request,
    timeout_after_accept,
)
from tests.messaging.providers.conftest import PAYLOADS, sample, whatsapp_account

HELLO = Outgoing(to="5215500000001", type=ContentType.TEXT, text="Hola", tracker="uid-1")


def test_an_accepted_message_has_its_id_and_the_recipients(
    whatsapp: WhatsAppMeta, number: AccountRef, graph: FakeGraph
) -> None:
    result = whatsapp.send(number, HELLO)

    (sent,) = graph.accepted
    assert result.outcome is SendOutcome.ACCEPTED
    assert (result.provider_message_id, result.wa_id) == (sent.wamid, "5215500000001")
    assert (sent.phone_number_id, sent.tracker, sent.text) == ("200000000000002", "uid-1", "Hola")


def test_a_person_without_a_phone_is_written_to(whatsapp: WhatsAppMeta, number: AccountRef, graph: FakeGraph) -> None:
    hello = Outgoing(to="MX.1", to_kind="bsuid", type=ContentType.TEXT, text="Hola")

    result = whatsapp.send(number, hello)

    assert (result.outcome, result.wa_id) == (SendOutcome.ACCEPTED, "")
    assert graph.accepted[0].body["recipient"] == "MX.1"


def test_a_held_template_is_told_from_a_sent_one() -> None:
    answer = sample("whatsapp_cloud", "send_template_held_for_quality")["response"]
    result = whatsapp_answering(answer["status"], answer["body"]).send(whatsapp_account(), HELLO)

    assert (result.outcome, result.held) == (SendOutcome.ACCEPTED, True)


def test_a_message_over_a_limit_never_leaves(whatsapp: WhatsAppMeta, number: AccountRef, graph: FakeGraph) -> None:
    result = whatsapp.send(number, Outgoing(to="521", type=ContentType.TEXT, text="x" * 4097))

    assert result.outcome is SendOutcome.REFUSED
    assert result.error is not None
    assert result.error.action is ErrorAction.FIX_DATA
    assert "4097" in result.error.message
    assert graph.requests == []


def test_a_file_is_uploaded_and_sent_by_its_id(whatsapp: WhatsAppMeta, number: AccountRef, graph: FakeGraph) -> None:
    photo = OutgoingMedia(content=b"\xff\xd8photo", mime_type="image/jpeg", filename="casa.jpg")

    result = whatsapp.send(number, Outgoing(to="521", type=ContentType.IMAGE, text="La casa", media=photo))

    (media_id,) = graph.files
    assert result.outcome is SendOutcome.ACCEPTED
    assert graph.files[media_id].content == b"\xff\xd8photo"
    assert graph.accepted[0].body["image"] == {"id": media_id, "caption": "La casa"}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"", "The file is empty."), (b"x" * (5 * 1024 * 1024 + 1), "WhatsApp takes 5.0 MB of this kind at most.")],
)
def test_a_file_that_meta_would_refuse_is_not_uploaded(
    whatsapp: WhatsAppMeta, number: AccountRef, graph: FakeGraph, content: bytes, sentence: str
) -> None:
    photo = OutgoingMedia(content=content, mime_type="image/jpeg")

    result = whatsapp.send(number, Outgoing(to="521", type=ContentType.IMAGE, media=photo))

    assert result.error is not None
    assert sentence in result.error.message
    assert graph.requests == []


@pytest.mark.parametrize(
    ("fault", "outcome", "arrived"),
    [
        (HTML_502, SendOutcome.UNKNOWN, 0),
        (HTML_502_AFTER_ACCEPT, SendOutcome.UNKNOWN, 1),
        (EMPTY_200, SendOutcome.UNKNOWN, 1),
        (RESET_AFTER_ACCEPT, SendOutcome.UNKNOWN, 1),
        (Fault(Reply(200, b'{"messages": []}')), SendOutcome.UNKNOWN, 0),
        (Fault(Reply(301, b"", {"Location": "https://example.com"})), SendOutcome.REFUSED, 0),
        (Fault(Reply(429, b"slow down", {"Retry-After": "7"})), SendOutcome.RETRY, 0),
        (graph_error(131000, 500), SendOutcome.RETRY, 0),
        (graph_error(131047), SendOutcome.REFUSED, 0),
    ],
)
def test_a_broken_answer_is_never_taken_for_another(
    whatsapp: WhatsAppMeta, number: AccountRef, graph: FakeGraph, fault: Fault, outcome: SendOutcome, arrived: int
) -> None:
    graph.faults.next(fault)

    result = whatsapp.send(number, HELLO)

    assert result.outcome is outcome
    assert result.error is not None
    assert graph.accepted_by_tracker("uid-1") == arrived


def test_an_answer_that_comes_too_late_is_unknown(
    whatsapp: WhatsAppMeta, number: AccountRef, graph: FakeGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.messaging.providers.calls.TIMEOUT_SECONDS", 0.2)
    graph.faults.next(timeout_after_accept(5))

    result = whatsapp.send(number, HELLO)

    assert result.outcome is SendOutcome.UNKNOWN
    assert graph.accepted_by_tracker("uid-1") == 1


def test_a_request_that_never_left_is_tried_again(whatsapp: WhatsAppMeta, number: AccountRef, graph: FakeGraph) -> None:
    graph.stop()

    result = whatsapp.send(number, HELLO)

    assert result.outcome is SendOutcome.RETRY
    assert result.error is not None
    assert result.error.code == "not_reached"


def test_an_address_inside_the_network_is_not_called(whatsapp: WhatsAppMeta, settings: Any) -> None:
    settings.OUTBOUND_ALLOW = []

    result = whatsapp.send(whatsapp_account(base_url="http://127.0.0.1:9/v26.0"), HELLO)

    assert result.outcome is SendOutcome.REFUSED
    assert result.error is not None
    assert (result.error.code, result.error.action) == ("address_not_allowed", ErrorAction.STOP_CHANNEL)


@pytest.mark.parametrize(
    "change",
    [{"base_url": "nonsense"}, {"credentials": {"access_token": "a\nb"}}, {"credentials": {"access_token": "ñ"}}],
)
def test_a_misconfigured_account_is_refused_and_not_retried(
    whatsapp: WhatsAppMeta, graph: FakeGraph, change: dict[str, Any]
) -> None:
    result = whatsapp.send(whatsapp_account(**{"base_url": graph.base_url, **change}), HELLO)

    assert result.outcome is SendOutcome.REFUSED
    assert graph.accepted == []


def test_an_unknown_outcome_sends_nothing_by_itself(
    whatsapp: WhatsAppMeta, number: AccountRef, graph: FakeGraph
) -> None:
    graph.faults.next(RESET_AFTER_ACCEPT)

    whatsapp.send(number, HELLO)

    assert len(graph.sends) == 1


def test_the_waiting_time_is_metas(whatsapp: WhatsAppMeta, number: AccountRef, graph: FakeGraph) -> None:
    graph.faults.next(graph_error(130429, 429, headers={"Retry-After": "12"}), graph_error(131056), graph_error(131057))

    waits = [whatsapp.send(number, HELLO).retry_after for _ in range(3)]

    assert waits == [12.0, 4.0, 60.0]


def test_the_usage_header_counts_in_minutes() -> None:
    response = sample("whatsapp_cloud", "error_80007_with_usage_headers")["response"]
    answer = Answer(response["status"], response["headers"], response["body"])

    assert wait_of(answer, error_of(answer)) == 19 * 60.0


# --- the error table --------------------------------------------------------------------------------------------------

ACTIONS: dict[ErrorAction, tuple[int, ...]] = {
    ErrorAction.STOP_CHANNEL: (
        *(0, 3, 10, 190, 200, 250, 299, 131005, 131048, 131064),
        *(131031, 368, 130497, 131037, 131042, 131044, 131045, 133010),
    ),
    ErrorAction.RETRY: (1, 2, 131000, 131016, 131057, 133004, 131052, 131053, 135000),
    ErrorAction.RETRY_LATER: (4, 17, 80007, 130429, 132069),
    ErrorAction.DELAY_RECIPIENT: (131056,),
    ErrorAction.OFFER_TEMPLATE: (131047, 470),
    ErrorAction.BAD_RECIPIENT: (131026, 131030, 131021),
    ErrorAction.OPT_OUT: (131050,),
    ErrorAction.FIX_DATA: (
        *(131008, 131009, 100, 33, 131051, 131062, 131063, 132000, 132005, 132007, 132008, 132012),
        *(132001, 132015, 132016),
    ),
    ErrorAction.GIVE_UP: (131049, 130472, 132068, 131060, 999999),
}


@pytest.mark.parametrize(("action", "code"), [(action, code) for action, codes in ACTIONS.items() for code in codes])
def test_a_code_asks_for_one_action_in_words(action: ErrorAction, code: int) -> None:
    for written in (code, str(code)):
        error = read_error({"code": written}).error

        assert (error.action, error.code) == (action, str(code))
        assert error.message.endswith(".")


@pytest.mark.parametrize(
    ("raw", "status", "action"),
    [
        ({"code": 999999, "is_transient": True}, 400, ErrorAction.RETRY),
        ({"code": 999999}, 503, ErrorAction.RETRY),
        ({}, 429, ErrorAction.RETRY_LATER),
        ({}, 401, ErrorAction.STOP_CHANNEL),
        ({"code": 190, "error_subcode": 463}, 401, ErrorAction.STOP_CHANNEL),
        ({"code": 4}, 400, ErrorAction.RETRY_LATER),
        (None, 400, ErrorAction.GIVE_UP),
        ("text", 400, ErrorAction.GIVE_UP),
        ({"code": [1], "error_data": 7, "message": None}, 400, ErrorAction.GIVE_UP),
    ],
)
def test_the_code_decides_before_the_status(raw: Any, status: int, action: ErrorAction) -> None:
    assert read_error(raw, http_status=status).error.action is action


def whatsapp_answering(status: int, body: Any, headers: dict[str, str] | None = None) -> WhatsAppMeta:
    """An adapter whose every call is answered so, without a network."""
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    transport = httpx.MockTransport(lambda request: httpx.Response(status, headers=headers, content=content))
    return WhatsAppMeta(Caller(lambda **_options: httpx.Client(transport=transport)))


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("error_2_transient", SendOutcome.RETRY),
        ("error_4_app_rate_limit", SendOutcome.RETRY),
        ("error_100_33_object_missing", SendOutcome.REFUSED),
        ("error_100_invalid_parameter", SendOutcome.REFUSED),
        ("error_130429_throughput", SendOutcome.RETRY),
        ("error_131030_not_in_allowed_list", SendOutcome.REFUSED),
        ("error_131047_sync", SendOutcome.REFUSED),
        ("error_131056_pair_rate", SendOutcome.RETRY),
        ("error_131062_bsuid_not_supported", SendOutcome.REFUSED),
        ("error_132000_parameter_count", SendOutcome.REFUSED),
        ("error_132001_template_missing", SendOutcome.REFUSED),
        ("error_190_token_expired", SendOutcome.REFUSED),
        ("error_80007_with_usage_headers", SendOutcome.RETRY),
        ("http_non_json_502", SendOutcome.UNKNOWN),
    ],
)
def test_a_documented_error_gives_its_outcome(name: str, outcome: SendOutcome) -> None:
    response = sample("whatsapp_cloud", name)["response"]

    result = whatsapp_answering(response["status"], response["body"]).send(whatsapp_account(), HELLO)

    assert result.outcome is outcome
    assert result.provider_message_id == ""


def test_every_documented_error_is_tried_here() -> None:
    assert len(list((PAYLOADS / "whatsapp_cloud").glob("error_*.json"))) == 13


class StatusReceiver(LocalServer):
    """A webhook that only keeps what it gets."""

    def __init__(self, received: list[tuple[str, bytes]]) -> None:
        super().__init__()
        self.received = received

    def respond(self, request: Request) -> Reply:
        self.received.append((request.headers["X-Hub-Signature-256"], request.body))
        return Reply(200)

    def wait_for(self, count: int) -> None:
        until = time.monotonic() + 5
        while len(self.received) < count and time.monotonic() < until:
            time.sleep(0.01)


# --- other calls ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("typing", "name"), [(False, "http_mark_as_read"), (True, "http_mark_as_read_typing")])
def test_a_receipt_is_posted_as_documented(
    whatsapp: WhatsAppMeta, number: AccountRef, graph: FakeGraph, typing: bool, name: str
) -> None:
    documented = sample("whatsapp_cloud", name)["request"]["body"]

    assert whatsapp.mark_read(number, documented["message_id"], typing=typing)
    assert graph.reads == [documented]


def test_a_receipt_that_fails_harms_nothing(
    whatsapp: WhatsAppMeta, number: AccountRef, graph: FakeGraph, caplog: pytest.LogCaptureFixture
) -> None:
    graph.token = "another"

    with caplog.at_level(logging.WARNING):
        assert not whatsapp.mark_read(number, "wamid.1")
    assert "read receipt refused" in caplog.text


def test_all_pages_of_templates_are_read(whatsapp: WhatsAppMeta, number: AccountRef, graph: FakeGraph) -> None:
    documented = sample("whatsapp_cloud", "http_templates_list")["response"]["body"]["data"]
    graph.templates = documented + [{**documented[0], "id": str(i), "name": f"t{i}"} for i in range(230)]

    templates = whatsapp.templates(number)

    assert len(templates) == 232
    first, second = templates[:2]
    assert (first.name, first.language, first.status, first.category) == (
        "cita_recordatorio",
        "es_MX",
        "APPROVED",
        "UTILITY",
    )
    assert first.components[0]["text"] == "Hola {{1}}, te esperamos el {{2}}."
    assert (second.status, second.rejected_reason) == ("REJECTED", "INVALID_FORMAT")


def test_templates_without_a_business_account_are_refused_in_words(whatsapp: WhatsAppMeta) -> None:
    with pytest.raises(ProviderCallFailed, match="WhatsApp Business account id"):
        whatsapp.templates(whatsapp_account(settings={}))


def test_health_tells_a_good_number_from_a_lost_token(
    whatsapp: WhatsAppMeta, number: AccountRef, graph: FakeGraph
) -> None:
    good = whatsapp.health(number)
    graph.token = "another"
    bad = whatsapp.health(number)

    assert (good.ok, good.facts["quality_rating"]) == (True, "GREEN")
    assert (bad.ok, bad.facts["code"]) == (False, "190")


def test_no_secret_is_in_an_accounts_repr() -> None:
    assert "fake-access-token" not in repr(whatsapp_account())
    assert "fake-app-secret" not in repr(whatsapp_account())


def test_signed_statuses_come_back(whatsapp: WhatsAppMeta, number: AccountRef, graph: FakeGraph) -> None:
    received: list[tuple[str, bytes]] = []
    with StatusReceiver(received) as receiver:
        graph.webhook_url = f"{receiver.root_url}/webhooks/whatsapp"
        whatsapp.send(number, HELLO)
        receiver.wait_for(3)

    for signature, body in received:
        whatsapp.verify(number, {"X-Hub-Signature-256": signature}, body)
    statuses = [event for _signature, body in received for event in whatsapp.parse(number, body)]
    assert [getattr(status, "status", None) for status in statuses] == ["sent", "delivered", "read"]
    assert {getattr(status, "tracker", None) for status in statuses} == {"uid-1"}
