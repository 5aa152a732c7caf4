"""Where a user's facts are announced: inside their broker, so that its audit log and listeners get them."""

from collections.abc import Iterator
from contextlib import contextmanager

from apps.accounts.models import User
from apps.core.access import Actor
from apps.core.context import request_context
from apps.core.tenancy import in_broker, in_public


@contextmanager
def at_home_of(user: User | None) -> Iterator[None]:
    """Inside the user's broker; in the public schema for superadmins and for nobody."""
    if user is None or user.broker_id is None:
        with in_public():
            yield
    else:
        with in_broker(user.broker_id):
            yield


def stranger(user: User | None) -> Actor:
    """Whoever tries to sign in: an address, and perhaps an account that it claims to be."""
    context = request_context()
    return Actor(
        kind="user",
        broker_id=user.broker_id if user else None,
        address=context.address,
        request_id=context.request_id,
    )
