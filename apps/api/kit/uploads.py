"""Files in a multipart body: streamed to disk by Django, refused by their announced size before a byte is read."""

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request

from apps.api.kit.problems import InvalidRequest
from apps.core.errors import PayloadTooLarge

# Boundaries and a part's headers.
_AROUND_FILE_BYTES = 64 * 1024


class ImportParser(MultiPartParser):
    """A form with a file of at most IMPORT_MAX_BYTES."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        request = (parser_context or {})["request"]
        announced = str(request.META.get("CONTENT_LENGTH") or "0")
        if announced.isdecimal() and int(announced) > settings.IMPORT_MAX_BYTES + _AROUND_FILE_BYTES:
            raise PayloadTooLarge(field="file")
        return super().parse(stream, media_type, parser_context)


def file_in(request: Request, name: str = "file") -> "UploadedFile[bytes]":
    """The file of the form.

    Raises InvalidRequest where there is none.
    """
    found = request.FILES.get(name)
    if not isinstance(found, UploadedFile):
        raise InvalidRequest({name: [_("Send a file in this field.")]}, where="body")
    return found


def upload_schema(description: str) -> dict[str, Any]:
    """How OpenAPI shows a form with one file."""
    file = {"type": "string", "format": "binary", "description": description}
    return {"multipart/form-data": {"type": "object", "required": ["file"], "properties": {"file": file}}}
