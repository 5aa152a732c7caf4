"""The main job, from Meta's signed webhook to the customer's telephone, seen by an agent in a real browser."""

import re
import time
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.fakes.graph_api import FakeGraph, meta_text, sign
from tests.journeys.browsers import browser_page, sign_in
from tests.journeys.http import call, log_in, post_whatsapp
from tests.journeys.waiting import events_with
from tests.payloads import load_payload
from tests.stack import Stack

CUSTOMER = "56987650000"


class _Account:
    def __init__(self, external_id: str) -> None:
        self.external_id = external_id


def _write(stack: Stack, graph: FakeGraph, brokerage: dict[str, Any], text: str, wamid: str) -> None:
    body = meta_text(
        CUSTOMER, text, wamid=wamid, timestamp=int(time.time()), phone_number_id=brokerage["phone_number_id"]
    )
    assert post_whatsapp(stack, body, graph.app_secret) == 200


def test_a_customer_is_answered_qualified_taken_over_and_answered_by_a_person(stack, graph, brokerage):
    with browser_page() as page:
        sign_in(page, stack, brokerage["users"]["supervisor"]["email"])
        expect(page.locator("#live")).to_have_attribute("data-state", "live", timeout=15_000)

        page.click("#tabs a[href*='tab=open']")
        _write(stack, graph, brokerage, "Hola, busco departamento", "wamid.viva.1")
        row = page.locator("#rows li", has_text="Ana Ejemplo")
        expect(row).to_be_visible(timeout=10_000)
        row.click()
        thread = page.locator("#conversation")
        expect(thread.get_by_text("Hola, busco departamento").first).to_be_visible()
        expect(thread.locator(".line", has_text="Sofía").first).to_be_visible(timeout=15_000)
        _until(lambda: graph.texts_to(CUSTOMER))

        _write(
            stack,
            graph,
            brokerage,
            "Soy Ana Rojas, quiero comprar en Ñuñoa, 2 dormitorios, hasta 4500 UF",
            "wamid.viva.2",
        )
        panel = page.locator("#lead-panel")
        expect(panel.get_by_text("Ana Rojas").first).to_be_visible(timeout=15_000)
        expect(panel.get_by_text(re.compile("Ñuñoa")).first).to_be_visible(timeout=15_000)

        page.locator("[data-take]").click()
        expect(page.locator("[data-take]")).to_have_count(0)
        page.fill("#composer-text", "Hola Ana, soy Carla. ¿Te acomoda el sábado a las 11?")
        page.press("#composer-text", "Enter")
        bubble = thread.locator(".line", has_text="soy Carla")
        expect(bubble).to_be_visible(timeout=10_000)
        _until(lambda: "Hola Ana, soy Carla. ¿Te acomoda el sábado a las 11?" in graph.texts_to(CUSTOMER))
        expect(bubble.locator(".tick.is-read")).to_be_visible(timeout=15_000)

        _write(stack, graph, brokerage, "Sí, perfecto", "wamid.viva.3")
        expect(thread.get_by_text("Sí, perfecto").first).to_be_visible(timeout=10_000)
        time.sleep(3)
        assert graph.texts_to(CUSTOMER)[-1].startswith("Hola Ana, soy Carla")  # Sofía keeps quiet
    assert graph.duplicates() == {}


def test_the_lead_is_scored_and_readable_through_the_api(stack, brokerage):
    token = log_in(stack, brokerage["users"]["admin"]["email"])
    lead = stack.rows(f"SELECT id FROM broker_{brokerage['id']}.leads_lead WHERE phone = %s", f"+{CUSTOMER}")[0]

    status, answer = call(stack, "GET", f"/api/v1/chat/{lead['id']}/messages", token=token)

    assert status == 200
    texts = [message["message_text"] for message in answer["messages"]]
    assert texts[0] == "Hola, busco departamento"
    assert {message["sender_type"] for message in answer["messages"]} == {"customer", "bot", "agent"}
    status, verified = call(stack, "GET", f"/api/v1/chat/verify/{lead['id']}", token=token)
    assert status == 200
    assert all(verified["data_completeness"].values())


SAMPLES = [
    "in_audio_voice",
    "in_bsuid_username_no_phone",
    "in_contacts_shared",
    "in_document",
    "in_image",
    "in_interactive_list_reply",
    "in_location_pin",
    "in_sticker",
    "in_text_referral_ctwa_ad",
    "in_unsupported",
    "in_video",
    "status_failed_131047_window",
    "template_status_update_approved",
]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_documented_payload_is_taken_and_processed(stack, graph, brokerage, name):
    body = load_payload("whatsapp_cloud", name, account=_Account(brokerage["phone_number_id"]))

    status = post_whatsapp(stack, body, graph.app_secret)

    assert status in {200, 404} if name.startswith("template") else status == 200
    _until(lambda: _states(stack)["waiting"] == 0)
    assert _states(stack)["failed"] == 0


def test_ten_parallel_first_images_open_one_conversation(stack, graph, brokerage):
    import json
    from concurrent.futures import ThreadPoolExecutor

    sample = json.loads(load_payload("whatsapp_cloud", "in_image", account=_Account(brokerage["phone_number_id"])))
    bodies = []
    for number in range(10):
        value = sample["entry"][0]["changes"][0]["value"]
        value["messages"][0] |= {"from": "56955550000", "id": f"wamid.album.{number}"}
        value["messages"][0].pop("from_user_id", None)
        value["contacts"] = [{"profile": {"name": "Álbum"}, "wa_id": "56955550000"}]
        bodies.append(json.dumps(sample).encode())

    with ThreadPoolExecutor(10) as pool:
        statuses = list(pool.map(lambda body: post_whatsapp(stack, body, graph.app_secret), bodies))

    assert statuses == [200] * 10
    schema = f"broker_{brokerage['id']}"
    found = f"""SELECT count(DISTINCT c.id) AS conversations, count(m.id) AS messages
                  FROM {schema}.conversations_conversation c
                  JOIN {schema}.conversations_message m ON m.conversation_id = c.id AND m.direction = 'in'
                 WHERE c.address = '56955550000'"""
    _until(lambda: stack.rows(found)[0]["messages"] == 10)
    assert stack.rows(found)[0]["conversations"] == 1


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({}, None, 401),
        ({"X-Hub-Signature-256": "sha256=" + "0" * 64}, None, 401),
        ({"X-Hub-Signature-256": "sha1=abc"}, None, 401),
    ],
)
def test_a_wrong_signature_stores_nothing(stack, brokerage, headers, body, status):
    content = meta_text("1", "x", wamid="wamid.forged", timestamp=1, phone_number_id=brokerage["phone_number_id"])

    answered, _answer = call(stack, "POST", "/webhooks/whatsapp", content, headers=headers)

    assert answered == status
    assert events_with(stack, "wamid.forged") == 0


def test_an_unknown_number_is_not_found(stack, graph):
    body = meta_text("1", "x", wamid="w", timestamp=1, phone_number_id="000")

    assert post_whatsapp(stack, body, graph.app_secret) == 404


def test_a_huge_body_is_refused(stack):
    status, _answer = call(
        stack, "POST", "/webhooks/whatsapp", b"x" * (5 * 1024 * 1024), headers={"X-Hub-Signature-256": sign(b"x")}
    )

    assert status == 413


def _states(stack: Stack) -> dict[str, int]:
    rows = stack.rows("SELECT state, count(*) AS n FROM public.messaging_rawevent GROUP BY state")
    return {"waiting": 0, "failed": 0, "processed": 0} | {row["state"]: row["n"] for row in rows}


def _until(check: Any, *, seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.1)
