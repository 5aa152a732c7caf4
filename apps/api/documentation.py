"""The pages that show the OpenAPI schema. A content policy keeps them from fetching anything of others: Swagger UI
would ask a validator, Redoc a logo.
"""

from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.views import SpectacularRedocView, SpectacularSwaggerView
from rest_framework.request import Request
from rest_framework.response import Response

from apps.api.kit.schema import DocumentedGenerator
from apps.api.kit.views import FirstRenderer

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


@require_safe
def schema(request: HttpRequest) -> HttpResponse:
    """/api/schema, as YAML, or as JSON with `?format=json` or an Accept header that asks for it."""
    accepts_json = "json" in request.headers.get("Accept", "")
    if request.GET.get("format", "json" if accepts_json else "yaml") == "json":
        return HttpResponse(_rendered(OpenApiJsonRenderer), content_type="application/vnd.oai.openapi+json")
    return HttpResponse(_rendered(OpenApiYamlRenderer), content_type="application/vnd.oai.openapi")


class SwaggerView(SpectacularSwaggerView):
    """/docs."""

    url_name = "api-schema"
    content_negotiation_class = FirstRenderer

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return _kept_at_home(super().get(request, *args, **kwargs))


class RedocView(SpectacularRedocView):
    """/redoc."""

    url_name = "api-schema"
    content_negotiation_class = FirstRenderer
    template_name = "api/redoc.html"

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return _kept_at_home(super().get(request, *args, **kwargs))


@lru_cache(maxsize=1)
def _made() -> dict[str, Any]:
    """Drawing it takes seconds, and it is the same for everyone until the next start."""
    made: dict[str, Any] = DocumentedGenerator().get_schema(request=None, public=True)
    return made


@lru_cache(maxsize=2)
def _rendered(renderer: type[OpenApiYamlRenderer]) -> bytes:
    text: bytes = renderer().render(_made(), renderer_context={})
    return text


def _kept_at_home(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = _POLICY
    return response
