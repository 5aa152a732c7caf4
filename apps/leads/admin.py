"""A broker's leads and what is done with them, to look at from inside it. What changes something is an action."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from apps.core.access import Actor
from apps.core.admin import TenantAdmin, actor_of, as_pre
from apps.leads.duplicates.pairs import dismiss_pair
from apps.leads.ingest import replay
from apps.leads.jobs import request_cancel
from apps.leads.merging.undo import undo_merge
from apps.leads.models import (
    CustomField,
    DuplicatePair,
    ImportFile,
    IngestRecord,
    Job,
    Lead,
    LeadIdentity,
    LeadMerge,
    PipelineRule,
    SavedView,
)
from apps.leads.queries import search_leads

_STATE_COLOURS = {
    "processed": "success",
    "done": "success",
    "merged": "success",
    "received": "info",
    "running": "info",
    "queued": "info",
    "open": "info",
    "cancelled": "warning",
    "undone": "warning",
    "failed": "danger",
}


class _ShownInline(TabularInline):
    extra = 0
    can_delete = False

    def has_add_permission(self, *_args: object) -> bool:
        return False

    def has_change_permission(self, *_args: object) -> bool:
        return False


class IdentityInline(_ShownInline):
    model = LeadIdentity
    fields = ("kind", "scope", "external_id", "display_name", "username", "is_reachable", "created_at")
    readonly_fields = fields


class ImportFileInline(_ShownInline):
    model = ImportFile
    fields = ("name", "format", "size", "encoding", "delimiter", "sheet", "headers", "sha256")
    readonly_fields = fields


class _LeadsRoomAdmin(TenantAdmin):
    """`heavy`: columns that a list of fifty rows never shows and should not read."""

    heavy: ClassVar[tuple[str, ...]] = ()
    ordering: tuple[str, ...] = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows if request.resolver_match and request.resolver_match.kwargs else rows.defer(*self.heavy)

    @display(description=_("status"), label=_STATE_COLOURS, ordering="state")
    def state_label(self, row: Any) -> tuple[str, str]:
        return row.state, row.get_state_display()

    def actor(self, request: HttpRequest) -> Actor:
        """The superadmin in the broker that they stepped into."""
        return actor_of(request, broker_id=getattr(request, "broker_id", None))


@admin.register(Lead)
class LeadAdmin(_LeadsRoomAdmin):
    list_display = ("__str__", "phone", "email", "stage", "status", "score", "assigned_agent", "source", "created_at")
    list_select_related = ("assigned_agent",)
    list_filter = ("stage", "status", "contact_status", "is_opted_out", ("created_at", RangeDateTimeFilter))
    # What they say is what get_search_results does.
    search_fields = ("first_name", "last_name", "phone", "email", "company", "=identities__external_id")
    inlines = (IdentityInline,)
    heavy = ("attributes", "score_parts", "referral", "notes")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Lead], search_term: str
    ) -> tuple[QuerySet[Lead], bool]:
        """By the index that the lists of the product use: looking into a million names takes seconds."""
        term = search_term.strip()
        if term and (owners := LeadIdentity.objects.filter(external_id=term).values("lead")).exists():
            return queryset.filter(pk__in=owners), False
        return search_leads(queryset, term), False


@admin.register(CustomField)
class CustomFieldAdmin(_LeadsRoomAdmin):
    list_display = ("name", "label", "type", "review", "origin", "mapped_to", "is_required", "has_index", "created_at")
    list_filter = ("type", "review", "origin", "is_required", "is_filterable")
    search_fields = ("name", "label", "description", "mapped_to")
    ordering = ("position", "id")


@admin.register(IngestRecord)
class IngestRecordAdmin(_LeadsRoomAdmin):
    list_display = ("id", "created_at", "source", "state_label", "lead", "attempts", "source_ip", "error")
    list_select_related = ("lead",)
    list_filter = ("state", "source", ("error", admin.EmptyFieldListFilter), ("created_at", RangeDateTimeFilter))
    search_fields = ("=id", "=idempotency_key", "lead__phone", "lead__first_name", "lead__last_name", "error")
    actions: ClassVar[list[str]] = ["replay"]
    heavy = ("payload", "mapping", "unknown_fields")
    fields = (
        "uid",
        "source",
        "state",
        "lead",
        "content_type",
        "source_ip",
        "idempotency_key",
        "attempts",
        "error",
        "created_at",
        "processed_at",
        "readable_payload",
        "readable_mapping",
        "fields_created",
        "unknown_fields",
    )
    readonly_fields = fields

    @display(description=_("payload"))
    def readable_payload(self, record: IngestRecord) -> str:
        return as_pre(record.payload)

    @display(description=_("mapping"))
    def readable_mapping(self, record: IngestRecord) -> str:
        return as_pre(record.mapping)

    @admin.action(description=_("Replay: read it again"), permissions=["view"])
    def replay(self, request: HttpRequest, records: QuerySet[IngestRecord]) -> None:
        self.each(request, records, lambda record: replay(actor=self.actor(request), record_id=record.pk))


@admin.register(Job)
class JobAdmin(_LeadsRoomAdmin):
    list_display = ("id", "kind", "state_label", "progress", "actor_name", "created_at", "finished_at", "error")
    list_filter = ("kind", "state", ("created_at", RangeDateTimeFilter))
    search_fields = ("=id", "actor_name", "error", "file__name")
    actions: ClassVar[list[str]] = ["cancel"]
    heavy = ("params", "result")
    inlines = (ImportFileInline,)
    fields = (
        "uid",
        "kind",
        "state",
        "progress",
        "actor_name",
        "created_by",
        "is_cancel_requested",
        "created_at",
        "started_at",
        "finished_at",
        "undone_at",
        "error",
        "readable_params",
        "readable_result",
    )
    readonly_fields = fields

    @display(description=_("progress"))
    def progress(self, job: Job) -> str:
        return f"{job.done} / {job.total}"

    @display(description=_("asked for"))
    def readable_params(self, job: Job) -> str:
        return as_pre(job.params)

    @display(description=_("result"))
    def readable_result(self, job: Job) -> str:
        return as_pre(job.result)

    @admin.action(description=_("Stop"), permissions=["view"])
    def cancel(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        self.each(request, jobs, lambda job: request_cancel(actor=self.actor(request), job_id=job.pk))


@admin.register(LeadMerge)
class LeadMergeAdmin(_LeadsRoomAdmin):
    list_display = ("id", "kept", "absorbed_id", "actor_name", "created_at", "undone_at")
    list_select_related = ("kept",)
    list_filter = (("undone_at", admin.EmptyFieldListFilter), ("created_at", RangeDateTimeFilter))
    search_fields = ("=id", "=absorbed_id", "kept__phone", "kept__first_name", "kept__last_name", "actor_name")
    actions: ClassVar[list[str]] = ["undo"]
    heavy = ("absorbed", "kept_before", "moved")
    fields = (
        "uid",
        "kept",
        "absorbed_id",
        "actor_name",
        "actor_user",
        "created_at",
        "undone_at",
        "readable_absorbed",
        "readable_before",
        "readable_moved",
    )
    readonly_fields = fields

    @display(description=_("the lead that went"))
    def readable_absorbed(self, merge: LeadMerge) -> str:
        return as_pre(merge.absorbed)

    @display(description=_("the lead that stayed, before"))
    def readable_before(self, merge: LeadMerge) -> str:
        return as_pre(merge.kept_before)

    @display(description=_("what moved"))
    def readable_moved(self, merge: LeadMerge) -> str:
        return as_pre(merge.moved)

    @admin.action(description=_("Undo"), permissions=["view"])
    def undo(self, request: HttpRequest, merges: QuerySet[LeadMerge]) -> None:
        self.each(request, merges, lambda merge: undo_merge(actor=self.actor(request), merge_id=merge.pk))


@admin.register(DuplicatePair)
class DuplicatePairAdmin(_LeadsRoomAdmin):
    list_display = ("id", "first", "second", "reason", "likeness", "state_label", "created_at", "decided_at")
    list_select_related = ("first", "second")
    list_filter = ("state", "reason", ("created_at", RangeDateTimeFilter))
    search_fields = ("=first__id", "=second__id", "first__phone", "first__first_name", "second__phone")
    actions: ClassVar[list[str]] = ["dismiss"]
    fields = ("first", "second", "reason", "likeness", "state", "decided_by", "decided_at", "created_at")
    readonly_fields = fields

    @admin.action(description=_("They are two people"), permissions=["view"])
    def dismiss(self, request: HttpRequest, pairs: QuerySet[DuplicatePair]) -> None:
        self.each(request, pairs, lambda pair: dismiss_pair(actor=self.actor(request), pair_id=pair.pk))


@admin.register(SavedView)
class SavedViewAdmin(_LeadsRoomAdmin):
    list_display = ("name", "owner", "is_shared", "search", "sort", "updated_at")
    list_select_related = ("owner",)
    list_filter = ("is_shared", ("updated_at", RangeDateTimeFilter))
    search_fields = ("name", "owner__email", "owner__first_name", "owner__last_name")
    fields = ("uid", "name", "owner", "is_shared", "readable_conditions", "search", "sort", "columns", "updated_at")
    readonly_fields = fields

    @display(description=_("conditions"))
    def readable_conditions(self, view: SavedView) -> str:
        return as_pre(view.conditions)


@admin.register(PipelineRule)
class PipelineRuleAdmin(_LeadsRoomAdmin):
    list_display = ("name", "to_stage", "is_active", "position", "key", "pipeline")
    list_select_related = ("pipeline",)
    list_filter = ("to_stage", "is_active")
    search_fields = ("name", "key")
    ordering = ("position", "id")
    fields = ("pipeline", "name", "key", "to_stage", "readable_conditions", "is_active", "position")
    readonly_fields = fields

    @display(description=_("conditions"))
    def readable_conditions(self, rule: PipelineRule) -> str:
        return as_pre(rule.conditions)
