"""The paths of WebSockets. What none of them matches is closed as any unknown page is."""

from collections.abc import MutableMapping
from typing import Any

from channels.routing import URLRouter
from django.urls import re_path

from apps.realtime.consumers import EventsConsumer
from apps.realtime.webchat import WebchatConsumer

_router = URLRouter(
    [
        re_path(r"^ws/webchat/(?P<public_key>[\w\-]{8,64})/?$", WebchatConsumer.as_asgi()),
        re_path(r"^ws/(?P<broker_id>\d{1,9})/(?P<user_id>\d{1,9})/?$", EventsConsumer.as_asgi()),
    ]
)


async def websockets(scope: MutableMapping[str, Any], receive: Any, send: Any) -> None:
    """Serve a WebSocket; an unknown path is refused in the handshake."""
    try:
        await _router(scope, receive, send)
    except ValueError as error:
        if "No route found" not in str(error):
            raise
        await receive()
        await send({"type": "websocket.close", "code": 4404})
