"""What calls to models cost, kept for the platform and its reports."""

from collections.abc import Iterable

from apps.assistant.models import LLMUsage
from apps.assistant.types import UsageRow


def record_usage(
    broker_id: int, rows: Iterable[UsageRow], *, lead_id: int | None = None, conversation_id: int | None = None
) -> None:
    """Keep one row for each call to a model, within the caller's transaction."""
    LLMUsage.objects.bulk_create(
        LLMUsage(
            broker_id=broker_id,
            lead_id=lead_id,
            conversation_id=conversation_id,
            model=row.model[:120],
            prompt_tokens=row.prompt_tokens,
            completion_tokens=row.completion_tokens,
            cached_tokens=row.cached_tokens,
            cost_usd=row.cost,
            duration_ms=row.duration_ms,
            outcome=row.outcome[:60],
            is_estimated=row.is_estimated,
            request_id=row.request_id[:100],
        )
        for row in rows
    )
