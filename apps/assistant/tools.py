"""What the model may do, and what each call changes. Arguments are a model's text: everything is checked."""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import Any

from apps.assistant.dialogue import missing_slots
from apps.assistant.types import (
    ASKING_ORDER,
    PROPERTY_TYPES,
    PURPOSES,
    HandoverReason,
    Slots,
    Stage,
    ToolBox,
)
from apps.leads.wishes import CURRENCIES, day_of, time_of

log = logging.getLogger(__name__)

_MAX_AHEAD = timedelta(days=400)
_MAX_RESULT = 6_000
_REASONS = {
    "asked_for_person": HandoverReason.ASKED_FOR_PERSON,
    "angry": HandoverReason.ANGRY,
    "qualified": HandoverReason.QUALIFIED,
    "cannot_help": HandoverReason.NO_PROGRESS,
}
_STAGES = tuple(stage.value for stage in Stage)
# What update_lead may write; the visit has a tool of its own.
_FIELDS: dict[str, dict[str, object]] = {
    "name": {"type": "string", "description": "The customer's own name"},
    "purpose": {"type": "string", "enum": list(PURPOSES)},
    "property_type": {"type": "string", "enum": list(PROPERTY_TYPES)},
    "location": {
        "type": "array",
        "items": {"type": "string"},
        "description": "All comunas, cities or areas wanted; replaces the earlier list",
    },
    "budget_amount": {"type": "number", "description": "The amount to plan with: the ceiling of a range"},
    "budget_currency": {"type": "string", "enum": list(CURRENCIES)},
    "budget_min": {"type": "number"},
    "budget_max": {"type": "number"},
    "bedrooms": {"type": "integer"},
    "bathrooms": {"type": "integer"},
    "income_amount": {"type": "number", "description": "Monthly income, only if the customer told it"},
    "income_currency": {"type": "string", "enum": list(CURRENCIES)},
    "email": {"type": "string"},
    "phone": {"type": "string", "description": "With country code"},
    "declined": {
        "type": "array",
        "items": {"type": "string", "enum": list(ASKING_ORDER)},
        "description": "What the customer would not or cannot tell",
    },
}


@dataclass(kw_only=True)
class Session:
    """What the model has decided so far in one answer."""

    slots: Slots
    now: datetime
    currency: str
    box: ToolBox
    handover: HandoverReason | None = None
    summary: str = ""
    is_opt_out: bool = False
    stage: str = ""
    used: list[str] = field(default_factory=list)


def tool_specs(box: ToolBox) -> list[dict[str, Any]]:
    """The tools as the API wants them; those that nothing stands behind are left out."""
    specs = [
        _spec(
            "update_lead", "Store facts that the customer has told. Send only those that are new or changed.", _FIELDS
        ),
        _spec(
            "propose_visit",
            "Note the day (and time) on which the customer wants to visit. A colleague confirms it.",
            {
                "date": {"type": "string", "description": "YYYY-MM-DD"},
                "time": {"type": "string", "description": "HH:MM, 24 hours; leave out if not said"},
            },
            required=("date",),
        ),
        _spec(
            "move_stage",
            "Move the lead in the pipeline.",
            {"stage": {"type": "string", "enum": list(_STAGES)}},
            ("stage",),
        ),
        _spec(
            "hand_over",
            "Pass the conversation to a person.",
            {
                "reason": {"type": "string", "enum": list(_REASONS)},
                "summary": {"type": "string", "description": "For the agent: who, what, what is open. Two sentences."},
            },
            required=("reason", "summary"),
        ),
        _spec("opt_out", "The customer does not want to be written to any more.", {}),
    ]
    if box.search_knowledge is not None:
        specs.append(
            _spec("search_knowledge", "Search the broker's knowledge base.", {"query": {"type": "string"}}, ("query",))
        )
    return specs


def run_tool(session: Session, name: str, arguments: str) -> str:
    """Do what the call says, as far as it makes sense, and answer the model in JSON."""
    tool = _TOOLS.get(name)
    if tool is None or (name == "search_knowledge" and session.box.search_knowledge is None):
        return _json({"error": f"There is no tool called {name[:60]}"})
    try:
        given = json.loads(arguments or "{}")
    except ValueError:
        return _json({"error": "The arguments are not valid JSON; send them again"})
    if not isinstance(given, dict):
        return _json({"error": "The arguments must be a JSON object"})
    session.used.append(name)
    try:
        return _json(tool(session, given))
    except Exception:
        log.exception("a tool failed", extra={"tool": name})
        return _json({"error": "This does not work now. Say that a colleague will confirm."})


def _update_lead(session: Session, given: Mapping[str, object]) -> dict[str, object]:
    offered = {key: value for key, value in given.items() if key in _FIELDS and value not in (None, "", [])}
    read = Slots.from_attributes(offered)
    accepted = {key: getattr(read, key) for key in offered if getattr(read, key) not in (None, "", ())}
    if "budget_amount" in accepted:
        # A new budget replaces the old one whole: a stale range would contradict it.
        accepted = {"budget_min": None, "budget_max": None, **accepted}
        accepted.setdefault("budget_currency", session.slots.budget_currency or session.currency)
    if "income_amount" in accepted:
        accepted.setdefault("income_currency", session.slots.income_currency or session.currency)
    if "declined" in accepted:
        accepted["declined"] = tuple(dict.fromkeys((*session.slots.declined, *read.declined)))
    session.slots = replace(session.slots, **accepted)
    rejected = sorted(set(offered) - set(accepted))
    result: dict[str, object] = {"ok": not rejected, "still_to_find_out": missing_slots(session.slots)}
    return {**result, "not_understood": rejected} if rejected else result


def _propose_visit(session: Session, given: Mapping[str, object]) -> dict[str, object]:
    day, clock = day_of(given.get("date")), time_of(given.get("time"))
    today = session.now.date()
    if day is None:
        return {"error": "date must be YYYY-MM-DD"}
    if not today <= day <= today + _MAX_AHEAD:
        return {"error": f"The day must be from {today} on and within a year; ask the customer again"}
    if day == today and clock is not None and clock <= session.now.time():
        return {"error": "That time has already passed today; ask for another"}
    free = session.box.free_times(day) if session.box.free_times is not None else None
    if free is not None and clock is not None and clock not in free:
        return {"error": "That time is taken", "free_times": [_hour(moment) for moment in free[:8]]}
    session.slots = replace(session.slots, visit_date=day, visit_time=clock, visit_part=None)
    return {"ok": True, "note": "Noted. Tell the customer that a colleague will confirm."}


def _move_stage(session: Session, given: Mapping[str, object]) -> dict[str, object]:
    stage = given.get("stage")
    if stage not in _STAGES:
        return {"error": f"stage must be one of {', '.join(_STAGES)}"}
    if stage == Stage.AGENDADO and session.slots.visit_date is None:
        return {"error": "There is no visit yet: call propose_visit first"}
    session.stage = str(stage)
    return {"ok": True}


def _hand_over(session: Session, given: Mapping[str, object]) -> dict[str, object]:
    session.handover = _REASONS.get(str(given.get("reason")), HandoverReason.NO_PROGRESS)
    session.summary = str(given.get("summary") or "")[:1_500]
    return {"ok": True, "note": "Say goodbye warmly; a colleague will write here."}


def _opt_out(session: Session, _given: Mapping[str, object]) -> dict[str, object]:
    session.is_opt_out = True
    return {"ok": True, "note": "Confirm in one sentence that nobody will write again."}


def _search_knowledge(session: Session, given: Mapping[str, object]) -> dict[str, object]:
    search = session.box.search_knowledge
    query = str(given.get("query") or "").strip()[:400]
    if search is None or not query:
        return {"error": "query is empty"}
    passages = [{"title": passage.title[:200], "text": passage.text[:1_200]} for passage in search(query)[:5]]
    return {"passages": passages} if passages else {"passages": [], "note": "Nothing found: a colleague will confirm."}


def _spec(
    name: str, description: str, properties: Mapping[str, object], required: tuple[str, ...] = ()
) -> dict[str, Any]:
    parameters = {"type": "object", "properties": dict(properties), "required": list(required)}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}


def _hour(moment: time) -> str:
    return moment.strftime("%H:%M")


def _json(result: Mapping[str, object]) -> str:
    return json.dumps(result, ensure_ascii=False, default=str)[:_MAX_RESULT]


_Tool = Callable[[Session, Mapping[str, object]], dict[str, object]]
_TOOLS: dict[str, _Tool] = {
    "update_lead": _update_lead,
    "propose_visit": _propose_visit,
    "move_stage": _move_stage,
    "hand_over": _hand_over,
    "opt_out": _opt_out,
    "search_knowledge": _search_knowledge,
}
