"""External ids: a UUIDv8 in which the broker's number is readable, so a bare UUID finds its schema.

Layout (RFC 9562, section 5.8): 48 bits Unix milliseconds, version 8, 12 random bits, variant, 30 bits broker,
32 random bits. It grants nothing: permission is always checked.
"""

import secrets
import time
import uuid

_BROKER_BITS = 30


def uid_for(broker_id: int) -> uuid.UUID:
    """A new id of the broker (0: the platform).

    Raises ValueError where the broker's number does not fit 30 bits.
    """
    if not 0 <= broker_id < 1 << _BROKER_BITS:
        raise ValueError(f"broker {broker_id} does not fit {_BROKER_BITS} bits")
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & (1 << 48) - 1) << 80
    value |= 0x8 << 76
    value |= secrets.randbits(12) << 64
    value |= 0b10 << 62
    value |= broker_id << 32
    value |= secrets.randbits(32)
    return uuid.UUID(int=value)


def new_uid() -> uuid.UUID:
    """A new id of the broker entered now; the default of every `uid` column."""
    from apps.core.tenancy import current_broker_id

    return uid_for(current_broker_id() or 0)


def broker_of(uid: uuid.UUID) -> int | None:
    """The broker's number in the id, or None where the id is not one of ours."""
    if uid.version != 8:
        return None
    return (uid.int >> 32) & ((1 << _BROKER_BITS) - 1) or None
