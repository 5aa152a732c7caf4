"""Browser sessions come and go through Django's own login; their facts are announced like those of the API."""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db import transaction
from django.dispatch import receiver

from apps.accounts.actions.home import at_home_of
from apps.accounts.events import UserLoggedIn, UserLoggedOut
from apps.accounts.models import User
from apps.core.events import publish


@receiver(user_logged_in)
def announce_browser_login(user: User, **_signal: Any) -> None:
    """A browser session was opened."""
    with transaction.atomic(), at_home_of(user):
        publish(UserLoggedIn(broker_id=user.broker_id, actor=user.actor(), user_id=user.pk, session_id=None))


@receiver(user_logged_out)
def announce_browser_logout(user: User | None, **_signal: Any) -> None:
    """A browser session was closed by its owner."""
    if user is None:
        return
    with transaction.atomic(), at_home_of(user):
        publish(UserLoggedOut(broker_id=user.broker_id, actor=user.actor(), user_id=user.pk))
