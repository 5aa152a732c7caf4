"""Signing in by e-mail, in any case of letters, with the same work done whether or not the account exists."""

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import make_password
from django.http import HttpRequest

from apps.accounts.models import User


class EmailBackend(BaseBackend):
    """Django's authentication backend for sessions."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **_kwargs: Any
    ) -> User | None:
        if not username or not password:
            return None
        user = User.objects.select_related("broker").filter(email__iexact=username.strip()).first()
        if user is None:
            make_password(password)  # the same work as a check, so that time tells nothing
            return None
        return user if user.check_password(password) and can_sign_in(user) else None

    def get_user(self, user_id: int) -> User | None:
        user = User.objects.select_related("broker").filter(pk=user_id).first()
        return user if user is not None and can_sign_in(user) else None


def can_sign_in(user: User) -> bool:
    """Active, and of a broker whose doors are open."""
    return user.is_active and (user.broker is None or user.broker.is_open)
