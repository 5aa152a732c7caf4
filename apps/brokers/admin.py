"""Brokers, their domains and who Sofía is for them, for superadmins."""

from dataclasses import replace
from typing import Any, ClassVar
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminPasswordWidget, UnfoldAdminSelect2Widget, UnfoldAdminTextInputWidget

from apps.accounts.actions import NewUser, create_user
from apps.accounts.models import User
from apps.accounts.passwords import PasswordRule
from apps.accounts.types import Role
from apps.brokers import actions
from apps.brokers.models import Broker, BrokerConfig, Domain, PromptVersion
from apps.core.access import Actor
from apps.core.admin import ActionAdmin, ActionForm, ReadOnlyAdmin, actor_of
from apps.core.errors import DomainError
from apps.core.tenancy import in_broker

_NEW = ("name", "country", "timezone", "language", "currency")
_CHANGEABLE = (*_NEW, "is_open_to_agents")


class _BrokerFields(ActionForm):
    timezone = forms.ChoiceField(
        label=_("Time zone"),
        choices=lambda: [("", "—"), *((name, name) for name in sorted(available_timezones()))],
        widget=UnfoldAdminSelect2Widget,
        required=False,
    )
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES, widget=UnfoldAdminSelect2Widget)


class NewBrokerForm(_BrokerFields):
    """A brokerage with, if wished, its first administrator."""

    country = forms.CharField(label=_("Country"), max_length=2, initial="CL", widget=UnfoldAdminTextInputWidget)
    currency = forms.CharField(
        label=_("Currency"),
        max_length=3,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Time zone and currency follow the country where they are empty."),
    )
    admin_email = forms.EmailField(label=_("Administrator's email"), required=False, widget=UnfoldAdminTextInputWidget)
    admin_password = forms.CharField(
        label=_("Administrator's password"), required=False, strip=False, widget=UnfoldAdminPasswordWidget
    )

    class Meta:
        model = Broker
        fields = _NEW

    def perform(self) -> Broker:
        given = {name: self.cleaned_data[name] for name in _NEW}
        broker = actions.provision_broker(actor=self.actor, **given)
        if self.cleaned_data["admin_email"]:
            new = NewUser(
                email=self.cleaned_data["admin_email"],
                password=self.cleaned_data["admin_password"],
                first_name=broker.name[:150],
                role=Role.ADMIN,
            )
            with in_broker(broker.pk):
                self._create_admin(replace(self.actor, broker_id=broker.pk), new)
        return broker

    def _create_admin(self, actor: Actor, new: NewUser) -> None:
        """The refusals name the user's fields; here they have longer names."""
        try:
            create_user(actor=actor, new=new, rule=PasswordRule.STRONG)
        except DomainError as error:
            error.field = f"admin_{error.field}" if error.field else None
            raise


class BrokerForm(_BrokerFields):
    """What may change of a broker."""

    class Meta:
        model = Broker
        fields = _CHANGEABLE

    def perform(self) -> Broker:
        changes = {name: self.cleaned_data[name] for name in _CHANGEABLE}
        return actions.update_broker(actor=self.actor, broker_id=self.instance.pk, changes=changes)


class StateFilter(admin.SimpleListFilter):
    title = _("status")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [("open", _("open")), ("suspended", _("suspended")), ("deleted", _("deleted"))]

    def queryset(self, request: HttpRequest, brokers: QuerySet[Broker]) -> QuerySet[Broker]:
        match self.value():
            case "open":
                return brokers.filter(is_active=True, deleted_at__isnull=True)
            case "suspended":
                return brokers.filter(is_active=False, deleted_at__isnull=True)
            case "deleted":
                return brokers.filter(deleted_at__isnull=False)
        return brokers


@admin.register(Broker)
class BrokerAdmin(ActionAdmin):
    list_display = ("name", "id", "state", "country", "language", "people", "created_at", "door")
    list_filter = (StateFilter, "country", "language")
    search_fields = ("name", "=id", "domains__domain")
    ordering = ("-id",)
    form = BrokerForm
    actions: ClassVar[list[str]] = ["suspend", "restore"]
    change_form_outer_before_template = "admin/broker_doors.html"
    fieldsets = (
        (None, {"fields": _CHANGEABLE}),
        (_("Known"), {"fields": ("id", "uid", "schema_name", "state", "deleted_at", "created_at")}),
    )
    add_fieldsets = (
        (None, {"fields": _NEW}),
        (_("First administrator"), {"fields": ("admin_email", "admin_password")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Broker]:
        people = (
            User.objects.filter(broker=OuterRef("pk"), status="active")
            .order_by()
            .values("broker")
            .annotate(count=Count("pk"))
            .values("count")
        )
        return super().get_queryset(request).annotate(people=Coalesce(Subquery(people, IntegerField()), 0))

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **({} if obj else {"form": NewBrokerForm}), **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return super().get_fieldsets(request, obj) if obj else self.add_fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("id", "uid", "schema_name", "state", "deleted_at", "created_at") if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A deleted broker is restored before it is changed."""
        return (obj is None or obj.deleted_at is None) and bool(super().has_change_permission(request, obj))

    @display(description=_("status"), label={"open": "success", "suspended": "warning", "deleted": "danger"})
    def state(self, broker: Broker) -> tuple[str, str]:
        if broker.deleted_at is not None:
            return "deleted", str(_("deleted"))
        return ("open", str(_("open"))) if broker.is_active else ("suspended", str(_("suspended")))

    @display(description=_("people"))
    def people(self, broker: Broker) -> int:
        count: int = broker.people
        return count

    @display(description="")
    def door(self, broker: Broker) -> str:
        """A button of the list's own form, so that stepping in is a POST with its CSRF token."""
        if broker.deleted_at is not None:
            return ""
        return format_html(
            '<button type="submit" formaction="{}" '
            'class="cursor-pointer font-semibold text-primary-600 dark:text-primary-500">{}</button>',
            reverse("admin:step-into", args=[broker.pk]),
            _("Step into"),
        )

    @admin.action(description=_("Suspend: close every door"))
    def suspend(self, request: HttpRequest, brokers: QuerySet[Broker]) -> None:
        self.each(request, brokers, lambda broker: actions.suspend_broker(actor=actor_of(request), broker_id=broker.pk))

    @admin.action(description=_("Restore: open the doors again"))
    def restore(self, request: HttpRequest, brokers: QuerySet[Broker]) -> None:
        self.each(request, brokers, lambda broker: actions.restore_broker(actor=actor_of(request), broker_id=broker.pk))


class DomainForm(ActionForm):
    class Meta:
        model = Domain
        fields = ("tenant", "domain")

    def perform(self) -> Domain:
        return actions.add_domain(
            actor=self.actor, broker_id=self.cleaned_data["tenant"].pk, domain=self.cleaned_data["domain"]
        )


@admin.register(Domain)
class DomainAdmin(ActionAdmin):
    list_display = ("domain", "tenant", "is_primary")
    list_select_related = ("tenant",)
    list_filter = ("is_primary", ("tenant", AutocompleteSelectFilter))
    search_fields = ("domain", "tenant__name")
    ordering = ("domain",)
    autocomplete_fields = ("tenant",)
    form = DomainForm
    actions: ClassVar[list[str]] = ["remove"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.action(description=_("Remove: the host names lead nowhere"), permissions=["view"])
    def remove(self, request: HttpRequest, domains: QuerySet[Domain]) -> None:
        self.each(
            request,
            domains,
            lambda row: actions.remove_domain(actor=actor_of(request), broker_id=row.tenant_id, domain=row.domain),
        )


@admin.register(BrokerConfig)
class BrokerConfigAdmin(ReadOnlyAdmin):
    list_display = ("broker", "agent_name", "version", "llm_model", "is_assistant_on", "updated_at")
    list_select_related = ("broker",)
    list_filter = ("is_assistant_on",)
    search_fields = ("broker__name", "agent_name", "llm_model")
    ordering = ("broker_id",)


@admin.register(PromptVersion)
class PromptVersionAdmin(ReadOnlyAdmin):
    list_display = ("broker", "version", "agent_name", "created_by", "created_at")
    list_select_related = ("broker", "created_by")
    list_filter = (("broker", AutocompleteSelectFilter),)
    search_fields = ("broker__name", "agent_name", "identity")
    ordering = ("-id",)
