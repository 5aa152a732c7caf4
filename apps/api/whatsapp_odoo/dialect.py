"""WhatsApp + Odoo on one screen.

Prefix     /api (and /auth at the root, which the Inmo dialect serves with the superset of both).
Auth       bearer everywhere but login.
Ids        UUIDs.
Errors     {"detail": {"code", "message", "field"}}; `field` is null where no single one is concerned.
Paging     page and limit (20) → {items, total, page, limit}; messages by `before` → {items, has_more}.
Dates      ISO 8601 UTC with Z.
"""

from typing import Any

from django.utils.translation import gettext as _

from apps.api.kit.dialects import Dialect, declare
from apps.api.kit.problems import Problem


def envelope(problem: Problem) -> dict[str, Any]:
    """One code, one sentence, one field: the first that is wrong. Of one that is missing the sentence says its name."""
    first = problem.fields[0] if problem.fields else None
    message = first.message if first and problem.is_validation else problem.message
    if first and first.field and first.code == "required":
        message = _("The field %(field)s is required") % {"field": first.field}
    return {"detail": {"code": problem.code, "message": message, "field": (first.field or None) if first else None}}


DIALECT = declare(
    Dialect(
        document="whatsapp_odoo",
        title="WhatsApp + Odoo",
        prefixes=("api",),
        envelope=envelope,
        error_schema={
            "type": "object",
            "required": ["detail"],
            "properties": {
                "detail": {
                    "type": "object",
                    "required": ["code", "message", "field"],
                    "properties": {
                        "code": {"type": "string"},
                        "message": {"type": "string"},
                        "field": {"type": "string", "nullable": True},
                    },
                }
            },
        },
        id_type="uuid",
        malformed_status=400,
        statuses={"ACCOUNT_INACTIVE": 401, "DUPLICATE_PHONE": 409},
    )
)
