"""The broker's event log: what sockets show, kept a while so that a client that reconnects asks for what it missed."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now


class LoggedEvent(models.Model):
    """One event as sockets tell it. Its id is the sequence number; `rooms` says who may see it."""

    name = models.CharField(max_length=60)
    payload = models.JSONField()
    rooms = ArrayField(models.CharField(max_length=60))
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="logged_event_age")]

    def __str__(self) -> str:
        return f"{self.pk} {self.name}"
