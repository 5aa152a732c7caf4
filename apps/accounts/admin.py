"""Users and their sign-ins, for superadmins."""

from dataclasses import replace
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminPasswordWidget

from apps.accounts.actions import NewUser, UserChanges, create_user, deactivate_user, revoke_sessions, update_user
from apps.accounts.models import LoginSession, User
from apps.accounts.passwords import PasswordRule
from apps.accounts.types import Role
from apps.core.admin import ActionAdmin, ActionForm, ReadOnlyAdmin, actor_of

_NEW = ("email", "first_name", "last_name", "role", "phone", "language")
_FIELDS = ("email", "first_name", "last_name", "role", "status", "phone", "language")

# Roles are ours, and tokens are seen through their login sessions.
for _model in (Group, OutstandingToken, BlacklistedToken):
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)


class NewUserForm(ActionForm):
    """A user of a broker, or a superadmin of none."""

    new_password = forms.CharField(label=_("Password"), widget=UnfoldAdminPasswordWidget, strip=False)

    class Meta:
        model = User
        fields = ("broker", *_NEW)

    def perform(self) -> User:
        given = {name: self.cleaned_data[name] for name in _NEW}
        given["password"] = self.cleaned_data["new_password"]
        broker = self.cleaned_data["broker"]
        actor = replace(self.actor, broker_id=None if given["role"] == Role.SUPERADMIN else broker and broker.pk)
        return create_user(actor=actor, new=NewUser(**given), rule=PasswordRule.STRONG)


class UserForm(ActionForm):
    """What may change of a user; their broker never does."""

    new_password = forms.CharField(
        label=_("New password"),
        widget=UnfoldAdminPasswordWidget,
        strip=False,
        required=False,
        help_text=_("Leave it empty to keep the present one."),
    )

    class Meta:
        model = User
        fields = _FIELDS

    def perform(self) -> User:
        wanted = {name: self.cleaned_data[name] for name in _FIELDS}
        if self.cleaned_data["new_password"]:
            wanted["password"] = self.cleaned_data["new_password"]
        return update_user(
            actor=self.actor, user_id=self.instance.pk, changes=UserChanges(**wanted), rule=PasswordRule.STRONG
        )


@admin.register(User)
class UserAdmin(ActionAdmin):
    list_display = ("email", "name", "role", "broker", "state", "second_factor", "last_login", "created_at")
    list_select_related = ("broker",)
    list_filter = ("role", "status", ("broker", AutocompleteSelectFilter))
    search_fields = ("email", "first_name", "last_name", "phone", "broker__name")
    ordering = ("-id",)
    autocomplete_fields = ("broker",)
    form = UserForm
    actions: ClassVar[list[str]] = ["deactivate", "end_sessions"]
    add_fieldsets = ((None, {"fields": ("broker", *_NEW, "new_password")}),)
    fieldsets = (
        (None, {"fields": (*_FIELDS, "new_password")}),
        (_("Known"), {"fields": ("uid", "broker", "second_factor", "last_login", "password_changed_at", "created_at")}),
    )

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **({} if obj else {"form": NewUserForm}), **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return super().get_fieldsets(request, obj) if obj else self.add_fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ("uid", "broker", "second_factor", "last_login", "password_changed_at", "created_at") if obj else ()

    @display(description=_("status"), label={"active": "success", "inactive": "warning", "suspended": "danger"})
    def state(self, user: User) -> tuple[str, str]:
        return user.status, user.get_status_display()

    @display(description=_("second factor"), boolean=True)
    def second_factor(self, user: User) -> bool:
        return user.has_two_factor

    @admin.action(description=_("Deactivate: they may no longer sign in"))
    def deactivate(self, request: HttpRequest, users: QuerySet[User]) -> None:
        self.each(
            request,
            users,
            lambda user: deactivate_user(actor=actor_of(request, broker_id=user.broker_id), user_id=user.pk),
        )

    @admin.action(description=_("End every session"))
    def end_sessions(self, request: HttpRequest, users: QuerySet[User]) -> None:
        self.each(request, users, lambda user: revoke_sessions(user, reason="ended_by_platform"))


@admin.register(LoginSession)
class LoginSessionAdmin(ReadOnlyAdmin):
    list_display = ("user", "broker", "address", "created_at", "refreshed_at", "expires_at", "state")
    list_select_related = ("user", "user__broker")
    list_filter = (("revoked_at", admin.EmptyFieldListFilter), "revoked_reason", ("user", AutocompleteSelectFilter))
    search_fields = ("user__email", "address", "user_agent")
    ordering = ("-id",)
    fields = (
        "uid",
        "user",
        "address",
        "user_agent",
        "created_at",
        "refreshed_at",
        "expires_at",
        "revoked_at",
        "revoked_reason",
    )

    @display(description=_("broker"))
    def broker(self, session: LoginSession) -> str:
        return str(session.user.broker or "")

    @display(description=_("status"), label={"open": "success", "ended": "info"})
    def state(self, session: LoginSession) -> tuple[str, str]:
        return ("ended", str(_("ended"))) if session.revoked_at else ("open", str(_("open")))
