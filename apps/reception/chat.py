"""Talking to Sofía through the API (POST /api/v1/chat/test, /stream): the same life of a message, answered in place."""

import uuid

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.types import Role
from apps.conversations.inbound import receive_message
from apps.core.access import Actor
from apps.core.errors import Conflict, InvalidInput
from apps.core.tenancy import entered_broker_id
from apps.leads.actions import assign_lead
from apps.leads.models import LeadIdentity
from apps.leads.queries import get_lead
from apps.leads.types import IdentityKind
from apps.messaging.models import ChannelAccount
from apps.messaging.types import Channel, ContentType, ExternalId, InboundMessage, Sender
from apps.reception.actions import ChatAnswer, OnToken, answer_held, take_lease_of_new

MAX_MESSAGE = 4000


def chat_once(
    *,
    actor: Actor,
    message: str,
    lead_id: int | None = None,
    provider: str = "webchat",
    on_token: OnToken | None = None,
) -> ChatAnswer:
    """Say something to Sofía as a customer and wait for her answer; without a lead a new one is made.

    It happens on the broker's web chat, so that nothing reaches a real telephone. Raises NotFound for an unknown lead,
    InvalidInput for an empty or too long message, Conflict where the broker has no web chat.
    """
    text = message.replace("\x00", "").strip()
    if not text or len(text) > MAX_MESSAGE:
        raise InvalidInput(
            _("The message must have between 1 and %(most)d characters.") % {"most": MAX_MESSAGE}, field="message"
        )
    with transaction.atomic():
        address = _address_of(actor, lead_id)
        stored = receive_message(_webchat_account().ref(), _inbound(text, address, provider))
        if stored is None:
            raise Conflict()
        if lead_id is None and actor.role == Role.AGENT:
            # An agent sees only leads of their own, so the one they just made is theirs.
            assign_lead(actor=actor.widened(), lead_id=stored.conversation.lead_id, agent_id=actor.user_id)
        lease = take_lease_of_new(stored.conversation_id)
    return answer_held(stored.conversation_id, lease, on_token=on_token)


def _address_of(actor: Actor, lead_id: int | None) -> str:
    """The web-chat id under which the lead talks through the API."""
    if lead_id is None:
        return f"api:{uuid.uuid4()}"
    lead = get_lead(actor, lead_id)
    account = _webchat_account()
    identity, _made = LeadIdentity.objects.get_or_create(
        kind=IdentityKind.WEBCHAT, scope=account.external_id, external_id=f"api:{lead.uid}", defaults={"lead": lead}
    )
    return identity.external_id


def _webchat_account() -> ChannelAccount:
    account = (
        ChannelAccount.objects.filter(
            broker_id=entered_broker_id(), channel=Channel.WEBCHAT, is_active=True, deleted_at__isnull=True
        )
        .order_by("id")
        .first()
    )
    if account is None:
        raise Conflict(_("Add a web chat channel first: Sofía's answers are kept there."), code="NO_WEBCHAT")
    return account


def _inbound(text: str, address: str, provider: str) -> InboundMessage:
    return InboundMessage(
        provider_message_id=f"api:{uuid.uuid4()}",
        sender=Sender(address=address, ids=(ExternalId(kind="webchat", value=address),)),
        sent_at=timezone.now(),
        type=ContentType.TEXT,
        text=text,
        extra={"provider": provider},
    )
