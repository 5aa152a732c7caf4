"""Read receipts: a courtesy to the customer's app; a lost one harms nobody."""

from apps.conversations.models import Message
from apps.messaging.models import ChannelAccount
from apps.messaging.providers import TELEGRAM, adapter_for


def send_receipt(message_id: int) -> None:
    """Mark the message as read at its channel, where the channel has such a thing."""
    message = Message.objects.select_related("account").filter(pk=message_id).first()
    if message is None or not message.provider_message_id:
        return
    account = message.account.ref()
    adapter_for(account.channel).mark_read(account, message.provider_message_id)


def answer_tap(account_id: int, callback_id: str) -> None:
    """Tell Telegram that a tapped button was heard; too late is harmless."""
    account = ChannelAccount.objects.filter(pk=account_id, deleted_at__isnull=True).first()
    if account is not None:
        TELEGRAM.answer_callback(account.ref(), callback_id)
