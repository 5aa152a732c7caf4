"""Any JSON object or form: its names are the fields. docs/ingest.md describes it for senders."""

from collections.abc import Mapping
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from apps.leads.providers.types import Adapter, Recognised

NAME: Final = "generic"
# Senders that wrap what they know of the person into one object.
_WRAPPERS: Final = frozenset({"lead", "contact", "contacto", "data", "datos", "payload", "body", "form", "fields"})


def read(payload: Mapping[str, Any]) -> Recognised:
    """The object's own names, or those of the one object that wraps them."""
    if len(payload) == 1:
        name, inner = next(iter(payload.items()))
        if name.lower() in _WRAPPERS and isinstance(inner, dict):
            payload = inner
    return Recognised(shape=NAME, names=dict(payload))


ADAPTER = Adapter(name=NAME, label=_("JSON or form"), recognise=read)
