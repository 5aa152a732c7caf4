"""Files at Meta: uploaded before a send, fetched in two steps after a receipt.

The address that the first step gives lives five minutes and needs the same token; it is used at once and kept nowhere.
"""

from __future__ import annotations

import base64
import binascii
import mimetypes
import re

from django.utils.translation import gettext as _

from apps.messaging.errors import MediaCorrupt, MediaGone, MediaTooLarge, ProviderCallFailed
from apps.messaging.providers.calls import AnswerLost, Caller, Download, NotSent, TooLarge
from apps.messaging.providers.whatsapp_meta.graph import Graph
from apps.messaging.providers.wire import as_int, as_text
from apps.messaging.types import ErrorAction, MediaFile, MediaRef, OutgoingMedia, ProviderError, WireDict

_HEX_SHA256 = re.compile(r"[0-9a-f]{64}")


def upload(graph: Graph, media: OutgoingMedia) -> str:
    """The id of the uploaded file, good for 30 days. Raises ProviderCallFailed."""
    mime_type = media.mime_type or "application/octet-stream"
    filename = media.filename or "file" + (mimetypes.guess_extension(mime_type) or "")
    answer = graph.call(
        "POST",
        f"{graph.phone_number_id}/media",
        form={"messaging_product": "whatsapp", "type": mime_type},
        files={"file": (filename, media.content or b"", mime_type)},
    )
    media_id = as_text(answer.get("id"))
    if not media_id:
        raise ProviderCallFailed(_unanswered())
    return media_id


def fetch(graph: Graph, caller: Caller, ref: MediaRef, max_bytes: int) -> MediaFile:
    """The file, whole and checked. Raises MediaGone, MediaTooLarge, MediaCorrupt or ProviderCallFailed."""
    record = _record(graph, ref)
    size = as_int(record.get("file_size"))
    if size is not None and size > max_bytes:
        raise MediaTooLarge
    found = _download(graph, caller, record, max_bytes)
    if found is None:  # the address had expired: a fresh one, once
        record = _record(graph, ref)
        found = _download(graph, caller, record, max_bytes)
    if found is None:
        raise MediaGone
    expected = {_hex_digest(as_text(record.get("sha256"))), _hex_digest(ref.sha256)} - {""}
    if expected and found.sha256 not in expected:
        found.stream.close()
        raise MediaCorrupt
    mime_type = as_text(record.get("mime_type")) or ref.mime_type or found.content_type
    return MediaFile(
        stream=found.stream,
        mime_type=mime_type,
        filename=ref.filename or _filename(ref.provider_id, mime_type),
        size=found.size,
        sha256=found.sha256,
    )


def _record(graph: Graph, ref: MediaRef) -> WireDict:
    try:
        record = graph.call("GET", ref.provider_id, params={"phone_number_id": graph.phone_number_id})
    except ProviderCallFailed as failure:
        if failure.error.code in {"100", "404"}:
            raise MediaGone from None
        raise
    if not as_text(record.get("url")):
        raise ProviderCallFailed(_unanswered())
    return record


def _download(graph: Graph, caller: Caller, record: WireDict, max_bytes: int) -> Download | None:
    try:
        found = caller.download(as_text(record["url"]), headers=graph.headers, max_bytes=max_bytes)
    except TooLarge:
        raise MediaTooLarge from None
    except (NotSent, AnswerLost):
        raise ProviderCallFailed(_unanswered()) from None
    if found.status == 200:
        return found
    found.stream.close()
    if found.status in {404, 410}:
        return None
    raise ProviderCallFailed(_unanswered(str(found.status)))


def _hex_digest(written: str) -> str:
    """Meta writes sha256 in base64 in webhooks and in hex elsewhere; nothing where it is neither."""
    if _HEX_SHA256.fullmatch(written.lower()):
        return written.lower()
    try:
        digest = base64.b64decode(written, validate=True)
    except (binascii.Error, ValueError):
        return ""
    return digest.hex() if len(digest) == 32 else ""


def _filename(media_id: str, mime_type: str) -> str:
    return media_id + (mimetypes.guess_extension(mime_type.partition(";")[0].strip()) or "")


def _unanswered(code: str = "no_answer") -> ProviderError:
    return ProviderError(
        code=code, message=_("WhatsApp did not give the file. It will be tried again."), action=ErrorAction.RETRY
    )
