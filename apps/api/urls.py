"""The five documents' addresses, where they are documented, and the stored files."""

from django.urls import include, path, re_path

from apps.api.documentation import RedocView, SwaggerView, schema
from apps.api.files import serve_file
from apps.api.kit.dialects import declared_dialects
from apps.api.kit.routing import elsewhere, unknown_address

elsewhere("inmo.utility.root", "GET", "/")
elsewhere("inmo.utility.health", "GET", "/health", also=["centro_control.health.get"])
elsewhere("inmo.utility.docs", "GET", "/docs", media_type="text/html")
elsewhere("inmo.utility.redoc", "GET", "/redoc", media_type="text/html")
elsewhere("inmo.ws.events", "WEBSOCKET", "/ws/{broker_id}/{user_id}")

urlpatterns = [
    re_path(r"^api/schema/?$", schema, name="api-schema"),
    re_path(r"^docs/?$", SwaggerView.as_view(), name="api-docs"),
    re_path(r"^redoc/?$", RedocView.as_view(), name="api-redoc"),
    path("files/<str:token>", serve_file),
    path("", include("apps.api.centro_control.urls")),
    path("", include("apps.api.inmo.urls")),
    path("", include("apps.api.whatsapp_odoo.urls")),
    path("", include("apps.api.crm_whatsapp.urls")),
]
# What is below a dialect's prefix and matched nothing above is answered in that dialect's words.
urlpatterns += [
    re_path(rf"^{prefix}(?:/.*)?$", unknown_address) for dialect in declared_dialects() for prefix in dialect.prefixes
]
