"""How the timeline of a lead says what happened to its conversations."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from apps.conversations.types import CloseReason
from apps.leads.timeline import Words, sentence_for
from apps.messaging.types import Channel


@sentence_for("conversation_started")
def _started(details: Mapping[str, Any], _words: Words) -> str:
    channel = details.get("channel")
    if channel not in Channel.values:
        return _("Conversation began")
    return _("Conversation began on %(channel)s") % {"channel": Channel(channel).label}


@sentence_for("conversation_assigned")
def _assigned(details: Mapping[str, Any], words: Words) -> str:
    return _("Conversation given to %(name)s") % {"name": words.person(details.get("agent_id"))}


@sentence_for("conversation_queued")
def _queued(_details: Mapping[str, Any], _words: Words) -> str:
    return _("Waiting for a person")


@sentence_for("conversation_closed")
def _closed(details: Mapping[str, Any], _words: Words) -> str:
    reason = details.get("reason")
    said = CloseReason(reason).label if reason in CloseReason.values else str(reason or "")
    return _("Conversation closed: %(reason)s") % {"reason": said} if said else _("Conversation closed")
