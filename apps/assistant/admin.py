"""What the models cost, for superadmins: a ledger that is only read."""

from typing import Any

from django.contrib import admin
from django.db.models import Avg, Count, Q, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RangeDateTimeFilter

from apps.assistant.models import LLMUsage


class OutcomeFilter(admin.SimpleListFilter):
    """Answered or not: failures have many codes."""

    title = _("outcome")
    parameter_name = "answered"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Answered")), ("no", _("Failed"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[LLMUsage]) -> QuerySet[LLMUsage]:
        if self.value() == "yes":
            return queryset.filter(outcome="ok")
        return queryset.exclude(outcome="ok") if self.value() == "no" else queryset


@admin.register(LLMUsage)
class LLMUsageAdmin(ModelAdmin):
    """One row for each call, and above the list what the rows that match cost together."""

    list_display = (
        "created_at",
        "broker",
        "model",
        "prompt_tokens",
        "completion_tokens",
        "cost",
        "duration_ms",
        "outcome",
        "lead_id",
        "conversation_id",
    )
    list_filter = (
        ("broker", AutocompleteSelectFilter),
        ("created_at", RangeDateTimeFilter),
        OutcomeFilter,
    )
    list_filter_submit = True
    list_select_related = ("broker",)
    list_per_page = 50
    list_before_template = "assistant/llm_usage_totals.html"
    search_fields = ("model", "broker__name", "outcome", "request_id", "=lead_id", "=conversation_id")
    search_help_text = _("Model, broker, outcome, request id, or the number of a lead or conversation")
    ordering = ("-created_at", "-id")
    show_full_result_count = False

    @admin.display(description=_("cost (USD)"), ordering="cost_usd")
    def cost(self, row: LLMUsage) -> str:
        if row.cost_usd is None:
            return str(_("unknown"))
        return f"~{row.cost_usd}" if row.is_estimated else f"{row.cost_usd}"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        response: HttpResponse = super().changelist_view(request, extra_context)
        context = getattr(response, "context_data", None)
        if context and "cl" in context:
            context["totals"] = totals_of(context["cl"].queryset)
        return response

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: LLMUsage | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: LLMUsage | None = None) -> bool:
        return False


def totals_of(rows: QuerySet[LLMUsage]) -> dict[str, Any]:
    """Calls, failures, tokens and cost of these rows in one query; calls of unknown price are told apart."""
    return rows.order_by().aggregate(
        calls=Count("pk"),
        failed=Count("pk", filter=~Q(outcome="ok")),
        prompt_tokens=Sum("prompt_tokens", default=0),
        completion_tokens=Sum("completion_tokens", default=0),
        cost=Sum("cost_usd", default=0),
        unpriced=Count("pk", filter=Q(cost_usd__isnull=True)),
        duration_ms=Avg("duration_ms"),
    )
