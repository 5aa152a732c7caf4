"""Numbers that make unique things unique, and the broker that a row is made for."""

from itertools import count

from apps.core.tenancy import current_broker_id

_numbers = count(1)


def next_number() -> int:
    """A number that no row of this process had."""
    return next(_numbers)


def entered_broker() -> int:
    """The broker entered now; a test that needs one takes the fixture `broker`."""
    broker_id = current_broker_id()
    assert broker_id is not None, "no broker is entered: take the fixture `broker`, or use in_broker(...)"
    return broker_id
