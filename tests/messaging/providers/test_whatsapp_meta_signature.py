"""Only Meta's own webhooks come in."""

import pytest

from apps.messaging.errors import InvalidSignature, VerificationRefused
from apps.messaging.providers import WHATSAPP_META as ADAPTER
from apps.messaging.providers.whatsapp_meta import verify_subscription
from tests.fakes.graph_api import meta_text, sign
from tests.messaging.providers.conftest import sample, whatsapp_account

VECTORS = sample("whatsapp_cloud", "signature_vectors")
ACCOUNT = whatsapp_account()


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=lambda vector: vector["name"])
def test_the_known_signatures(vector: dict[str, object]) -> None:
    account = whatsapp_account(credentials={"app_secret": VECTORS["app_secret"]})
    headers, body = {VECTORS["header"]: str(vector["header_value"])}, str(vector["raw_body"]).encode()

    if vector["valid"]:
        ADAPTER.verify(account, headers, body)
        return
    with pytest.raises(InvalidSignature):
        ADAPTER.verify(account, headers, body)


def test_the_fakes_signature_is_accepted_whatever_the_case_of_the_header() -> None:
    body = meta_text("521", "Hola", "wamid.1", 1795200000)

    for name in ("X-Hub-Signature-256", "x-hub-signature-256", "X-HUB-SIGNATURE-256"):
        ADAPTER.verify(ACCOUNT, {name: sign(body)}, body)


@pytest.mark.parametrize(
    "header", ["", "sha256=", "sha256=é", "sha256=" + "0" * 64, "SHA256=" + "0" * 64, "sha256=\ud800"]
)
def test_any_other_signature_is_refused(header: str) -> None:
    with pytest.raises(InvalidSignature):
        ADAPTER.verify(ACCOUNT, {"X-Hub-Signature-256": header}, b"{}")


def test_an_account_without_its_secret_takes_nothing() -> None:
    with pytest.raises(InvalidSignature):
        ADAPTER.verify(whatsapp_account(credentials={}), {"X-Hub-Signature-256": sign(b"{}", "")}, b"{}")


def test_the_verification_call_is_answered_with_its_challenge() -> None:
    query = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": "verify-me"}

    assert verify_subscription(ACCOUNT, query) == "1158201444"


@pytest.mark.parametrize(
    "change", [{"hub.verify_token": "wrong"}, {"hub.verify_token": ""}, {"hub.mode": "unsubscribe"}]
)
def test_a_verification_call_with_another_token_is_refused(change: dict[str, str]) -> None:
    query = {"hub.mode": "subscribe", "hub.challenge": "1", "hub.verify_token": "verify-me", **change}

    with pytest.raises(VerificationRefused):
        verify_subscription(ACCOUNT, query)


def test_an_account_without_a_verify_token_is_verified_by_nobody() -> None:
    query = {"hub.mode": "subscribe", "hub.challenge": "1", "hub.verify_token": ""}

    with pytest.raises(VerificationRefused):
        verify_subscription(whatsapp_account(credentials={}), query)
