"""Plays a customer against Sofía, keeping between turns what reception keeps."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from apps.assistant.engine import answer
from apps.assistant.types import Brief, ModelSettings, Reply, ToolBox, Turn

START = datetime(2026, 3, 12, 18, 0, tzinfo=UTC)  # Thursday, 15:00 in Santiago


def brief_with(*texts: str, **settings: Any) -> Brief:
    """A brief whose pending turns are these; by rules unless a model is given."""
    turns = tuple(Turn(role="customer", text=text, at=START) for text in texts)
    given: dict[str, Any] = {"model": ModelSettings(is_enabled=False), "turns": turns, **settings}
    return Brief(broker_id=1, broker_name="Casa Andina", now=START, **given)


@dataclass
class Conversation:
    """`say` one or several messages; `replies` keeps what Sofía decided."""

    brief: Brief
    tools: ToolBox | None = None
    replies: list[Reply] = field(default_factory=list)

    def say(self, *texts: str) -> Reply:
        now = self.brief.now + timedelta(minutes=1)
        turns = (*self.brief.turns, *(Turn(role="customer", text=text, at=now) for text in texts))
        self.brief = replace(self.brief, turns=turns, now=now)
        reply = answer(self.brief, tools=self.tools)
        self.replies.append(reply)
        self.brief = replace(
            self.brief,
            turns=(*turns, Turn(role="assistant", text=reply.text, at=now)),
            slots=reply.slots,
            asked=reply.asked,
            turns_without_progress=reply.turns_without_progress,
        )
        return reply

    def say_all(self, *texts: str) -> Reply:
        """One message after the other, until Sofía hands over."""
        for text in texts:
            if self.say(text).handover or self.replies[-1].opt_out:
                break
        return self.replies[-1]


def conversation(**settings: Any) -> Conversation:
    return Conversation(brief=brief_with(**settings))
