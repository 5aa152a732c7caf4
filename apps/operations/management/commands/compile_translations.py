"""`manage.py compile_translations`: locale/*/django.po into the form that Django reads."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from apps.operations import catalogs


class Command(BaseCommand):
    help = "Compile the translations that are newer than their compiled form; needs no GNU gettext."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--force", action="store_true", help="compile also what is up to date")

    def handle(self, *_args: Any, **options: Any) -> None:
        for language in catalogs.LANGUAGES:
            if catalogs.compile_catalog(language, force=options["force"]):
                self.stdout.write(f"{language}: compiled")
