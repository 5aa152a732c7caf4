"""Adapters of what other systems send to a broker's ingest address.

An adapter turns a shape that it knows into names and values; the last one, `generic`, takes every object as it is.
A new shape is one file and one line here. Adapters are pure: no database, no network, and no payload makes them fail.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from apps.leads.providers import email_to_lead, generic, meta_lead_ads
from apps.leads.providers.types import Adapter, Recognised

__all__ = ["ADAPTERS", "Recognised", "adapter_label", "recognise", "split"]

ADAPTERS: Final[tuple[Adapter, ...]] = (meta_lead_ads.ADAPTER, email_to_lead.ADAPTER, generic.ADAPTER)


def recognise(payload: Mapping[str, Any]) -> Recognised:
    """What was sent, as names and values, by the first adapter that knows its shape."""
    for adapter in ADAPTERS[:-1]:
        found = adapter.recognise(payload)
        if found is not None:
            return found
    return generic.read(payload)


def split(payload: dict[str, Any]) -> Sequence[dict[str, Any]]:
    """One payload for each person in it: Meta's webhook may announce several."""
    for adapter in ADAPTERS:
        parts = adapter.split(payload)
        if len(parts) > 1:
            return parts
    return [payload]


def adapter_label(name: str) -> str:
    """How people call the shape."""
    return next((str(adapter.label) for adapter in ADAPTERS if adapter.name == name), name)
