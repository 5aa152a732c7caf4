"""The smallest valid rows. Those of a broker are made in the broker entered now (`in_broker(other.pk)` for another)."""

from tests.factories.conversations import make_conversation, make_message
from tests.factories.leads import make_identity, make_lead
from tests.factories.messaging import make_account, make_raw_event
from tests.factories.people import PASSWORD, make_user
from tests.factories.queues import make_agent_state, make_member, make_queue

__all__ = [
    "PASSWORD",
    "make_account",
    "make_agent_state",
    "make_conversation",
    "make_identity",
    "make_lead",
    "make_member",
    "make_message",
    "make_queue",
    "make_raw_event",
    "make_user",
]
