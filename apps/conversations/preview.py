"""A line that says what a message is, for lists and notices."""

from apps.conversations.models import Message
from apps.messaging.types import ContentType


def preview_of(message: Message) -> str:
    """The text, or the kind of content in words where there is none; at most 160 characters."""
    text = " ".join(message.text.split())
    if text:
        return text[:160]
    known = message.type in ContentType.values
    return str(ContentType(message.type).label if known else message.type)[:160]
