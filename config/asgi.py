"""One ASGI application for pages, APIs, webhooks and sockets."""

import gc
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.core.asgi import get_asgi_application

_django = get_asgi_application()

from apps.api.ingress import Receive, Scope, Send, answer_webhook, target_of  # noqa: E402 - models need the loaded apps
from apps.realtime.routing import websockets  # noqa: E402
from apps.realtime.socketio import application as socket_io  # noqa: E402
from config.daphne_habits import teach_daphne  # noqa: E402

_SOCKET_IO = "/socket.io/"

# What is loaded now stays for good: without this every full collection looks through it again, and everybody waits
# a tenth of a second.
gc.collect()
gc.freeze()
teach_daphne()


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Sends each connection to who serves it: webhooks to their fast door, sockets to realtime, the rest to Django."""
    kind = scope["type"]
    if kind == "lifespan":
        await _live(receive, send)
        return
    path = scope["path"]
    if path.startswith(_SOCKET_IO) or path == _SOCKET_IO[:-1]:
        await socket_io(scope, receive, send)
    elif kind == "websocket":
        await websockets(scope, receive, send)
    elif (target := target_of(path)) is not None:
        await answer_webhook(target, scope, receive, send)
    else:
        await _django(dict(scope), receive, send)


async def _live(receive: Receive, send: Send) -> None:
    """Servers that announce their start and end are answered; nothing here waits for either."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
