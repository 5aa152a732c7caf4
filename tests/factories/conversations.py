"""Conversations and messages."""

from django.utils import timezone

from apps.conversations.models import Conversation, Message
from apps.conversations.types import ConversationStatus, Direction, MessageStatus, SenderType
from apps.leads.models import Lead
from apps.messaging.models import ChannelAccount
from apps.messaging.types import Channel
from tests.factories.leads import make_identity, make_lead
from tests.factories.messaging import make_account
from tests.factories.sequence import next_number


def make_conversation(lead: Lead | None = None, account: ChannelAccount | None = None, **fields) -> Conversation:
    """A new conversation on WhatsApp, with the lead's first identity."""
    lead = lead or make_lead()
    account = account or make_account(Channel.WHATSAPP_META)
    identity = fields.pop("identity", None) or lead.identities.first() or make_identity(lead)
    values = {
        "address": identity.external_id,
        "address_kind": identity.kind,
        "channel": account.channel,
        "status": ConversationStatus.NEW,
        "last_inbound_at": timezone.now(),
        "last_message_at": timezone.now(),
        **fields,
    }
    return Conversation.objects.create(lead=lead, account=account, identity=identity, **values)


def make_message(conversation: Conversation | None = None, *, direction: str = Direction.IN, **fields) -> Message:
    """A handled text: the customer's, or Sofía's that was sent."""
    conversation = conversation or make_conversation()
    is_inbound = direction == Direction.IN
    values = {
        "type": "text",
        "text": "Hola, busco departamento",
        "sender_type": SenderType.CUSTOMER if is_inbound else SenderType.BOT,
        "status": MessageStatus.RECEIVED if is_inbound else MessageStatus.SENT,
        "provider_message_id": f"wamid.test{next_number()}",
        "sent_at": timezone.now(),
        "handled_at": timezone.now() if is_inbound else None,
        **fields,
    }
    return Message.objects.create(
        conversation=conversation, account_id=conversation.account_id, direction=direction, **values
    )
