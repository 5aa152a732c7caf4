"""A small HTTP server on its own threads, and the faults that providers are known for."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage, Message
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    query: Mapping[str, str]
    headers: Message
    body: bytes
    at: float

    def json(self) -> Any:
        return json.loads(self.body or b"null")

    def form(self) -> tuple[dict[str, str], dict[str, UploadedPart]]:
        """The fields and files of a multipart body."""
        head = f"Content-Type: {self.headers.get('content-type', '')}\r\n\r\n".encode()
        parsed = BytesParser(EmailMessage, policy=HTTP).parsebytes(head + self.body)
        fields: dict[str, str] = {}
        files: dict[str, UploadedPart] = {}
        for part in parsed.iter_parts():
            name = str(part.get_param("name", header="content-disposition"))
            content = part.get_payload(decode=True)
            content = content if isinstance(content, bytes) else b""
            if filename := part.get_filename():
                files[name] = UploadedPart(filename, part.get_content_type(), content)
            else:
                fields[name] = content.decode()
        return fields, files


@dataclass(frozen=True, slots=True)
class UploadedPart:
    filename: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer on the wire. `delay` is in seconds, before it is written; `reset` cuts the connection instead."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    reset: bool = False


def json_reply(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(status, json.dumps(body).encode(), {"Content-Type": "application/json", **(headers or {})})


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with one call. `is_accepted`: the provider does its work first and then breaks."""

    reply: Reply
    is_accepted: bool = False


HTML_502 = Fault(Reply(502, b"<html><body>Bad Gateway</body></html>", {"Content-Type": "text/html"}))
HTML_502_AFTER_ACCEPT = Fault(HTML_502.reply, is_accepted=True)
EMPTY_200 = Fault(Reply(200, b"", {"Content-Type": "application/json"}), is_accepted=True)
RESET_BEFORE = Fault(Reply(reset=True))
RESET_AFTER_ACCEPT = Fault(Reply(reset=True), is_accepted=True)


def timeout_after_accept(seconds: float) -> Fault:
    """The message is taken, and the answer comes after the caller has gone."""
    return Fault(Reply(200, b"{}", {"Content-Type": "application/json"}, delay=seconds), is_accepted=True)


class LocalServer:
    """Listens on 127.0.0.1 from `start` to `stop`; a subclass answers `respond`. Also a context manager."""

    def __init__(self, port: int = 0) -> None:
        self._wanted_port = port
        self._server: _Server | None = None
        self._stopping = threading.Event()
        self.lock = threading.Lock()

    def respond(self, request: Request) -> Reply:
        raise NotImplementedError

    def start(self) -> Self:
        self._server = _Server(("127.0.0.1", self._wanted_port), _handler_for(self.respond, self._stopping))
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def stop(self) -> None:
        self._stopping.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server.cut_off()
            self._server = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_exc: object) -> None:
        self.stop()

    @property
    def address(self) -> str:
        """`host:port`, as OUTBOUND_ALLOW wants it."""
        if self._server is None:
            raise RuntimeError("the server is not started")
        return f"127.0.0.1:{self._server.server_address[1]}"

    @property
    def root_url(self) -> str:
        return f"http://{self.address}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def cut_off(self) -> None:
        """Ends the connections that clients keep open for their next call."""
        for connection in list(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away, or that we cut off, is part of the play."""


def _handler_for(respond: Callable[[Request], Reply], stopping: threading.Event) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1
        disable_nagle_algorithm = True
        timeout = 120

        def _serve(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            split = urlsplit(self.path)
            request = Request(
                method=self.command,
                path=split.path,
                query=dict(parse_qsl(split.query, keep_blank_values=True)),
                headers=self.headers,
                body=self.rfile.read(length),
                at=time.time(),
            )
            reply = respond(request)
            if reply.delay:
                stopping.wait(reply.delay)
            if reply.reset:
                self._reset()
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)
            self.wfile.flush()

        do_GET = do_POST = do_DELETE = do_PUT = _serve

        def _reset(self) -> None:
            self.close_connection = True
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet: what was called is in the records."""

    return Handler


class Faults:
    """Which of the coming calls go wrong: the next ones in order, else the first rule that fits."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next: list[Fault] = []
        self._rules: list[tuple[Callable[[dict[str, Any]], bool], Fault]] = []

    def next(self, *faults: Fault) -> None:
        with self._lock:
            self._next += faults

    def when(self, fits: Callable[[dict[str, Any]], bool], fault: Fault) -> None:
        with self._lock:
            self._rules.append((fits, fault))

    def clear(self) -> None:
        with self._lock:
            self._next.clear()
            self._rules.clear()

    def take(self, body: dict[str, Any]) -> Fault | None:
        with self._lock:
            if self._next:
                return self._next.pop(0)
            return next((fault for fits, fault in self._rules if fits(body)), None)
