"""The ledger of raw events, failed and scheduled work, and the periodic tasks, for superadmins."""

import json
from contextlib import suppress
from dataclasses import replace
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Model, OuterRef, QuerySet, Subquery
from django.db.models.functions import Length
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django_celery_beat.admin import ClockedScheduleAdmin as BaseClockedScheduleAdmin
from django_celery_beat.admin import CrontabScheduleAdmin as BaseCrontabScheduleAdmin
from django_celery_beat.admin import PeriodicTaskAdmin as BasePeriodicTaskAdmin
from django_celery_beat.admin import PeriodicTaskForm, TaskSelectWidget
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RangeDateTimeFilter, SingleNumericFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from apps.brokers.models import Broker
from apps.core.admin import PlatformAdmin, ReadOnlyAdmin, actor_of, as_pre
from apps.core.models import DeadLetter, ScheduledWork
from apps.core.redaction import hide_secrets
from apps.messaging.models import RawEvent
from apps.operations.actions import discard_dead_letter, replay_raw_event, retry_dead_letter
from apps.operations.queries import ledger_by_account, ledger_by_hour

_LARGEST_SHOWN = 200_000


class _OfABroker(ReadOnlyAdmin):
    """Rows that know their broker by its number alone: its name is joined in the list's own query."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        name = Broker.objects.filter(pk=OuterRef("broker_id")).values("name")[:1]
        rows: QuerySet[Model] = super().get_queryset(request)
        return rows.annotate(broker_name=Subquery(name))

    @display(description=_("broker"), ordering="broker_id")
    def broker(self, row: Any) -> str:
        return str(row.broker_name or "—")

    def _actor_for(self, request: HttpRequest, row: Any) -> Any:
        return replace(actor_of(request), broker_id=row.broker_id)


@admin.register(RawEvent)
class RawEventAdmin(_OfABroker):
    list_display = ("id", "received_at", "broker", "account", "state_label", "attempts", "size", "is_signed", "reason")
    list_select_related = ("account",)
    list_filter = (
        "state",
        "account__channel",
        "is_signed",
        ("account", AutocompleteSelectFilter),
        ("broker_id", SingleNumericFilter),
        ("received_at", RangeDateTimeFilter),
    )
    search_fields = ("=id", "account__name", "account__external_id", "error")
    ordering = ("-id",)
    actions: ClassVar[list[str]] = ["replay"]
    list_before_template = "admin/ledger.html"
    fields = (
        "id",
        "broker",
        "account",
        "state",
        "received_at",
        "processed_at",
        "attempts",
        "lease_until",
        "is_signed",
        "error",
        "readable_body",
    )
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """A list of fifty bodies of megabytes would be read for nothing; the account's secrets are not looked at."""
        rows = super().get_queryset(request).defer("account__credentials").annotate(size=Length("body"))
        return rows if request.resolver_match and request.resolver_match.kwargs else rows.defer("body")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        broker_id = _number(request.GET.get("broker_id"))
        ledger = {
            "ledger_hours": ledger_by_hour(hours=24, broker_id=broker_id),
            "ledger_accounts": ledger_by_account(hours=24, broker_id=broker_id),
        }
        response: HttpResponse = super().changelist_view(request, {**(extra_context or {}), **ledger})
        return response

    @display(
        description=_("status"), label={"processed": "success", "waiting": "info", "failed": "danger"}, ordering="state"
    )
    def state_label(self, event: RawEvent) -> tuple[str, str]:
        return event.state, event.get_state_display()

    @display(description=_("bytes"))
    def size(self, event: RawEvent) -> int:
        size: int = event.size  # type: ignore[attr-defined]  # annotated above
        return size

    @display(description=_("reason"))
    def reason(self, event: RawEvent) -> str:
        return event.error[:80]

    @display(description=_("body"))
    def readable_body(self, event: RawEvent) -> str:
        return format_html(
            '<pre class="whitespace-pre-wrap break-all font-mono text-xs">{}</pre>', readable_body(bytes(event.body))
        )

    @admin.action(description=_("Replay: read it again"), permissions=["view"])
    def replay(self, request: HttpRequest, events: QuerySet[RawEvent]) -> None:
        self.each(
            request,
            events,
            lambda event: replay_raw_event(actor=self._actor_for(request, event), event_id=event.pk),
        )


@admin.register(DeadLetter)
class DeadLetterAdmin(_OfABroker):
    list_display = ("id", "failed_at", "kind", "broker", "attempts", "last_line")
    list_filter = ("kind", ("broker_id", SingleNumericFilter), ("failed_at", RangeDateTimeFilter))
    search_fields = ("=id", "kind", "key", "error")
    ordering = ("-failed_at", "-id")
    actions: ClassVar[list[str]] = ["retry", "discard"]
    fields = ("id", "broker", "kind", "key", "attempts", "failed_at", "readable_payload", "trace")
    readonly_fields = fields

    @display(description=_("error"))
    def last_line(self, letter: DeadLetter) -> str:
        return (letter.error.strip().splitlines() or [""])[-1][:120]

    @display(description=_("error"))
    def trace(self, letter: DeadLetter) -> str:
        return format_html('<pre class="whitespace-pre-wrap font-mono text-xs">{}</pre>', letter.error)

    @display(description=_("payload"))
    def readable_payload(self, letter: DeadLetter) -> str:
        return as_pre(letter.payload)

    @admin.action(description=_("Retry: put it back to work"), permissions=["view"])
    def retry(self, request: HttpRequest, letters: QuerySet[DeadLetter]) -> None:
        self.each(
            request,
            letters,
            lambda letter: retry_dead_letter(actor=self._actor_for(request, letter), letter_id=letter.pk),
        )

    @admin.action(description=_("Discard for good"), permissions=["view"])
    def discard(self, request: HttpRequest, letters: QuerySet[DeadLetter]) -> None:
        self.each(
            request,
            letters,
            lambda letter: discard_dead_letter(actor=self._actor_for(request, letter), letter_id=letter.pk),
        )


@admin.register(ScheduledWork)
class ScheduledWorkAdmin(_OfABroker):
    list_display = ("id", "due_at", "kind", "key", "broker", "attempts", "lease_until", "trouble")
    list_filter = (
        "kind",
        ("last_error", admin.EmptyFieldListFilter),
        ("broker_id", SingleNumericFilter),
        ("due_at", RangeDateTimeFilter),
    )
    search_fields = ("=id", "kind", "key", "last_error")
    ordering = ("due_at", "id")
    fields = ("id", "broker", "kind", "key", "due_at", "attempts", "lease_until", "readable_payload", "last_error")
    readonly_fields = fields

    @display(description=_("last error"))
    def trouble(self, work: ScheduledWork) -> str:
        return (work.last_error.strip().splitlines() or [""])[-1][:120]

    @display(description=_("payload"))
    def readable_payload(self, work: ScheduledWork) -> str:
        return as_pre(work.payload)


def readable_body(body: bytes) -> str:
    """A webhook's body for a person: JSON indented with secrets hidden, else the text as it came."""
    text = body.decode("utf-8", errors="backslashreplace")
    # What is not JSON is shown as it is: that may be just why it failed.
    with suppress(ValueError, RecursionError):
        text = json.dumps(hide_secrets(json.loads(text)), indent=2, ensure_ascii=False)
    return text if len(text) <= _LARGEST_SHOWN else f"{text[:_LARGEST_SHOWN]} …"


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 10 else None


# ---- django-celery-beat's pages in the same dress

for _model in (PeriodicTask, IntervalSchedule, CrontabSchedule, SolarSchedule, ClockedSchedule):
    admin.site.unregister(_model)


class _TaskSelect(UnfoldAdminSelectWidget, TaskSelectWidget):
    pass


class _PeriodicTaskForm(PeriodicTaskForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["task"].widget = UnfoldAdminTextInputWidget()
        self.fields["regtask"].widget = _TaskSelect()


@admin.register(PeriodicTask)
class PeriodicTaskAdmin(BasePeriodicTaskAdmin, ModelAdmin):
    form = _PeriodicTaskForm
    list_select_related = ("interval", "crontab", "solar", "clocked")
    search_fields = ("name", "task")
    show_full_result_count = False


@admin.register(IntervalSchedule)
class IntervalScheduleAdmin(PlatformAdmin):
    list_filter = ("period",)
    search_fields = ("=every", "period")


@admin.register(CrontabSchedule)
class CrontabScheduleAdmin(BaseCrontabScheduleAdmin, ModelAdmin):
    list_filter = ("timezone",)
    search_fields = ("minute", "hour", "timezone")
    show_full_result_count = False


@admin.register(SolarSchedule)
class SolarScheduleAdmin(PlatformAdmin):
    list_filter = ("event",)
    search_fields = ("event",)


@admin.register(ClockedSchedule)
class ClockedScheduleAdmin(BaseClockedScheduleAdmin, ModelAdmin):
    list_filter = (("clocked_time", RangeDateTimeFilter),)
    search_fields = ("=id",)
    show_full_result_count = False
