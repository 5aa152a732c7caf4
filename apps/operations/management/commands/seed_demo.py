"""`manage.py seed_demo`: the demo brokerage, on an installation that has nothing yet."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.operations import demo


class Command(BaseCommand):
    help = "Make the demo brokerage. Refuses in production and where there is anything already."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--if-empty", action="store_true", help="where there is something, do nothing and say so")

    def handle(self, *_args: Any, **options: Any) -> None:
        if settings.IS_PRODUCTION:
            raise CommandError("The demo has known passwords: it is not for production.")
        if demo.is_seeded():
            if not options["if_empty"]:
                raise CommandError("There are brokers already; the demo is only for an empty installation.")
            self.stdout.write("there is data already: no demo made")
            return
        demo.seed()
        self.stdout.write("demo brokerage made")
