"""The first superadmin, from SUPERADMIN_EMAIL and SUPERADMIN_PASSWORD; run at every start."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.accounts.actions import ensure_superadmin
from apps.core.errors import DomainError


class Command(BaseCommand):
    help = "Make the superadmin named by SUPERADMIN_EMAIL and SUPERADMIN_PASSWORD, unless it exists."

    def handle(self, *_args: Any, **_options: Any) -> None:
        if not settings.SUPERADMIN_EMAIL or not settings.SUPERADMIN_PASSWORD:
            self.stdout.write("SUPERADMIN_EMAIL and SUPERADMIN_PASSWORD are not set: no superadmin made.")
            return
        try:
            user = ensure_superadmin(email=settings.SUPERADMIN_EMAIL, password=settings.SUPERADMIN_PASSWORD)
        except DomainError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"superadmin: {user.email}")
