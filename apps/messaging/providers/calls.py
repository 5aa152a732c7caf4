"""One HTTP call to a provider, told apart by what a sender must know: did the request leave, and was it answered."""

from __future__ import annotations

import email.utils
import hashlib
import logging
import os
import re
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol

import httpx

from apps.core.http import ForbiddenAddress, ResponseTooLarge, outbound_client
from apps.messaging.providers.wire import NotJson, load_json

TIMEOUT_SECONDS = 20.0
MEDIA_TIMEOUT_SECONDS = 60.0
ANSWER_MAX_BYTES = 4 * 1024 * 1024
# ValueError: a header or body that cannot be encoded. Such errors name values, so they are never chained onwards.
_EXPECTED = (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError)
_BOT_TOKEN = re.compile(r"(/bot)\d+(?::|%3A)[\w-]+", re.IGNORECASE)


class ClientFactory(Protocol):
    def __call__(self, *, timeout: float | None = ..., max_bytes: int = ...) -> httpx.Client: ...


class NotSent(Exception):
    """The request never left: sending it again is safe."""


class Refused(NotSent):
    """The call cannot be made: our guard does not allow the address, or it or a header is malformed."""


class AnswerLost(Exception):
    """The request left and no answer came back: the provider may or may not have acted on it."""


class TooLarge(Exception):
    """The file is longer than the caller allowed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is the JSON value, or None where the answer was empty or no JSON."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: Any = field(repr=False)

    @property
    def retry_after(self) -> float | None:
        return _retry_after_seconds(self.headers.get("retry-after", ""))


@dataclass(frozen=True, slots=True)
class Download:
    status: int
    content_type: str
    stream: BinaryIO
    size: int
    sha256: str


class Caller:
    """Calls with pooled connections, opened once per process: a client costs more to make than a message to send."""

    def __init__(self, make_client: ClientFactory = outbound_client) -> None:
        self._make_client = make_client
        self._lock = threading.Lock()
        self._client: httpx.Client | None = None
        self._owner = 0

    def json(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        body: Any = None,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Answer:
        """Calls and reads the answer. Raises NotSent, Refused, AnswerLost or TooLarge, no address in them."""
        timeout = MEDIA_TIMEOUT_SECONDS if files else TIMEOUT_SECONDS
        try:
            response = self._open().request(
                method, url, headers=headers, params=params, json=body, files=files, data=form, timeout=timeout
            )
        except _EXPECTED as error:
            raise _translated(error) from None
        return Answer(response.status_code, response.headers, _json_or_none(response.content))

    def download(self, url: str, *, headers: Mapping[str, str] | None = None, max_bytes: int) -> Download:
        """Fetches a file to a temporary stream. Raises NotSent, Refused, AnswerLost or TooLarge."""
        stream: BinaryIO = tempfile.SpooledTemporaryFile(max_size=1024 * 1024)  # type: ignore[assignment]  # noqa: SIM115  handed to the caller
        digest = hashlib.sha256()
        size = 0
        try:
            with (
                self._make_client(timeout=MEDIA_TIMEOUT_SECONDS, max_bytes=max_bytes) as client,
                client.stream("GET", url, headers=headers) as response,
            ):
                for chunk in response.iter_bytes():
                    size += len(chunk)
                    if size > max_bytes:
                        raise TooLarge
                    digest.update(chunk)
                    stream.write(chunk)
        except TooLarge:
            stream.close()
            raise
        except _EXPECTED as error:
            stream.close()
            raise _translated(error) from None
        stream.seek(0)
        content_type = response.headers.get("content-type", "").partition(";")[0].strip()
        return Download(response.status_code, content_type, stream, size, digest.hexdigest())

    def close(self) -> None:
        with self._lock:
            if self._client is not None and self._owner == os.getpid():
                self._client.close()
            self._client = None

    def _open(self) -> httpx.Client:
        # A forked worker must not write into its parent's connections.
        with self._lock:
            if self._client is None or self._owner != os.getpid():
                self._client = self._make_client(timeout=TIMEOUT_SECONDS, max_bytes=ANSWER_MAX_BYTES)
                self._owner = os.getpid()
            return self._client


def _translated(error: Exception) -> Exception:
    name = type(error).__name__
    if _was_caused_by(error, ForbiddenAddress):
        return Refused("the address is not allowed")
    if _was_caused_by(error, ResponseTooLarge):
        return TooLarge(name)
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
        return NotSent(name)
    if isinstance(error, httpx.UnsupportedProtocol | httpx.InvalidURL | httpx.LocalProtocolError | ValueError):
        return Refused(name)
    return AnswerLost(name)


def _was_caused_by(error: BaseException, kind: type[BaseException]) -> bool:
    link: BaseException | None = error
    for _step in range(8):
        if link is None:
            return False
        if isinstance(link, kind):
            return True
        link = link.__cause__ or link.__context__
    return False


def _json_or_none(content: bytes) -> Any:
    try:
        return load_json(content)
    except NotJson:
        return None


def _retry_after_seconds(value: str) -> float | None:
    """Seconds from a Retry-After header, which is a number or an HTTP date."""
    if re.fullmatch(r"\d{1,9}(\.\d{1,6})?", value.strip()):
        return float(value)
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, moment.timestamp() - time.time())


class _TokenFilter(logging.Filter):
    """httpx logs every URL, and Telegram's token is a part of the path."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        clean = without_tokens(text)
        if clean != text:
            record.msg, record.args = clean, None
        return True


def without_tokens(text: str) -> str:
    return _BOT_TOKEN.sub(r"\1<token>", text)


logging.getLogger("httpx").addFilter(_TokenFilter())
