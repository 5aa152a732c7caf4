"""Channel accounts for superadmins. Credentials are written here and never shown."""

from dataclasses import replace
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminPasswordWidget

from apps.core.admin import ActionAdmin, ActionForm, actor_of
from apps.messaging.actions import (
    connect_account,
    create_account,
    disconnect_account,
    remove_account,
    restore_account,
    update_account,
)
from apps.messaging.models import ChannelAccount
from apps.messaging.types import Channel

_NEW = ("broker", "channel", "name", "external_id", "display_number")
_CHANGEABLE = ("name", "display_number", "is_active")
_SECRETS = ("access_token", "app_secret", "verify_token", "bot_token")


def _secret_field() -> forms.CharField:
    return forms.CharField(
        required=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off"}),
        help_text=_("Written, never shown. Empty keeps the present one."),
    )


class _AccountFields(ActionForm):
    access_token = _secret_field()
    app_secret = _secret_field()
    verify_token = _secret_field()
    bot_token = _secret_field()

    def given_secrets(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in _SECRETS if self.cleaned_data[name]}


class NewAccountForm(_AccountFields):
    class Meta:
        model = ChannelAccount
        fields = _NEW

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["external_id"].required = False  # a bot's is in its token, a widget's is made

    def perform(self) -> ChannelAccount:
        values = self.cleaned_data
        return create_account(
            actor=replace(self.actor, broker_id=values["broker"].pk),
            channel=Channel(values["channel"]),
            name=values["name"],
            external_id=values["external_id"],
            display_number=values["display_number"],
            credentials=self.given_secrets(),
        )


class AccountForm(_AccountFields):
    class Meta:
        model = ChannelAccount
        fields = _CHANGEABLE

    def perform(self) -> ChannelAccount:
        return update_account(
            actor=self.actor,
            account_id=self.instance.pk,
            name=self.cleaned_data["name"],
            display_number=self.cleaned_data["display_number"],
            is_active=self.cleaned_data["is_active"],
            credentials=self.given_secrets(),
        )


@admin.register(ChannelAccount)
class ChannelAccountAdmin(ActionAdmin):
    list_display = ("name", "broker", "channel", "external_id", "display_number", "state", "last_inbound_at")
    list_select_related = ("broker",)
    list_filter = (
        "channel",
        "status",
        "is_active",
        ("deleted_at", admin.EmptyFieldListFilter),
        ("broker", AutocompleteSelectFilter),
    )
    search_fields = ("name", "external_id", "display_number", "broker__name")
    ordering = ("-id",)
    autocomplete_fields = ("broker",)
    form = AccountForm
    actions: ClassVar[list[str]] = ["connect", "disconnect", "remove", "restore"]
    _known = (
        "uid",
        "broker",
        "channel",
        "external_id",
        "state",
        "status_detail",
        "secrets_set",
        "settings",
        "last_inbound_at",
        "deleted_at",
        "created_at",
    )
    fieldsets = (
        (None, {"fields": _CHANGEABLE}),
        (_("Credentials"), {"fields": _SECRETS}),
        (_("Known"), {"fields": _known}),
    )
    add_fieldsets = ((None, {"fields": _NEW}), (_("Credentials"), {"fields": _SECRETS}))

    def get_queryset(self, request: HttpRequest) -> QuerySet[ChannelAccount]:
        """Decrypting fifty rows' secrets for a list that never shows them would only cost."""
        rows: QuerySet[ChannelAccount] = super().get_queryset(request)
        return rows if request.resolver_match and request.resolver_match.kwargs else rows.defer("credentials")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **({} if obj else {"form": NewAccountForm}), **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return super().get_fieldsets(request, obj) if obj else self.add_fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self._known if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A removed account is restored before it is changed."""
        return (obj is None or obj.deleted_at is None) and bool(super().has_change_permission(request, obj))

    @display(
        description=_("status"),
        label={
            "connected": "success",
            "pending": "info",
            "disconnected": "warning",
            "error": "danger",
            "removed": "danger",
        },
    )
    def state(self, account: ChannelAccount) -> tuple[str, str]:
        if account.deleted_at is not None:
            return "removed", str(_("removed"))
        return account.status, account.get_status_display()

    @display(description=_("credentials that are set"))
    def secrets_set(self, account: ChannelAccount) -> str:
        return ", ".join(f"{name}: •••" for name in sorted(account.credentials or {})) or "—"

    @admin.action(description=_("Connect: tell the provider about us"))
    def connect(self, request: HttpRequest, accounts: QuerySet[ChannelAccount]) -> None:
        self._act(request, accounts, connect_account)

    @admin.action(description=_("Disconnect"))
    def disconnect(self, request: HttpRequest, accounts: QuerySet[ChannelAccount]) -> None:
        self._act(request, accounts, disconnect_account)

    @admin.action(description=_("Remove: its webhooks close"))
    def remove(self, request: HttpRequest, accounts: QuerySet[ChannelAccount]) -> None:
        self._act(request, accounts, remove_account)

    @admin.action(description=_("Restore"))
    def restore(self, request: HttpRequest, accounts: QuerySet[ChannelAccount]) -> None:
        self._act(request, accounts, restore_account)

    def _act(self, request: HttpRequest, accounts: QuerySet[ChannelAccount], action: Any) -> None:
        self.each(
            request,
            accounts,
            lambda row: action(actor=actor_of(request, broker_id=row.broker_id), account_id=row.pk),
        )
