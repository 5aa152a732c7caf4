"""`manage.py demo_logins`: who can sign in to the demo."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.operations import demo


class Command(BaseCommand):
    help = "Print the demo's logins; only in the embedded development mode."

    def handle(self, *_args: Any, **_options: Any) -> None:
        if settings.IS_PRODUCTION:
            raise CommandError("Logins are never printed in production.")
        logins = demo.demo_logins()
        if not logins:
            self.stdout.write(
                "No demo here. Register at /app/register, or make a superadmin: ./dev manage createsuperuser"
            )
            return
        self.stdout.write(f"A customer's web chat: {settings.PUBLIC_URL}/chat/{demo.CHAT_KEY}")
        self.stdout.write(f"The team's inbox: {settings.PUBLIC_URL}/app/ - sign in with")
        for role, email, password in logins:
            self.stdout.write(f"  {role:<16}{email:<26}{password}")
