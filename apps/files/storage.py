"""Where the bytes lie: MEDIA_ROOT/<schema>/<two letters of the hash>/<hash>. Never served directly."""

from pathlib import Path

from django.conf import settings

from apps.core.tenancy import current_schema
from apps.files.models import StoredFile


def write_bytes(content: bytes, sha256: str) -> str:
    """Keep the bytes once, and return their path relative to MEDIA_ROOT."""
    relative = f"{current_schema()}/{sha256[:2]}/{sha256}"
    target = Path(settings.MEDIA_ROOT) / relative
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_suffix(".part")
        partial.write_bytes(content)
        partial.rename(target)
    return relative


def path_of(stored: StoredFile) -> Path:
    """The file on disk."""
    return Path(settings.MEDIA_ROOT) / stored.path


def read_bytes(stored: StoredFile) -> bytes:
    """All of it; files are at most MAX_UPLOAD_BYTES."""
    return path_of(stored).read_bytes()
