"""Sofía through a model: a server that speaks OpenAI's API on the wire, well, slow, broken and gone."""

import http.client
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from tests.fakes.graph_api import FakeGraph, meta_text
from tests.fakes.openai_api import Answer, Call, FakeOpenAI, refusal_of
from tests.journeys.http import call, log_in, post_whatsapp
from tests.journeys.waiting import until
from tests.stack import Stack

TIMEOUT_SECONDS = 1.5
BREAKER = "llm:127.0.0.1:platform"


@pytest.fixture(scope="module")
def llm_stack(stack: Stack, model: FakeOpenAI) -> Stack:
    """The running product with a model for everybody, from now on."""
    stack.restart(OPENAI_BASE_URL=model.base_url, OPENAI_API_KEY="sk-journey", LLM_TIMEOUT_SECONDS=str(TIMEOUT_SECONDS))
    return stack


@pytest.fixture(scope="module")
def token(llm_stack: Stack, brokerage: dict[str, Any]) -> str:
    return log_in(llm_stack, brokerage["users"]["admin"]["email"])


@pytest.fixture(autouse=True)
def closed_breaker(stack: Stack) -> Iterator[None]:
    yield
    _redis(stack).delete(f"breaker:{BREAKER}")


def test_a_customer_is_answered_by_the_model_which_calls_tools(
    llm_stack: Stack, brokerage: dict[str, Any], graph: FakeGraph, model: FakeOpenAI
) -> None:
    facts = {"name": "Pedro Soto", "purpose": "buy", "location": ["Ñuñoa"], "budget_amount": 4500}
    model.script(
        Answer(calls=[Call("update_lead", {**facts, "budget_currency": "UF"})]),
        Answer(text="Gracias Pedro, 4.500 UF en Ñuñoa alcanza muy bien. ¿Cuántos dormitorios necesitas?"),
    )

    _write(llm_stack, graph, brokerage, "56933330001", "Soy Pedro Soto, compro en Ñuñoa hasta 4500 UF")

    until(lambda: graph.texts_to("56933330001"), what="the answer")
    assert graph.texts_to("56933330001")[0].startswith("Gracias Pedro, 4.500 UF en Ñuñoa")
    lead = _lead(llm_stack, brokerage, "+56933330001")
    assert (lead["first_name"], lead["city"], lead["attributes"]["budget_currency"]) == ("Pedro", "Ñuñoa", "UF")
    assert lead["score"] >= 40
    assert model.headers[-1]["authorization"] == "Bearer sk-journey"
    assert {tool["function"]["name"] for tool in model.requests[-1]["tools"]} >= {"update_lead", "hand_over"}
    assert model.tool_results
    costs = _costs(llm_stack, brokerage, lead["id"])
    assert [(row["outcome"], row["prompt_tokens"], row["completion_tokens"]) for row in costs] == [
        ("ok", 1000, 200)
    ] * 2
    assert all(float(row["cost_usd"]) == pytest.approx(0.00027) for row in costs)
    assert all(row["conversation_id"] for row in costs)


def test_the_stream_tells_the_words_as_they_come(llm_stack: Stack, token: str, model: FakeOpenAI) -> None:
    text = "Tengo tres departamentos en Providencia que te pueden gustar mucho."
    model.script(Answer(text=text, drip=0.08))

    arrivals = list(_stream(llm_stack, token, "Busco departamento en Providencia"))

    words = [(at, event["token"]) for at, event in arrivals if "token" in event]
    assert "".join(word for _at, word in words).strip() == text
    assert len(words) >= 4
    assert words[-1][0] - words[0][0] > 0.2  # they came one after the other, not in a heap at the end
    done = arrivals[-1][1]
    assert done["done"] is True
    assert done["lead_id"] > 0
    status, answer = call(llm_stack, "GET", f"/api/v1/chat/{done['lead_id']}/messages", token=token)
    assert status == 200
    assert answer["messages"][-1]["message_text"] == text


def test_a_model_that_breaks_off_leaves_a_whole_answer(llm_stack: Stack, token: str, model: FakeOpenAI) -> None:
    model.script(Answer(text="Te cuento que en esa comuna hay mucho", cut_after=2))

    arrivals = list(_stream(llm_stack, token, "Hola, soy Marta Ruiz"))

    done = arrivals[-1][1]
    assert done["done"] is True
    _status, answer = call(llm_stack, "GET", f"/api/v1/chat/{done['lead_id']}/messages", token=token)
    assert "¿" in answer["messages"][-1]["message_text"]


def test_a_slow_and_a_broken_model_are_replaced_by_rules_and_then_left_alone(
    llm_stack: Stack, brokerage: dict[str, Any], graph: FakeGraph, model: FakeOpenAI, token: str
) -> None:
    model.script(Answer(text="demasiado tarde", delay=4 * TIMEOUT_SECONDS))
    _write(llm_stack, graph, brokerage, "56933330002", "Hola, soy Julia Pinto")
    until(lambda: graph.texts_to("56933330002"), what="the answer without a model")
    assert "comprar, arrendar o invertir" in graph.texts_to("56933330002")[0]
    lead = _lead(llm_stack, brokerage, "+56933330002")
    assert [row["outcome"] for row in _costs(llm_stack, brokerage, lead["id"])] == ["timeout"]

    model.script(refusal_of(500))
    for number in range(4):
        question = {"message": f"Hola, soy Julia Pinto {number}"}
        status, answer = call(llm_stack, "POST", "/api/v1/chat/test", question, token=token)
        assert status == 200
        assert "comprar, arrendar o invertir" in answer["response"]
    assert _breakers(llm_stack)[BREAKER] == "open"

    asked = len(model.requests)
    _write(llm_stack, graph, brokerage, "56933330002", "Quiero comprar")
    until(lambda: len(graph.texts_to("56933330002")) == 2, what="an answer while the model rests")
    assert len(model.requests) == asked

    model.script("Ya volví. ¿En qué comuna buscas?")
    _redis(llm_stack).hset(f"breaker:{BREAKER}", "retry_at", "0")  # its half minute of rest is over
    assert _breakers(llm_stack)[BREAKER] == "half_open"
    _status, answer = call(llm_stack, "POST", "/api/v1/chat/test", {"message": "Hola, soy Ema"}, token=token)
    assert answer["response"] == "Ya volví. ¿En qué comuna buscas?"
    assert _breakers(llm_stack)[BREAKER] == "closed"


def _write(stack: Stack, graph: FakeGraph, brokerage: dict[str, Any], who: str, text: str) -> None:
    wamid = f"wamid.llm.{time.time_ns()}"
    number = brokerage["phone_number_id"]
    body = meta_text(who, text, wamid=wamid, timestamp=int(time.time()), phone_number_id=number)
    assert post_whatsapp(stack, body, graph.app_secret) == 200


def _lead(stack: Stack, brokerage: dict[str, Any], phone: str) -> dict[str, Any]:
    return stack.rows(f"SELECT * FROM broker_{brokerage['id']}.leads_lead WHERE phone = %s", phone)[0]


def _costs(stack: Stack, brokerage: dict[str, Any], lead_id: int) -> list[dict[str, Any]]:
    sql = "SELECT * FROM public.assistant_llmusage WHERE broker_id = %s AND lead_id = %s ORDER BY id"
    return stack.rows(sql, brokerage["id"], lead_id)


def _breakers(stack: Stack) -> dict[str, str]:
    states: dict[str, str] = call(stack, "GET", "/health")[1]["circuit_breakers"]
    return states


def _redis(stack: Stack) -> redis.Redis:
    return redis.Redis.from_url(stack.services.redis_url, decode_responses=True)


def _stream(stack: Stack, token: str, message: str) -> Iterator[tuple[float, dict[str, Any]]]:
    """The events of a streamed answer, each with the moment in which it came."""
    connection = http.client.HTTPConnection("127.0.0.1", stack.port, timeout=20)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    connection.request("POST", "/api/v1/chat/stream", json.dumps({"message": message}), headers)
    response = connection.getresponse()
    assert response.status == 200
    assert response.headers["Content-Type"].startswith("text/event-stream")
    try:
        while line := response.readline():
            if line.startswith(b"data: "):
                yield time.monotonic(), json.loads(line[6:])
    finally:
        connection.close()
