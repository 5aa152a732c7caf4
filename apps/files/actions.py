"""Storing files."""

import hashlib

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from apps.core.access import Actor
from apps.core.errors import InvalidInput, PayloadTooLarge
from apps.files.models import StoredFile
from apps.files.sniffing import type_of
from apps.files.storage import write_bytes


@transaction.atomic
def store_file(*, actor: Actor, content: bytes, name: str, claimed_type: str = "") -> StoredFile:
    """Keep a file under the type its content proves.

    Raises InvalidInput for an empty one, PayloadTooLarge above MAX_UPLOAD_BYTES.
    """
    actor.require("files.create")
    if not content:
        raise InvalidInput(_("The file is empty."), field="file")
    if len(content) > settings.MAX_UPLOAD_BYTES:
        raise PayloadTooLarge(field="file")
    sha256 = hashlib.sha256(content).hexdigest()

    return StoredFile.objects.create(
        name=clean_name(name) or "file",
        mime_type=type_of(content, claimed_type),
        size=len(content),
        sha256=sha256,
        path=write_bytes(content, sha256),
        created_by_id=actor.user_id,
    )


def clean_name(name: str) -> str:
    """The last part of the path, without control characters, at most 255 characters."""
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(letter for letter in base if letter.isprintable()).strip(". ")[:255]
