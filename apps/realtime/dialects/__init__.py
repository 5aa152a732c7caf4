"""What the Socket.IO documents call our events: one module for each document."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Emit:
    """One Socket.IO event to send; `only_to`, where given, is the one user it is for."""

    name: str
    payload: dict[str, Any]
    only_to: int | None = None
