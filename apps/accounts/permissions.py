"""The permission codes of the crm_whatsapp document and which role has them: one readable table."""

from apps.accounts.types import Role

AGENT_CODES = frozenset(
    {
        "chats.read",
        "chats.update",
        "chats.transfer",
        "chats.close",
        "messages.create",
        "clients.create",
        "clients.read",
        "clients.update",
        "tasks.create",
        "tasks.read",
        "tasks.update",
        "files.create",
        "files.read",
        "campaigns.read",
        "bot_flows.read",
        "users.read",
        "whatsapp.numbers.read",
        "queues.read",
    }
)
SUPERVISOR_CODES = AGENT_CODES | {
    "chats.assign",
    "clients.delete",
    "clients.export",
    "clients.import",
    "clients.merge",
    "ingest.read",
    "views.share",
    "analytics.read",
    "reports.read",
    "reports.export",
    "audit_logs.read",
    "files.delete",
    "queues.manage",
    "users.update",
}
ADMIN_CODES = frozenset({"*"})

PERMISSIONS_OF_ROLE: dict[str, frozenset[str]] = {
    Role.SUPERADMIN: frozenset({"*"}),
    Role.ADMIN: ADMIN_CODES,
    Role.SUPERVISOR: SUPERVISOR_CODES,
    Role.AGENT: AGENT_CODES,
}
# The crm_whatsapp document numbers the roles.
ROLE_IDS: dict[str, int] = {Role.SUPERADMIN: 0, Role.ADMIN: 1, Role.SUPERVISOR: 2, Role.AGENT: 3}


def permissions_of(role: str) -> frozenset[str]:
    """The codes of a role; none for an unknown role."""
    return PERMISSIONS_OF_ROLE.get(role, frozenset())
