"""The generated OpenAPI schema against the contract files, for every operation that is served."""

import re
import warnings
from typing import Any

import pytest
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.validation import validate_schema

from apps.api.kit.contracts import contract_operation, contracts
from apps.api.kit.dialects import declared_dialects
from apps.api.kit.routing import mounted_operations, operations_served_elsewhere, served_contract_ids
from tests.api.schemas import (
    Described,
    load_urls,
    mounted_by_id,
    operations,
    property_names,
    resolved,
    schema,
)

TYPES = {
    "string": {"string"},
    "uuid": {"string"},
    "datetime": {"string"},
    "date": {"string"},
    "int": {"integer"},
    "float": {"number"},
    "number": {"number", "integer"},
    "boolean": {"boolean"},
    "bool": {"boolean"},
    "object": {"object"},
}


def contract_ids() -> list[str]:
    return [contract_id for contract in contracts().values() for contract_id in contract.operations]


def served() -> list[tuple[str, Described]]:
    """Each served contract id with the operation of the schema that answers it."""
    by_id = {each.id: each for each in operations()}
    mounted = mounted_by_id()
    elsewhere = {contract_id: each.ids[0] for each in operations_served_elsewhere() for contract_id in each.ids}
    found = []
    for contract_id in contract_ids():
        if contract_id not in served_contract_ids():
            continue
        listed = mounted[contract_id].operation.id if contract_id in mounted else elsewhere.get(contract_id)
        if listed in by_id:
            found.append((contract_id, by_id[listed]))
    return found


def test_the_schema_is_valid_and_makes_no_warnings():
    schema.cache_clear()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = schema()

    validate_schema(made)
    assert not [*GENERATOR_STATS._warn_cache, *GENERATOR_STATS._error_cache]


def test_every_contract_id_has_its_address():
    load_urls()
    known = {contract_id for each in mounted_operations() for contract_id in each.operation.ids}
    known |= served_contract_ids()

    assert set(contract_ids()) - known == {"inmo.ws.events"} - served_contract_ids()


def test_every_id_we_use_is_the_contract_s_or_an_addition():
    load_urls()
    unknown = {
        each.operation.id
        for each in mounted_operations()
        if not contract_operation(each.operation.id) and each.operation.is_listed
    }
    marked = {each.id for each in operations() if each.content.get("x-addition")}

    assert unknown == marked
    for contract_id in unknown:
        assert contract_id.split(".")[0] in contracts()


def test_nothing_that_answers_501_is_in_the_schema():
    listed = {each.id for each in operations()}
    pending = {each.operation.id for each in mounted_operations() if not each.operation.is_built}

    assert not listed & pending


@pytest.mark.parametrize("document", ["inmo", "whatsapp_odoo", "centro_control", "crm_whatsapp"])
def test_every_operation_stands_at_its_documented_method_and_path(document):
    load_urls()
    wrong = []
    for each in mounted_operations():
        for contract_id in each.operation.ids:
            contract = contract_operation(contract_id)
            if not contract or not contract_id.startswith(document) or not each.operation.is_listed:
                continue
            paths = {path.rstrip("/") for path in (contract["path"], *contract.get("aliases", []))}
            ours = {each.operation.plain_path, *("/" + alias for alias in each.operation.aliases)}
            missing = paths - {re.sub(r":\w+}", "}", path) for path in ours} - other_doors(contract_id)
            if contract["method"] != each.operation.method or missing:
                wrong.append((contract_id, missing or each.operation.method))

    assert not wrong


def other_doors(contract_id: str) -> set[str]:
    """Paths of the same id that are mounted on their own, with shapes of their own."""
    return {each.operation.plain_path for each in mounted_operations() if contract_id in each.operation.ids}


def test_the_path_s_parameters_are_the_documented_ones():
    wrong = []
    for contract_id, operation in served():
        wanted = re.findall(r"{(\w+)}", contract_operation(contract_id)["path"])
        if wanted != operation.path_parameters and contract_id.split(".")[0] == operation.id.split(".")[0]:
            wrong.append((contract_id, wanted, operation.path_parameters))

    assert not wrong


def test_every_documented_query_parameter_is_taken():
    wrong = []
    for contract_id, operation in served():
        ours = operation.parameters("query")
        for name, wanted in (contract_operation(contract_id).get("query") or {}).items():
            if not isinstance(wanted, dict):
                continue
            if name not in ours:
                wrong.append((contract_id, name, "is missing"))
                continue
            wrong += [(contract_id, name, fault) for fault in faults(wanted, resolved(ours[name]["schema"]))]

    assert not wrong


def test_every_documented_body_field_is_taken():
    wrong = []
    for contract_id, operation in served():
        body = contract_operation(contract_id).get("body") or {}
        # A webhook's body is the provider's: it is read as bytes, and no field of it is required.
        is_raw = contract_operation(contract_id)["auth"] not in {"bearer", "none", "admin-api-key"}
        fields = {} if is_raw else body.get("fields") or {}
        ours = operation.body()
        for name, wanted in fields.items():
            if not isinstance(wanted, dict):
                continue
            if name not in property_names(ours):
                wrong.append((contract_id, name, "is missing"))
                continue
            wrong += [(contract_id, name, fault) for fault in faults(wanted, resolved(ours["properties"][name]))]
            if wanted.get("required") is False and name in ours.get("required", []):
                wrong.append((contract_id, name, "is required"))

    assert not wrong


def faults(wanted: dict[str, Any], ours: dict[str, Any]) -> list[str]:
    """What of type and values does not agree; more values than documented are fine."""
    found = []
    kind = str(wanted.get("type", ""))
    if kind in TYPES and ours.get("type") and ours["type"] not in TYPES[kind]:
        found.append(f"is {ours['type']}, not {kind}")
    if kind.endswith("[]") and ours.get("type") not in {"array", None}:
        found.append(f"is {ours.get('type')}, not an array")
    values = {str(value).lower() for value in wanted.get("enum", [])}
    if "enum" in ours and not values <= {str(value).lower() for value in ours["enum"] if value is not None}:
        found.append(f"lacks {sorted(values - {str(value).lower() for value in ours['enum']})}")
    for limit, key in (("max", "maximum"), ("min", "minimum")):
        if kind in {"int", "float"} and limit in wanted and key in ours and float(ours[key]) != float(wanted[limit]):
            found.append(f"{limit} is {ours[key]}, not {wanted[limit]}")
    if "default" in wanted and "default" in ours and ours["default"] != wanted["default"]:
        found.append(f"default is {ours['default']}, not {wanted['default']}")
    return found


def test_every_documented_success_is_answered():
    wrong = []
    for contract_id, operation in served():
        success = contract_operation(contract_id)["success"]
        if str(success["status"]) not in operation.content["responses"]:
            wrong.append((contract_id, success["status"], sorted(operation.content["responses"])))
            continue
        answer = operation.answer(success["status"])
        missing = set(success.get("keys", [])) - property_names(answer)
        if missing and answer:
            wrong.append((contract_id, "lacks", sorted(missing)))
        items = _items(answer, success)
        missing = set(success.get("item_keys", [])) - property_names(items)
        if items and missing:
            wrong.append((contract_id, "items lack", sorted(missing)))

    assert not wrong


def _items(answer: dict[str, Any], success: dict[str, Any]) -> dict[str, Any]:
    if success.get("shape") == "array":
        return resolved(answer.get("items", {}))
    under = success.get("items_under") or success.get("item_keys_of")
    for name in (under, "data", "items"):
        if name and name in answer.get("properties", {}):
            return resolved(resolved(answer["properties"][name]).get("items", {}))
    return {}


def test_every_documented_refusal_is_in_the_schema():
    wrong = []
    for contract_id, operation in served():
        if contract_id.split(".")[0] != operation.id.split(".")[0]:
            continue
        statuses = {str(error["status"]) for error in contract_operation(contract_id).get("errors", [])}
        missing = statuses - set(operation.content["responses"])
        if missing:
            wrong.append((contract_id, sorted(missing)))

    assert not wrong


def test_what_needs_a_token_says_so():
    wrong = []
    for contract_id, operation in served():
        auth = contract_operation(contract_id)["auth"]
        security = operation.content.get("security", [])
        if auth == "bearer" and not any("bearer" in each for each in security):
            wrong.append((contract_id, security))
        if auth == "none" and {} not in security:
            wrong.append((contract_id, security))

    assert not wrong


def test_every_dialect_is_declared():
    load_urls()

    assert {dialect.document for dialect in declared_dialects()} == set(contracts())
