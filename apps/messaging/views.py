"""The web chat's own pages: what a visitor opens, and what the widget reads before its socket is open."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

from apps.core.errors import NotFound
from apps.core.tenancy import in_public
from apps.messaging.queries import webchat_account, webchat_config


@require_safe
@xframe_options_exempt
def chat_page(request: HttpRequest, public_key: str) -> HttpResponse:
    """GET /chat/{public_key}: the brokerage's page with the chat open; a site may show it in a frame."""
    try:
        with in_public():
            config = webchat_config(webchat_account(public_key))
    except NotFound as error:
        return HttpResponse(error.message, status=404, content_type="text/plain; charset=utf-8")
    locale = config.get("locale") or translation.get_language() or "es"
    with translation.override(locale):
        context = {"public_key": public_key, "agent_name": "Sofía", "name": _("Chat"), "color": "#0b6152", **config}
        return render(request, "widget/page.html", {**context, "locale": locale})


@require_safe
def chat_config(_request: HttpRequest, public_key: str) -> JsonResponse:
    """GET /chat/{public_key}/config.json: how the widget looks, for pages of any site."""
    try:
        with in_public():
            answer = JsonResponse(webchat_config(webchat_account(public_key)))
    except NotFound as error:
        answer = JsonResponse({"detail": error.message}, status=404)
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.headers["Cache-Control"] = "public, max-age=60"
    return answer
