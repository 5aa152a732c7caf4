"""One chat completion from any endpoint that speaks OpenAI's API (OpenAI, Gemini, Ollama, vLLM).

Vendors' facts: https://platform.openai.com/docs/api-reference/chat and
https://ai.google.dev/gemini-api/docs/openai. The request's own retries are off: the engine has one deadline for all.
"""

import json
import logging
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, cast
from urllib.parse import urlsplit

import httpx
import httpx2  # the openai package's own HTTP library, whose errors can come through
from openai import APIConnectionError, APIError, APIStatusError, APITimeoutError, OpenAI, OpenAIError
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from apps.assistant.pricing import cost_of
from apps.assistant.types import UsageRow
from apps.core.http import outbound_client

log = logging.getLogger(__name__)

_CONNECT_SECONDS = 5.0
_MAX_ANSWER_BYTES = 4 * 1024 * 1024
_TRANSIENT = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
# Parameters that some models refuse; without them the answer is as good.
_OPTIONAL = frozenset({"temperature", "max_tokens", "max_completion_tokens", "stream_options"})
_CHARACTERS_PER_TOKEN = 4
_SECONDS = re.compile(r"^(\d+(?:\.\d+)?)s$")
_EXPECTED = (
    *(OpenAIError, httpx.HTTPError, httpx2.HTTPError),
    *(httpx.InvalidURL, httpx2.InvalidURL),
    # An answer of a shape that the package's readers do not expect.
    *(ValueError, TypeError, AttributeError, KeyError),
)
_deadline: ContextVar[float] = ContextVar("llm_deadline", default=float("inf"))

Message = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Where a model answers. A tenant's own address passes the outbound guard; the platform's is the operator's."""

    base_url: str
    api_key: str = field(repr=False)
    model: str
    is_tenants: bool
    temperature: float
    max_tokens: int

    @property
    def host(self) -> str:
        try:
            return urlsplit(self.base_url).hostname or ("invalid" if self.base_url else "api.openai.com")
        except ValueError:
            return "invalid"


@dataclass(frozen=True, kw_only=True)
class ToolCall:
    """`arguments` is the model's text: it may be no JSON at all."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, kw_only=True)
class Completion:
    text: str
    tool_calls: tuple[ToolCall, ...]
    finish_reason: str
    usage: UsageRow


class ModelError(Exception):
    """No usable answer. `reason` is a short code; `retry_after` is in seconds; `usage` is what the try cost."""

    def __init__(self, reason: str, *, usage: UsageRow, is_transient: bool, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.usage = usage
        self.is_transient = is_transient
        self.retry_after = retry_after


@dataclass(kw_only=True)
class _Answer:
    """What has arrived so far, from a stream or at once."""

    text: str = ""
    calls: list[dict[str, str]] = field(default_factory=list)
    finish_reason: str = ""
    refusal: str = ""
    usage: object = None
    request_id: str = ""


def complete(
    endpoint: Endpoint,
    messages: Sequence[Message],
    *,
    tools: Sequence[Message],
    seconds: float,
    on_token: Callable[[str], None] | None,
) -> Completion:
    """Ask once, within `seconds` in all. With `on_token` the answer streams.

    Raises ModelError for whatever goes wrong.
    """
    started = time.monotonic()
    request = _request(endpoint, messages, tools, is_streamed=on_token is not None)
    token = _deadline.set(started + seconds)
    answer = _Answer()
    try:
        _ask(endpoint, request, answer, seconds=seconds, on_token=on_token)
    except _EXPECTED as error:
        raise _model_error(error, endpoint, request, answer, started) from error
    finally:
        _deadline.reset(token)
    usage = _usage(endpoint, request, answer, started, outcome="ok")
    problem = _problem(answer)
    if problem:
        raise ModelError(problem, usage=usage, is_transient=problem in {"empty", "broken_stream"})
    calls = tuple(
        ToolCall(id=call["id"] or f"call_{number}", name=call["name"], arguments=call["arguments"])
        for number, call in enumerate(answer.calls)
    )
    return Completion(text=answer.text, tool_calls=calls, finish_reason=answer.finish_reason, usage=usage)


def _request(
    endpoint: Endpoint, messages: Sequence[Message], tools: Sequence[Message], *, is_streamed: bool
) -> Message:
    # Compatible servers may know only the older name; OpenAI's newer models only the new one.
    limit = "max_completion_tokens" if endpoint.host.endswith("openai.com") else "max_tokens"
    request: Message = {
        "model": endpoint.model,
        "messages": list(messages),
        "temperature": endpoint.temperature,
        limit: endpoint.max_tokens,
        "stream": is_streamed,
    }
    if tools:
        request["tools"] = list(tools)
    if is_streamed:
        request["stream_options"] = {"include_usage": True}
    return request


def _ask(
    endpoint: Endpoint,
    request: Message,
    answer: _Answer,
    *,
    seconds: float,
    on_token: Callable[[str], None] | None,
) -> None:
    client = _client(endpoint.base_url, endpoint.api_key, endpoint.is_tenants)
    timeout = httpx2.Timeout(seconds, connect=min(seconds, _CONNECT_SECONDS))
    while True:
        try:
            result = client.chat.completions.create(**request, timeout=timeout)
            break
        except APIStatusError as error:
            refused = _details(error.body).get("param")
            if error.status_code != 400 or refused not in _OPTIONAL or refused not in request:
                raise
            log.info("model refuses a parameter", extra={"model": endpoint.model, "parameter": refused})
            del request[str(refused)]
    if on_token is not None:
        _read_stream(result, answer, on_token)
    else:
        _read_whole(result, answer)


def _read_whole(completion: object, answer: _Answer) -> None:
    if not isinstance(completion, ChatCompletion):
        raise ValueError("the answer is no chat completion")
    answer.usage = completion.usage
    answer.request_id = getattr(completion, "_request_id", "") or ""
    if not completion.choices:
        return
    choice = completion.choices[0]
    answer.finish_reason = choice.finish_reason or "stop"
    answer.text = choice.message.content or ""
    answer.refusal = choice.message.refusal or ""
    for call in choice.message.tool_calls or ():
        function = getattr(call, "function", None)
        if function is not None:
            answer.calls.append(
                {"id": call.id or "", "name": function.name or "", "arguments": function.arguments or ""}
            )


def _read_stream(stream: object, answer: _Answer, on_token: Callable[[str], None]) -> None:
    if isinstance(stream, ChatCompletion | str):
        raise ValueError("the answer is no stream")
    places: dict[int, dict[str, str]] = {}
    with cast(Any, stream) as chunks:
        for chunk in cast(Iterator[ChatCompletionChunk], chunks):
            if time.monotonic() > _deadline.get():
                raise httpx.ReadTimeout("the answer takes too long")
            answer.usage = chunk.usage or answer.usage
            answer.request_id = answer.request_id or chunk.id or ""
            if not chunk.choices:
                continue
            choice = chunk.choices[0]
            answer.finish_reason = choice.finish_reason or answer.finish_reason
            delta = choice.delta
            if delta is None:
                continue
            if delta.content:
                answer.text += delta.content
                on_token(delta.content)
            answer.refusal += delta.refusal or ""
            for piece in delta.tool_calls or ():
                _join_call(answer, places, piece)


def _join_call(answer: _Answer, places: dict[int, dict[str, str]], piece: Any) -> None:
    """Pieces of a call come by index; a server without indexes sends whole calls."""
    call = places.get(piece.index) if piece.index is not None else None
    if call is None or (piece.id and call["id"] and piece.id != call["id"]):
        call = {"id": "", "name": "", "arguments": ""}
        answer.calls.append(call)
        if piece.index is not None:
            places[piece.index] = call
    call["id"] = call["id"] or piece.id or ""
    if piece.function is not None:
        call["name"] = call["name"] or piece.function.name or ""
        call["arguments"] += piece.function.arguments or ""


def _problem(answer: _Answer) -> str:
    if answer.calls:
        return ""
    if answer.finish_reason == "content_filter" or (answer.refusal and not answer.text.strip()):
        return "refused"
    if not answer.text.strip():
        return "empty"
    return "" if answer.finish_reason else "broken_stream"


def _model_error(error: Exception, endpoint: Endpoint, request: Message, answer: _Answer, started: float) -> ModelError:
    details = _details(getattr(error, "body", None))
    reason, is_transient = _reason(error, details)
    has_arrived = bool(answer.text or answer.calls)
    usage = _usage(endpoint, request, answer, started, outcome=reason, is_failed=not has_arrived)
    log.warning(
        "model did not answer", extra={"model": endpoint.model, "host": endpoint.host, "reason": reason},
    )  # fmt: skip
    return ModelError(reason, usage=usage, is_transient=is_transient, retry_after=_retry_after(error, details))


def _reason(error: Exception, details: Message) -> tuple[str, bool]:
    """A short code, and whether trying again may help."""
    if isinstance(error, APITimeoutError | httpx.TimeoutException | httpx2.TimeoutException):
        return "timeout", False
    if isinstance(error, APIStatusError):
        code = str(details.get("code") or details.get("status") or "")
        if code == "insufficient_quota" or error.response.headers.get("x-should-retry") == "false":
            return f"http_{error.status_code}:{code}"[:60], False
        return f"http_{error.status_code}:{code}".rstrip(":")[:60], error.status_code in _TRANSIENT
    if isinstance(error, httpx.InvalidURL | httpx2.InvalidURL):
        return "bad_address", False
    if isinstance(error, APIConnectionError | httpx.HTTPError | httpx2.HTTPError):
        return "connection", True
    if isinstance(error, APIError):
        return "error_in_stream", True
    return "odd_answer", False


def _details(body: object) -> Message:
    """The error object of an answer; Gemini wraps it in a list."""
    if isinstance(body, str):
        try:
            body = json.loads(body)
        except ValueError:
            return {}
    if isinstance(body, list):
        body = body[0] if body else None
    if not isinstance(body, dict):
        return {}
    inner = body.get("error")
    return inner if isinstance(inner, dict) else body


def _retry_after(error: Exception, details: Message) -> float | None:
    if isinstance(error, APIStatusError):
        for name, unit in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
            try:
                return max(0.0, float(error.response.headers[name]) / unit)
            except (KeyError, ValueError):
                continue
    hints = details.get("details")
    for hint in hints if isinstance(hints, list) else ():
        match = _SECONDS.match(str(hint.get("retryDelay", ""))) if isinstance(hint, dict) else None
        if match:
            return float(match[1])
    return None


def _usage(
    endpoint: Endpoint, request: Message, answer: _Answer, started: float, *, outcome: str, is_failed: bool = False
) -> UsageRow:
    """Tokens as told by the server, or estimated from the text: an answer never counts as free."""
    usage = answer.usage
    prompt, completion = _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")
    is_estimated = not prompt and not completion and not is_failed
    if is_estimated:
        prompt = len(json.dumps(request["messages"], ensure_ascii=False)) // _CHARACTERS_PER_TOKEN + 1
        said = answer.text + "".join(call["name"] + call["arguments"] for call in answer.calls)
        completion = len(said) // _CHARACTERS_PER_TOKEN + 1
    is_maybe_billed = outcome in {"timeout", "connection"}
    return UsageRow(
        model=endpoint.model,
        prompt_tokens=prompt,
        completion_tokens=completion,
        cached_tokens=_count(getattr(usage, "prompt_tokens_details", None), "cached_tokens"),
        cost=None if is_failed and is_maybe_billed else cost_of(endpoint.model, prompt, completion),
        duration_ms=round((time.monotonic() - started) * 1000),
        outcome=outcome,
        is_estimated=is_estimated,
        request_id=answer.request_id[:100],
    )


def _count(usage: object, name: str) -> int:
    value = getattr(usage, name, None)
    return value if isinstance(value, int) and 0 <= value < 1_000_000_000 else 0


@lru_cache(maxsize=64)
def _client(base_url: str, api_key: str, is_tenants: bool) -> OpenAI:
    """One client, with its connections, for each endpoint and key."""
    http_client = _guarded_client() if is_tenants else _operators_client()
    http_client.event_hooks = {"request": [], "response": [_watch_deadline]}
    client = OpenAI(
        api_key=api_key or "none",
        base_url=base_url or None,
        http_client=cast(Any, http_client),  # the package takes both generations of httpx
        max_retries=0,
    )
    if is_tenants:
        # The package reads these from the operator's environment: they are no tenant's business.
        client.organization = client.project = None
    return client


def _guarded_client() -> httpx.Client:
    return outbound_client(max_bytes=_MAX_ANSWER_BYTES)


def _operators_client() -> httpx.Client:
    """The operator may well run a model on a private address, and reach it through a proxy."""
    return httpx.Client(follow_redirects=False)


def _watch_deadline(response: httpx.Response) -> None:
    """The library's timeouts are per read; a server that drips one byte at a time would hold us for ever."""
    response.stream = _DeadlineStream(cast(httpx.SyncByteStream, response.stream))


class _DeadlineStream(httpx.SyncByteStream):
    def __init__(self, inner: httpx.SyncByteStream) -> None:
        self._inner = inner

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._inner:
            if time.monotonic() > _deadline.get():
                raise httpx.ReadTimeout("the answer takes too long")
            yield chunk

    def close(self) -> None:
        self._inner.close()
