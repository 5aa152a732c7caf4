"""Users."""

from apps.accounts.models import User
from apps.accounts.types import Role
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
    return User.objects.create_user(email, password, role=role, broker_id=broker_id, **values)
