"""A server that speaks OpenAI's chat completions on the wire: scripted answers, streams, tool calls and faults.

Shapes as in the vendor's reference (https://platform.openai.com/docs/api-reference/chat). Every request is kept.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

_CREATED = 1_795_200_000


@dataclass(frozen=True)
class Call:
    """A tool call of the model. `arguments` may be text that is no JSON."""

    name: str
    arguments: dict[str, Any] | str = field(default_factory=dict)

    @property
    def text(self) -> str:
        return self.arguments if isinstance(self.arguments, str) else json.dumps(self.arguments, ensure_ascii=False)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the model says next, and how the line behaves while it does.

    `delay` is before the answer, `drip` between its pieces (a stream's chunks, or the bytes of a whole answer), in
    seconds. `cut_after` ends a stream after so many pieces without a finish. `body` replaces everything.
    """

    text: str = ""
    calls: Sequence[Call] = ()
    finish_reason: str = ""
    refusal: str | None = None
    has_usage: bool = True
    has_indexes: bool = True
    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    delay: float = 0.0
    drip: float = 0.0
    cut_after: int | None = None
    error_in_stream: Any = None


def refusal_of(
    status: int, *, code: str | None = None, message: str = "no", param: str | None = None, **headers: str
) -> Answer:
    """An error in OpenAI's envelope."""
    error = {"message": message, "type": "error", "param": param, "code": code}
    return Answer(status=status, body={"error": error}, headers={k.replace("_", "-"): v for k, v in headers.items()})


def gemini_refusal(status: int, *, retry_delay: str = "") -> Answer:
    """An error as Gemini's compatible endpoint wraps it: in a list, with the delay among the details."""
    details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": retry_delay}] if retry_delay else []
    error = {"code": status, "message": "quota", "status": "RESOURCE_EXHAUSTED", "details": details}
    return Answer(status=status, body=[{"error": error}])


class FakeOpenAI:
    """Answers what was scripted, in order; the last answer is repeated. Use as a context manager."""

    def __init__(self, *answers: Answer | str) -> None:
        self._lock = threading.Lock()
        self._script: list[Answer] = []
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.script(*answers)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_for(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def script(self, *answers: Answer | str) -> None:
        with self._lock:
            self._script = [Answer(text=answer) if isinstance(answer, str) else answer for answer in answers]

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_address[1]}"

    @property
    def base_url(self) -> str:
        return f"http://{self.address}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def take(self, request: dict[str, Any], headers: dict[str, str]) -> Answer:
        with self._lock:
            self.requests.append(request)
            self.headers.append(headers)
            if not self._script:
                return Answer(text="Hola, ¿en qué te ayudo?")
            return self._script.pop(0) if len(self._script) > 1 else self._script[0]

    @property
    def tool_results(self) -> list[dict[str, Any]]:
        """What our side answered to the tool calls of the last request."""
        return [json.loads(m["content"]) for m in self.requests[-1]["messages"] if m["role"] == "tool"]


def whole(answer: Answer, model: str) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": answer.text or None, "refusal": answer.refusal}
    if answer.calls:
        message["tool_calls"] = [
            {"id": f"call_{n}", "type": "function", "function": {"name": call.name, "arguments": call.text}}
            for n, call in enumerate(answer.calls)
        ]
    finish = answer.finish_reason or ("tool_calls" if answer.calls else "stop")
    body: dict[str, Any] = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": _CREATED,
        "model": model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}],
    }
    if answer.has_usage:
        body["usage"] = _usage()
    return body


def chunks(answer: Answer, model: str) -> Iterator[dict[str, Any]]:
    yield _chunk(model, {"role": "assistant", "content": ""})
    for piece in _pieces(answer.text, 6):
        yield _chunk(model, {"content": piece})
    for number, call in enumerate(answer.calls):
        place = {"index": number} if answer.has_indexes else {}
        if not answer.has_indexes:
            function = {"name": call.name, "arguments": call.text}
            yield _chunk(model, {"tool_calls": [{"id": f"call_{number}", "type": "function", "function": function}]})
            continue
        function = {"name": call.name, "arguments": ""}
        first = {**place, "id": f"call_{number}", "type": "function", "function": function}
        yield _chunk(model, {"tool_calls": [first]})
        for piece in _pieces(call.text, 9):
            yield _chunk(model, {"tool_calls": [{**place, "function": {"arguments": piece}}]})
    yield _chunk(model, {}, finish=answer.finish_reason or ("tool_calls" if answer.calls else "stop"))
    if answer.has_usage:
        yield {**_chunk(model, {}), "choices": [], "usage": _usage()}


def _chunk(model: str, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": _CREATED,
        "model": model,
        "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}],
        "usage": None,
    }


def _pieces(text: str, size: int) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]


def _usage() -> dict[str, Any]:
    return {
        "prompt_tokens": 1000,
        "completion_tokens": 200,
        "total_tokens": 1200,
        "prompt_tokens_details": {"cached_tokens": 64},
    }


def _handler_for(fake: FakeOpenAI) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 60

        def do_POST(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            request = json.loads(self.rfile.read(length) or b"{}")
            answer = fake.take(request, {name.lower(): value for name, value in self.headers.items()})
            if answer.delay:
                time.sleep(answer.delay)
            try:
                if request.get("stream") and answer.status == 200 and answer.body is None:
                    self._stream(request, answer)
                else:
                    self._whole(request, answer)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def _whole(self, request: dict[str, Any], answer: Answer) -> None:
            body = whole(answer, str(request.get("model"))) if answer.body is None else answer.body
            content = body.encode() if isinstance(body, str) else json.dumps(body, ensure_ascii=False).encode()
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if not answer.drip:
                self.wfile.write(content)
                return
            for byte in content:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(answer.drip)

        def _stream(self, request: dict[str, Any], answer: Answer) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            self.close_connection = True
            self._event(": comment")
            for number, chunk in enumerate(chunks(answer, str(request.get("model")))):
                if answer.cut_after is not None and number >= answer.cut_after:
                    if answer.error_in_stream is not None:
                        self._event(f"data: {json.dumps(answer.error_in_stream)}")
                    return
                self._event(f"data: {json.dumps(chunk, ensure_ascii=False)}")
                time.sleep(answer.drip)
            self._event("data: [DONE]")

        def _event(self, line: str) -> None:
            self.wfile.write(f"{line}\n\n".encode())
            self.wfile.flush()

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet: what was asked is in the records."""

    return Handler
