"""Clients that cost as little as they can, so that the machine is left to what is measured: HTTP/1.1 with keep-alive
and WebSocket, straight on asyncio's transports. Times are of the monotonic clock, which a machine's processes share.
"""

import asyncio
import base64
import os
import struct
import time
from collections.abc import Callable
from typing import Any

_HEAD_END = b"\r\n\r\n"


class HttpWire(asyncio.Protocol):
    """One connection: one request at a time, `on_answer(status)` when its answer has come; status 0: it was cut."""

    def __init__(self) -> None:
        self.on_answer: Callable[[int], None] = lambda _status: None
        self.is_open = False
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._is_waiting = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.is_open = True

    def send(self, request: bytes, on_answer: Callable[[int], None]) -> None:
        assert self._transport is not None
        self.on_answer, self._is_waiting = on_answer, True
        self._transport.write(request)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, separator, rest = self._buffer.partition(_HEAD_END)
        if not separator:
            return
        lower = head.lower()
        at = lower.index(b"content-length:") + 15
        length = int(lower[at:].split(b"\r\n", 1)[0])
        if len(rest) < length:
            return
        self._buffer, self._is_waiting = rest[length:], False
        self.on_answer(int(head[9:12]))

    def connection_lost(self, error: Exception | None) -> None:
        self.is_open = False
        if self._is_waiting:
            self._is_waiting = False
            self.on_answer(0)


class SocketWire(asyncio.Protocol):
    """One WebSocket: `on_frame(when, text)` for each text frame; `opened` once the handshake is done."""

    def __init__(self, host: str, path: str, on_frame: Callable[[float, bytes], None]) -> None:
        self._request = (
            f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\nSec-WebSocket-Version: 13\r\n\r\n"
        ).encode()
        self._on_frame = on_frame
        self._transport: Any = None
        self._buffer = bytearray()
        self._parts = b""
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.is_closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._transport.write(self._request)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        self._buffer += data
        if not self.opened.done() and not self._read_handshake():
            return
        while (frame := self._next_frame()) is not None:
            code, is_last, payload = frame
            if code in (0, 1, 2):
                self._parts += payload
                if is_last:
                    whole, self._parts = self._parts, b""
                    self._on_frame(now, whole)
            elif code == 9:
                self._pong(payload)
            elif code == 8:
                self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        self.is_closed = True
        if not self.opened.done():
            self.opened.set_exception(ConnectionError("refused"))

    def _read_handshake(self) -> bool:
        end = self._buffer.find(_HEAD_END)
        if end < 0:
            return False
        head = bytes(self._buffer[:end])
        del self._buffer[: end + 4]
        if b" 101 " not in head[:20]:
            self.opened.set_exception(ConnectionError(head[:60].decode("latin-1")))
            self._transport.close()
            return False
        self.opened.set_result(None)
        return True

    def _next_frame(self) -> tuple[int, bool, bytes] | None:
        held = self._buffer
        if len(held) < 2:
            return None
        length, start = held[1] & 0x7F, 2
        if length == 126:
            if len(held) < 4:
                return None
            length, start = struct.unpack_from(">H", held, 2)[0], 4
        elif length == 127:
            if len(held) < 10:
                return None
            length, start = struct.unpack_from(">Q", held, 2)[0], 10
        if len(held) < start + length:
            return None
        payload = bytes(held[start : start + length])
        code, is_last = held[0] & 0x0F, bool(held[0] & 0x80)
        del held[: start + length]
        return code, is_last, payload

    def _pong(self, payload: bytes) -> None:
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
        self._transport.write(bytes([0x8A, 0x80 | len(payload)]) + mask + masked)
