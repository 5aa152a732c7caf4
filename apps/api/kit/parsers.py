"""JSON bodies: capped in size, and free of what PostgreSQL cannot store."""

from collections.abc import Mapping
from typing import IO, Any

import orjson
from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.parsers import BaseParser

from apps.api.kit.problems import InvalidRequest, MalformedBody
from apps.core.errors import PayloadTooLarge


class JSONParser(BaseParser):
    """Reads at most DATA_UPLOAD_MAX_MEMORY_SIZE bytes, or the view's `max_body_bytes`; NUL characters are refused."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        view = (parser_context or {}).get("view")
        limit = getattr(view, "max_body_bytes", None) or settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise PayloadTooLarge()
        if not raw.strip():
            return {}
        try:
            content = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            raise MalformedBody() from error
        # A NUL can only come escaped: in raw form it is no JSON.
        if b"\\u0000" in raw:
            _refuse_nul(content, "")
        return content


def _refuse_nul(value: object, path: str) -> None:
    """PostgreSQL stores no NUL character, neither in text nor in JSON."""
    if isinstance(value, str) and "\x00" in value:
        raise InvalidRequest({path or "detail": [_("Null characters are not allowed.")]}, where="body")
    if isinstance(value, dict):
        for name, inner in value.items():
            _refuse_nul(name, path)
            _refuse_nul(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            _refuse_nul(inner, f"{path}.{index}" if path else str(index))
