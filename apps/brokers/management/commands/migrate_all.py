"""`manage.py migrate_all`: every schema up to date."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.brokers.provisioning import migrate_all
from apps.brokers.provisioning.migration import MigrationFailed


class Command(BaseCommand):
    help = "Migrate the public schema, the template of new brokers and every broker, the latter in parallel."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--processes", type=int, default=2, help="how many brokers are migrated at once")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            outcome = migrate_all(processes=max(1, options["processes"]), report=self._say)
        except MigrationFailed as error:
            raise CommandError(str(error)) from error
        if options["verbosity"] and not outcome.migrated:
            self._say(f"all {outcome.total} schemas are up to date")
        elif options["verbosity"]:
            self._say(f"{len(outcome.migrated)} of {outcome.total} schemas migrated in {outcome.seconds:.1f} s")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
