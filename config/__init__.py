"""Settings, addresses and processes of Sofía CRM. May import anything; nothing imports it."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
