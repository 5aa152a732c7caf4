"""Long downloads that are made while they are sent, without holding the server or the database up.

A thread of its own makes the pieces as fast as it can into a file without a name, and gives its database connection
back; the coroutine that answers sends what is there at the client's pace. A slow client costs disk, not a connection.
"""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextvars import copy_context
from threading import Thread
from typing import IO
from urllib.parse import quote

from django.core.handlers.asgi import ASGIRequest
from django.db import connections
from django.http import HttpRequest, StreamingHttpResponse

_READ_BYTES = 256 * 1024


def download(request: HttpRequest, pieces: Iterator[bytes], *, name: str, content_type: str) -> StreamingHttpResponse:
    """An attachment of this name; `pieces` enters the tenant it reads from by itself."""
    content = _followed(pieces) if isinstance(request, ASGIRequest) else pieces
    response = StreamingHttpResponse(content, content_type=content_type)
    plain = name.encode("ascii", "replace").decode().replace('"', "'").replace("?", "_")
    response.headers["Content-Disposition"] = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


class _Spool:
    """What the thread has made so far."""

    def __init__(self, pieces: Iterator[bytes], file: IO[bytes], loop: asyncio.AbstractEventLoop) -> None:
        self.size = 0
        self.is_whole = False
        self.error: Exception | None = None
        self.grown = asyncio.Event()
        self.is_unwanted = False
        self._pieces = pieces
        self._file = file
        self._loop = loop

    def fill(self) -> None:
        try:
            for piece in self._pieces:
                if self.is_unwanted:
                    break
                self._file.write(piece)
                self._file.flush()
                self.size += len(piece)
                self._tell()
        except Exception as error:  # noqa: BLE001 - handed to the coroutine, which breaks the download off
            self.error = error
        finally:
            close = getattr(self._pieces, "close", None)
            if close is not None:
                close()
            connections.close_all()
            self.is_whole = True
            self._tell()

    def _tell(self) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.grown.set)


async def _followed(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    with tempfile.TemporaryFile() as file:
        spool = _Spool(pieces, file, asyncio.get_running_loop())
        maker = Thread(target=copy_context().run, args=(spool.fill,), name="download", daemon=True)
        maker.start()
        sent = 0
        try:
            while sent < spool.size or not spool.is_whole:
                spool.grown.clear()
                if sent < spool.size:
                    part = await asyncio.to_thread(os.pread, file.fileno(), _READ_BYTES, sent)
                    sent += len(part)
                    yield part
                elif not spool.is_whole:
                    await spool.grown.wait()
            if spool.error is not None:
                raise spool.error
        finally:
            spool.is_unwanted = True
            await asyncio.shield(asyncio.to_thread(maker.join))
