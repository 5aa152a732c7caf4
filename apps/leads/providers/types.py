"""What an adapter is and gives."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise


@dataclass(frozen=True, kw_only=True)
class Recognised:
    """A payload of one person.

    `names`: what is said of them, in the sender's words. `external_id`: the sender's id of this very delivery, so that
    a repeated one changes nothing. `origin`: where the lead comes from. `same_person`: attributes that only one lead
    has, to find them where neither phone nor e-mail is known.
    """

    shape: str
    names: Mapping[str, Any]
    external_id: str = ""
    origin: str = ""
    same_person: Mapping[str, str] = field(default_factory=dict)


def _undivided(payload: dict[str, Any]) -> Sequence[dict[str, Any]]:
    return [payload]


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """One shape: `recognise` answers None for every other."""

    name: str
    label: str | Promise
    recognise: Callable[[Mapping[str, Any]], Recognised | None]
    split: Callable[[dict[str, Any]], Sequence[dict[str, Any]]] = _undivided
