"""Sofía's answer: by the model where one is configured and well, else by rules. Never an exception, never silence."""

import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings

from apps.assistant.dialogue import missing_slots, reply_at_once, reply_by_rules, summarise
from apps.assistant.phrases import PURPOSE_BUTTONS, say, words_of
from apps.assistant.prompt import messages_of, system_prompt
from apps.assistant.providers.openai_compatible import Completion, Endpoint, ModelError, complete
from apps.assistant.qualification import stage_hint
from apps.assistant.reading import Reading, read_turns
from apps.assistant.tools import Session, run_tool, tool_specs
from apps.assistant.types import (
    Brief,
    Handover,
    HandoverReason,
    OnToken,
    Reply,
    Slots,
    Stage,
    ToolBox,
    UsageRow,
)
from apps.core.breaker import breaker

log = logging.getLogger(__name__)

DEADLINE_SECONDS = 25.0
MAX_TOOL_ROUNDS = 4
_RETRY_WAIT_SECONDS = 0.5
_LEAST_SECONDS = 2.0
_MAX_TEXT = 1_500
# A model answers questions that the rules cannot, so it may talk longer before a person is called.
_PATIENCE = 2
_STAGE_ORDER = tuple(stage.value for stage in Stage)
_SPEAKER = re.compile(r"^(?:assistant|asistente|sof[ií]a)\s*:\s*", re.IGNORECASE)


def answer(brief: Brief, *, tools: ToolBox | None = None, on_token: OnToken | None = None) -> Reply:
    """What Sofía says and decides now. Takes up to 25 s with a model; never raises.

    `on_token` gets pieces of the text as they come; where a model breaks off in the middle, the reply's text differs
    from what was previewed and is what counts.
    """
    spoken = _Voice(on_token)
    try:
        reading = read_turns(brief)
        reply = reply_at_once(brief, reading) or _by_model(brief, reading, tools or ToolBox(), spoken)
    except Exception:
        log.exception("Sofía could not answer", extra={"broker_id": brief.broker_id})
        reply = _apology(brief)
    spoken.say_whole(reply.text)
    return reply


def endpoint_of(brief: Brief) -> Endpoint | None:
    """The model that answers for this broker, or None where the rules do.

    The platform's key never goes to an address that a tenant gave.
    """
    model = brief.model
    if not model.is_enabled:
        return None
    is_tenants = bool(model.base_url)
    base_url = model.base_url or settings.OPENAI_BASE_URL
    api_key = model.api_key or ("" if is_tenants else settings.OPENAI_API_KEY)
    if not base_url and not api_key:
        return None
    return Endpoint(
        base_url=base_url,
        api_key=api_key,
        model=model.model or settings.OPENAI_MODEL,
        is_tenants=is_tenants,
        temperature=model.temperature,
        max_tokens=model.max_tokens,
    )


@dataclass
class _Voice:
    """Passes tokens on, and goes quiet for good where the listener has left."""

    listener: OnToken | None
    heard: str = ""

    @property
    def token_sink(self) -> Callable[[str], None] | None:
        return self.say if self.listener is not None else None

    def say(self, token: str) -> None:
        self.heard += token
        if self.listener is None:
            return
        try:
            self.listener(token)
        except Exception as error:  # noqa: BLE001 - the caller's own sink, of any kind; the answer must still be kept
            log.info("nobody listens to the tokens any more", extra={"reason": type(error).__name__})
            self.listener = None

    def say_whole(self, text: str) -> None:
        """Word by word, what was not streamed already."""
        if self.listener is None or self.heard.strip() == text:
            return
        if self.heard:
            self.say("\n")
        for word in re.findall(r"\s*\S+", text):
            self.say(word)


@dataclass
class _Talk:
    """One conversation with the model: its texts, its costs and its deadline."""

    endpoint: Endpoint
    deadline: float
    texts: list[str] = field(default_factory=list)
    usage: list[UsageRow] = field(default_factory=list)


def _by_model(brief: Brief, reading: Reading, box: ToolBox, voice: _Voice) -> Reply:
    endpoint = endpoint_of(brief)
    if endpoint is None:
        return reply_by_rules(brief, reading)
    gate = breaker(f"llm:{endpoint.host}:{brief.broker_id if endpoint.is_tenants else 'platform'}")
    if not gate.allow():
        return reply_by_rules(brief, reading)
    deadline = time.monotonic() + getattr(settings, "LLM_DEADLINE_SECONDS", DEADLINE_SECONDS)
    talk = _Talk(endpoint=endpoint, deadline=deadline)
    session = Session(slots=reading.known, now=reading.now, currency=brief.currency, box=box)
    try:
        _converse(talk, session, brief, reading, voice)
    except ModelError as error:
        talk.usage.append(error.usage)
        if not error.reason.startswith("http_400"):
            gate.failure()
        return _after_failure(brief, reading, session, talk)
    gate.success()
    if not "".join(talk.texts).strip() and session.handover is None and not session.is_opt_out:
        return _after_failure(brief, reading, session, talk)
    return _model_reply(brief, reading, session, talk)


def _converse(talk: _Talk, session: Session, brief: Brief, reading: Reading, voice: _Voice) -> None:
    """Let the model talk and call tools until it is done.

    Raises ModelError.
    """
    prompt = system_prompt(brief, session.slots, language=reading.language, now=reading.now, tools=session.box)
    messages: list[dict[str, Any]] = messages_of(brief, prompt)
    specs = tool_specs(session.box)
    for turn in range(MAX_TOOL_ROUNDS + 1):
        is_last = turn == MAX_TOOL_ROUNDS
        if talk.texts and voice.token_sink is not None:
            voice.say("\n")
        completion = _complete(talk, messages, [] if is_last else specs, voice)
        if completion.text.strip():
            talk.texts.append(completion.text.strip())
        if not completion.tool_calls or is_last:
            return
        messages.append(_assistant_message(completion))
        for call in completion.tool_calls:
            result = run_tool(session, call.name, call.arguments)
            messages.append({"role": "tool", "tool_call_id": call.id, "content": result})


def _complete(talk: _Talk, messages: list[dict[str, Any]], specs: list[dict[str, Any]], voice: _Voice) -> Completion:
    """One call, tried once more where that may help and nothing was heard yet.

    Raises ModelError.
    """
    heard = voice.heard
    try:
        completion = _call(talk, messages, specs, voice)
    except ModelError as error:
        wait = error.retry_after if error.retry_after is not None else _RETRY_WAIT_SECONDS
        has_time = talk.deadline - time.monotonic() > wait + _LEAST_SECONDS
        if not error.is_transient or not has_time or voice.heard != heard:
            raise
        talk.usage.append(error.usage)
        time.sleep(wait)
        completion = _call(talk, messages, specs, voice)
    talk.usage.append(completion.usage)
    return completion


def _call(talk: _Talk, messages: list[dict[str, Any]], specs: list[dict[str, Any]], voice: _Voice) -> Completion:
    seconds = min(settings.LLM_TIMEOUT_SECONDS, talk.deadline - time.monotonic())
    return complete(talk.endpoint, messages, tools=specs, seconds=max(seconds, 0.1), on_token=voice.token_sink)


def _assistant_message(completion: Completion) -> dict[str, Any]:
    return {
        "role": "assistant",
        "content": completion.text or None,
        "tool_calls": [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in completion.tool_calls
        ],
    }


def _model_reply(brief: Brief, reading: Reading, session: Session, talk: _Talk) -> Reply:
    slots = _own_slots(reading, session)
    missing = missing_slots(session.slots)
    is_progress = slots != brief.slots or reading.is_progress or reading.is_first or "search_knowledge" in session.used
    stalled = 0 if is_progress else brief.turns_without_progress + 1
    handover = _handover(brief, replace(reading, slots=slots, known=session.slots), session, missing, stalled)
    is_ended = handover is not None or session.is_opt_out
    asked = missing[0] if missing and not is_ended else None
    text = _tidy(brief, "\n".join(talk.texts)) or _closing(brief, reading, session)
    words = words_of(brief.country, brief.currency)
    is_purpose = asked == "purpose" and text.rstrip().endswith("?")
    return Reply(
        text=text,
        slots=slots,
        asked=asked,
        intent=_intent(reading, session, handover),
        engine="llm",
        handover=None if session.is_opt_out else handover,
        opt_out=session.is_opt_out,
        stage_hint=_further(session.stage, stage_hint(slots).value),
        turns_without_progress=stalled,
        language=reading.language,
        buttons=tuple(name.format(**words) for name in PURPOSE_BUTTONS[reading.language]) if is_purpose else (),
        usage=tuple(talk.usage),
    )


def _own_slots(reading: Reading, session: Session) -> Slots:
    """The slots to keep: a name that only the profile gave is not one the customer told."""
    is_profiles = not reading.slots.name and session.slots.name == reading.known.name
    slots = replace(session.slots, name="") if is_profiles else session.slots
    return slots.without_told_declines()


def _handover(
    brief: Brief, reading: Reading, session: Session, missing: tuple[str, ...], stalled: int
) -> Handover | None:
    reason = session.handover
    if reason is None and not missing:
        reason = HandoverReason.QUALIFIED
    if reason is None and stalled >= brief.max_turns_without_progress * _PATIENCE:
        reason = HandoverReason.NO_PROGRESS
    if reason is None:
        return None
    facts = summarise(brief, reading)
    return Handover(reason=reason, summary=f"{session.summary}\n{facts}" if session.summary else facts)


def _after_failure(brief: Brief, reading: Reading, session: Session, talk: _Talk) -> Reply:
    """The rules go on with what the model had already understood; a decision it had taken stands."""
    slots = _own_slots(reading, session)
    known = replace(reading, slots=slots, known=session.slots)
    reply = reply_by_rules(brief, known)
    if session.is_opt_out:
        reply = replace(reply, text=say("opted_out", reading.language), opt_out=True, asked=None, handover=None)
    elif session.handover is not None and reply.handover is None:
        handover = Handover(reason=session.handover, summary=session.summary or summarise(brief, known))
        reply = replace(reply, text=_closing(brief, reading, session), handover=handover, asked=None, buttons=())
    return replace(reply, usage=tuple(talk.usage))


def _closing(brief: Brief, reading: Reading, session: Session) -> str:
    """What is said where the model decided without a word."""
    name = f", {reading.known.name.split()[0]}" if reading.known.name else ""
    if session.is_opt_out:
        return say("opted_out", reading.language)
    keys = {
        HandoverReason.ANGRY: "handover_angry",
        HandoverReason.QUALIFIED: "handover_qualified",
        HandoverReason.ASKED_FOR_PERSON: "handover_person",
    }
    key = keys.get(session.handover or HandoverReason.NO_PROGRESS, "handover_no_progress")
    return say(key, reading.language, comma_name=name, broker=brief.broker_name)


def _apology(brief: Brief) -> Reply:
    """Our own failure: the customer is told, and a person is called."""
    last = next((turn.text for turn in reversed(brief.turns) if turn.role == "customer"), "")
    return Reply(
        text=say("handover_no_progress", brief.language),
        slots=brief.slots,
        asked=None,
        intent="failed",
        engine="rules",
        handover=Handover(
            reason=HandoverReason.LLM_FAILED, summary=say("summary_said", brief.language, text=last[:300])
        ),
        language=brief.language,
    )


def _tidy(brief: Brief, text: str) -> str:
    """Without a speaker's label, and no longer than people read on a phone."""
    plain = _SPEAKER.sub("", text.replace("\x00", "").strip())
    label = f"{brief.agent_name}:"
    plain = plain[len(label) :].lstrip() if plain.startswith(label) else plain
    if len(plain) <= _MAX_TEXT:
        return plain
    cut = plain[:_MAX_TEXT]
    end = max(cut.rfind(mark) for mark in ".!?\n")
    return cut[: end + 1].strip() if end > _MAX_TEXT // 3 else f"{cut.rstrip()}…"


def _further(one: str, other: str) -> str:
    return max((stage for stage in (one, other) if stage in _STAGE_ORDER), key=_STAGE_ORDER.index)


def _intent(reading: Reading, session: Session, handover: Handover | None) -> str:
    if session.is_opt_out:
        return "opt_out"
    if handover is not None:
        return "visit_requested" if session.slots.visit_date else str(handover.reason)
    if reading.question is not None:
        return f"question_{reading.question.value}"
    if reading.is_progress or "update_lead" in session.used:
        return "provides_information"
    return "greeting" if reading.is_first else "small_talk"
