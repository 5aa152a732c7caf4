"""The Celery application: it only wakes work early; what must happen is in PostgreSQL (see apps.core.work)."""

import os

from celery import Celery
from celery.signals import celeryd_init, setup_logging, worker_process_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("sofia")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def _keep_django_logging(**_kwargs: object) -> None:
    """Celery would replace the root handlers; ours print the structured lines."""
    from logging.config import dictConfig

    from django.conf import settings

    dictConfig(settings.LOGGING)


@worker_process_init.connect
def _forget_inherited_connections(**_kwargs: object) -> None:
    """A forked child must never speak on its parent's PostgreSQL connection."""
    from django.db import connections

    for connection in connections.all(initialized_only=True):
        connection.connection = None


@celeryd_init.connect
def _give_way(sender: str = "", **_kwargs: object) -> None:
    """Long work takes what the others leave: a customer's message on the same machine goes first."""
    if sender.startswith("long@"):
        os.nice(10)
