"""Who signs in to the demo. One memorable password for all: it exists only on machines that run the embedded mode."""

from collections.abc import Sequence
from dataclasses import dataclass

from apps.accounts.models import User
from apps.accounts.types import Role

DEMO_PASSWORD = "Andes-2026"
SUPERADMIN_EMAIL = "superadmin@demo.cl"
# The demo's web chat has an address that one can remember: /chat/los-andes
CHAT_KEY = "los-andes"
OTHER_CHAT_KEY = "propiedades-biobio"


@dataclass(frozen=True)
class Person:
    """Somebody of the brokerage's team."""

    email: str
    first_name: str
    last_name: str
    role: str
    skills: tuple[str, ...] = ()


TEAM = (
    Person("admin@demo.cl", "Carolina", "Fuentes", Role.ADMIN),
    Person("supervisor@demo.cl", "Rodrigo", "Salazar", Role.SUPERVISOR),
    Person("agente@demo.cl", "Camila", "Rojas", Role.AGENT, ("ventas", "oriente")),
    Person("diego@demo.cl", "Diego", "Morales", Role.AGENT, ("ventas", "inversión")),
    Person("valentina@demo.cl", "Valentina", "Araya", Role.AGENT, ("ventas", "crédito")),
    Person("matias@demo.cl", "Matías", "Contreras", Role.AGENT, ("arriendos",)),
    Person("fernanda@demo.cl", "Fernanda", "Pizarro", Role.AGENT, ("arriendos", "inglés")),
    Person("joaquin@demo.cl", "Joaquín", "Vergara", Role.AGENT, ("ventas",)),
)
OTHER_TEAM = (
    Person("admin@biobio.demo.cl", "Marcela", "Sanhueza", Role.ADMIN),
    Person("agente@biobio.demo.cl", "Tomás", "Riquelme", Role.AGENT),
)
_SHOWN = (
    SUPERADMIN_EMAIL,
    "admin@demo.cl",
    "supervisor@demo.cl",
    "agente@demo.cl",
    "admin@biobio.demo.cl",
)


def demo_logins() -> Sequence[tuple[str, str, str]]:
    """Role, e-mail and password of the logins to show; empty without a demo. A changed password is not known."""
    users = {user.email: user for user in User.objects.filter(email__in=_SHOWN, status="active")}
    return [
        (
            str(Role(user.role).label),
            email,
            DEMO_PASSWORD if user.password_changed_at is None else "(the password was changed)",
        )
        for email in _SHOWN
        if (user := users.get(email)) is not None
    ]
