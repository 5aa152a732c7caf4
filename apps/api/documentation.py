"""The pages that show the OpenAPI schema. A content policy keeps them from fetching anything of others: Swagger UI
would ask a validator, Redoc a logo.
"""

from typing import Any

from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView, SpectacularSwaggerView
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.kit.schema import DocumentedGenerator

_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "worker-src 'self' blob:",
        "frame-ancestors 'none'",
    )
)


class SchemaView(SpectacularAPIView):
    """/api/schema, as YAML, or JSON with `?format=json`."""

    generator_class = DocumentedGenerator


class SwaggerView(SpectacularSwaggerView):
    """/docs."""

    url_name = "api-schema"

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return _kept_at_home(super().get(request, *args, **kwargs))


class RedocView(SpectacularRedocView):
    """/redoc."""

    url_name = "api-schema"
    template_name = "api/redoc.html"

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return _kept_at_home(super().get(request, *args, **kwargs))


def _kept_at_home(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = _POLICY
    return response
