"""Storing files that are too large for memory: in chunks, counted, one at a time."""

import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from apps.core.errors import PayloadTooLarge
from apps.core.tenancy import current_schema


@dataclass(frozen=True, kw_only=True)
class Stream:
    """Stored bytes: `path` is relative to MEDIA_ROOT."""

    path: str
    size: int
    sha256: str


def write_stream(chunks: Iterable[bytes], *, most_bytes: int, folder: str) -> Stream:
    """Keep the bytes under the broker's folder of this name.

    Raises PayloadTooLarge above `most_bytes`; then nothing is kept.
    """
    relative = f"{current_schema()}/{folder}/{uuid.uuid4().hex}"
    target = stream_path(relative)
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    partial = target.with_suffix(".part")
    try:
        with partial.open("wb") as file:
            for chunk in chunks:
                size += len(chunk)
                if size > most_bytes:
                    raise PayloadTooLarge(field="file")
                digest.update(chunk)
                file.write(chunk)
        partial.rename(target)
    finally:
        partial.unlink(missing_ok=True)
    return Stream(path=relative, size=size, sha256=digest.hexdigest())


def stream_path(relative: str) -> Path:
    """Where stored bytes are on disk."""
    return Path(settings.MEDIA_ROOT) / relative


def remove_stream(relative: str) -> None:
    """The bytes are gone; that they were is no error."""
    stream_path(relative).unlink(missing_ok=True)
