"""Who may do what with brokers: only the platform makes, changes and closes them."""

from apps.core.access import Actor
from apps.core.errors import Forbidden


def require_platform(actor: Actor) -> None:
    """Raise Forbidden unless a superadmin or the product itself acts; an admin's `*` ends at their own broker."""
    if not (actor.is_superadmin or actor.kind == "system"):
        raise Forbidden()
