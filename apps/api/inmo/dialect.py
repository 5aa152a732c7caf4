"""Inmo on one screen.

Prefix     /auth, /api/v1, /api/broker(s), /webhooks.
Auth       bearer everywhere but register, login, the utility pages and the webhooks.
Ids        integers.
Errors     {"detail": "…"}; wrong values {"detail": [{"loc": […], "msg": "…", "type": "…"}]} with 422.
Paging     skip and limit (50, at most 200) → {data, total, skip, limit}.
Dates      ISO 8601 UTC with Z; YYYY-MM-DD in queries, in the broker's zone.
"""

from typing import Any

from apps.api.kit.dialects import Dialect, declare
from apps.api.kit.problems import Problem


def envelope(problem: Problem) -> dict[str, Any]:
    """FastAPI's two shapes."""
    if not problem.is_validation:
        return {"detail": problem.message}
    if not problem.fields:
        return {"detail": [{"loc": [problem.where], "msg": problem.message, "type": problem.code.lower()}]}
    return {
        "detail": [
            {"loc": [problem.where, *_steps(error.field)], "msg": error.message, "type": error.code.lower()}
            for error in problem.fields
        ]
    }


def _steps(dotted: str) -> list[str | int]:
    return [int(step) if step.isdigit() else step for step in dotted.split(".") if step]


DIALECT = declare(
    Dialect(
        document="inmo",
        title="Inmo",
        prefixes=("auth", "api/v1", "api/broker", "api/brokers", "webhooks"),
        envelope=envelope,
        error_schema={
            "type": "object",
            "required": ["detail"],
            "properties": {
                "detail": {
                    "oneOf": [
                        {"type": "string"},
                        {
                            "type": "array",
                            "items": {
                                "type": "object",
                                "properties": {
                                    "loc": {
                                        "type": "array",
                                        "items": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
                                    },
                                    "msg": {"type": "string"},
                                    "type": {"type": "string"},
                                },
                            },
                        },
                    ]
                }
            },
        },
        statuses={"EMAIL_TAKEN": 400, "PHONE_TAKEN": 400, "ACCOUNT_INACTIVE": 401, "PROVIDER_FAILED": 502},
    )
)
