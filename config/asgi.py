"""One ASGI application for pages, APIs, webhooks and sockets."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.core.asgi import get_asgi_application  # noqa: E402 - settings first

application = get_asgi_application()
