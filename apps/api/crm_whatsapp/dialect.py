"""WhatsApp CRM on one screen.

Prefix     /v1.
Auth       bearer everywhere but login, refresh and the webhooks.
Ids        integers.
Errors     {"error": {"code", "message", "details": [{"field", "message"}]}}.
Paging     page and limit (20, at most 100) → {data, meta: {current_page, per_page, total, total_pages}}.
Dates      ISO 8601 UTC with Z and whole seconds; YYYY-MM-DD in queries.
"""

from typing import Any

from apps.api.kit.dialects import Dialect, declare
from apps.api.kit.problems import Problem

_CODES = {"RATE_LIMITED": "RATE_LIMIT_EXCEEDED", "INTERNAL_ERROR": "INTERNAL_SERVER_ERROR"}


def envelope(problem: Problem) -> dict[str, Any]:
    """The document's one shape; `details` is empty unless values are wrong."""
    details = [{"field": error.field, "message": error.message} for error in problem.fields]
    code = "VALIDATION_ERROR" if problem.is_validation and details else problem.code
    return {"error": {"code": _CODES.get(code, code), "message": problem.message, "details": details}}


DIALECT = declare(
    Dialect(
        document="crm_whatsapp",
        title="WhatsApp CRM",
        prefixes=("v1",),
        envelope=envelope,
        error_schema={
            "type": "object",
            "required": ["error"],
            "properties": {
                "error": {
                    "type": "object",
                    "required": ["code", "message"],
                    "properties": {
                        "code": {"type": "string"},
                        "message": {"type": "string"},
                        "details": {
                            "type": "array",
                            "items": {
                                "type": "object",
                                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
                            },
                        },
                    },
                }
            },
        },
        malformed_status=400,
        statuses={"DUPLICATE_PHONE": 409},
    )
)
