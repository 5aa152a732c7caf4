"""Signed addresses of files: valid for a while, for one broker and one file; nothing else opens them."""

from django.core import signing
from django.utils.translation import gettext_lazy as _

from apps.core.errors import NotFound
from apps.core.tenancy import current_broker_id
from apps.files.models import StoredFile

_SALT = "files"
LIFETIME_SECONDS = 6 * 3600


def signed_path(stored: StoredFile) -> str:
    """The address of the file, to be opened within six hours."""
    token = signing.dumps([current_broker_id(), stored.pk], salt=_SALT)
    return f"/files/{token}"


def read_token(token: str) -> tuple[int, int]:
    """The broker and the file of a token.

    Raises NotFound for a forged or expired one.
    """
    try:
        broker_id, file_id = signing.loads(token, salt=_SALT, max_age=LIFETIME_SECONDS)
    except signing.BadSignature as error:
        raise NotFound(_("This link has expired. Open the conversation again.")) from error
    return int(broker_id), int(file_id)
