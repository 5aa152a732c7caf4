"""What every page of the superadmins' admin is made of: fixed numbers of queries, and changes made by actions."""

import json
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.db import transaction
from django.db.models import Field, Model, URLField
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin

from apps.core.access import Actor
from apps.core.errors import DomainError
from apps.core.redaction import hide_secrets


def actor_of(request: HttpRequest, *, broker_id: int | None = None) -> Actor:
    """The signed-in superadmin as the doer of actions, in a broker where the row is of one."""
    actor: Actor = request.user.actor(broker_id=broker_id)  # type: ignore[union-attr]  # the site lets only users in
    return actor


def as_pre(payload: object) -> str:
    """JSON for a person to read, indented, with secrets hidden."""
    text = json.dumps(hide_secrets(payload), indent=2, ensure_ascii=False)
    return format_html('<pre class="whitespace-pre-wrap font-mono text-xs">{}</pre>', text)


class PlatformAdmin(ModelAdmin):
    """Rows of the platform. Nothing is deleted here: what can be closed has an action that closes it."""

    list_per_page = 50
    # The number of all rows would be a second count over a table that may be large.
    show_full_result_count = False
    list_filter_submit = True

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def formfield_for_dbfield(self, db_field: "Field[Any, Any]", request: HttpRequest, **kwargs: Any) -> Any:
        """Django's own form fields; an address that is typed without a scheme is https."""
        if isinstance(db_field, URLField):
            kwargs.setdefault("assume_scheme", "https")
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def each(self, request: HttpRequest, rows: Any, act: Any) -> None:
        """Do something with each chosen row; say how many went well, and why each other did not."""
        done = 0
        for row in rows:
            try:
                act(row)
            except DomainError as error:
                messages.error(request, f"{row}: {error.message}")
            else:
                done += 1
        if done:
            messages.success(request, _("Done with %(count)d of the chosen rows.") % {"count": done})


class ReadOnlyAdmin(PlatformAdmin):
    """Rows to look at."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class TenantAdmin(ReadOnlyAdmin):
    """Rows of the broker that the superadmin stepped into; outside of one there are none."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return _is_in_broker(request) and bool(super().has_module_permission(request))

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return _is_in_broker(request) and bool(super().has_view_permission(request, obj))


class ActionForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """A form whose saving is an action of the domain.

    `perform` is called twice: while the form is checked, and taken back, so that the domain's refusals appear beside
    their fields; then for good.
    """

    actor: ClassVar[Actor]

    def perform(self) -> Model:
        """Do it and return the row."""
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        try:
            with transaction.atomic():
                self.perform()
                transaction.set_rollback(True)
        except DomainError as error:
            self.add_error(error.field if error.field in self.fields else None, error.message)
        return cleaned


class ActionAdmin(PlatformAdmin):
    """Rows that are added and changed by an `ActionForm`."""

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        form.actor = actor_of(request, broker_id=getattr(obj, "broker_id", None))
        return form

    def save_model(self, request: HttpRequest, obj: Any, form: ActionForm, change: bool) -> None:
        done = form.perform()
        obj.__dict__.update(done.__dict__)


def _is_in_broker(request: HttpRequest) -> bool:
    return getattr(request, "broker_id", None) is not None
