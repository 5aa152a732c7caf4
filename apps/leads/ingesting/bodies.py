"""Reading what was sent: JSON, forms, mail. Whatever it is, something that can be kept comes out."""

import io
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson
from django.core.exceptions import SuspiciousOperation
from django.core.files.uploadhandler import FileUploadHandler
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from django.utils.translation import gettext_lazy as _

from apps.core.errors import InvalidInput

Json = dict[str, Any]
MOST_DEPTH: Final = 60
_MOST_FORM_FIELDS: Final = 1000
_LARGEST: Final = 2**63
_JSON_TYPE: Final = re.compile(r"application/(?:[\w.\-]+\+)?json")


@dataclass(frozen=True, kw_only=True)
class Body:
    """`payload` is what is kept; `refusal` says why nothing can be made of it."""

    payload: Json
    refusal: InvalidInput | None = None


class NotAnObject(InvalidInput):
    """The body holds no names with values."""

    default_code = "NOT_AN_OBJECT"
    default_message = _("The body must be a JSON object, a form or an e-mail.")


def read_body(raw: bytes, content_type: str) -> Body:
    """The object that the bytes mean; for what is none, their text under `raw` and why."""
    kind, options = _content_type(content_type)
    if kind == "application/x-www-form-urlencoded":
        return _form(raw, options)
    if kind == "multipart/form-data":
        return _multipart(raw, content_type)
    if kind == "message/rfc822":
        return _mail(raw)
    return _json(raw)


def storable(value: object, depth: int = 0) -> Any:
    """The JSON value as PostgreSQL keeps it and JSON tells it again: without NUL characters, with numbers that are none
    or need more than 64 bits as text (1e20 comes back from PostgreSQL as a whole number of 21 digits).

    Raises RecursionError below sixty levels.
    """
    if depth > MOST_DEPTH:
        raise RecursionError
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, int | float) and not (math.isfinite(value) and abs(value) < _LARGEST):
        return str(value)
    if isinstance(value, dict):
        return {str(name).replace("\x00", ""): storable(inner, depth + 1) for name, inner in value.items()}
    if isinstance(value, list):
        return [storable(inner, depth + 1) for inner in value]
    return value


def _json(raw: bytes) -> Body:
    try:
        content = storable(orjson.loads(raw)) if raw.strip() else {}
    except (orjson.JSONDecodeError, RecursionError):
        return Body(payload=_as_text(raw), refusal=NotAnObject())
    if not isinstance(content, dict):
        return Body(payload={"raw": content}, refusal=NotAnObject())
    return Body(payload=content)


def _form(raw: bytes, options: Mapping[str, str]) -> Body:
    try:
        pairs = parse_qsl(
            _decoded(raw, options.get("charset", "")), keep_blank_values=True, max_num_fields=_MOST_FORM_FIELDS
        )
    except ValueError:
        return Body(payload=_as_text(raw), refusal=NotAnObject())
    return Body(payload=_gathered(pairs))


def _multipart(raw: bytes, content_type: str) -> Body:
    meta = {"CONTENT_TYPE": content_type, "CONTENT_LENGTH": str(len(raw))}
    named = _NamesOfFiles()
    try:
        fields, _files = MultiPartParser(meta, io.BytesIO(raw), [named], "utf-8").parse()
    except (MultiPartParserError, SuspiciousOperation, ValueError, LookupError):
        return Body(payload=_as_text(raw), refusal=NotAnObject())
    pairs = [(name, text) for name, texts in fields.lists() for text in texts]
    return Body(payload=_gathered([*pairs, *named.found]))


def _mail(raw: bytes) -> Body:
    """Kept as text; bytes that are no UTF-8 are kept one to one, and `charset` says so."""
    try:
        return Body(payload={"raw_email": raw.decode().replace("\x00", "")})
    except UnicodeDecodeError:
        text = raw.decode("latin-1").replace("\x00", "")
        return Body(payload={"raw_email": text, "charset": "latin-1"})


class _NamesOfFiles(FileUploadHandler):
    """Keeps of each file its name and size: people's fields are what is wanted here."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, object]] = []

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        return None

    def file_complete(self, file_size: int) -> None:
        self.found.append((str(self.field_name), {"file": str(self.file_name), "size": file_size}))


def _gathered(pairs: list[tuple[str, Any]]) -> Json:
    """Names that come several times hold a list."""
    found: Json = {}
    for name, value in pairs:
        name, value = str(name).replace("\x00", ""), storable(value)
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    return {name: value for name, value in found.items() if name}


def _content_type(header: str) -> tuple[str, Mapping[str, str]]:
    message = Message()
    message["content-type"] = header.replace("\r", " ").replace("\n", " ")
    try:
        options = {str(name): str(value) for name, value in message.get_params(failobj=[])[1:]}
    except (ValueError, LookupError):
        options = {}
    return header.partition(";")[0].strip().lower(), options


def _as_text(raw: bytes) -> Json:
    return {"raw": _decoded(raw, "").replace("\x00", "")}


def _decoded(raw: bytes, charset: str) -> str:
    for encoding in (charset, "utf-8"):
        try:
            return raw.decode(encoding) if encoding else raw.decode()
        except (LookupError, UnicodeError):
            continue
    return raw.decode("latin-1")
