"""Every documented webhook of Meta's, and what we make of it."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from apps.messaging.providers import WHATSAPP_META as ADAPTER
from apps.messaging.providers.whatsapp_meta import business_account_ids, phone_number_ids
from apps.messaging.types import (
    AccountNotice,
    ContentType,
    DeliveryStatus,
    ErrorAction,
    ExternalId,
    IdentityChange,
    InboundMessage,
    MediaRef,
    NoticeKind,
    Sender,
    StatusUpdate,
    Unreadable,
)
from tests.fakes.graph_api import meta_body, meta_text
from tests.messaging.providers.conftest import PAYLOADS, RECEIVED_AT, sample, sample_bytes, whatsapp_account

ACCOUNT = whatsapp_account()
ANA_PHONE = ExternalId(kind="wa_id", value="5215500000001")
ANA_BSUID = ExternalId(kind="bsuid", value="MX.10000000000000000001")
ANA = Sender(address="5215500000001", ids=(ANA_PHONE, ANA_BSUID), phone="5215500000001", name="Ana Ejemplo")
ASKED = "wamid.SEJnTmd2EoKH7yy46teYKOW3b27vvVU3jDKm+A=="
SHA256 = "q5m5Zk1m0Yc1m3Tn5oR0J1b3u0b2m9oYkqfZ0aEXAMPLE="


def parse(body: bytes) -> list[Any]:
    return ADAPTER.parse(ACCOUNT, body, received_at=RECEIVED_AT)


def parse_sample(name: str) -> Any:
    (event,) = parse(sample_bytes("whatsapp_cloud", name))
    return event


def changed(change: dict[str, Any], name: str = "in_text") -> bytes:
    """A sample whose first message is overwritten in part."""
    body = sample("whatsapp_cloud", name)
    body["entry"][0]["changes"][0]["value"]["messages"][0].update(change)
    return json.dumps(body).encode()


MESSAGES: dict[str, dict[str, Any]] = {
    "in_text": {"type": ContentType.TEXT, "text": "Hola, ¿tienen el modelo X en azul?"},
    "in_text_forwarded": {"type": ContentType.TEXT, "text": "Mira esto", "forwarded": True},
    "in_text_frequently_forwarded": {"type": ContentType.TEXT, "text": "Cadena", "forwarded": True},
    "in_text_reply_context": {"type": ContentType.TEXT, "text": "Sí, ese mismo", "reply_to": ASKED},
    "in_text_referred_product": {
        "type": ContentType.TEXT,
        "reply_to": "wamid.SEJnTiVpy2kOdlamFyJO7wEPvpyfhJ7xX11LWw==",
        "extra": {"referred_product": {"catalog_id": "300000000000003", "product_retailer_id": "SKU-001"}},
    },
    "in_text_legacy_no_bsuid": {
        "sender": Sender(address="5215500000001", ids=(ANA_PHONE,), phone="5215500000001", name="Ana Ejemplo"),
        "text": "Hola",
    },
    "in_bsuid_username_no_phone": {
        "sender": Sender(
            address="MX.10000000000000000005",
            ids=(ExternalId(kind="bsuid", value="MX.10000000000000000005"),),
            phone=None,
            name="Privada",
            username="usuaria.ejemplo",
        ),
        "text": "Hola desde un usuario sin teléfono visible",
    },
    "in_group_text": {"group_id": "Y2FwaV9ncm91cDpFWEFNUExF", "text": "Hola grupo"},
    "in_image": {
        "type": ContentType.IMAGE,
        "text": "Foto del recibo",
        "media": MediaRef(
            provider_id="400000000000001",
            mime_type="image/jpeg",
            sha256=SHA256,
            url="https://lookaside.fbsbx.com/whatsapp_business/attachments/"
            "?mid=400000000000001&source=webhook&ext=1795203600&hash=EXAMPLE",
        ),
    },
    "in_video": {
        "type": ContentType.VIDEO,
        "text": "El daño",
        "media": MediaRef(provider_id="400000000000002", mime_type="video/mp4", sha256=SHA256),
    },
    "in_audio_voice": {
        "type": ContentType.VOICE,
        "media": MediaRef(provider_id="400000000000003", mime_type="audio/ogg; codecs=opus", sha256=SHA256, voice=True),
    },
    "in_audio_file": {
        "type": ContentType.AUDIO,
        "media": MediaRef(provider_id="400000000000004", mime_type="audio/mpeg", sha256=SHA256),
    },
    "in_document": {
        "type": ContentType.DOCUMENT,
        "text": "Factura",
        "media": MediaRef(
            provider_id="400000000000005", mime_type="application/pdf", filename="factura 2026-11.pdf", sha256=SHA256
        ),
    },
    "in_sticker": {
        "type": ContentType.STICKER,
        "media": MediaRef(provider_id="400000000000006", mime_type="image/webp", sha256=SHA256),
    },
    "in_location_pin": {"type": ContentType.LOCATION, "location": {"latitude": 19.4326, "longitude": -99.1332}},
    "in_location_business": {
        "type": ContentType.LOCATION,
        "location": {
            "latitude": 19.427,
            "longitude": -99.1677,
            "name": "Café Ejemplo",
            "address": "Av. Ejemplo 100, Ciudad de México",
            "url": "https://example.com/cafe",
        },
    },
    "in_contacts_shared": {"type": ContentType.CONTACTS, "sender": ANA},
    "in_contacts_request_contact_info": {
        "type": ContentType.CONTACTS,
        "sender": Sender(
            address="MX.10000000000000000003",
            ids=(
                ExternalId(kind="bsuid", value="MX.10000000000000000003"),
                ExternalId(kind="wa_id", value="5215500000003"),
            ),
            phone="+5215500000003",
            name="Usuario Privado",
        ),
    },
    "in_interactive_button_reply": {
        "type": ContentType.INTERACTIVE_REPLY,
        "text": "Confirmar",
        "reply": {"id": "confirm:42", "title": "Confirmar"},
        "reply_to": "wamid.SEJnTpUxdBEaL74tVrUNKhhahGy0Ge+/flru1w==",
    },
    "in_interactive_list_reply": {
        "type": ContentType.INTERACTIVE_REPLY,
        "text": "Lun 23, 10:00",
        "reply": {"id": "slot:2026-11-23T10:00", "title": "Lun 23, 10:00", "description": "Sucursal Centro"},
    },
    "in_interactive_nfm_reply_flow": {
        "type": ContentType.INTERACTIVE_REPLY,
        "reply": {
            "id": "flow",
            "title": "Sent",
            "data": {"flow_token": "ft-0001", "full_name": "Ana Ejemplo", "email": "ana@example.com"},
        },
    },
    "in_button_template_quick_reply": {
        "type": ContentType.BUTTON_REPLY,
        "text": "Reprogramar",
        "reply": {"id": "REPROGRAMAR", "title": "Reprogramar"},
    },
    "in_reaction": {
        "type": ContentType.REACTION,
        "reaction": {"message_id": ASKED, "emoji": "👍"},
        "target_id": ASKED,
    },
    "in_reaction_removed": {"type": ContentType.REACTION, "reaction": {"message_id": ASKED, "emoji": ""}},
    "in_order": {
        "type": ContentType.ORDER,
        "extra": {
            "order": {
                "catalog_id": "300000000000003",
                "items": [
                    {"product_retailer_id": "SKU-001", "quantity": 2, "item_price": 150.5, "currency": "MXN"},
                    {"product_retailer_id": "SKU-002", "quantity": 1, "item_price": 99, "currency": "MXN"},
                ],
            }
        },
    },
    "in_edit": {
        "type": ContentType.EDIT,
        "text": "Hola, ¿tienen el modelo X en rojo?",
        "target_id": "wamid.SEJnTmKLSdltzel6Qw3U9ZdwWJngmpaPeTSR5A==",
        "extra": {"edited_type": "text"},
    },
    "in_revoke": {"type": ContentType.REVOKE, "target_id": "wamid.SEJnTmKLSdltzel6Qw3U9ZdwWJngmpaPeTSR5A=="},
    "in_text_referral_ctwa_ad": {
        "text": "Quiero más información",
        "referral": {
            "source_url": "https://fb.me/ejemplo1",
            "source_id": "120000000000000001",
            "source_type": "ad",
            "body": "Oferta de temporada",
            "headline": "Chatea con nosotros",
            "media_type": "image",
            "image_url": "https://scontent.example.invalid/ad.jpg",
            "ctwa_clid": "ARExampleClickId0001",
            "welcome_message": {"text": "¡Hola! ¿Cómo podemos ayudarte?"},
        },
    },
    "in_text_referral_status_ad_no_clid": {
        "text": "Info por favor",
        "referral": {
            "source_url": "https://fb.me/ejemplo2",
            "source_id": "120000000000000002",
            "source_type": "ad",
            "headline": "Oferta",
            "media_type": "video",
            "video_url": "https://scontent.example.invalid/ad.mp4",
            "thumbnail_url": "https://scontent.example.invalid/ad_thumb.jpg",
        },
    },
    "in_unsupported": {"type": ContentType.UNSUPPORTED, "text": ""},
    "in_unsupported_131060_unavailable": {"type": ContentType.UNSUPPORTED},
    "smb_message_echo_text": {
        "type": ContentType.TEXT,
        "text": "Respuesta desde la app del celular",
        "sender": ANA,
        "is_echo": True,
        "sent_at": datetime(2026, 11, 20, 18, 48, 20, tzinfo=UTC),
    },
}


@pytest.mark.parametrize(("name", "expected"), MESSAGES.items(), ids=list(MESSAGES))
def test_a_documented_message_is_understood(name: str, expected: dict[str, Any]) -> None:
    message = parse_sample(name)

    assert isinstance(message, InboundMessage)
    assert {key: getattr(message, key) for key in expected} == expected
    written = json.loads(sample_bytes("whatsapp_cloud", name))["entry"][0]["changes"][0]["value"]
    item = (written.get("messages") or written["message_echoes"])[0]
    assert message.provider_message_id == item["id"]
    assert message.raw == item
    if "sender" not in expected:
        assert message.sender == ANA
    if "sent_at" not in expected:
        assert message.sent_at == datetime(2026, 11, 20, 18, 40, tzinfo=UTC)


def test_what_whatsapp_could_not_pass_on_keeps_the_reason() -> None:
    poll, placeholder = parse_sample("in_unsupported"), parse_sample("in_unsupported_131060_unavailable")

    assert (poll.extra["kind"], poll.extra["errors"][0]["code"]) == ("poll_creation", 131051)
    assert (placeholder.extra["kind"], placeholder.extra["errors"][0]["code"]) == ("media_placeholder", 131060)


def test_a_shared_contact_is_not_taken_for_the_sender() -> None:
    message = parse_sample("in_contacts_shared")

    assert message.contacts[0]["phones"][0]["wa_id"] == "5215500000002"
    assert message.sender.phone == "5215500000001"


STATUSES: dict[str, dict[str, Any]] = {
    "status_sent_v23_conversation": {"status": DeliveryStatus.SENT, "provider_message_id": ASKED},
    "status_sent_v24": {"status": DeliveryStatus.SENT, "at": datetime(2026, 11, 20, 18, 56, 40, tzinfo=UTC)},
    "status_delivered": {
        "status": DeliveryStatus.DELIVERED,
        "pricing": {"billable": True, "pricing_model": "PMP", "type": "regular", "category": "utility"},
    },
    "status_read": {"status": DeliveryStatus.READ, "recipient": "5215500000001"},
    "status_played": {"status": DeliveryStatus.PLAYED},
    "status_bsuid_no_phone": {"status": DeliveryStatus.DELIVERED, "recipient": "MX.10000000000000000005"},
    "status_group_read": {"status": DeliveryStatus.READ, "recipient": "5215500000001"},
    "status_with_biz_opaque_callback_data": {"status": DeliveryStatus.DELIVERED, "tracker": "outbox:7f3a"},
}


@pytest.mark.parametrize(("name", "expected"), STATUSES.items(), ids=list(STATUSES))
def test_a_documented_status_is_understood(name: str, expected: dict[str, Any]) -> None:
    status = parse_sample(name)

    assert isinstance(status, StatusUpdate)
    assert {key: getattr(status, key) for key in expected} == expected
    assert status.error is None


@pytest.mark.parametrize(
    ("name", "code", "action"),
    [
        ("status_failed_131026_undeliverable", "131026", ErrorAction.BAD_RECIPIENT),
        ("status_failed_131047_window", "131047", ErrorAction.OFFER_TEMPLATE),
        ("status_failed_131049_ecosystem", "131049", ErrorAction.GIVE_UP),
        ("status_failed_132015_paused_after_hold", "132015", ErrorAction.FIX_DATA),
    ],
)
def test_a_failed_status_says_why_and_what_to_do(name: str, code: str, action: ErrorAction) -> None:
    status = parse_sample(name)

    assert status.status is DeliveryStatus.FAILED
    assert (status.error.code, status.error.action) == (code, action)
    assert status.error.message and status.error.detail


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("in_system_user_changed_number", [(ANA_PHONE, "wa_id", "5215500000009")]),
        ("in_system_user_changed_number_legacy_new_wa_id", [(ANA_PHONE, "wa_id", "5215500000077")]),
        (
            "in_system_user_changed_user_id",
            [(ANA_PHONE, "wa_id", "5215500000009"), (ANA_PHONE, "bsuid", "MX.10000000000000000009")],
        ),
        ("user_id_update", [(ANA_BSUID, "wa_id", "5215500000009"), (ANA_BSUID, "bsuid", "MX.10000000000000000009")]),
    ],
)
def test_a_changed_identity_names_the_old_and_the_new(name: str, expected: list[tuple[ExternalId, str, str]]) -> None:
    changes = parse(sample_bytes("whatsapp_cloud", name))

    assert all(isinstance(change, IdentityChange) for change in changes)
    assert [(change.old, change.new.kind, change.new.value) for change in changes] == expected


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("template_status_update_approved", NoticeKind.TEMPLATE_STATUS),
        ("template_status_update_disabled", NoticeKind.TEMPLATE_STATUS),
        ("template_status_update_paused", NoticeKind.TEMPLATE_STATUS),
        ("template_status_update_rejected", NoticeKind.TEMPLATE_STATUS),
        ("template_quality_update", NoticeKind.TEMPLATE_QUALITY),
        ("phone_number_quality_update_throughput", NoticeKind.NUMBER_QUALITY),
        ("business_capability_update", NoticeKind.CAPABILITY),
        ("account_update_restriction", NoticeKind.ACCOUNT),
        ("user_preferences_marketing_stop", NoticeKind.MARKETING_PREFERENCE),
    ],
)
def test_a_notice_about_the_account_keeps_its_object(name: str, kind: NoticeKind) -> None:
    notice = parse_sample(name)

    assert isinstance(notice, AccountNotice)
    assert notice.kind is kind
    value = sample("whatsapp_cloud", name)["entry"][0]["changes"][0]["value"]
    assert notice.payload.items() >= value.get("user_preferences", [value])[0].items()


def test_a_marketing_stop_names_the_person() -> None:
    notice = parse_sample("user_preferences_marketing_stop")

    assert notice.contact == ANA
    assert (notice.payload["value"], notice.at) == ("stop", datetime(2026, 11, 20, 19, 1, 44, tzinfo=UTC))


def test_every_sample_of_a_webhook_is_in_one_of_these_tests() -> None:
    names = {path.stem for path in (PAYLOADS / "whatsapp_cloud").glob("*.json")}
    webhooks = {name for name in names if not name.startswith(("http_", "send_", "error_", "signature_"))}

    assert all(
        not isinstance(event, Unreadable) for name in webhooks for event in parse(sample_bytes("whatsapp_cloud", name))
    )
    assert len(webhooks) == 57


def test_a_batch_gives_every_item_in_its_order() -> None:
    first, second = json.loads(meta_text("521", "uno", "wamid.1", 1795200000)), sample("whatsapp_cloud", "status_read")
    first["entry"] += second["entry"]
    first["entry"][0]["changes"] += sample("whatsapp_cloud", "in_image")["entry"][0]["changes"]

    events = parse(json.dumps(first).encode())

    assert [type(event).__name__ for event in events] == ["InboundMessage", "InboundMessage", "StatusUpdate"]
    assert [event.order for event in events[:2]] == [0, 1]


def test_messages_and_statuses_in_one_change_are_both_read() -> None:
    body = sample("whatsapp_cloud", "in_text")
    value = body["entry"][0]["changes"][0]["value"]
    value["statuses"] = sample("whatsapp_cloud", "status_read")["entry"][0]["changes"][0]["value"]["statuses"]

    assert [type(event).__name__ for event in parse(json.dumps(body).encode())] == ["InboundMessage", "StatusUpdate"]


def test_contacts_are_matched_by_id_and_not_by_position() -> None:
    message = {"id": "wamid.1", "timestamp": "1795200000", "type": "text", "text": {"body": "x"}}
    body = meta_body(
        {
            "contacts": [
                {"profile": {"name": "Beto"}, "wa_id": "522"},
                {"profile": {"name": "Ana"}, "wa_id": "521", "user_id": "MX.1"},
            ],
            "messages": [{**message, "from": "521"}, {**message, "id": "wamid.2", "from": "522"}],
        }
    )

    assert [event.sender.name for event in parse(body)] == ["Ana", "Beto"]


def test_one_bad_item_costs_no_other() -> None:
    good = {"from": "521", "id": "wamid.1", "timestamp": "1795200000", "type": "text", "text": {"body": "x"}}
    without_id = {key: value for key, value in good.items() if key != "id"}
    without_sender = {key: value for key, value in good.items() if key != "from"}

    events = parse(meta_body({"messages": [without_id, None, "x", without_sender, good]}))

    assert [type(event).__name__ for event in events] == ["Unreadable"] * 4 + ["InboundMessage"]


@pytest.mark.parametrize("kind", ["poll", "", None, 7, ["text"], "interactive"])
def test_an_unknown_type_is_kept_as_unsupported(kind: Any) -> None:
    (message,) = parse(changed({"type": kind}))

    assert message.type is ContentType.UNSUPPORTED
    assert message.raw["id"]


def test_an_interactive_answer_that_did_not_come_keeps_the_errors() -> None:
    message = {"from": "521", "id": "wamid.1", "timestamp": "1795200000", "type": "interactive"}
    (event,) = parse(meta_body({"messages": [message], "errors": [{"code": 131000, "title": "Oops"}]}))

    assert event.type is ContentType.UNSUPPORTED
    assert event.extra["errors"] == [{"code": 131000, "title": "Oops"}]


def test_errors_of_the_value_alone_are_a_notice() -> None:
    (event,) = parse(meta_body({"errors": [{"code": 130429, "title": "Rate limit hit"}]}))

    assert (event.kind, event.payload["errors"][0]["code"]) == (NoticeKind.PROVIDER_ERROR, 130429)


@pytest.mark.parametrize(
    "written", ["a\\u0000b", "a\\ud800b", "a\\udfffb"], ids=["nul", "high surrogate", "low surrogate"]
)
def test_what_postgresql_cannot_store_is_taken_out(written: str) -> None:
    body = meta_text("521", "TEXT", "wamid.1", 1795200000).replace(b"TEXT", written.encode())
    (message,) = parse(body)

    assert message.text == "ab"
    assert message.raw["text"]["body"] == "ab"


def test_characters_in_pairs_stay_whole() -> None:
    (message,) = parse(meta_text("521", "ñandú 🎉", "wamid.1", 1795200000))

    assert message.text == "ñandú 🎉"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("1795200000", datetime(2026, 11, 20, 18, 40, tzinfo=UTC)),
        (1795200000, datetime(2026, 11, 20, 18, 40, tzinfo=UTC)),
        (1795200000.9, datetime(2026, 11, 20, 18, 40, tzinfo=UTC)),
        ("1795200000000", RECEIVED_AT),
        (10**400, RECEIVED_AT),
        ("yesterday", RECEIVED_AT),
        (None, RECEIVED_AT),
        (-1, RECEIVED_AT),
        (True, RECEIVED_AT),
    ],
)
def test_a_time_that_cannot_be_is_the_time_of_arrival(written: Any, expected: datetime) -> None:
    (message,) = parse(changed({"timestamp": written}))

    assert message.sent_at == expected


def test_a_location_at_zero_is_a_location() -> None:
    (message,) = parse(changed({"location": {"latitude": 0, "longitude": 0}}, "in_location_pin"))

    assert message.location == {"latitude": 0, "longitude": 0}


def test_items_of_another_number_are_left_to_its_own_account() -> None:
    ours, other = json.loads(meta_text("521", "uno", "wamid.1", 1795200000)), "200000000000009"
    theirs = json.loads(meta_text("522", "dos", "wamid.2", 1795200000, other))
    body = json.dumps({**ours, "entry": ours["entry"] + theirs["entry"]}).encode()

    assert phone_number_ids(body) == {"200000000000002", other}
    assert [event.text for event in parse(body)] == ["uno"]
    second = whatsapp_account(external_id=other)
    assert [event.text for event in ADAPTER.parse(second, body)] == ["dos"]  # type: ignore[union-attr]  # messages


def test_notices_without_a_number_are_routed_by_the_business_account() -> None:
    body = sample_bytes("whatsapp_cloud", "template_status_update_approved")

    assert phone_number_ids(body) == set()
    assert business_account_ids(body) == {"100000000000001"}
    assert ADAPTER.parse(whatsapp_account(settings={"waba_id": "999"}), body) == []
    assert len(ADAPTER.parse(whatsapp_account(settings={}), body)) == 1


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b"null", b"[]", b"{}", b'{"entry": 1}', b'{"entry": [{}]}']
)
def test_a_body_without_changes_is_kept_as_unreadable(body: bytes) -> None:
    (event,) = parse(body)

    assert isinstance(event, Unreadable)
    assert phone_number_ids(body) == set()
