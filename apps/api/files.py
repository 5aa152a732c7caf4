"""Serving a stored file by its signed address; the token is the permission, and it names one broker and one file."""

from django.http import FileResponse, HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from apps.api.kit.errors import error_response
from apps.brokers.queries import is_open
from apps.core.errors import NotFound
from apps.core.tenancy import in_broker
from apps.files.models import StoredFile
from apps.files.signing import read_token
from apps.files.storage import path_of

# What a browser may show in place; everything else is downloaded.
_SHOWN = frozenset(
    {
        "image/jpeg",
        "image/png",
        "image/gif",
        "image/webp",
        "audio/ogg",
        "audio/mpeg",
        "audio/mp4",
        "audio/aac",
        "audio/amr",
        "audio/wav",
        "video/mp4",
        "video/webm",
        "application/pdf",
    }
)


@require_safe
def serve_file(request: HttpRequest, token: str) -> HttpResponseBase:
    """GET /files/{token}; a forged or expired token, a closed broker and a file that is gone are not found."""
    try:
        return _file_of(token)
    except NotFound as error:
        return error_response(request, error)


def _file_of(token: str) -> FileResponse:
    broker_id, file_id = read_token(token)
    if not is_open(broker_id):
        raise NotFound()
    with in_broker(broker_id):
        stored = StoredFile.objects.filter(pk=file_id).first()
    if stored is None or not path_of(stored).exists():
        raise NotFound(_("This file no longer exists."))
    response = FileResponse(
        path_of(stored).open("rb"),
        as_attachment=stored.mime_type not in _SHOWN,
        filename=stored.name,
        content_type=stored.mime_type,
    )
    response.headers["Cache-Control"] = "private, max-age=3600"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
