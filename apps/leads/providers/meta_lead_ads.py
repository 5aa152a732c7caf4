"""Meta's lead ads: a lead as the Graph API gives it, and the webhook that announces one.

Sources: https://developers.facebook.com/docs/marketing-api/guides/lead-ads/retrieving (field_data),
https://developers.facebook.com/docs/graph-api/webhooks/getting-started/webhooks-for-leadgen (entry, changes).
The webhook holds ids alone; when the answers follow, `leadgen_id` brings them to the same lead.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from apps.leads.providers.types import Adapter, Recognised

NAME: Final = "meta_lead_ads"
_TOLD_OF_A_LEAD: Final = (
    "created_time",
    "ad_id",
    "ad_name",
    "adset_id",
    "adset_name",
    "campaign_id",
    "campaign_name",
    "form_id",
    "form_name",
    "page_id",
    "platform",
    "is_organic",
)


def recognise(payload: Mapping[str, Any]) -> Recognised | None:
    """A lead or the announcement of one."""
    answers = payload.get("field_data")
    if isinstance(answers, list):
        return _lead(payload, answers)
    announced = next(_announced(payload), None)
    if announced is None:
        return None
    leadgen_id = _id(announced.get("leadgen_id"))
    return Recognised(
        shape=NAME,
        names={"leadgen_id": leadgen_id, **_told(announced)},
        external_id=f"meta-webhook:{leadgen_id}" if leadgen_id else "",
        origin=NAME,
        same_person={"leadgen_id": leadgen_id} if leadgen_id else {},
    )


def split(payload: dict[str, Any]) -> Sequence[dict[str, Any]]:
    """One webhook for each lead that it announces."""
    return [
        {"object": "page", "entry": [{"changes": [{"field": "leadgen", "value": value}]}]}
        for value in _announced(payload)
    ]


def _lead(payload: Mapping[str, Any], answers: list[Any]) -> Recognised:
    names: dict[str, Any] = {}
    for answer in answers:
        if not isinstance(answer, dict) or not isinstance(answer.get("name"), str):
            continue
        values = answer.get("values")
        several = values if isinstance(values, list) else [values]
        names[answer["name"]] = several[0] if len(several) == 1 else several
    leadgen_id = _id(payload.get("id") or payload.get("leadgen_id"))
    if leadgen_id:
        names["leadgen_id"] = leadgen_id
    return Recognised(
        shape=NAME,
        names={**names, **{name: value for name, value in _told(payload).items() if name not in names}},
        external_id=f"meta:{leadgen_id}" if leadgen_id else "",
        origin=NAME,
        same_person={"leadgen_id": leadgen_id} if leadgen_id else {},
    )


def _announced(payload: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    entries = payload.get("entry")
    for entry in entries if isinstance(entries, list) else []:
        changes = entry.get("changes") if isinstance(entry, dict) else None
        for change in changes if isinstance(changes, list) else []:
            if isinstance(change, dict) and change.get("field") == "leadgen" and isinstance(change.get("value"), dict):
                yield change["value"]


def _told(about: Mapping[str, Any]) -> dict[str, Any]:
    """Ids are text: as numbers they would be rounded."""
    return {
        name: str(about[name]) if name.endswith("_id") and isinstance(about[name], int) else about[name]
        for name in _TOLD_OF_A_LEAD
        if about.get(name) not in (None, "", [], {})
    }


def _id(value: object) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


ADAPTER = Adapter(name=NAME, label="Meta Lead Ads", recognise=recognise, split=split)
