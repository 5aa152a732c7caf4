"""Who a socket belongs to, when it opens and for as long as it is open."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.http import HttpRequest
from django.utils import timezone

from apps.accounts.models import LoginSession, User
from apps.accounts.tokens import session_of_access_token
from apps.accounts.types import UserStatus
from apps.brokers.models import Broker
from apps.core.access import Actor
from apps.core.errors import Unauthenticated
from apps.queues.actions import note_seen
from apps.queues.models import QueueMember
from apps.realtime.rooms import rooms_of_user


@dataclass(frozen=True)
class Standing:
    """What a person's socket is open by: an API sign-in (`login`) or a browser session (`session_key`)."""

    user_id: int
    login: uuid.UUID | None = None
    session_key: str = ""


@dataclass(frozen=True)
class Entry:
    """A person who may open a socket in the broker."""

    user: User
    standing: Standing
    rooms: frozenset[str]

    def actor(self, broker_id: int) -> Actor:
        """The person as the doer of what the socket asks for."""
        return self.user.actor(broker_id=broker_id)


def enter(broker_id: int, *, token: str = "", session_key: str = "") -> Entry:
    """Let a person in by an access token or a browser session; call it inside the broker.

    Raises Unauthenticated for a credential that is not valid, or is of another broker, or where the broker is closed.
    """
    if token:
        login = session_of_access_token(token)
        user, standing = login.user, Standing(user_id=login.user_id, login=login.uid)
    elif session_key:
        user = _user_of_session(session_key)
        standing = Standing(user_id=user.pk, session_key=session_key)
    else:
        raise Unauthenticated
    if user.broker_id not in {None, broker_id}:
        raise Unauthenticated
    rooms = standings(broker_id, {standing}).get(standing)
    if rooms is None:
        raise Unauthenticated
    note_seen(user_id=user.pk)
    return Entry(user=user, standing=standing, rooms=rooms)


def standings(broker_id: int, asked: Collection[Standing]) -> dict[Standing, frozenset[str]]:
    """The rooms of those who may still be here; who is missing is shown out. Five queries for any number."""
    broker = Broker.objects.filter(pk=broker_id, is_active=True, deleted_at__isnull=True).first()
    if broker is None or not asked:
        return {}
    user_ids = {standing.user_id for standing in asked}
    users = {
        user.pk: user
        for user in User.objects.filter(pk__in=user_ids, status=UserStatus.ACTIVE)
        if user.broker_id in {None, broker_id}
    }
    logins = set(
        LoginSession.objects.filter(
            uid__in=[standing.login for standing in asked if standing.login], revoked_at=None
        ).values_list("uid", flat=True)
    )
    browsers = set(
        Session.objects.filter(
            session_key__in=[standing.session_key for standing in asked if standing.session_key],
            expire_date__gt=timezone.now(),
        ).values_list("session_key", flat=True)
    )
    queues: dict[int, list[int]] = {}
    members = QueueMember.objects.filter(user_id__in=users, queue__is_active=True)
    for user_id, queue_id in members.values_list("user_id", "queue_id"):
        queues.setdefault(user_id, []).append(queue_id)
    return {
        standing: rooms_of_user(
            user_id=standing.user_id,
            role=users[standing.user_id].role,
            queue_ids=queues.get(standing.user_id, []),
            is_open_to_agents=broker.is_open_to_agents,
        )
        for standing in asked
        if standing.user_id in users and (standing.login in logins or standing.session_key in browsers)
    }


def is_own_origin(origin: str, host: str) -> bool:
    """Whether a browser's page that opens a socket with a cookie is one of ours: others could borrow the cookie."""
    if not origin:
        return False
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    return urlsplit(origin).netloc.lower() == host.lower()


def _user_of_session(session_key: str) -> User:
    request = HttpRequest()
    request.session = SessionStore(session_key)
    user = get_user(request)
    if not isinstance(user, User):
        raise Unauthenticated
    return user
