"""Read receipts: a courtesy to the customer's app; a lost one harms nobody."""

from apps.conversations.models import Message
from apps.messaging.providers import adapter_for


def send_receipt(message_id: int) -> None:
    """Mark the message as read at its channel, where the channel has such a thing."""
    message = Message.objects.select_related("account").filter(pk=message_id).first()
    if message is None or not message.provider_message_id:
        return
    account = message.account.ref()
    adapter_for(account.channel).mark_read(account, message.provider_message_id)
