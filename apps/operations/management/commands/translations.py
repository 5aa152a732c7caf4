"""`manage.py translations`: collect the texts to translate; `--check` says what is missing."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from apps.operations import catalogs


class Command(BaseCommand):
    help = "Collect the texts of Python and templates into locale/; --check fails where a translation is missing."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing; fail unless es and pt are complete")

    def handle(self, *_args: Any, **options: Any) -> None:
        texts = catalogs.extract_texts(settings.BASE_DIR)
        if options["check"]:
            self._check(catalogs.all_faults(texts))
            return
        for language in catalogs.LANGUAGES:
            path = catalogs.po_path(language)
            written = catalogs.text_of(catalogs.merged(texts, language), language)
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists() or path.read_text() != written:
                path.write_text(written)
            missing = sum(fault.what == "untranslated" for fault in catalogs.faults_of(texts, language))
            self.stdout.write(f"{language}: {len(texts)} texts, {missing} untranslated")

    def _check(self, faults: list[catalogs.Fault]) -> None:
        for fault in faults:
            self.stderr.write(str(fault))
        if faults:
            raise CommandError(f"{len(faults)} translations are missing or wrong. Collect with: ./dev translate")
        self.stdout.write("translations are complete")
