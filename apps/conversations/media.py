"""Fetching what customers send: at once, because providers forget files within minutes or days."""

from django.db import transaction

from apps.conversations.events import MessageChanged
from apps.conversations.models import Message
from apps.core.access import system_actor
from apps.core.errors import DomainError
from apps.core.events import publish
from apps.core.tenancy import current_broker_id
from apps.core.work import GiveUp, Retry
from apps.files.actions import store_file
from apps.messaging.errors import MediaCorrupt, MediaGone, MediaTooLarge, ProviderCallFailed
from apps.messaging.providers import adapter_for
from apps.messaging.types import MediaRef


def fetch_media(message_id: int) -> None:
    """Download the media of a received message, check it and keep it; twice is once.

    Raises Retry while the provider has a passing trouble, GiveUp where the file is gone.
    """
    message = Message.objects.select_related("account", "conversation").filter(pk=message_id).first()
    if message is None or message.file_id is not None or "media" not in message.payload:
        return
    media = MediaRef(**message.payload["media"])
    account = message.account.ref()
    try:
        with adapter_for(account.channel).fetch_media(account, media) as found:
            content, name, mime = found.read(), found.filename, found.mime_type
    except ProviderCallFailed as error:
        if error.is_temporary:
            raise Retry(error.message, after=error.retry_after) from error
        _note_failure(message, error)
        raise GiveUp(error.message) from error
    except MediaCorrupt as error:
        raise Retry(error.message) from error
    except (MediaGone, MediaTooLarge) as error:
        _note_failure(message, error)
        return
    actor = system_actor(current_broker_id())
    with transaction.atomic():
        stored = store_file(
            actor=actor, content=content, name=name or media.filename, claimed_type=mime or media.mime_type
        )
        Message.objects.filter(pk=message.pk).update(file_id=stored.pk)
        _announce(message, "media")


def _note_failure(message: Message, error: DomainError) -> None:
    with transaction.atomic():
        Message.objects.filter(pk=message.pk).update(error_code=error.code[:60], error_text=error.message[:400])
        _announce(message, "media_failed")


def _announce(message: Message, change: str) -> None:
    publish(
        MessageChanged(
            broker_id=current_broker_id(),
            actor=system_actor(current_broker_id()),
            conversation_id=message.conversation_id,
            lead_id=message.conversation.lead_id,
            message_id=message.pk,
            change=change,
        )
    )
