"""What of the documents is served: one line per document, and with --missing what is not."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import get_resolver

from apps.api.kit.contracts import Contract, contracts
from apps.api.kit.routing import served_contract_ids


class Command(BaseCommand):
    help = "Prints per document how many documented operations and events are served."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--missing", action="store_true", help="list what is not served yet")
        parser.add_argument("--document", help="only this document")

    def handle(self, *_args: Any, **options: Any) -> None:
        found = contracts()
        if not found:
            raise CommandError("The contract files are not installed: they are in tests/contract/ of a checkout.")
        if options["document"] and options["document"] not in found:
            raise CommandError(f"There is no document {options['document']}: {', '.join(found)}.")
        _ = get_resolver().url_patterns  # loads every dialect's urls
        served, events = served_contract_ids(), served_events()
        for document, contract in found.items():
            if options["document"] in {None, document}:
                self._print(contract, served, events.get(document, frozenset()), lists_missing=options["missing"])

    def _print(self, contract: Contract, served: set[str], events: frozenset[str], *, lists_missing: bool) -> None:
        missing = [contract_id for contract_id in contract.operations if contract_id not in served]
        silent = [name for name in contract.events if name not in events]
        total = len(contract.operations)
        line = f"{contract.document:15} operations {total - len(missing):3}/{total:<3}"
        if contract.events:
            line += f"  events {len(contract.events) - len(silent)}/{len(contract.events)}"
        self.stdout.write(line)
        if lists_missing:
            for contract_id in missing:
                operation = contract.operations[contract_id]
                self.stdout.write(f"    {operation['method']:9} {operation['path']}  ({contract_id})")
            for name in silent:
                self.stdout.write(f"    EVENT     {name}")


def served_events() -> dict[str, frozenset[str]]:
    """The event names of each document that the sockets take or send; none where the realtime room is not built."""
    if find_spec("apps.realtime.contract") is None:
        return {}
    registry = import_module("apps.realtime.contract").SERVED_EVENTS
    return {document: frozenset(names) for document, names in registry.items()}
