"""Who does something: every action and query takes an `Actor` and asks it for permission."""

from dataclasses import dataclass, field, replace
from typing import Literal, Self

from apps.core.errors import Forbidden

ActorKind = Literal["user", "system", "assistant", "integration", "customer"]


@dataclass(frozen=True, kw_only=True)
class Actor:
    """The person or program that acts, inside one broker (`broker_id` None: the platform)."""

    kind: ActorKind
    broker_id: int | None
    user_id: int | None = None
    role: str = ""
    name: str = ""
    permissions: frozenset[str] = field(default_factory=frozenset)
    address: str = ""
    request_id: str = ""
    # Set by a room above for one row: who attends a conversation may work on its lead, whoever the lead is assigned to.
    is_widened: bool = False

    @property
    def is_superadmin(self) -> bool:
        """A platform operator, who may enter any broker."""
        return self.role == "superadmin"

    @property
    def sees_everything(self) -> bool:
        """Whether rows of other agents are in sight: supervisors, admins, and programs."""
        return self.is_widened or self.kind != "user" or self.role in {"superadmin", "admin", "supervisor"}

    def widened(self) -> Self:
        """The same doer, for a row that the caller has found to be in their reach by another way."""
        return replace(self, is_widened=True)

    def can(self, code: str) -> bool:
        """Whether the permission code is granted; programs of ours may do all."""
        return self.kind in {"system", "assistant"} or "*" in self.permissions or code in self.permissions

    def require(self, code: str) -> None:
        """Raise `Forbidden` unless the code is granted."""
        if not self.can(code):
            raise Forbidden()


def system_actor(broker_id: int | None, *, name: str = "system") -> Actor:
    """The product itself, for timers, imports and provisioning."""
    return Actor(kind="system", broker_id=broker_id, name=name)


def assistant_actor(broker_id: int, *, name: str = "Sofía") -> Actor:
    """Sofía."""
    return Actor(kind="assistant", broker_id=broker_id, name=name)
