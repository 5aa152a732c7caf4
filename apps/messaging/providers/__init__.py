"""The channels there are. A new one is a module beside these and a line here."""

from __future__ import annotations

from apps.messaging.providers.telegram import Telegram
from apps.messaging.providers.text import split_text
from apps.messaging.providers.webchat import Webchat
from apps.messaging.providers.whatsapp_meta import WhatsAppMeta
from apps.messaging.types import Adapter, Channel

__all__ = ["ADAPTERS", "TELEGRAM", "WEBCHAT", "WHATSAPP_META", "adapter_for", "split_text"]

WHATSAPP_META = WhatsAppMeta()
TELEGRAM = Telegram()
WEBCHAT = Webchat()

ADAPTERS: dict[Channel, Adapter] = {
    Channel.WHATSAPP_META: WHATSAPP_META,
    Channel.TELEGRAM: TELEGRAM,
    Channel.WEBCHAT: WEBCHAT,
}


def adapter_for(channel: Channel | str) -> Adapter:
    """The adapter of a channel. Raises KeyError for a channel that this version does not speak."""
    return ADAPTERS[Channel(channel)]
