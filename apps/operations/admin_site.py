"""The superadmins' admin: reached through the product's own sign-in, with its second factor."""

from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, reverse
from django.utils.translation import gettext_lazy as _
from unfold.sites import UnfoldAdminSite

from apps.accounts.models import User
from apps.brokers.models import Broker


class PlatformAdminSite(UnfoldAdminSite):
    """Only superadmins; which broker they stepped into is in the session."""

    site_title = "Sofía CRM"
    site_header = "Sofía CRM"
    index_title = _("Platform")
    index_template = "admin/overview.html"

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        return isinstance(user, User) and user.is_active and user.is_superadmin

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """There is one sign-in page, the product's: it throttles and asks for the second factor."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"), settings.LOGIN_URL)

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        super().logout(request, extra_context)
        return HttpResponseRedirect(settings.LOGIN_URL)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        context: dict[str, Any] = super().each_context(request)
        broker_id = getattr(request, "broker_id", None)
        if broker_id is not None and self.has_permission(request):
            context["stepped_into"] = Broker.objects.filter(pk=broker_id).first()
        return context

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        from apps.operations.overview import overview

        return super().index(request, {**(extra_context or {}), "overview": overview()})

    def extra_urls(self) -> list[URLPattern]:
        from apps.operations.broker_doors import broker_door_urls

        return broker_door_urls(self.admin_view)
