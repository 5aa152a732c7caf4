"""Every address of the product. The documents' paths are in apps/api; the browser's under /app/ and /admin/."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
