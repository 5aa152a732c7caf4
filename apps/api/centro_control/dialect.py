"""Centro de Control on one screen.

Prefix     /api/v1/ingest and /api/v1/admin.
Auth       admin: `Authorization: Bearer <ADMIN_API_KEY>` or a superadmin's token; ingest: the key in the path.
Ids        UUIDs.
Errors     {"detail": "…"}.
Paging     page and page_size (20, at most 100) → {items, total[, page, page_size]}.
Dates      ISO 8601 UTC with Z.
"""

from typing import Any

from apps.api.kit.dialects import Dialect, declare
from apps.api.kit.problems import Problem


def envelope(problem: Problem) -> dict[str, Any]:
    """One sentence; wrong values are named in it."""
    if problem.is_validation and problem.fields:
        return {"detail": "; ".join(_said(error.field, error.message) for error in problem.fields)}
    return {"detail": problem.message}


def _said(name: str, message: str) -> str:
    return f"{name}: {message}" if name else message


DIALECT = declare(
    Dialect(
        document="centro_control",
        title="Centro de Control",
        prefixes=("api/v1/ingest", "api/v1/admin"),
        envelope=envelope,
        error_schema={"type": "object", "required": ["detail"], "properties": {"detail": {"type": "string"}}},
        id_type="uuid",
    )
)
