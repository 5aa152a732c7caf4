"""Users."""

from functools import lru_cache

from django.contrib.auth.hashers import make_password

from apps.accounts.models import User
from apps.accounts.types import Role
from apps.core.ids import uid_for
from apps.core.tenancy import current_broker_id
from tests.factories.sequence import next_number

PASSWORD = "Casa-Azul-77"


def make_user(role: str = Role.AGENT, *, broker_id: int | None = None, password: str = PASSWORD, **fields) -> User:
    """An active user of the broker given, else of the one entered; a superadmin is of none."""
    number = next_number()
    if role != Role.SUPERADMIN and broker_id is None:
        broker_id = current_broker_id()
    email = fields.pop("email", f"{role}{number}@example.com")
    values = {"first_name": role.capitalize(), "last_name": f"N{number}", **fields}
    user = User(
        email=email.lower(),
        role=role,
        broker_id=broker_id,
        uid=uid_for(broker_id or 0),
        password=_hash(password),
        **values,
    )
    user.save()
    return user


@lru_cache(maxsize=16)
def _hash(password: str) -> str:
    """Hashing is slow on purpose; the same password of many users needs it once."""
    return make_password(password)
