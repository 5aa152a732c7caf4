"""Every address of the product. The documents' paths are in apps/api; the browser's under /app/ and /admin/."""

from importlib.util import find_spec

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

# The rooms that bring pages of their own, and where.
_ROOMS = {"apps.operations": "", "apps.messaging": "", "apps.dashboard": "app/"}

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    *(path(prefix, include(f"{room}.urls")) for room, prefix in _ROOMS.items() if find_spec(f"{room}.urls")),
    path("", include("apps.api.urls")),
]
handler500 = "apps.api.kit.errors.fault_page"
