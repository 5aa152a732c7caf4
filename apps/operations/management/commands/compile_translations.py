"""`manage.py compile_translations`: locale/*/django.po into the form that Django reads."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import activate, get_language
from django.utils.translation.reloader import translation_file_changed

from apps.operations import catalogs


class Command(BaseCommand):
    help = "Compile the translations that are newer than their compiled form; needs no GNU gettext."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--force", action="store_true", help="compile also what is up to date")

    def handle(self, *_args: Any, **options: Any) -> None:
        compiled = [
            language for language in catalogs.LANGUAGES if catalogs.compile_catalog(language, force=options["force"])
        ]
        for language in compiled:
            self.stdout.write(f"{language}: compiled")
        if compiled:
            _forget_what_was_read()


def _forget_what_was_read() -> None:
    """Let this process read the catalogs anew: what it does next, such as the first demo, speaks the new words."""
    language = get_language()
    translation_file_changed(None, Path("django.mo"))
    if language:
        activate(language)
