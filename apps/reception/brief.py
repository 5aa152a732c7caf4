"""What Sofía is told of a conversation, gathered in a fixed number of queries."""

from datetime import datetime
from typing import get_args

from django.utils import timezone

from apps.assistant.types import Brief, Language, ModelSettings, Role, Slots, Turn
from apps.brokers.models import BrokerConfig
from apps.conversations.models import Conversation, Message
from apps.conversations.types import Direction, SenderType
from apps.core.tenancy import entered_broker_id

HISTORY = 40
_ROLES: dict[SenderType, Role] = {
    SenderType.CUSTOMER: "customer",
    SenderType.BOT: "assistant",
    SenderType.AGENT: "agent",
}


def brief_of(conversation: Conversation, *, now: datetime | None = None) -> Brief:
    """Everything Sofía needs to answer this conversation now."""
    config = broker_config()
    broker = config.broker
    lead = conversation.lead
    state = conversation.assistant_state
    return Brief(
        broker_id=broker.pk,
        broker_name=broker.name,
        now=now or timezone.now(),
        turns=_turns(conversation),
        agent_name=config.agent_name,
        identity=config.identity,
        sections=config.sections,
        country=lead.country or broker.country,
        currency=broker.currency,
        timezone=broker.timezone,
        language=_language(state.get("language") or broker.language),
        slots=Slots.from_attributes(lead.attributes),
        asked=state.get("asked"),
        channel=conversation.channel,
        lead_name=lead.name,
        lead_score=float(lead.score),
        stage=lead.stage,
        turns_without_progress=int(state.get("turns_without_progress", 0)),
        model=ModelSettings(base_url=config.llm_base_url, api_key=config.llm_api_key, model=config.llm_model),
    )


def broker_config() -> BrokerConfig:
    """The configuration of the broker entered now, with the broker; made with defaults where it is missing."""
    broker_id = entered_broker_id()
    config = BrokerConfig.objects.select_related("broker").filter(broker_id=broker_id).first()
    return config or BrokerConfig.objects.create(broker_id=broker_id)


def _turns(conversation: Conversation) -> tuple[Turn, ...]:
    """The last messages, oldest first, what waits for an answer last; notes and deleted ones are not for Sofía.

    Providers count in whole seconds: what a customer writes within a second of our reply carries an earlier time.
    """
    rows = (
        Message.objects.filter(conversation=conversation, sender_type__in=_ROLES, is_deleted=False)
        .exclude(status="note")
        .order_by("-sent_at", "-order", "-id")[:HISTORY]
    )
    oldest_first = list(rows)[::-1]
    return tuple(
        Turn(role=_ROLES[SenderType(row.sender_type)], text=text_for_sofia(row), at=row.sent_at)
        for row in sorted(oldest_first, key=_is_waiting)
    )


def _language(code: str) -> Language:
    return next((known for known in get_args(Language) if known == code), "es")


def _is_waiting(message: Message) -> bool:
    return message.direction == Direction.IN and message.handled_at is None


def text_for_sofia(message: Message) -> str:
    """What the message says, or what it is where it says nothing."""
    if message.text.strip():
        return message.text
    if message.type == "location":
        return "[location]"
    return f"[{message.type}]"
