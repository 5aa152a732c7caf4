"""The contract files: what the documents promise. Read for descriptions, for the status command and by the tests."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings

DOCUMENTS = ("inmo", "whatsapp_odoo", "centro_control", "crm_whatsapp")


@dataclass(frozen=True)
class Contract:
    """One document: its operations by id and the names of its events."""

    document: str
    title: str
    operations: dict[str, dict[str, Any]]
    events: tuple[str, ...]


def contract_folder() -> Path:
    """Where the files are in a checkout; an installation without its tests has none."""
    return Path(settings.BASE_DIR) / "tests" / "contract"


@lru_cache(maxsize=1)
def contracts() -> dict[str, Contract]:
    """All contracts by document; empty where the files are not installed."""
    found = {}
    for document in DOCUMENTS:
        path = contract_folder() / f"{document}.yaml"
        if path.exists():
            found[document] = _read(document, path)
    return found


def contract_operation(contract_id: str) -> dict[str, Any]:
    """The operation as its document has it; {} for additions and where the files are not installed."""
    contract = contracts().get(contract_id.split(".")[0])
    return contract.operations.get(contract_id, {}) if contract else {}


def _read(document: str, path: Path) -> Contract:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    content = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)
    return Contract(
        document=document,
        title=content["title"],
        operations={each["id"]: each for each in content["operations"]},
        events=tuple(each["name"] for each in content.get("events", [])),
    )
