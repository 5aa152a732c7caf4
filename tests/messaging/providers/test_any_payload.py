"""Whatever is posted, the parsers give events that can be stored, and never raise."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.messaging.providers import ADAPTERS
from apps.messaging.providers.whatsapp_meta import business_account_ids, phone_number_ids
from apps.messaging.types import (
    AccountNotice,
    AccountRef,
    Adapter,
    Channel,
    IdentityChange,
    InboundMessage,
    StatusUpdate,
    Unreadable,
)
from tests.messaging.providers.conftest import PAYLOADS, RECEIVED_AT

ACCOUNT = AccountRef(id=1, broker_id=1, channel=Channel.WHATSAPP_META, external_id="")
EVENTS = (InboundMessage, StatusUpdate, IdentityChange, AccountNotice, Unreadable)
SAMPLES = [
    (adapter, json.loads(path.read_bytes()))
    for adapter, pattern in (
        (Channel.WHATSAPP_META, "whatsapp_cloud/*.json"),
        (Channel.TELEGRAM, "telegram/update_*.json"),
    )
    for path in sorted(PAYLOADS.glob(pattern))
    if not path.stem.startswith(("http_", "send_", "error_", "signature_"))
]

any_text = st.text(st.characters(exclude_categories=())) | st.sampled_from(["", "0", "-1", "wamid.x", "\x00", "text"])
any_scalar = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -(10**400), 2**63, 2**64])
    | st.floats()
    | any_text
)
any_json = st.recursive(
    any_scalar, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(any_text, inner, max_size=4), max_leaves=12
)


def check(adapter: Adapter, body: bytes) -> None:
    events = adapter.parse(ACCOUNT, body, received_at=RECEIVED_AT)

    for event in events:
        assert isinstance(event, EVENTS)
        check_storable(asdict(event))
        if isinstance(event, InboundMessage):
            assert event.provider_message_id and event.sender.address and event.sender.ids
            assert event.sent_at.tzinfo is not None
            assert datetime(2000, 1, 1, tzinfo=UTC) <= event.sent_at < datetime(2100, 1, 1, tzinfo=UTC)
            assert -(2**63) <= event.order < 2**63


def check_storable(value: Any) -> None:
    """As PostgreSQL sees it: UTF-8 without NUL, and numbers that jsonb knows."""
    written = json.dumps(value, default=str, ensure_ascii=False, allow_nan=False)
    assert "\\u0000" not in written.replace("\\\\", "")
    written.encode()


@pytest.mark.parametrize("adapter", ADAPTERS.values(), ids=lambda adapter: adapter.channel)
@given(body=st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_bytes(adapter: Adapter, body: bytes) -> None:
    check(adapter, body)
    phone_number_ids(body)
    business_account_ids(body)


@pytest.mark.parametrize("adapter", ADAPTERS.values(), ids=lambda adapter: adapter.channel)
@given(value=any_json)
@settings(max_examples=200, deadline=None)
def test_any_json(adapter: Adapter, value: Any) -> None:
    check(adapter, json.dumps(value).encode())


@pytest.mark.parametrize(
    ("adapter", "frame"),
    [
        (Channel.WHATSAPP_META, "message"),
        (Channel.WHATSAPP_META, "value"),
        (Channel.TELEGRAM, "message"),
        (Channel.TELEGRAM, "callback_query"),
        (Channel.TELEGRAM, "message_reaction"),
        (Channel.TELEGRAM, "my_chat_member"),
        (Channel.WEBCHAT, "frame"),
    ],
)
@given(value=any_json)
@settings(max_examples=100, deadline=None)
def test_any_json_at_the_heart_of_an_envelope(adapter: Channel, frame: str, value: Any) -> None:
    envelopes = {
        (Channel.WHATSAPP_META, "message"): {
            "entry": [{"changes": [{"field": "messages", "value": {"messages": [value]}}]}]
        },
        (Channel.WHATSAPP_META, "value"): {"entry": [{"changes": [{"field": "messages", "value": value}]}]},
        (Channel.WEBCHAT, "frame"): {"frames": [value]},
    }
    body = envelopes.get((adapter, frame), {"update_id": 1, frame: value})

    check(ADAPTERS[adapter], json.dumps(body).encode())


@given(data=st.data())
@settings(max_examples=800, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_sample_with_any_part_replaced_or_missing(data: st.DataObject) -> None:
    adapter, original = data.draw(st.sampled_from(SAMPLES))
    body = json.loads(json.dumps(original))
    for _change in range(data.draw(st.integers(1, 3))):
        mutate(data, body)

    check(ADAPTERS[adapter], json.dumps(body).encode())


def mutate(data: st.DataObject, body: Any) -> None:
    """Somewhere in the tree, a value is taken out, doubled or becomes another."""
    places = [(parent, key) for parent, key in walk(body)]
    parent, key = data.draw(st.sampled_from(places)) if places else (body, None)
    if key is None:
        return
    what = data.draw(st.sampled_from(["delete", "replace", "double"]))
    if what == "delete":
        del parent[key]
    elif what == "replace":
        parent[key] = data.draw(any_json)
    elif isinstance(parent, list):
        parent.append(json.loads(json.dumps(parent[key])))


def walk(value: Any) -> list[tuple[Any, Any]]:
    if isinstance(value, dict):
        return [(value, key) for key in value] + [place for inner in value.values() for place in walk(inner)]
    if isinstance(value, list):
        return [(value, index) for index in range(len(value))] + [place for inner in value for place in walk(inner)]
    return []
