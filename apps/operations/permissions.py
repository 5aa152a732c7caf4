"""Who may look after failed work: administrators for their own broker, superadmins for all."""

from apps.core.access import Actor

MANAGE_FAILED_WORK = "failed_work.manage"


def require_operator(actor: Actor) -> None:
    """Raise Forbidden for everyone else."""
    actor.require(MANAGE_FAILED_WORK)
